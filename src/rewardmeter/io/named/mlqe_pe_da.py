"""MLQE-PE (Fomicheva et al. 2020): translations of 7 language pairs with 3 to 6 direct assessments each. May import
`dataset`, `errors` and `io`.

One translation per source and no reference; the translation model's own log-probability is recorded as
``model_scores``.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.named.choice import choose, choose_subset, refuse
from rewardmeter.io.textfile import check_columns, decode_json, read_lines

__all__ = ["SUBSETS", "load"]

PAIRS = ("en-de", "en-zh", "et-en", "ne-en", "ro-en", "ru-en", "si-en")
SPLITS = {"test": "test20", "dev": "dev", "train": "train"}
SUBSETS: tuple[str, ...] = tuple(f"{pair}-{split}" for split, pair in product(SPLITS, PAIRS))
GOLDS = {"z": "direct assessment, standardised per annotator", "da": "direct assessment, 0 to 100"}
COLUMNS = {"z": "z_scores", "da": "scores"}


def load(
    root: Path,
    *,
    subset: str | None = None,
    gold: str | None = None,
    reference: str | None = None,
    include_human: bool = False,
) -> Dataset:
    """One language pair and split (``"ro-en-test"``) from the set's folder, or all test splits together.

    Parameters
    ----------
    gold:
        ``"z"`` (default): scores standardised per annotator; ``"da"``: the raw ones, 0 to 100. Raters ``slot 1`` ...
        are places in a list, not fixed persons.
    """
    refuse("mlqe-pe-da", reference=reference)
    gold = choose("gold", gold, GOLDS, "z")
    chosen = SUBSETS[: len(PAIRS)] if subset is None else (choose_subset("mlqe-pe-da", subset, SUBSETS),)
    builder = DatasetBuilder("mlqe-pe-da" if subset is None else f"mlqe-pe-da:{subset}")
    for name in chosen:
        pair, _, split = name.rpartition("-")
        _add_rows(builder, root / f"{SPLITS[split]}.{pair.replace('-', '')}.df.short.tsv", pair, COLUMNS[gold])
    return builder.build(
        Origin(
            path=str(root),
            format="MLQE-PE",
            gold=GOLDS[gold],
            notes=("Raters are places in the published lists, not fixed persons.",),
            alternatives={"gold": tuple(GOLDS)},
        )
    )


def _add_rows(builder: DatasetBuilder, path: Path, pair: str, gold_column: str) -> None:
    header, *lines = [line.split("\t") for line in read_lines(path)] or [[]]
    check_columns(header, ("original", "translation", "model_scores", gold_column), path)
    for number, cells in enumerate(lines, 2):
        if len(cells) != len(header):
            raise InputError(f"{len(cells)} cells for {len(header)} columns", path=path, line=number)
        row = dict(zip(header, cells, strict=True))
        item = builder.item(f"{pair}/{cells[0]}", prompt=row["original"], columns={"language_pair": pair})
        response = builder.response(item, system=f"{pair} model", text=row["translation"])
        for place, value in enumerate(decode_json(row[gold_column], list[float], path=path, line=number), 1):
            builder.rating(response, value, rater=f"slot {place}")
        builder.score("model_scores", response, decode_json(row["model_scores"], float, path=path, line=number))
