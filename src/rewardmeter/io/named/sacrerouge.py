"""Metric files of the sacrerouge summarisation sets (SummEval, REALSumm). May import `errors`, `io.build` and
`io.textfile`.

One JSON line per summary: ``instance_id``, ``summarizer_id``, and ``metrics``, whose values are numbers or objects of
numbers (``{"rouge-1": {"recall": .., "f1": ..}}``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.textfile import json_lines

__all__ = ["MetricRow", "add_scores", "metric_rows"]


class MetricRow(msgspec.Struct):
    """What one line says of one summary."""

    instance_id: str
    summarizer_id: str
    metrics: dict[str, float | dict[str, Any]]

    def flat(self) -> Iterator[tuple[str, float]]:
        """Each number under its name: ``METEOR``, ``rouge-1_f1``."""
        for name, value in self.metrics.items():
            if isinstance(value, dict):
                yield from ((f"{name}_{part}", number) for part, number in value.items())
            else:
                yield name, value


def metric_rows(path: Path, responses: Mapping[tuple[str, str], int]) -> Iterator[tuple[int, MetricRow]]:
    """Index of the response and content of each line.

    Raises
    ------
    InputError
        If a line is about a summary that is not in ``responses``, or about one for the second time.
    """
    seen: set[int] = set()
    for line, row in json_lines(path, MetricRow):
        response = responses.get((row.instance_id, row.summarizer_id))
        if response is None or response in seen:
            what = "is in no text file" if response is None else "is there twice"
            raise InputError(f"the summary of {row.instance_id} by {row.summarizer_id} {what}", path=path, line=line)
        seen.add(response)
        yield response, row


def add_scores(builder: DatasetBuilder, path: Path, responses: Mapping[tuple[str, str], int]) -> None:
    """Record every number of a metric file under its flat name."""
    for response, row in metric_rows(path, responses):
        for name, value in row.flat():
            builder.score(name, response, value)
