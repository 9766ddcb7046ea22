"""Scores as lines of JSON, one per scorer and response. May import `dataset`, `types`, `errors`,
`files`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError
from rewardmeter.files import replacing
from rewardmeter.types import Outcome, Scores

__all__ = ["score_lines", "write_scores"]

_LINES_AT_ONCE = 10_000
_OUTCOMES = tuple(outcome.name.lower() for outcome in Outcome)


def write_scores(path: str | Path | None, dataset: Dataset, scores: Mapping[str, Scores]) -> None:
    """Write one line ``{"item", "system", "scorer", "value", "outcome", "reason"}`` per scorer and response.

    Lines stand in the order of the mapping, then of the dataset; equal scores give equal bytes. ``value`` is null where
    the outcome has none, ``reason`` where there is none to give. The file appears whole or not at all (see
    `files.replacing`).

    Parameters
    ----------
    path:
        Where to; None for standard output. Missing folders are made.
    dataset:
        What was scored.
    scores:
        (R,) scores by the name that the lines shall carry.

    Raises
    ------
    InputError
        If there are more or fewer scores than responses, or the file cannot be written.
    """
    for name, column in scores.items():
        if len(column) != dataset.n_responses:
            raise InputError(f"{len(column):,} scores of '{name}' do not fit {dataset.n_responses:,} responses")
    if path is None:
        for chunk in _chunks(dataset, scores):
            sys.stdout.write(chunk.decode("utf-8"))
        return
    with replacing(path) as file:
        file.writelines(_chunks(dataset, scores))


def score_lines(dataset: Dataset, name: str, scores: Scores) -> Iterator[bytes]:
    """The lines of one scorer, UTF-8 with line ends. What UTF-8 cannot hold (lone surrogates) is escaped."""
    columns = (dataset.response_item, scores.values, scores.outcomes)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for position, (item, value, outcome) in enumerate(rows):
        record = {
            "item": dataset.item_ids[item],
            "system": dataset.system_of(position),
            "scorer": name,
            "value": value if Outcome(outcome).has_value else None,
            "outcome": _OUTCOMES[outcome],
            "reason": scores.reasons.get(position),
        }
        line = json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"
        yield line.encode("utf-8", "backslashreplace")


def _chunks(dataset: Dataset, scores: Mapping[str, Scores]) -> Iterator[bytes]:
    for name, column in scores.items():
        lines = score_lines(dataset, name, column)
        while chunk := b"".join(islice(lines, _LINES_AT_ONCE)):
            yield chunk
