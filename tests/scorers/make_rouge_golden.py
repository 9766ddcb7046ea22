"""Writes rouge_golden.json and porter_golden.json, what test_rouge.py expects, with rouge-score and its stemmer.

pip install rouge-score==0.1.2
python tests/scorers/make_rouge_golden.py
"""

from __future__ import annotations

import json
import random
from pathlib import Path

TYPES = ("rouge1", "rouge2", "rougeL", "rougeLsum")
VOCABULARY = [
    "the",
    "cat",
    "sat",
    "on",
    "mat",
    "a",
    "Dog's",
    "run-time",
    "café",
    "3.5",
    "2024",
    "running",
    "studies",
    "x",
]
WRITTEN = [
    ("police killed the gunman", "police kill the gunman"),  # example of Lin 2004, section 3.1
    ("police killed the gunman", "the gunman kill police"),
    ("w1 w2 w3 w4 w5", "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5"),  # example of Lin 2004, section 3.2
    ("The quick brown fox jumps over the lazy dog", "The quick brown dog jumps on the log."),
    ("a b c d\ne f g", "d c b a\ng f e"),
    ("two words", ""),
    ("Straße İstanbul naïve", "strasse istanbul naive"),
]


STEMS = ["relat", "condit", "hesit", "digit", "radic", "vile", "oper", "hop", "form", "electr", "gyroscop", "adopt"]
STEMS += ["commun", "rat", "ceas", "controll", "hopp", "fall", "fizz", "fil", "sk", "enjo", "yy", "tr", "agr", "apo2"]
ENDINGS = ["", "s", "es", "ies", "ied", "ed", "ing", "eed", "y", "ational", "tional", "enci", "izer", "abli", "alli"]
ENDINGS += ["entli", "eli", "ization", "ator", "alism", "iveness", "biliti", "fulli", "logi", "icate", "ative", "alize"]
ENDINGS += ["ical", "ful", "ness", "ance", "er", "ible", "ement", "ion", "ous", "ize", "e", "lle", "ss", "sses"]
IRREGULAR = ["sky", "skies", "dying", "news", "innings", "howe", "proceed", "a", "is", "ties", "died", "tied", "fly"]


def main() -> None:
    from nltk.stem.porter import PorterStemmer
    from rouge_score.rouge_scorer import RougeScorer

    plain, stemmed = RougeScorer(TYPES), RougeScorer(TYPES, use_stemmer=True)
    rng = random.Random(7)

    def drawn() -> str:
        return "\n".join(" ".join(rng.choices(VOCABULARY, k=rng.randint(0, 9))) for _ in range(rng.randint(1, 4)))

    cases = [([reference], response) for reference, response in WRITTEN]
    cases += [([drawn() + " at the end" for _ in range(rng.choice((1, 1, 3)))], drawn()) for _ in range(30)]
    rows: list[dict[str, object]] = []
    for references, response in cases:
        row: dict[str, object] = {"references": references, "response": response}
        for key, scorer in (("plain", plain), ("stemmed", stemmed)):
            found = scorer.score_multi(references, response)
            row[key] = {name: list(found[name]) for name in TYPES}
        rows.append(row)
    here = Path(__file__).parent
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (here / "rouge_golden.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    words = sorted({*IRREGULAR, *(start + ending for start in STEMS for ending in rng.sample(ENDINGS, 20))})
    stemmer = PorterStemmer()
    stems = json.dumps({word: stemmer.stem(word) for word in words}, indent=0)
    (here / "porter_golden.json").write_text(stems + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
