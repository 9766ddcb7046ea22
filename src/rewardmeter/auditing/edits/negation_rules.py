"""Where a negation can be put in or taken out without breaking a sentence's grammar. Imports nothing of ours.

Two lists for each language: what is taken out, and what is put in. A place that is not sure is left out: a missed
negation costs one response of the audit, a broken sentence would test something else.
"""

from __future__ import annotations

import re

__all__ = ["AFFIRMED", "NEGATORS", "RULES", "Rule"]

Rule = tuple[re.Pattern[str], str]
"""What is found and what replaces it, with the groups of the pattern."""


def _rules(*pairs: tuple[str, str]) -> tuple[Rule, ...]:
    return tuple((re.compile(pattern), instead) for pattern, instead in pairs)


W = r"[^\W\d_]"
ENGLISH = _rules(
    (r"\bdo not (?!only\b|just\b)(?=\w)", ""),
    (
        r"\b(is|are|was|were|can|could|will|would|should|must|may|might|has|have|had|does|did) not"
        r" (?!only\b|just\b)",
        r"\1 ",
    ),
    (r"\bcannot\b", "can"),
    (r"\b(is|are|was|were|could|would|should|must|has|have|had|does|did)n['’]t\b(?=,? \w)(?! (?:only|just)\b)", r"\1"),
    (r"(?<=\w )don['’]t (?=\w)", ""),
    (r"\bcan['’]t\b", "can"),
    (r"\bwon['’]t\b", "will"),
    (
        r"(?<=[\w,)] )(is|are|was|were|can|could|will|would|should|must)(?= (?!not\b|n['’]t|no\b|never\b|nothing\b"
        r"|none\b|neither\b|I\b|we\b|you\b|he\b|she\b|they\b|it\b|there\b|only\b|just\b)[a-z])",
        r"\1 not",
    ),
)
GERMAN = _rules(
    (rf"(?<={W} )nicht (?!nur\b|zuletzt\b|mehr\b|immer\b)(?={W})", ""),
    (r"(?<=\w )kein(en|em|er|es)?\b(?= \w)", r"ein\1"),
    (
        r"(?<=\w )(ist|sind|war|waren|kann|können|wird|werden|sollte|sollten|muss|müssen)(?= (?!nicht\b|kein|nie\b|es\b"
        r"|er\b|sie\b|ich\b|wir\b|man\b|das\b|dies|du\b|ihr\b|Sie\b|sich\b|der\b|die\b|den\b)[a-zäöü]{2})",
        r"\1 nicht",
    ),
)
FRENCH = _rules(
    (rf"\bne ({W}{{2,20}}) pas\b(?! (?:seulement|que)\b)", r"\1"),
    (rf"\bn['’]({W}{{2,20}}) pas\b(?! (?:seulement|que)\b)", r"\1"),
    (
        r"(?<=\w )(?<!\bne )(?<!\bme )(?<!\bte )(?<!\bse )(?<!\ble )(?<!\bla )(?<!\ben )(?<!\by )"
        r"(sont|peut|peuvent|doit|doivent|sera)"
        r"(?= (?!pas\b|plus\b|jamais\b|rien\b|que\b)[a-zà-ÿ])",
        r"ne \1 pas",
    ),
    (
        r"(?<=\w )(?<!\bse )(?<!\by )(?<!\ben )(est|était)(?= (?!pas\b|plus\b|jamais\b|rien\b|que\b)[a-zà-ÿ])",
        r"n'\1 pas",
    ),
)
CLITICS = "".join(
    rf"(?<!\b{word} )" for word in ("me", "te", "se", "lo", "la", "le", "nos", "os", "los", "las", "les", "no")
)
SPANISH = _rules(
    (r"(?<=\w )no (?!obstante|solo|sólo|hay más|sea\b)(?=[a-zñáéíóú]{2})", ""),
    (
        rf"(?<=\w )(?<!\bnunca )(?<!\bnadie )(?<!\bnada ){CLITICS}"
        r"(es|son|está|están|puede|pueden|debe|deben|fue|fueron|será|tiene)(?= \w)",
        r"no \1",
    ),
)
ITALIAN = _rules(
    (r"(?<=\w )non (?!solo|soltanto|appena)(?=[a-zàèéìòù])", ""),
    (
        r"(?<=\w )(?<!\bnon )(?<!\bsi )(?<!\bci )(?<!\bvi )(?<!\bne )(?<!\bmi )(?<!\bti )"
        r"(è|sono|può|possono|deve|devono|sarà)(?= \w)",
        r"non \1",
    ),
)
PORTUGUESE = _rules(
    (r"(?<=\w )não (?!só|apenas|somente|obstante)(?=[a-zãáéíóúâêôç])", ""),
    (
        r"(?<=\w )(?<!\bnão )(?<!\bse )(?<!\bnunca )(?<!\bme )(é|são|está|estão|pode|podem|deve|devem|foi|será)(?= \w)",
        r"não \1",
    ),
)
DUTCH = _rules(
    (r"(?<=\w )niet (?!alleen\b|meer\b|altijd\b)(?=\w)", ""),
    (r"(?<=\w )geen(?= \w)", "een"),
    (
        r"(?<=\w )(is|zijn|was|waren|kan|kunnen|wordt|worden|moet|moeten)(?= (?!niet\b|geen\b|nooit\b|het\b|hij\b|ze\b"
        r"|er\b|we\b|je\b|u\b|dit\b|dat\b|de\b|men\b)[a-z]{2})",
        r"\1 niet",
    ),
)
RUSSIAN = _rules(
    (r"(?<=\w )не (?!только|менее|более|раз\b|столько|просто|лишь)(?=[а-яё]{2})", ""),
    (
        r"(?<=\w )(?<!\bне )(?<!\bни )(является|являются|может|могут|был|была|было|были|будет|будут|имеет|имеют"
        r"|должен|должна|должны)"
        r"(?= \w)",
        r"не \1",
    ),
)
CHINESE = _rules(
    (r"(?<!是)不(是)(?![吗么否])", r"\1"),
    (r"(?<!能)(?<!可)(?<!会)(?<!应)不(能|可以|会|应该|应当|需要|能够|属于|存在|包括)(?!不)", r"\1"),
    (r"并没有", ""),
    (r"(?<!有)(?<!并)没(有)(?![吗么])", r"\1"),
    (r"(?<=[这那它他她])是(?!否|不|非)", "不是"),
    (r"(?<![不没还])(可以|能够|应该|应当|需要)(?!不)", r"不\1"),
)
JAPANESE = _rules(
    (r"(?:では|じゃ)ありません(?=[。、])", "です"),
    (r"(?<!しれ)(?<!なり)(?<!いけ)(?<!すみ)(?<!では)(?<!じゃ)ません(?=[。、])", "ます"),
    (r"(?<=[\u30a0-\u30ff\u4e00-\u9fff])です(?=。)", "ではありません"),
    (r"(?<!でき)(?<!しれ)(?<!ござい)(?<!思い)(?<!あり)ます(?=。)", "ません"),
    (r"(?<=でき)ます(?=。)", "ません"),
    (r"ました(?=。)", "ませんでした"),
    (r"である(?=。)", "ではない"),
    (r"できる(?=。)", "できない"),
)
ARABIC = _rules(
    (r"(?:(?<=\s)|^)(?:ليس|ليست) (?=\w)", ""),
    (r"(?:(?<=\s)|^)لا (?=(?:يمكن|يجب|يوجد|توجد|يعتبر|تعتبر|يحتاج|تحتاج|يعني|تعني)\b)", ""),
    (r"(?<!\bلا )(?:(?<=\s)|^)(يمكن|يجب|يوجد|توجد|يعتبر|تعتبر|يحتاج|تحتاج|يعني|تعني)(?= \w)", r"لا \1"),
)
RULES: dict[str, tuple[Rule, ...]] = {
    "en": ENGLISH,
    "de": GERMAN,
    "fr": FRENCH,
    "es": SPANISH,
    "it": ITALIAN,
    "pt": PORTUGUESE,
    "nl": DUTCH,
    "ru": RUSSIAN,
    "zh": CHINESE,
    "ja": JAPANESE,
    "ar": ARABIC,
}
AFFIRMED: tuple[Rule, ...] = _rules(
    (r"并没有", ""),
    (r"cannot|can['’]t", "can"),
    (r"won['’]t", "will"),
    (r"\bdo not\b|\bdon['’]t\b|\bnot\b|n['’]t\b", ""),
    (r"\bkein(en|em|er|es|e)?\b", r"ein\1"),
    (r"\bgeen\b", "een"),
    (r"\bn['’](?=\w)|\b(?:ne|pas|nicht|niet|no|non|não|не|لا|ليست?)\b|不|没", ""),
    (r"(?:では|じゃ)ありません", "です"),
    (r"ませんでした", "ました"),
    (r"ません", "ます"),
    (r"ではない", "である"),
    (r"できない", "できる"),
)
"""Takes every negation away, in all languages at once: what is left of a statement and of its opposite is the same."""
NEGATORS = re.compile(
    r"\bnot\b|\bcannot\b|n['’]t\b|\bnicht\b|\bkein(?:e|en|em|er|es)?\b|\bpas\b|\bno\b|\bnon\b|\bnão\b|\bniet\b|\bgeen\b|\bне\b"
    r"|不|没|ません|ない|\bلا\b|\bليست?\b"
)
"""One match for each negation, in all languages at once."""
