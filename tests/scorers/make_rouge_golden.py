"""Writes rouge_golden.json, the expected values of test_rouge.py, with Google's rouge-score.

    pip install rouge-score==0.1.2
    python tests/scorers/make_rouge_golden.py
"""

from __future__ import annotations

import json
import random
from pathlib import Path

TYPES = ("rouge1", "rouge2", "rougeL", "rougeLsum")
VOCABULARY = ["the", "cat", "sat", "on", "mat", "a", "Dog's", "run-time", "café", "3.5", "2024", "x"]
WRITTEN = [
    ("police killed the gunman", "police kill the gunman"),  # example of Lin 2004, section 3.1
    ("police killed the gunman", "the gunman kill police"),
    ("w1 w2 w3 w4 w5", "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5"),  # example of Lin 2004, section 3.2
    ("The quick brown fox jumps over the lazy dog", "The quick brown dog jumps on the log."),
    ("a b c d\ne f g", "d c b a\ng f e"),
    ("two words", ""),
    ("Straße İstanbul naïve", "strasse istanbul naive"),
]


def main() -> None:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(TYPES)
    rng = random.Random(7)

    def drawn() -> str:
        return "\n".join(" ".join(rng.choices(VOCABULARY, k=rng.randint(0, 9))) for _ in range(rng.randint(1, 4)))

    cases = [([reference], response) for reference, response in WRITTEN]
    cases += [([drawn() + " at the end" for _ in range(rng.choice((1, 1, 3)))], drawn()) for _ in range(30)]
    rows = []
    for references, response in cases:
        found = scorer.score_multi(references, response)
        rows.append({"references": references, "response": response, **{name: list(found[name]) for name in TYPES}})
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    Path(__file__).with_name("rouge_golden.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
