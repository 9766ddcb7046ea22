"""Scores and human judgments in, `Board` out. May import `types`, `dataset`, `errors`, `scorer` and `stats`."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rewardmeter.comparison.answer import caveats, headline
from rewardmeter.comparison.board import Board, Entry, Settings
from rewardmeter.comparison.gold import PairGold, RatingGold, pair_gold, rating_gold
from rewardmeter.comparison.measure import (
    PairEvidence,
    Resampling,
    Rows,
    best_of_k_statistics,
    pair_statistics,
    rating_statistics,
)
from rewardmeter.comparison.slices import SliceColumn, slice_column
from rewardmeter.dataset import Dataset, Recorded
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.stats.catalogue import CATALOGUE
from rewardmeter.stats.resampling import item_weights
from rewardmeter.stats.result import Estimate
from rewardmeter.types import FloatArray, Scores

__all__ = ["Contender", "Gold", "check_request", "compare_scores", "gold_of"]

MOST_WEIGHT_CELLS = 100_000_000
FEWEST_RESAMPLES = 200
MOST_REASONS = 3


@dataclass(frozen=True, eq=False)
class Contender:
    """One scorer with its scores, ready to be compared.

    Attributes
    ----------
    name:
        As the board shows it.
    scores:
        One per response of the dataset.
    kind:
        ``"computed"`` or ``"recorded"``.
    reads:
        What it reads; None where unknown.
    baseline:
        Whether it is a content-blind rule.
    recorded:
        The record that it comes from, for verdicts and published system scores.
    """

    name: str
    scores: Scores
    kind: str = "computed"
    reads: tuple[str, ...] | None = None
    baseline: bool = False
    recorded: Recorded | None = None


@dataclass(frozen=True, eq=False)
class Gold:
    """The human side of a comparison; at least one part is there."""

    ratings: RatingGold | None = None
    pairs: PairGold | None = None
    groups: bool = False
    description: str = ""
    aspects: tuple[str, ...] = field(default=())

    @property
    def kind(self) -> str:
        """``"ratings"``, ``"preferences"`` or ``"best_of_k"``: what the primary statistic is about."""
        if self.ratings is not None:
            return "ratings"
        return "best_of_k" if self.groups else "preferences"


def gold_of(dataset: Dataset, aspect: str | None = None) -> Gold:
    """What people said, as far as the dataset has it.

    Raises
    ------
    InputError
        If it has no human judgment at all.
    """
    has_ratings = dataset.ratings is not None and len(dataset.ratings) > 0
    has_pairs = dataset.preferences is not None and len(dataset.preferences) > 0
    has_groups = dataset.best_of_k is not None and len(dataset.best_of_k) > 0
    if not (has_ratings or has_pairs or has_groups):
        raise InputError(
            f"dataset '{dataset.name}' has no human judgments",
            fix="Add a column 'rating', 'preference' or 'chosen' and 'rejected', or name yours with --map.",
        )
    if aspect is not None and not has_ratings:
        raise UnknownNameError("aspect", aspect, (), hint=f"'{dataset.name}' holds preferences, which have no aspects.")
    return Gold(
        rating_gold(dataset, aspect) if has_ratings else None,
        pair_gold(dataset) if has_pairs else None,
        has_groups,
        dataset.origin.gold,
        dataset.ratings.aspects if dataset.ratings is not None else (),
    )


def check_request(dataset: Dataset, aspect: str | None, slices: Sequence[str], statistic: str | None) -> None:
    """Everything that can be wrong with a request before a single score is paid for.

    Raises
    ------
    InputError
        If the data has no human judgment, or a slice column too many values.
    UnknownNameError
        If there is no such aspect, column or statistic.
    """
    gold_of(dataset, aspect)
    for name in slices:
        slice_column(dataset, name)
    if statistic is not None and statistic not in CATALOGUE:
        raise UnknownNameError("statistic", statistic, CATALOGUE)


def compare_scores(
    dataset: Dataset,
    contenders: Sequence[Contender],
    *,
    aspect: str | None = None,
    slices: Sequence[str] = (),
    statistic: str | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    command: str | None = None,
) -> Board:
    """Every contender against the human judgments of the dataset.

    Parameters
    ----------
    aspect:
        Which ratings to judge against; the data's default if None.
    slices:
        Item columns to repeat everything by.
    statistic:
        Id of the statistic that ranks; chosen by the gold if None.
    resamples:
        Bootstrap resamples of items; 0 for no intervals. With very many items fewer are drawn, and said so.
    level:
        Of the intervals, in (0, 1).

    Raises
    ------
    InputError
        If the data has no judgments, there is no contender, or two share a name.
    UnknownNameError
        If the aspect, a slice column or the statistic does not exist.
    """
    _check(contenders, resamples, level)
    gold = gold_of(dataset, aspect)
    columns = [slice_column(dataset, name) for name in slices]
    resampling, drawn = _resampling(dataset.n_items, resamples, level, seed)
    values = np.stack([contender.scores.values for contender in contenders])
    evidence = _evidence(values, contenders, gold.pairs)
    published = _published(contenders, dataset.systems)
    whole = _statistics(dataset, gold, values, evidence, published, resampling, None, columns)
    parts = [_sliced(dataset, gold, values, evidence, resampling, column) for column in columns]
    entries = [
        Entry(
            contender.name,
            contender.kind,
            contender.reads,
            contender.baseline,
            _coverage(values[k], None if evidence is None else evidence.judged[k], gold, dataset),
            contender.scores.counts(),
            whole[k],
            {column.name: part[k] for column, part in zip(columns, parts, strict=True)},
            contender.scores.cost,
            contender.scores.signature,
            dict(Counter(contender.scores.reasons.values()).most_common(MOST_REASONS)),
        )
        for k, contender in enumerate(contenders)
    ]
    primary = _primary(gold, entries, statistic)
    settings = Settings(primary, level, drawn, seed, command, _versions())
    ordered = tuple(sorted(entries, key=lambda entry: _rank_key(entry, primary)))
    facts = _gold_facts(dataset, gold)
    return Board(
        _dataset_facts(dataset),
        facts,
        settings,
        ordered,
        headline(ordered, settings, facts),
        caveats(ordered, settings, facts, dataset),
    )


def _check(contenders: Sequence[Contender], resamples: int, level: float) -> None:
    if not contenders:
        raise InputError("there is nothing to compare", fix="Name scorers with --scorer, for example --scorer chrf.")
    names = [contender.name for contender in contenders]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"scorer '{twice}' is on the board twice")
    if resamples < 0 or (0 < resamples < 2):
        raise InputError(f"{resamples} resamples make no interval", fix="Use 0 for none, or some hundreds.")
    if not 0 < level < 1:
        raise InputError(f"level {level} must lie between 0 and 1")


def _resampling(n_items: int, resamples: int, level: float, seed: int) -> tuple[Resampling, int]:
    if resamples == 0 or n_items < 2:
        return Resampling(None, level), 0
    drawn = min(resamples, max(FEWEST_RESAMPLES, MOST_WEIGHT_CELLS // n_items))
    return Resampling(item_weights(n_items, drawn, np.random.default_rng(seed)), level), drawn


def _published(contenders: Sequence[Contender], systems: tuple[str, ...]) -> FloatArray | None:
    rows = np.full((len(contenders), len(systems)), np.nan)
    for k, contender in enumerate(contenders):
        known = contender.recorded.system_values if contender.recorded is not None else {}
        rows[k] = [known.get(system, np.nan) for system in systems]
    return None if np.all(np.isnan(rows)) else rows


def _evidence(values: FloatArray, contenders: Sequence[Contender], pairs: PairGold | None) -> PairEvidence | None:
    if pairs is None:
        return None
    shape = (len(contenders), len(pairs))
    first, second = np.full((2, *shape), np.nan)
    asked = np.zeros(shape, dtype=bool)
    for k, contender in enumerate(contenders):
        recorded = contender.recorded
        if recorded is None or recorded.first is None:
            continue
        first[k] = pairs.per_pair(recorded.first)
        if recorded.second is not None:
            second[k] = pairs.per_pair(recorded.second)
        marks = ~np.isnan(recorded.first) if recorded.asked is None else recorded.asked
        asked[k, pairs.row[marks]] = True
    return PairEvidence(values[:, pairs.a] - values[:, pairs.b], first, second, asked)


def _statistics(
    dataset: Dataset,
    gold: Gold,
    values: FloatArray,
    evidence: PairEvidence | None,
    published: FloatArray | None,
    resampling: Resampling,
    items: NDArray[np.bool_] | None,
    columns: Sequence[SliceColumn] = (),
) -> Rows:
    rows: Rows = [{} for _ in values]
    parts: list[Rows] = []
    if gold.ratings is not None:
        parts.append(rating_statistics(values, gold.ratings, published, resampling, items=items))
    if gold.groups and dataset.best_of_k is not None:
        item = dataset.response_item[dataset.best_of_k.response[dataset.best_of_k.offsets[:-1]]]
        chosen = None if items is None else items[item]
        parts.append(best_of_k_statistics(values, dataset.best_of_k, item, resampling, chosen=chosen))
    if gold.pairs is not None and evidence is not None:
        pairs = None if items is None else items[gold.pairs.item]
        groups: Mapping[str, NDArray[np.int32]] = {c.name: c.index[gold.pairs.item] for c in columns}
        parts.append(pair_statistics(evidence, gold.pairs, resampling, pairs=pairs, groups=groups))
    for part in parts:
        for row, made in zip(rows, part, strict=True):
            row.update(made)
    return rows


def _sliced(
    dataset: Dataset,
    gold: Gold,
    values: FloatArray,
    evidence: PairEvidence | None,
    resampling: Resampling,
    column: SliceColumn,
) -> list[dict[str, tuple[int, dict[str, Estimate]]]]:
    out: list[dict[str, tuple[int, dict[str, Estimate]]]] = [{} for _ in values]
    known = _judged_items(dataset, gold)
    for number, label in enumerate(column.values):
        items = column.index == number
        judged = int(np.sum(items & known))
        rows = _statistics(dataset, gold, values, evidence, None, resampling, items)
        for k, row in enumerate(rows):
            out[k][label] = (judged, dict(row))
    return out


def _judged_items(dataset: Dataset, gold: Gold) -> NDArray[np.bool_]:
    """(N,) whether people judged anything of the item."""
    judged = np.zeros(dataset.n_items, dtype=bool)
    if gold.ratings is not None:
        judged[dataset.response_item[~np.isnan(gold.ratings.value)]] = True
    if gold.pairs is not None:
        judged[gold.pairs.item] = True
    if gold.groups and dataset.best_of_k is not None:
        judged[dataset.response_item[dataset.best_of_k.response]] = True
    return judged


def _coverage(values: FloatArray, judged: FloatArray | None, gold: Gold, dataset: Dataset) -> float:
    """Share of what people judged that the scorer has a value for; both kinds of gold count where there are both."""
    known: list[NDArray[np.bool_]] = []
    if gold.ratings is not None:
        known.append(~np.isnan(values[~np.isnan(gold.ratings.value)]))
    if judged is not None:
        known.append(~np.isnan(judged))
    elif dataset.best_of_k is not None:
        known.append(~np.isnan(values[dataset.best_of_k.response]))
    marks = np.concatenate(known)
    return float(np.mean(marks)) if len(marks) else float("nan")


def _primary(gold: Gold, entries: Sequence[Entry], wanted: str | None) -> str:
    present = dict.fromkeys(name for entry in entries for name in entry.statistics)
    if wanted is not None:
        if wanted not in present:
            raise UnknownNameError("statistic for this data", wanted, present)
        return wanted
    preference = {
        "ratings": ("segment.acc_eq.item", "segment.roc_auc", "segment.kendall_b"),
        "best_of_k": ("pair.best_of_k",),
        "preferences": ("pair.accuracy",),
    }[gold.kind]
    return next(name for name in preference if name in present)


def _rank_key(entry: Entry, primary: str) -> tuple[bool, float, str]:
    estimate = entry.statistics.get(primary)
    undefined = estimate is None or not estimate.defined
    return (undefined, 0.0 if estimate is None or undefined else -estimate.value, entry.scorer)


def _dataset_facts(dataset: Dataset) -> dict[str, object]:
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


def _gold_facts(dataset: Dataset, gold: Gold) -> dict[str, object]:
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
    return facts


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    versions = {name: version(name) for name in ("numpy", "scipy", "sacrebleu")}
    return {"python": platform.python_version(), **versions}

