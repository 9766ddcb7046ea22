"""Scores and human judgments in, `Board` out. May import `types`, `dataset`, `errors`, `scorer` and `stats`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rewardmeter.comparison.answer import caveats, headline
from rewardmeter.comparison.board import Board, Entry, Settings
from rewardmeter.comparison.case import Case, Contender, Gold, gold_of, make_case
from rewardmeter.comparison.ceiling import human_ceiling
from rewardmeter.comparison.differences import ALPHA, differences
from rewardmeter.comparison.facts import dataset_facts, gold_facts, versions
from rewardmeter.comparison.measure import (
    Resampling,
    Rows,
    best_of_k_statistics,
    cross_fit_ties,
    make_resampling,
    pair_statistics,
    rating_statistics,
)
from rewardmeter.comparison.slices import SliceColumn, slice_column
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.stats.catalogue import CATALOGUE
from rewardmeter.stats.result import Estimate
from rewardmeter.types import Outcome, Scores

__all__ = ["check_request", "commonest", "compare_scores", "in_sample"]

FEWEST_USEFUL = 20
MOST_REASONS = 3


def check_request(
    dataset: Dataset,
    aspect: str | None,
    slices: Sequence[str],
    statistic: str | None,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    draws: int = 1000,
) -> None:
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
    ranking = [name for name in CATALOGUE if name.split(".")[0] in ("segment", "system", "pair")]
    if statistic is not None and statistic not in ranking:
        raise UnknownNameError("ranking statistic", statistic, ranking)
    if resamples < 0 or 0 < resamples < FEWEST_USEFUL:
        raise InputError(f"{resamples} resamples make no interval", fix="Use 0 for none, or some hundreds.")
    if not 0 < level < 1:
        raise InputError(f"level {level} must lie between 0 and 1")
    if draws < 0 or 0 < draws < FEWEST_USEFUL:
        raise InputError(f"{draws} draws make no test", fix="Use 0 for none, or some hundreds.")


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
    draws: int = 1000,
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
    draws:
        Random draws of the all-pairs tests that are not exact; 0 for no tests and no clusters.

    Raises
    ------
    InputError
        If the data has no judgments, there is no contender, or two share a name.
    UnknownNameError
        If the aspect, a slice column or the statistic does not exist.
    """
    _check(contenders)
    check_request(dataset, aspect, slices, statistic, resamples=resamples, level=level, draws=draws)
    case = make_case(dataset, contenders, aspect)
    columns = [slice_column(dataset, name) for name in slices]
    resampling, drawn = make_resampling(dataset.n_items, resamples, level, seed)
    whole = _statistics(case, resampling, None, columns)
    parts = [_sliced(case, resampling, column) for column in columns]
    primary = _primary(case.gold, whole, statistic)
    if case.gold.ratings is not None and primary == "segment.acc_eq.item":
        cross_fit_ties(whole, case.values, case.gold.ratings, seed)
    tested = differences(primary, [row.get(primary) for row in whole], case, draws=draws, seed=seed)
    entries = [
        Entry(
            contender.name,
            contender.kind,
            contender.reads,
            contender.baseline,
            _coverage(case, k),
            _outcomes(case, k, contender),
            whole[k],
            {column.name: part[k] for column, part in zip(columns, parts, strict=True)},
            contender.scores.cost,
            contender.scores.signature,
            commonest(contender.scores, scored=False),
            None if tested is None or tested.cluster[k] == 0 else int(tested.cluster[k]),
            commonest(contender.scores, scored=True),
            contender.cost_per_1000,
        )
        for k, contender in enumerate(contenders)
    ]
    ceiling = human_ceiling(case, primary, level=level, seed=seed)
    settings = Settings(primary, level, drawn, seed, command, versions())
    if tested is not None:
        settings = replace(settings, tests=tested.method, alpha=ALPHA, correction=tested.correction)
    ordered = tuple(sorted(entries, key=lambda entry: _rank_key(entry, primary)))
    board = Board(
        dataset_facts(dataset),
        gold_facts(case),
        settings,
        ordered,
        human_ceiling={} if ceiling is None else {primary: ceiling},
    )
    return replace(board, headline=headline(board), caveats=(*caveats(board), *in_sample(dataset, contenders)))


def in_sample(dataset: Dataset, contenders: Sequence[Contender]) -> tuple[str, ...]:
    """A sentence on the contenders that were fitted on this very data; none where there are none."""
    names = [one.name for one in contenders if one.has_seen(dataset)]
    if not names:
        return ()
    return (f"Fitted on this very data, and better here than elsewhere: {', '.join(names)}.",)


def _check(contenders: Sequence[Contender]) -> None:
    if not contenders:
        raise InputError("there is nothing to compare", fix="Name scorers with --scorer, for example --scorer chrf.")
    names = [contender.name for contender in contenders]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"scorer '{twice}' is on the board twice")


def _statistics(
    case: Case, resampling: Resampling, items: NDArray[np.bool_] | None, columns: Sequence[SliceColumn] = ()
) -> Rows:
    rows: Rows = [{} for _ in case.values]
    parts: list[Rows] = []
    ratings, pairs, groups = case.gold.ratings, case.gold.pairs, case.groups
    if ratings is not None:
        published = case.published if items is None else None
        parts.append(rating_statistics(case.values, ratings, published, resampling, items=items))
    if groups is not None:
        chosen = None if items is None else items[case.group_item]
        parts.append(best_of_k_statistics(case.values, groups, case.group_item, resampling, chosen=chosen))
    if pairs is not None and case.evidence is not None:
        part = None if items is None else items[pairs.item]
        slices: Mapping[str, NDArray[np.int32]] = {c.name: c.index[pairs.item] for c in columns}
        parts.append(pair_statistics(case.evidence, pairs, resampling, pairs=part, groups=slices))
    for made in parts:
        for row, statistics in zip(rows, made, strict=True):
            row.update(statistics)
    return rows


def _sliced(
    case: Case, resampling: Resampling, column: SliceColumn
) -> list[dict[str, tuple[int, dict[str, Estimate]]]]:
    out: list[dict[str, tuple[int, dict[str, Estimate]]]] = [{} for _ in case.values]
    known = _judged_items(case.dataset, case.gold)
    for number, label in enumerate(column.values):
        items = column.index == number
        judged = int(np.sum(items & known))
        for k, row in enumerate(_statistics(case, resampling, items)):
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


def _outcomes(case: Case, k: int, contender: Contender) -> dict[str, int]:
    """Outcomes of the responses, or of the pairs for a judge of which the data has verdicts alone."""
    evidence, recorded = case.evidence, contender.recorded
    if evidence is None or recorded is None or recorded.values is not None or not evidence.by_verdict[k]:
        return contender.scores.counts()
    asked, unread = int(np.sum(np.any(evidence.asked[:, k], axis=0))), int(evidence.unread[k])
    counts = {"scored": asked - unread, "abstained": unread, "missing": evidence.asked.shape[2] - asked}
    return {name: count for name, count in counts.items() if count}


def commonest(scores: Scores, *, scored: bool) -> dict[str, int]:
    """The commonest reasons of responses without a score, or remarks on those with one, with their counts."""
    has_value = scores.outcomes <= Outcome.TIE
    texts = Counter(text for place, text in scores.reasons.items() if has_value[place] == scored)
    return dict(texts.most_common(MOST_REASONS))


def _coverage(case: Case, k: int) -> float:
    """Share of what people judged that scorer k has a value for; both kinds of gold count where there are both."""
    known: list[NDArray[np.bool_]] = []
    if case.gold.ratings is not None:
        known.append(~np.isnan(case.values[k][~np.isnan(case.gold.ratings.value)]))
    if case.evidence is not None:
        read = ~(np.isnan(case.evidence.first[k]) & np.isnan(case.evidence.second[k]))
        known.append(read if case.evidence.by_verdict[k] else ~np.isnan(case.evidence.margins[k]))
    elif case.dataset.best_of_k is not None:
        known.append(~np.isnan(case.values[k][case.dataset.best_of_k.response]))
    marks = np.concatenate(known)
    return float(np.mean(marks)) if len(marks) else float("nan")


def _primary(gold: Gold, rows: Rows, wanted: str | None) -> str:
    present = dict.fromkeys(name for row in rows for name in row)
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
