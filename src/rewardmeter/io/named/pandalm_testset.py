"""PandaLM test set (Wang et al., ICLR 2024, arXiv 2306.05087): 999 pairs of five models, three raters, two judges.

May import `dataset`, `io.build`, `io.textfile` and the modules of `io.named`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.named.choice import choose, refuse
from rewardmeter.io.named.pairs import SampleItems
from rewardmeter.io.named.placing import placed
from rewardmeter.io.textfile import decode_json, present, read_bytes

__all__ = ["GOLDS", "load"]

GOLDS = ("raters", "majority")
LABELS = {1: 1.0, 2: 0.0, 0: 0.5}
JUDGES = {"gpt-3.5-turbo": "gpt_result", "pandalm-7b": "pandalm_result"}
VERDICTS = {"1": 1.0, "2": -1.0, "Tie": 0.0, "0": 0.0, "garbage": math.nan}


class _Row(msgspec.Struct, frozen=True):
    idx: int
    motivation_app: str
    cmp_key: str
    instruction: str
    input: str
    response1: str | bool
    response2: str | bool
    annotator1: int
    annotator2: int
    annotator3: int

    @property
    def labels(self) -> tuple[int, int, int]:
        return self.annotator1, self.annotator2, self.annotator3


def load(root: Path, *, subset: str | None, gold: str | None, reference: str | None, include_human: bool) -> Dataset:
    """The pairs with one preference per rater (``gold="raters"``) or with the raters' majority (``gold="majority"``).

    An item is one prompt (instruction and input) with the answers of up to five models and the column
    ``application``. The judges' answers are verdicts in one order; what upstream calls garbage is no verdict.
    """
    refuse("pandalm-testset", reference=reference)
    gold = choose("gold", gold, GOLDS, GOLDS[0])
    path = root / "data" / "testset-v1.json"
    rows = decode_json(read_bytes(path), list[_Row], path=path)
    builder, items = DatasetBuilder("pandalm-testset"), SampleItems()
    preferences = {}
    bare = 0
    for row in rows:
        with placed(path):
            a, b = _responses(builder, items, row)
        bare += isinstance(row.response1, bool) + isinstance(row.response2, bool)
        judged = enumerate(row.labels, 1) if gold == "raters" else ((None, _majority(row, path)),)
        preferences[row.idx] = [
            builder.preference(a, b, LABELS[label], rater=f"annotator{number}" if number else None)
            for number, label in judged
        ]
    for judge in JUDGES:
        for idx, verdict in _verdicts(root, judge):
            for preference in preferences.get(idx, ()):
                builder.verdict(judge, preference, verdict)
        builder.recorded_reads(judge, ("prompt", "response"))
    counted = {
        "responses that are a bare JSON true or false, read as the words 'True' and 'False'": bare,
        "prompts that are several items, as one model has different texts for them": items.split,
    }
    notes = tuple(f"{what}: {count}" for what, count in counted.items() if count)
    words = "preference of 3 raters" if gold == "raters" else "majority of 3 raters"
    return builder.build(Origin(str(path), "PandaLM test set", words, notes, alternatives={"gold": GOLDS}))


def _responses(builder: DatasetBuilder, items: SampleItems, row: _Row) -> tuple[int, int]:
    systems = row.cmp_key.split("_")
    if len(set(systems)) != 2 or not set(row.labels) <= set(LABELS):
        raise InputError(f"row {row.idx} has cmp_key '{row.cmp_key}' and labels {row.labels}")
    texts = {system: str(response) for system, response in zip(systems, (row.response1, row.response2), strict=True)}
    prompt = f"{row.instruction}\n\n{row.input}" if row.input else row.instruction
    item_id = items.id_of(prompt, str(row.idx), texts)
    item = builder.item(item_id, prompt=prompt, columns={"application": row.motivation_app})
    a, b = (builder.response(item, system=system, text=texts[system]) for system in systems)
    return a, b


def _majority(row: _Row, path: Path) -> int:
    ((label, votes),) = Counter(row.labels).most_common(1)
    if votes == 1:
        raise InputError(f"row {row.idx}: three raters, three labels", path=path, fix="Take gold=raters.")
    return label


def _verdicts(root: Path, judge: str) -> Iterator[tuple[int, float]]:
    """Row number and verdict of each row that a judge was run on."""
    path = root / "data" / f"{judge}-testset-v1.json"
    if present(path) is None:
        return
    rows: Sequence[dict[str, str | int]] = decode_json(read_bytes(path), list[dict[str, str | int]], path=path)
    for row in rows:
        idx, answer = row.get("idx"), str(row.get(JUDGES[judge]))
        if not isinstance(idx, int) or answer not in VERDICTS:
            raise InputError(f"row {idx}: verdict '{answer}' is not one of {', '.join(VERDICTS)}", path=path)
        yield idx, VERDICTS[answer]
