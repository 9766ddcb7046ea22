"""Writes ``golden/ifeval.json``: verdicts of the published IFEval checker on texts made here.

The checker is the copy in lm-evaluation-harness (commit 4e7e0d47), which needs NLTK's Punkt model and langdetect:

    pip install "lm-eval[ifeval]" nltk==3.9.1 && python -m nltk.downloader punkt punkt_tab
    python tests/scorers/programs/make_ifeval_golden.py

Each case is an instruction, its arguments, a response and the verdicts, strict and loose.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import langdetect
from lm_eval.tasks.ifeval.utils import InputExample, test_instruction_following_loose, test_instruction_following_strict

TARGET = Path(__file__).parent / "golden" / "ifeval.json"
PER_KIND = 40

LINES = [
    "The river runs past the old mill.",
    "Sure! Here is what you asked for:",
    "* A first point",
    "* a second point with *stress* and **double stress**",
    "- a dash point",
    "  - an indented one",
    "**Bold heading**",
    "***",
    "******",
    "",
    "",
    "Section 1",
    "SECTION 2: the end",
    "PART 3",
    "P.S. Bring bread.",
    "P.P.S Write soon.",
    "p. s. small letters",
    "<<A title>>",
    "<< >>",
    "[name] lives at [address].",
    "My answer is yes.",
    "My answer is maybe.",
    '{"a": [1, 2, {"b": null}]}',
    '```json\n{"a": 1}\n```',
    "```",
    '"Quoted from end to end"',
    "WE SHOUT BECAUSE IT IS LATE AND THE HOUSE IS ON FIRE.",
    "we whisper because it is late and the house is asleep.",
    "Dr. Brown paid $3.50 at 5 p.m. for two tickets. Was it worth it? Yes!",
    "It was cold, e.g. in the U.S. and in the U.K. However, nobody minded...",
    "1. Open the box. 2. Take the key.",
    "I DON'T know, CANNOT say, won't ask: it's NASA's job.",
    "Is there anything else I can help with?",
    "Any other questions?",
    "Repeat me exactly.",
    "repeat me exactly. And then some.",
    "Der Hund und die Katze sind im Garten, und das ist nicht gut für die Blumen.",
    "El perro y la gato están en el jardín, pero no es bueno para las flores.",
    "Собака и кошка не были в саду, и это было хорошо для всех.",
    "பூனை தோட்டத்தில் உள்ளது.",
    "고양이가 정원에 있습니다.",
    "river River RIVER riverside",
    "An apple, a pear; a plum!",
    "'Yes', he said (\"no\", she thought).",
]
COUNTS = (0, 1, 2, 3, 4, 5, 8, 12)
RELATIONS = ("less than", "at least")
ARGUMENTS = {
    "keywords:existence": {"keywords": [["river"], ["mill", "old"], ["apple", "plum"], ["zebra"]]},
    "keywords:frequency": {"keyword": ["river", "the", "e"], "frequency": COUNTS, "relation": RELATIONS},
    "keywords:forbidden_words": {"forbidden_words": [["river"], ["dog", "point"], ["the"], ["stress", "zebra"]]},
    "keywords:letter_frequency": {"letter": list("aeqZ"), "let_frequency": COUNTS, "let_relation": RELATIONS},
    "language:response_language": {"language": ["en", "de", "es", "ru", "ta", "ko"]},
    "length_constraints:number_sentences": {"num_sentences": COUNTS, "relation": RELATIONS},
    "length_constraints:number_paragraphs": {"num_paragraphs": COUNTS},
    "length_constraints:number_words": {"num_words": (1, 5, 10, 20, 30, 50), "relation": RELATIONS},
    "length_constraints:nth_paragraph_first_word": {
        "num_paragraphs": (1, 2, 3),
        "nth_paragraph": (1, 2),
        "first_word": ["the", "Sure", "an", "yes", "my", "section"],
    },
    "detectable_content:number_placeholders": {"num_placeholders": (1, 2, 3, 4)},
    "detectable_content:postscript": {"postscript_marker": ["P.S.", "P.P.S", "PS"]},
    "detectable_format:number_bullet_lists": {"num_bullets": (1, 2, 3, 4)},
    "detectable_format:constrained_response": {},
    "detectable_format:number_highlighted_sections": {"num_highlights": (1, 2, 3, 4, 5)},
    "detectable_format:multiple_sections": {"section_spliter": ["Section", "SECTION", "PART"], "num_sections": (1, 2)},
    "detectable_format:json_format": {},
    "detectable_format:title": {},
    "combination:two_responses": {},
    "combination:repeat_prompt": {"prompt_to_repeat": ["Repeat me exactly.", "The river"]},
    "startend:end_checker": {"end_phrase": ["Any other questions?", "Is there anything else I can help with?"]},
    "startend:quotation": {},
    "change_case:english_capital": {},
    "change_case:english_lowercase": {},
    "change_case:capital_word_frequency": {"capital_frequency": COUNTS[1:], "capital_relation": RELATIONS},
    "punctuation:no_comma": {},
}
JOINTS = ("\n", "\n", "\n\n", " ", "\n***\n", "\n******\n")


def response(rng: random.Random) -> str:
    """A text of one to six lines, joined by what the instructions care about."""
    text = rng.choice(LINES)
    for _ in range(rng.choice((0, 0, 1, 2, 3, 5))):
        text += rng.choice(JOINTS) + rng.choice(LINES)
    return text


def case(rng: random.Random, kind: str, arguments: dict, wanted: bool) -> dict:
    """One case; the last of up to 2,000 draws if none has the verdict that is wanted."""
    for _ in range(2_000):
        chosen = {name: rng.choice(values) for name, values in arguments.items()}
        chosen = {name: value if value != 0 else 1 for name, value in chosen.items()}  # it draws lots for 0
        if chosen.get("nth_paragraph", 0) > chosen.get("num_paragraphs", 9):
            chosen["nth_paragraph"] = chosen["num_paragraphs"]  # likewise
        text = response(rng)
        example = InputExample(0, [kind], "", [chosen])
        strict = test_instruction_following_strict(example, text).follow_all_instructions
        loose = test_instruction_following_loose(example, text).follow_all_instructions
        if strict == wanted:
            break
    return {"kind": kind, "kwargs": chosen, "response": text, "strict": strict, "loose": loose}


def main() -> None:
    """Draw the cases, ask the checker, write the file."""
    langdetect.DetectorFactory.seed = 0
    rng = random.Random(20231114)
    cases: list[dict] = []
    for kind, arguments in ARGUMENTS.items():
        cases.extend(case(rng, kind, arguments, wanted) for wanted in (True, False) * (PER_KIND // 2))
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    TARGET.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
