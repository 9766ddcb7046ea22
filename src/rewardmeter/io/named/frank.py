"""FRANK: factuality of summaries (Pagnoni et al., NAACL 2021). May import `dataset`, `errors` and `io`.

250 CNN/DM articles x 5 systems and 249 XSum (BBC) articles x 4 systems; the two corpora share no system. Texts are not
part of these files.
"""

from __future__ import annotations

from pathlib import Path

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.named.choice import choose_subset, refuse
from rewardmeter.io.textfile import check_columns, decode_json, read_bytes

__all__ = ["SUBSETS", "load"]

SUBSETS: tuple[str, ...] = ("test", "valid", "cnndm", "bbc")
ASPECTS = (
    "Factuality",
    "Semantic_Frame_Errors",
    "Discourse_Errors",
    "Content_Verifiability_Errors",
    "RelE",
    "EntE",
    "CircE",
    "OutE",
    "GramE",
    "CorefE",
    "LinkE",
    "Other",
)
ANNOTATIONS = "human_annotations.json"
METRICS = "baseline_factuality_metrics_outputs.json"
KEYS = ("hash", "model_name", "dataset", "split")

_Row = dict[str, str | float | None]


def load(
    root: Path,
    *,
    subset: str | None = None,
    gold: str | None = None,
    reference: str | None = None,
    include_human: bool = False,
) -> Dataset:
    """The set from its folder, whole or one split or corpus of it.

    Returns
    -------
    Dataset
        Items are articles, with slice columns ``dataset`` (cnndm, bbc) and ``split`` (valid, test). Aspects are
        Factuality (default: share of sentences without an error by the majority of 3 annotators, in [0, 1]) and one
        per error type (1: no such error, 0: in every sentence).
    """
    if subset is not None:
        choose_subset("frank", subset, SUBSETS)
    refuse("frank", gold=gold, reference=reference)
    builder = DatasetBuilder("frank" if subset is None else f"frank:{subset}")
    responses: dict[tuple[object, ...], int] = {}
    for key, row in _rows(root / ANNOTATIONS, subset):
        article, system, corpus, split = key
        check_columns(row, ASPECTS, root / ANNOTATIONS)
        item = builder.item(article, columns={"dataset": corpus, "split": split})
        responses[key] = response = builder.response(item, system=system)
        for aspect in ASPECTS:
            value = _number(row, aspect, root / ANNOTATIONS)
            if value is not None:
                builder.rating(response, value, aspect=aspect)
    path = root / METRICS
    for key, row in _rows(path, subset):
        if key not in responses:
            raise InputError(f"nobody annotated the summary of {key[0]} by {key[1]}", path=path)
        for name in row:
            if name not in KEYS:
                builder.score(name, responses[key], _number(row, name, path))
    return builder.build(
        Origin(
            path=str(root),
            format="FRANK",
            gold="majority of 3 annotators by sentence, averaged over sentences",
            notes=(
                "The two corpora share no system, and factuality differs between them: hold the system fixed, or look"
                " at one corpus.",
                "The Flip_* columns of the ablation are left out.",
            ),
            default_aspect="Factuality",
        )
    )


def _rows(path: Path, subset: str | None) -> list[tuple[tuple[str, str, str, str], _Row]]:
    """Key (hash, model_name, dataset, split) and content of the rows of the subset; no key twice."""
    rows: dict[tuple[str, str, str, str], _Row] = {}
    for number, row in enumerate(decode_json(read_bytes(path), list[_Row], path=path), 1):
        check_columns(row, KEYS, path)
        article, system, corpus, split = (str(row[key]) for key in KEYS)
        if (article, system, corpus, split) in rows:
            raise InputError(f"row {number:,} is the second about the summary of {article} by {system}", path=path)
        if subset is None or subset in (corpus, split):
            rows[article, system, corpus, split] = row
    return list(rows.items())


def _number(row: _Row, column: str, path: Path) -> float | None:
    value = row[column]
    if isinstance(value, str):
        raise InputError(f"'{value}' is no number", path=path, column=column)
    return value
