"""WMT19 relative rankings from direct assessment (DARR). May import `dataset`, `errors` and `io`.

Pairs of translations of one segment of which people rated one at least 25 points better (Ma et al., WMT 2019), as Yuan
et al. (NeurIPS 2021) published them.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.named.choice import choose_subset, refuse
from rewardmeter.io.textfile import json_lines, read_lines

__all__ = ["SUBSETS", "load"]

SUBSETS: tuple[str, ...] = ("kk-en", "gu-en", "lt-en")


class _Segment(msgspec.Struct):
    id: int
    source: str
    reference: str
    outputs: dict[str, str]


def load(
    root: Path,
    *,
    subset: str | None = None,
    gold: str | None = None,
    reference: str | None = None,
    include_human: bool = False,
) -> Dataset:
    """One language pair from the set's folder, or all three with a slice column ``language_pair``.

    Returns
    -------
    Dataset
        Preferences without ties, one row per line of the data: a is the better one. A few kk-en pairs are there twice,
        two of them with opposite outcomes.
    """
    refuse("wmt19-darr", gold=gold, reference=reference)
    pairs = SUBSETS if subset is None else (choose_subset("wmt19-darr", subset, SUBSETS),)
    builder = DatasetBuilder("wmt19-darr" if subset is None else f"wmt19-darr:{subset}")
    repeated = sum(_add_pair(builder, root, pair) for pair in pairs)
    return builder.build(
        Origin(
            path=str(root),
            format="WMT DARR",
            gold="direct assessment, at least 25 points apart",
            notes=(f"{repeated:,} lines judge a pair of translations that an earlier line judges too.",)
            if repeated
            else (),
        )
    )


def _add_pair(builder: DatasetBuilder, root: Path, pair: str) -> int:
    """Add one language pair; how many of its lines judge a pair again."""
    responses: dict[tuple[str, str], int] = {}
    for _, segment in json_lines(root / f"{pair}.segments.jsonl", _Segment):
        item = builder.item(
            f"{pair}/{segment.id}",
            prompt=segment.source,
            references=[segment.reference],
            columns={"language_pair": pair},
        )
        for system, text in segment.outputs.items():
            responses[str(segment.id), system] = builder.response(item, system=system, text=text)
    path = root / f"{pair}.pairs.tsv"
    judged: set[tuple[str, ...]] = set()
    repeated = 0
    for number, line in enumerate(read_lines(path)[1:], 2):
        try:
            segment_id, better, worse = line.split("\t")
            builder.preference(responses[segment_id, better], responses[segment_id, worse], 1.0)
        except ValueError as error:
            raise InputError("not a segment and two systems", path=path, line=number) from error
        except KeyError as error:
            raise InputError(f"no output for segment and system {error}", path=path, line=number) from error
        key = (segment_id, *sorted((better, worse)))
        repeated += key in judged
        judged.add(key)
    return repeated
