"""WMT23 metrics task, en-de and zh-en: texts, MQM and DA+SQM, 43 metrics and 6 sentinels. May import `dataset`,
`errors` and `io`.

Sentinels (Perrella et al., ACL 2024) are trained scorers that see only the source, only the reference or only the
translation.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rewardmeter.dataset import Dataset
from rewardmeter.io.mtme import read_directory
from rewardmeter.io.named.choice import choose_subset

__all__ = ["SUBSETS", "load"]

SUBSETS: tuple[str, ...] = ("en-de", "zh-en")
READS = {
    "SENTINEL-SRC": frozenset({"prompt"}),
    "SENTINEL-REF": frozenset({"references"}),
    "SENTINEL-CAND": frozenset({"response"}),
    "Random-sysname": frozenset[str](),
}


def load(
    root: Path,
    *,
    subset: str | None = None,
    gold: str | None = None,
    reference: str | None = None,
    include_human: bool = False,
) -> Dataset:
    """One language pair from the set's folder; options as in `read_directory`."""
    pair = choose_subset("wmt23-mtme", subset, SUBSETS)
    data = read_directory(
        root, pair, gold=gold, reference=reference, include_human=include_human, name=f"wmt23-mtme:{pair}"
    )
    known = {
        name: replace(recorded, reads=reads)
        for name, recorded in data.recorded.items()
        for start, reads in READS.items()
        if name.startswith(start)
    }
    return data.with_recorded(known)
