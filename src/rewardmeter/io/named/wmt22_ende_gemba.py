"""WMT22 en-de with 56 GPT judges (GEMBA, Kocmi and Federmann 2023), 4 neural metrics and 3 MQM ratings per segment.
May import `dataset`, `errors` and `io`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rewardmeter.dataset import Dataset
from rewardmeter.io.mtme import read_directory
from rewardmeter.io.named.choice import choose

__all__ = ["SUBSETS", "load"]

SUBSETS: tuple[str, ...] = ("en-de",)


def load(
    root: Path,
    *,
    subset: str | None = None,
    gold: str | None = None,
    reference: str | None = None,
    include_human: bool = False,
) -> Dataset:
    """The set from its folder; options as in `read_directory`.

    Returns
    -------
    Dataset
        The raters are the three MQM columns: rating slots, not fixed persons. The published system scores of the judges
        average all 2,037 segments, of which 940 were rated; they are left out, so that system scores are means over the
        rated segments on both sides.
    """
    pair = choose("subset", subset, SUBSETS, "en-de")
    data = read_directory(
        root, pair, gold=gold, reference=reference, include_human=include_human, name="wmt22-ende-gemba"
    )
    note = "The .sys.score files, means over all segments, are left out: system scores are means over judged segments."
    return replace(
        data,
        recorded={name: replace(recorded, system_values={}) for name, recorded in data.recorded.items()},
        origin=replace(data.origin, notes=(*data.origin.notes, note)),
    )
