"""WMT19 system-level metric scores and direct assessment, 18 language pairs (Mathur et al., ACL 2020). May import
`dataset`, `errors` and `io`.
"""

from __future__ import annotations

from pathlib import Path

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.named.choice import choose_subset, refuse
from rewardmeter.io.textfile import check_columns, read_lines

__all__ = ["SUBSETS", "load"]

SUBSETS: tuple[str, ...] = (
    *("de-cs", "de-en", "de-fr", "en-cs", "en-de", "en-fi", "en-gu", "en-kk", "en-lt"),
    *("en-ru", "en-zh", "fi-en", "fr-de", "gu-en", "kk-en", "lt-en", "ru-en", "zh-en"),
)
ITEM = "newstest2019"


def load(
    root: Path,
    *,
    subset: str | None = None,
    gold: str | None = None,
    reference: str | None = None,
    include_human: bool = False,
) -> Dataset:
    """One language pair from the set's folder.

    Returns
    -------
    Dataset
        One item, the whole test set, with one response per system and no texts: pooled statistics over responses and
        statistics over systems are the same thing here. Ratings are standardised means of direct assessment.
    """
    refuse("wmt19-sys-da", gold=gold, reference=reference)
    pair = choose_subset("wmt19-sys-da", subset, SUBSETS)
    path = root / "wmt19_sys_scores" / f"DA-newstest2019-{pair.replace('-', '')}-sys-nohy-scores.csv"
    header, *rows = [line.split() for line in read_lines(path)] or [[]]
    check_columns(header[:3], ("LP", "SYSTEM", "HUMAN"), path)
    builder = DatasetBuilder(f"wmt19-sys-da:{pair}")
    item = builder.item(ITEM)
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise InputError(f"{len(row)} fields for {len(header)} columns", path=path, line=number)
        try:
            human, *scores = (float(field) for field in row[2:])
        except ValueError as error:
            raise InputError(str(error), path=path, line=number) from error
        response = builder.response(item, system=row[1])
        builder.rating(response, human)
        builder.system_rating(row[1], human)
        for name, score in zip(header[3:], scores, strict=True):
            builder.score(name, response, score)
            builder.system_score(name, row[1], score)
    return builder.build(
        Origin(
            path=str(root),
            format="WMT19 system scores",
            gold="direct assessment, standardised mean",
            notes=("LP and ibm1-* are not turned so that more is better; they are as the data has them.",),
        )
    )
