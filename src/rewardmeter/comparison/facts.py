"""What a result says of its data, its gold and how it was made. May import `types`, `dataset` and `stats`."""

from __future__ import annotations

import platform

import numpy as np

from rewardmeter.comparison.case import Case
from rewardmeter.dataset import Dataset
from rewardmeter.stats.ties import acc_eq

__all__ = ["dataset_facts", "gold_facts", "versions"]


def dataset_facts(dataset: Dataset) -> dict[str, object]:
    """The dataset as plain JSON values."""
    origin = dataset.origin
    return {
        "name": dataset.name,
        "items": dataset.n_items,
        "responses": dataset.n_responses,
        "systems": len(dataset.systems),
        "hash": dataset.content_hash,
        "format": origin.format,
        "licence": origin.licence,
        "citation": origin.citation,
        "notes": list(origin.notes),
        "slices": list(dataset.columns),
    }


def gold_facts(case: Case) -> dict[str, object]:
    """The human side as plain JSON values."""
    dataset, gold = case.dataset, case.gold
    ratings, pairs = gold.ratings, gold.pairs
    facts: dict[str, object] = {"kind": gold.kind, "description": gold.description}
    if ratings is not None:
        share = ratings.tie_share()
        facts.update(
            aspect=ratings.aspect,
            aspects=list(gold.aspects),
            raters=ratings.raters,
            judged=int(np.sum(~np.isnan(ratings.value))),
            tie_share=None if np.isnan(share) else share,
            constant=_constant_scorer(case),
            binary=ratings.binary,
            system_level="published system scores where the data has them, else means over rated items"
            if ratings.system_values is not None or any(r.system_values for r in dataset.recorded.values())
            else "means over rated items",
        )
    else:
        assert pairs is not None or dataset.best_of_k is not None
        judged = len(pairs) if pairs is not None else len(dataset.best_of_k or ())
        ties = None if pairs is None else float(np.mean(pairs.probability == 0.5))
        facts.update(
            aspect=None,
            aspects=[],
            raters=0 if pairs is None else pairs.raters,
            judged=judged,
            tie_share=ties,
            binary=False,
            system_level=None,
        )
    if pairs is not None:
        facts["pairs"] = len(pairs)
    if dataset.best_of_k is not None:
        facts["groups"] = len(dataset.best_of_k)
        sizes = np.diff(dataset.best_of_k.offsets)
        correct = np.add.reduceat(dataset.best_of_k.best.astype(np.int64), dataset.best_of_k.offsets[:-1])
        facts["chance"] = float(np.mean(correct / sizes))
    return facts


def _constant_scorer(case: Case) -> float | None:
    """What a scorer that gives every response the same score gets by ``segment.acc_eq.item``."""
    ratings = case.gold.ratings
    if ratings is None:
        return None
    same = ratings.cells.spread(np.zeros((1, case.dataset.n_responses)))
    value = float(acc_eq(same, ratings.cells.spread(ratings.value), grouping="item").accuracy[0])
    return None if np.isnan(value) else value


def versions() -> dict[str, str]:
    """Of what the numbers depend on."""
    from importlib.metadata import version

    return {"python": platform.python_version(), **{name: version(name) for name in ("numpy", "scipy", "sacrebleu")}}
