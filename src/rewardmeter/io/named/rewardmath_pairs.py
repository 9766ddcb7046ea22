"""RewardBench's mathematics pairs (447, human solution against a model's wrong one) as the RewardMATH authors ran them.

May import `dataset`, `io.textfile` and the modules of `io.named`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.named.pairs import Pair, Verdicts, pairs_dataset
from rewardmeter.io.named.step_scores import aggregated
from rewardmeter.io.textfile import decode_json, plain_name, read_bytes

__all__ = ["load_pairs"]

SIDES = ("chosen", "rejected")
PREFIX = "rewardbench_"
READS = frozenset({"prompt", "response"})


class _Output(msgspec.Struct, frozen=True):
    step_scores: list[float]


class _Scored(msgspec.Struct, frozen=True):
    """One pair: scores of the chosen and the rejected solution."""

    problem: str
    score: tuple[float, float]


class _Stepped(msgspec.Struct, frozen=True):
    """One solution with its steps and a process reward model's number for each of them."""

    problem: str
    problem_id: int
    solution_type: str
    eval_solution: list[str]
    subject: str
    level: int
    output: _Output


@dataclass
class _Problem:
    """What the files of process reward models say of one problem besides their scores."""

    id: int
    columns: dict[str, str | float | None]
    texts: dict[str, str] = field(default_factory=dict)


def load_pairs(folder: Path) -> Dataset:
    """The pairs, joined over the files by problem; texts are in the files of the process reward models.

    A solution's text is its steps, one to a line: a line break within a step is written as a space. Items have the
    columns ``subject`` and ``level``.
    """
    problems: dict[str, _Problem] = {}
    scores: dict[str, dict[str, tuple[float, float]]] = {}
    for path in sorted(folder.glob(f"{PREFIX}*.json*")):
        name = plain_name(path).removeprefix(PREFIX).removesuffix(".json")
        data = read_bytes(path)
        if b'"step_scores"' in data:
            scores.update(_stepped(name, decode_json(data, list[_Stepped], path=path), path, problems))
        else:
            scores[name] = {row.problem: row.score for row in decode_json(data, list[_Scored], path=path)}
    if not problems:
        raise InputError("no file of a process reward model, which holds the texts", path=folder)
    for name, rows in scores.items():
        if strange := rows.keys() - problems.keys():
            raise InputError(f"{name} has a problem that is in no other file: '{min(strange)[:60]}'", path=folder)
    pairs = [
        Pair(str(known.id), known.texts.get("chosen"), known.texts.get("rejected"), 1.0, problem, known.columns)
        for problem, known in problems.items()
    ]
    recorded = {name: Verdicts(scores=_column(rows, problems)) for name, rows in sorted(scores.items())}
    origin = Origin(str(folder), "RewardBench math results", "human solution against a wrong one")
    return pairs_dataset("rewardmath", pairs, recorded, reads=READS, origin=origin)


def _stepped(
    name: str, rows: list[_Stepped], path: Path, problems: dict[str, _Problem]
) -> dict[str, dict[str, tuple[float, float]]]:
    """Scores of one process reward model under both aggregations; texts go into ``problems``."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in rows:
        known = problems.setdefault(row.problem, _Problem(row.problem_id, {"subject": row.subject, "level": row.level}))
        text = "\n".join(step.replace("\n", " ") for step in row.eval_solution)
        if row.solution_type not in SIDES or known.texts.setdefault(row.solution_type, text) != text:
            raise InputError(f"problem {row.problem_id}: another {row.solution_type} solution than before", path=path)
        for suffix, value in aggregated(row.output.step_scores).items():
            found.setdefault(name + suffix, {}).setdefault(row.problem, {})[row.solution_type] = value
    for sides in found.values():
        if lacking := [problem for problem, by_side in sides.items() if len(by_side) < len(SIDES)]:
            raise InputError(f"problem '{lacking[0][:60]}' lacks one of its two solutions", path=path)
    return {
        variant: {problem: (by_side["chosen"], by_side["rejected"]) for problem, by_side in sides.items()}
        for variant, sides in found.items()
    }


def _column(
    rows: Mapping[str, tuple[float, float]], problems: Mapping[str, _Problem]
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    nothing = (np.nan, np.nan)
    return np.array([rows.get(problem, nothing) for problem in problems], dtype=np.float64)
