"""RewardMATH (Kim et al. 2024, arXiv 2410.01729): reward models and judges on one correct of ten solutions.

Its repository also holds the same reward models on RewardBench's mathematics pairs (`rewardmath_pairs`). May import
`dataset`, `io.build`, `io.textfile` and the modules of `io.named`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.named.choice import choose, refuse
from rewardmeter.io.named.placing import placed
from rewardmeter.io.named.rewardmath_pairs import load_pairs
from rewardmeter.io.named.step_scores import aggregated
from rewardmeter.io.textfile import decode_json, plain_name, read_bytes

__all__ = ["SUBSETS", "load"]

SUBSETS = ("RewardMATH", "rewardbench-math")
PAIRWISE, SUFFIX = "_pairwise", "_reward.json"
READS = ("prompt", "response")
VERDICTS = {"A": 1.0, "B": -1.0, None: math.nan}


class _Scored(msgspec.Struct, frozen=True):
    """Solutions of one problem, the correct one first: a number each, or a number for each of its steps."""

    problem: str
    solution_reference: list[str]
    score: list[float | list[float]]


class _Judged(msgspec.Struct, frozen=True):
    """The correct solution against each wrong one: which of A and B a judge took, and which is correct."""

    problem: str
    solution_reference: list[str]
    score: list[str | None]
    chosen_position: list[str]


Row = TypeVar("Row", _Scored, _Judged)


def load(root: Path, *, subset: str | None, gold: str | None, reference: str | None, include_human: bool) -> Dataset:
    """``RewardMATH`` (483 problems, one correct and nine wrong solutions) or ``rewardbench-math`` (447 pairs).

    The correct solution of a problem is its first response. A process reward model scores each step; its name alone
    means the product over the steps, its name with ``|geometric_mean`` their geometric mean. Judges that rate
    solutions have values; judges that compare pairs (``…_pairwise``) have verdicts, and the preference rows are
    written in the order in which those judges saw the two solutions. The solutions of RewardMATH have no texts.
    """
    refuse("rewardmath", gold=gold, reference=reference)
    if choose("subset", subset, SUBSETS, SUBSETS[0]) == "rewardbench-math":
        return load_pairs(root / "results" / "Rewardbench")
    folder = root / "results" / "RewardMATH"
    with placed(folder):
        return _load_groups(folder)


def _load_groups(folder: Path) -> Dataset:
    files = {plain_name(path).removesuffix(SUFFIX): path for path in sorted(folder.glob(f"*{SUFFIX}*"))}
    notes: list[str] = ["the solutions' texts are not among the published results"]
    scored = {name: _rows(path, list[_Scored], notes) for name, path in files.items() if not name.endswith(PAIRWISE)}
    judged = {name: _rows(path, list[_Judged], notes) for name, path in files.items() if name.endswith(PAIRWISE)}
    if not scored:
        raise InputError("no result file of RewardMATH is there", path=folder, fix="Fetch the data again.")
    builder = DatasetBuilder("rewardmath")
    for number, (problem, row) in enumerate(next(iter(scored.values())).items()):
        item = builder.item(str(number), prompt=problem)
        responses = [builder.response(item, system=system) for system in _systems(row.solution_reference)]
        builder.best_of_k(responses, [True] + [False] * (len(responses) - 1))
        for name, rows in scored.items():
            if problem in rows:
                _add_scores(builder, name, _same(rows[problem], row.solution_reference, files[name]), responses)
        games = {
            name: _same(rows[problem], row.solution_reference[1:], files[name])
            for name, rows in judged.items()
            if problem in rows
        }
        preferences = _add_preferences(builder, responses, games)
        for name, game in games.items():
            for preference, answer in zip(preferences, game.score, strict=True):
                builder.verdict(name, preference, _verdict(answer, files[name]))
            builder.recorded_reads(name, READS)
    return builder.build(Origin(str(folder), "RewardMATH results", "one correct solution of ten", tuple(notes)))


def _rows(path: Path, kind: type[list[Row]], notes: list[str]) -> dict[str, Row]:
    """The file's rows by problem; rows that repeat one another are counted in a note."""
    rows = decode_json(read_bytes(path), kind, path=path)
    by_problem: dict[str, Row] = {}
    for number, row in enumerate(rows):
        if by_problem.setdefault(row.problem, row) != row:
            raise InputError(f"row {number} has other scores for a problem that an earlier row has", path=path)
    if len(by_problem) < len(rows):
        repeated = len(rows) - len(by_problem)
        notes.append(f"{plain_name(path)}: {repeated} rows that repeat another one count once")
    return by_problem


def _systems(names: Sequence[str]) -> list[str]:
    """Names of the solutions' writers; a second solution by the same writer is told by ``#2``."""
    seen: Counter[str] = Counter()
    systems = []
    for name in names:
        seen[name] += 1
        systems.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return systems


def _same(row: Row, systems: Sequence[str], path: Path) -> Row:
    """The row, if it is about these solutions in this order."""
    if row.solution_reference != systems or len(row.score) != len(systems):
        raise InputError(f"problem '{row.problem[:60]}' has other solutions than in the other files", path=path)
    return row


def _add_scores(builder: DatasetBuilder, name: str, row: _Scored, responses: Sequence[int]) -> None:
    for response, score in zip(responses, row.score, strict=True):
        variants = aggregated(score) if isinstance(score, list) else {"": score}
        for suffix, value in variants.items():
            builder.score(name + suffix, response, value)
            builder.recorded_reads(name + suffix, READS)


def _add_preferences(builder: DatasetBuilder, responses: Sequence[int], games: dict[str, _Judged]) -> list[int]:
    """The correct solution against each wrong one, shown as the judges saw them (correct first if there are none)."""
    correct, *wrong = responses
    shown = {tuple(game.chosen_position) for game in games.values()} or {("A",) * len(wrong)}
    positions = shown.pop()
    if shown or len(positions) != len(wrong) or not set(positions) <= {"A", "B"}:
        raise InputError("the pairwise judges' positions of the correct solution are not one A or B for each pair")
    return [
        builder.preference(correct, other, 1.0) if position == "A" else builder.preference(other, correct, 0.0)
        for other, position in zip(wrong, positions, strict=True)
    ]


def _verdict(answer: str | None, path: Path) -> float:
    if answer not in VERDICTS:
        raise InputError(f"verdict '{answer}' is not A, B or null", path=path)
    return VERDICTS[answer]
