"""LLMBar (Zeng et al. 2024, arXiv 2310.07641): instruction following in pairs, 65 prompted judges in both orders.

May import `dataset`, `io.textfile` and the modules of `io.named`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.named.choice import choose, refuse
from rewardmeter.io.named.llmbar_verdicts import Verdict, read_verdicts
from rewardmeter.io.named.pairs import Pair, Verdicts, pairs_dataset
from rewardmeter.io.textfile import decode_json, read_bytes

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

    A judge is named ``LLM/STRATEGY``. Where it was not run it was not asked; where it was, a missing verdict is an
    answer that could not be parsed. Pointwise strategies (``Rating…``) have their two ratings
    as values too. Items have the column ``set``.
    """
    refuse("llmbar", gold=gold, reference=reference)
    subset = choose("subset", subset, SUBSETS, SUBSETS[0])
    names = GROUPS.get(subset, (subset,))
    judged, source = read_verdicts(root, [SETS[name] for name in names])
    pairs: list[Pair] = []
    starts: list[int] = []
    for name in names:
        starts.append(len(pairs))
        pairs += _rows(root, name)
    said: dict[str, Verdicts] = {}
    for name, start in zip(names, starts, strict=True):
        for judge, verdicts in judged[SETS[name]].items():
            _enter(said.setdefault(judge, _nothing(len(pairs))), verdicts, start)
    recorded = {judge: _tidy(said[judge]) for judge in sorted(said) if np.any(_asked(said[judge]))}
    notes = [f"verdicts from {source}" if source else "no recorded verdicts at hand"]
    partial = sum(not _asked(verdicts).all() for verdicts in recorded.values())
    if partial:
        notes.append(f"{partial} of {len(recorded)} judges were not run on every pair of this subset")
    origin = Origin(str(root / "Dataset"), "LLMBar", "better output by the authors' label", tuple(notes))
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


def _nothing(pairs: int) -> Verdicts:
    nan = np.full((4, pairs), np.nan)
    return Verdicts(nan[0], nan[1], nan[2:].T, np.zeros(pairs, dtype=bool))


def _asked(said: Verdicts) -> NDArray[np.bool_]:
    assert said.asked is not None
    return said.asked


def _enter(said: Verdicts, verdicts: Mapping[int, Verdict], start: int) -> None:
    """Put a judge's verdicts on one set, by number of the pair, at ``start``."""
    assert said.first is not None
    assert said.second is not None
    assert said.scores is not None
    numbers = [number for number in verdicts if 0 <= start + number < len(said.first)]
    where = start + np.array(numbers, dtype=np.int64)
    table = np.array([verdicts[number] for number in numbers], dtype=np.float64).reshape(-1, 4)
    said.first[where], said.second[where], said.scores[where] = table[:, 0], table[:, 1], table[:, 2:]
    _asked(said)[where] = True


def _tidy(said: Verdicts) -> Verdicts:
    """Without scores where the judge gave none."""
    return said if said.scores is not None and not np.isnan(said.scores).all() else replace(said, scores=None)
