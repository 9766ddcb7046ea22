"""Which language a text is in, as far as its script and its small words tell. Imports nothing of ours.

Where a script belongs to one of the languages known here, it decides. Languages that share a script are told apart by
their commonest small words (Grefenstette 1995, *Comparing two language identification schemes*). What neither settles
stays undecided: this is no statistical model, and it does not guess.
"""

from __future__ import annotations

import re
from collections import Counter

__all__ = ["LANGUAGES", "is_language"]

SCRIPTS: dict[str, str] = {
    "latin": "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ",
    "cyrillic": "Ѐ-ԯ",
    "arabic": "؀-ۿݐ-ݿ",
    "devanagari": "ऀ-ॿ",
    "bengali": "ঀ-৿",
    "gurmukhi": "਀-੿",
    "gujarati": "઀-૿",
    "tamil": "஀-௿",
    "telugu": "ఀ-౿",
    "kannada": "ಀ-೿",
    "malayalam": "ഀ-ൿ",
    "thai": "฀-๿",
    "hangul": "가-힣ᄀ-ᇿ㄰-㆏",
    "kana": "぀-ヿ",
    "han": "㐀-䶿一-鿿",
    "hebrew": "֐-׿",
    "greek": "Ͱ-Ͽ",
}
ONE_LANGUAGE = {
    "bn": "bengali",
    "pa": "gurmukhi",
    "gu": "gujarati",
    "ta": "tamil",
    "te": "telugu",
    "kn": "kannada",
    "ml": "malayalam",
    "th": "thai",
    "ko": "hangul",
    "he": "hebrew",
    "el": "greek",
}
SMALL_WORDS: dict[str, dict[str, str]] = {
    "latin": {
        "en": "the of and to in is that for it as with was on be by this are from or have not you an at which but"
        " they his her we will can has your i my would if all their there what so when more about who out up do me"
        " don't it's i'm can't that's won't",
        "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus"
        " er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum haben nur oder aber vor zur"
        " ich wir ihr",
        "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec ou"
        " son mais comme on nous vous je tu cette aux ses été elle leur c'est qu'il d'un d'une n'est j'ai qu'elle s'il",
        "es": "de la que el en y a los del se las por un para con no una su al lo como más pero sus le ya o este sí"
        " porque esta entre cuando muy sin sobre también me hasta hay donde quien es son está",
        "pt": "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à"
        " seu sua ou ser quando muito há nos já está eu também só pelo pela até isso ela são você",
        "it": "di e il la che in a un per è una sono non con del si da le dei al della come più nel ma alla lo ha i"
        " gli anche delle nella questo se ci dal su mi o loro ed degli",
        "nl": "de het een en van ik te dat die in je is niet op zijn met voor er maar om hij heb aan wat was ook als"
        " naar uit we bij door kan dit nog worden deze hebben",
        "sv": "och det att i en jag som är av för på med den till inte ett om har men var de kan från så vi när du"
        " eller",
        "fi": "ja on ei se että hän oli mutta ovat joka tai kun niin myös minä sinä ole olen voi kuin ovat tämä sen"
        " hänen jos jotka sekä mitä kanssa",
        "pl": "w i na z do się nie że jest to o jak po co ale za od tak są przez dla czy lub był oraz jego tym",
        "sw": "na ya wa kwa ni la za katika kuwa cha hii huo hiyo kama au lakini hiki pia yake wao sana kutoka hakuna"
        " yangu wake kila vya ili",
        "vi": "và của là có được không trong cho một những các người với này đã để khi tôi thì đến nhưng cũng từ ra"
        " như bạn làm về hay sẽ",
        "tr": "ve bir bu da de için ile çok olarak daha ne gibi var en kadar olan ama sonra ben o değil her",
        "id": "yang dan di untuk dengan dari ini itu pada tidak dalam adalah akan ke ada juga saya anda atau bisa",
        "tl": "ang ng sa mga na ay at ko mo hindi ito siya para kung",
        "ro": "și de la în o cu care nu este pe un din pentru mai că se sunt au fi",
    },
    "cyrillic": {
        "ru": "и в не на что я с он как это по но из у за от так же для вы мы они она был было или если чтобы её его"
        " мне ты при только уже",
        "uk": "і в не на що я з він як це по але із у за від так для ви ми вони вона був або якщо щоб її його є та до"
        " й",
        "bg": "и в не на че аз с той като това по но от за така вие ние те тя беше или ако да се са съм е ще със към",
    },
    "devanagari": {
        "hi": "है हैं में की का के और से को पर यह कि नहीं एक था थे थी लिए भी हो ने तो इस कर जो या वह",
        "mr": "आहे आहेत आणि च्या या मध्ये हे ही तो ती नाही एक होते होता होती साठी पण की असे करण्यासाठी त्या आपल्या मी तुम्ही",
        "ne": "छ छन् र को मा हो लागि यो पनि गर्न हुन्छ थियो गर्ने तर भएको गरेको तपाईं म एक लाई छैन हामी",
    },
    "arabic": {
        "ar": "في من على إلى أن هذا هذه التي الذي و لا ما مع عن كان هو هي أو كل لم قد بعد كما ذلك",
        "fa": "و در به از که این را با است برای آن یک می شود خود ها تا کرد بر هم نیز ما من شما باید هر",
        "ur": "کے کی میں ہے سے اور کا کو ہیں نے پر یہ کہ ایک نہیں لئے لیے بھی تو جو اس ہو کر آپ ہم تھا",
    },
}
BY_WORDS = {language: script for script, languages in SMALL_WORDS.items() for language in languages}
LANGUAGES = frozenset({*ONE_LANGUAGE, *BY_WORDS, "ja", "zh"})
"""ISO 639-1 codes of the languages known here."""
WORD = re.compile(r"[^\W\d_][\u0300-\u036f\u0900-\u0963\u064b-\u065f\w'’]*")
LETTERS = {script: re.compile(f"[{characters}]") for script, characters in SCRIPTS.items()}
MOSTLY = 0.6
CLEARLY = 1.5
"""How many times as often the small words of the best language must occur as those of the next."""
FEWEST_HITS = 2


def is_language(text: str, language: str) -> bool | None:
    """Whether a text is in a language; None where it cannot be told. A text without letters is in any.

    Parameters
    ----------
    language:
        ISO 639-1 code.
    """
    if not any(character.isalpha() for character in text):
        return True
    counts = {script: len(pattern.findall(text)) for script, pattern in LETTERS.items()}
    total = sum(counts.values())
    if not total or language not in LANGUAGES:
        return None
    if language in ("ja", "zh"):
        return _east_asian(counts, total, language)
    script = ONE_LANGUAGE.get(language) or BY_WORDS[language]
    if counts[script] < total / 4:
        return False
    if counts[script] < MOSTLY * total:
        return None
    return True if language in ONE_LANGUAGE else _by_words(text, script, language)


def _east_asian(counts: dict[str, int], total: int, language: str) -> bool | None:
    kana, han = counts["kana"] / total, counts["han"] / total
    if kana + han < 0.25:
        return False
    if kana + han < MOSTLY:
        return None
    return (kana > 0.1) == (language == "ja")


def _by_words(text: str, script: str, language: str) -> bool | None:
    words = Counter(word.lower().replace("’", "'") for word in WORD.findall(text))
    hits = {
        code: sum(words[word] for word in dict.fromkeys(small.split())) for code, small in SMALL_WORDS[script].items()
    }
    ranked = sorted(hits, key=lambda code: (-hits[code], code))
    best, second = ranked[0], ranked[1]
    if hits[best] < max(FEWEST_HITS, CLEARLY * hits[second]):
        return None
    if hits[best] < 0.05 * sum(words.values()):  # names and numbers, or a language that is not known here
        return None
    return best == language
