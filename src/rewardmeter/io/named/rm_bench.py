"""RM-Bench (Liu et al., ICLR 2025): three styles of a correct response against three styles of a wrong one.

May import `dataset`, `io.build`, `io.textfile` and the modules of `io.named`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.named.choice import choose, refuse
from rewardmeter.io.named.placing import placed
from rewardmeter.io.textfile import decode_json, present, read_bytes

__all__ = ["STYLES", "SUBSETS", "load"]

DOMAINS = ("chat", "code", "math", "safety-refuse", "safety-response")
SUBSETS = ("all", *DOMAINS)
STYLES = ("concise", "detailed", "markdown")
"""In the order of the files: concise text, detailed plain text, detailed Markdown."""


class _Row(msgspec.Struct, frozen=True):
    id: int | str
    prompt: str
    subset: str
    chosen: tuple[str, str, str]
    rejected: tuple[str, str, str]
    language: str | None = None


def load(root: Path, *, subset: str | None, gold: str | None, reference: str | None, include_human: bool) -> Dataset:
    """One domain, or all that are there.

    The six responses of an item have the systems ``chosen/concise`` … ``rejected/markdown``, so that the 3 × 3 style
    grid can be told from the pairs. They are labels made from the gold, not writers, and marked so
    (`Origin.systems_from_gold`). The nine preferences of an item are each chosen response against each rejected
    one, chosen as ``a``, in row-major order of the styles. Items have the columns ``domain``, ``source`` (upstream's
    ``subset``) and ``language`` (of code).
    """
    refuse("rm-bench", gold=gold, reference=reference)
    subset = choose("subset", subset, SUBSETS, SUBSETS[0])
    domains = DOMAINS if subset == "all" else (subset,)
    paths = {domain: root / "data" / f"{domain}_filtered.json" for domain in domains}
    absent = [domain for domain, path in paths.items() if subset == "all" and present(path) is None]
    if len(absent) == len(domains):
        raise InputError("none of the files of RM-Bench is there", path=root / "data")
    builder = DatasetBuilder("rm-bench")
    for domain, path in paths.items():
        if domain not in absent:
            for row in decode_json(read_bytes(path), list[_Row], path=path):
                with placed(path):
                    _add(builder, domain, row)
    notes = tuple(f"domain {domain} left out: its file is not there" for domain in absent)
    origin = Origin(str(root / "data"), "RM-Bench", "correct by construction", notes, systems_from_gold=True)
    return builder.build(origin)


def _add(builder: DatasetBuilder, domain: str, row: _Row) -> None:
    columns = {"domain": domain, "source": row.subset, "language": row.language}
    item = builder.item(f"{domain}/{row.id}", prompt=row.prompt, columns=columns)
    chosen, rejected = (
        [builder.response(item, system=f"{side}/{style}", text=text) for style, text in zip(STYLES, texts, strict=True)]
        for side, texts in (("chosen", row.chosen), ("rejected", row.rejected))
    )
    for good in chosen:
        for bad in rejected:
            builder.preference(good, bad, 1.0)
