"""Write examples/ratings.csv and examples/pairs.jsonl from the embedded dataset.

    python tools/make_examples.py

Five of the demo's systems, on a part of its items for the ratings, with ROUGE-L and a count of the reference's words,
computed here, as recorded scores: files of the two commonest shapes, small enough to read.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import rewardmeter as rm

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SYSTEMS = ("careful", "terse", "forgetful", "hasty", "rambling")
ITEMS_PER_TASK = 12


def shared_words(response: str, references: tuple[str, ...]) -> float:
    """How many distinct words the response shares with the first reference."""
    return float(len(set(response.lower().split()) & set(references[0].lower().split())))


def main() -> None:
    data = rm.load("demo")
    rouge = rm.score(data, "rouge-l", store=None).values
    shared = rm.score(data, shared_words, store=None).values
    gold = data.ratings.mean(data.n_responses, "overall")
    taken: dict[str, int] = {}
    rows, pairs = [], []
    for index in range(data.n_items):
        task = str(data.columns["task"][index])
        taken[task] = taken.get(task, 0) + 1
        start, stop = int(data.item_start[index]), int(data.item_start[index + 1])
        chosen = [j for j in range(start, stop) if data.system_of(j) in SYSTEMS]
        rows.extend(
            {
                "item": data.item_ids[index],
                "system": data.system_of(j),
                "task": task,
                "prompt": data.prompts[index],
                "response": data.response_text[j],
                "reference": data.references[index][0],
                "rating": f"{gold[j]:g}",
                "score.rouge-l": f"{rouge[j]:.6f}",
                "score.shared-words": f"{shared[j]:g}",
            }
            for j in (chosen if taken[task] <= ITEMS_PER_TASK else ())
        )
        best, worst = max(chosen, key=lambda j: (gold[j], j)), min(chosen, key=lambda j: (gold[j], j))
        if gold[best] > gold[worst]:
            pairs.append(
                {
                    "id": data.item_ids[index],
                    "subset": task,
                    "prompt": data.prompts[index],
                    "chosen": data.response_text[best],
                    "rejected": data.response_text[worst],
                    "chosen_score.rouge-l": round(float(rouge[best]), 6),
                    "rejected_score.rouge-l": round(float(rouge[worst]), 6),
                }
            )
    with (EXAMPLES / "ratings.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    lines = [json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs]
    (EXAMPLES / "pairs.jsonl").write_text("".join(lines), encoding="utf-8")
    print(f"{len(rows)} rows in ratings.csv, {len(pairs)} pairs in pairs.jsonl")


if __name__ == "__main__":
    main()
