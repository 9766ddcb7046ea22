"""Verdicts of LLMBar's judges: from the collected table where there is one, else from the raw result files.

May import `errors`, `types`, `io.textfile` and `named.csv_table`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from rewardmeter.errors import InputError
from rewardmeter.io.named.csv_table import csv_rows
from rewardmeter.io.textfile import decode_json, present, read_bytes

__all__ = ["Verdict", "read_verdicts"]

Verdict = tuple[float, float, float, float]
"""First game, swapped game (+1 first output, -1 second, NaN unparsed), ratings of the two outputs (NaN: none)."""

Judged = dict[str, dict[int, Verdict]]
"""Verdicts by judge and by number of the pair."""

COLUMNS = ("winner_swap_false", "winner_swap_true", "score_1", "score_2")
KEYS = ("set", "evaluator_llm", "strategy", "item")
GAMES = ("swap = False", "swap = True")
WINNERS = {"1": 1.0, "2": -1.0, "": math.nan}


class _Result(msgspec.Struct, frozen=True):
    results: list[object]


def read_verdicts(root: Path, sets: Sequence[str]) -> tuple[dict[str, Judged], str]:
    """Verdicts on each set, and where they were found ("" if nowhere).

    A judge is named ``LLM/STRATEGY``; winners are in the pair's own numbering in both places.

    Raises
    ------
    InputError
        If a table or result file does not hold what it should.
    """
    table = root / "verdicts.csv"
    if present(table) is not None:
        judged = _collected(table)
        return {name: judged.get(name, {}) for name in sets}, "verdicts.csv"
    raw = {name: _raw_files(root / "Dataset" / name / "evaluators") for name in sets}
    return raw, "the raw result files" if any(raw.values()) else ""


def _collected(path: Path) -> dict[str, Judged]:
    judged: dict[str, Judged] = {}
    for line, row in csv_rows(path, (*KEYS, *COLUMNS)):
        by_item = judged.setdefault(row["set"], {}).setdefault(f"{row['evaluator_llm']}/{row['strategy']}", {})
        try:
            by_item[int(row["item"])] = _verdict([row[column] for column in COLUMNS])
        except ValueError as error:
            raise InputError(f"no row of verdicts ({error})", path=path, line=line) from error
    return judged


def _raw_files(folder: Path) -> Judged:
    judged: Judged = {}
    for path in sorted(folder.glob("*/*/result.json*")):
        rows = decode_json(read_bytes(path), list[_Result], path=path)
        try:
            verdicts = {number: _raw(row.results[-1]) for number, row in enumerate(rows)}
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"a row's last result holds no verdicts in both orders ({error})", path=path) from error
        judged["/".join(path.parts[-3:-1])] = verdicts
    return judged


def _raw(result: object) -> Verdict:
    if not isinstance(result, Mapping):
        raise TypeError("not an object")
    winners = [_text(result[game], "winner") for game in GAMES]
    return _verdict([*winners, _text(result, "score_1"), _text(result, "score_2")])


def _text(record: object, key: str) -> str:
    """A text field, or the first of a text and why the model stopped; empty where there is none."""
    value = record.get(key) if isinstance(record, Mapping) else None
    if isinstance(value, list):
        value = value[0] if value else None
    return value if isinstance(value, str) else ""


def _verdict(cells: Sequence[str]) -> Verdict:
    first, second, score_1, score_2 = cells
    if first not in WINNERS or second not in WINNERS:
        raise ValueError(f"winners '{first}' and '{second}' are not 1, 2 or empty")
    return WINNERS[first], WINNERS[second], _rating(score_1), _rating(score_2)


def _rating(cell: str) -> float:
    """A pointwise rating; NaN for an answer that is no number."""
    try:
        return float(cell)
    except ValueError:
        return math.nan
