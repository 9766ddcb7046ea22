"""LLMBar (Zeng et al. 2024, arXiv 2310.07641): instruction following in pairs, 65 prompted judges in both orders.

May import `dataset`, `io.textfile` and the modules of `io.named`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.named.choice import choose, refuse
from rewardmeter.io.named.llmbar_verdicts import complete, read_verdicts
from rewardmeter.io.named.pairs import Pair, Verdicts, pairs_dataset
from rewardmeter.io.textfile import decode_json, read_bytes
from rewardmeter.types import FloatArray

__all__ = ["SETS", "SUBSETS", "load"]

SETS = {
    "Natural": "LLMBar/Natural",
    "Neighbor": "LLMBar/Adversarial/Neighbor",
    "GPTInst": "LLMBar/Adversarial/GPTInst",
    "GPTOut": "LLMBar/Adversarial/GPTOut",
    "Manual": "LLMBar/Adversarial/Manual",
    "Base_9": "CaseStudy/Base_9",
    "Base_10": "CaseStudy/Base_10",
    "Constraint": "CaseStudy/Constraint",
    "Negation": "CaseStudy/Negation",
    "Normal": "CaseStudy/Normal",
    "FairEval": "Processed/FairEval",
    "LLMEval^2": "Processed/LLMEval^2",
    "MT-Bench": "Processed/MT-Bench",
}
GROUPS = {"LLMBar": tuple(SETS)[:5], "adversarial": tuple(SETS)[1:5], "all": tuple(SETS)}
SUBSETS = (*GROUPS, *SETS)
READS = frozenset({"prompt", "response"})


class _Row(msgspec.Struct, frozen=True):
    input: str
    output_1: str
    output_2: str
    label: int


def load(root: Path, *, subset: str | None, gold: str | None, reference: str | None, include_human: bool) -> Dataset:
    """One of the 13 sets, or several: ``LLMBar`` (Natural and the four adversarial ones), ``adversarial``, ``all``.

    A judge is named ``LLM/STRATEGY``. It is recorded where it was run on every pair of the subset, so that a missing
    verdict always means an answer that could not be parsed. Pointwise strategies (``Rating…``) have their two ratings
    as values too. Items have the column ``set``.
    """
    refuse("llmbar", gold=gold, reference=reference)
    subset = choose("subset", subset, SUBSETS, SUBSETS[0])
    names = GROUPS.get(subset, (subset,))
    judged, source = read_verdicts(root, [SETS[name] for name in names])
    pairs: list[Pair] = []
    tables: dict[str, list[FloatArray]] = {}
    for name in names:
        rows = _rows(root, name)
        for judge, verdicts in judged[SETS[name]].items():
            table = complete(verdicts, len(rows))
            tables.setdefault(judge, []).extend(() if table is None else (table,))
        pairs += rows
    whole = {judge: np.concatenate(parts) for judge, parts in tables.items() if len(parts) == len(names)}
    notes = [f"verdicts from {source}" if source else "no recorded verdicts at hand"]
    if len(whole) < len(tables):
        notes.append(f"{len(tables) - len(whole)} judges left out that were not run on every pair of this subset")
    origin = Origin(str(root / "Dataset"), "LLMBar", "better output by the authors' label", tuple(notes))
    recorded = {judge: _verdicts(whole[judge]) for judge in sorted(whole)}
    return pairs_dataset("llmbar", pairs, recorded, reads=READS, origin=origin)


def _rows(root: Path, name: str) -> list[Pair]:
    path = root / "Dataset" / SETS[name] / "dataset.json"
    pairs = []
    for number, row in enumerate(decode_json(read_bytes(path), list[_Row], path=path)):
        if row.label not in (1, 2):
            raise InputError(f"row {number} has label {row.label}, not 1 or 2", path=path)
        texts = (row.output_1, row.output_2)
        pairs.append(Pair(f"{name}/{number}", *texts, float(row.label == 1), row.input, {"set": name}))
    return pairs


def _verdicts(table: FloatArray) -> Verdicts:
    scores = table[:, 2:]
    return Verdicts(table[:, 0], table[:, 1], None if np.isnan(scores).all() else scores)
