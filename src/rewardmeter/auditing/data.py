"""The audit of the data: every content-blind rule as a scorer of the same gold.

May import `comparison`, `dataset`, `errors`, `stats`, `types` and the files of this folder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rewardmeter.auditing.pairs import judged_pairs
from rewardmeter.auditing.pooled import pooled_probes
from rewardmeter.auditing.result import Audit, DataProbe
from rewardmeter.auditing.rules import Rule, Ruled, rule_margins
from rewardmeter.comparison import check_request
from rewardmeter.comparison.case import make_case
from rewardmeter.comparison.facts import dataset_facts, gold_facts, versions
from rewardmeter.comparison.gold import PairGold
from rewardmeter.comparison.measure import Resampling, make_resampling
from rewardmeter.comparison.slices import slice_column
from rewardmeter.dataset import Dataset
from rewardmeter.stats.preference import TieRule, accuracy_estimates, pair_credits
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.significance import holm, preference_tests
from rewardmeter.types import FloatArray

__all__ = ["audit_data"]

_TIES: tuple[TieRule, ...] = ("wrong", "half")
Mask = NDArray[np.bool_]


def audit_data(
    dataset: Dataset,
    ruled: Sequence[Ruled] | None = None,
    *,
    aspect: str | None = None,
    slices: Sequence[str] = (),
    folds: int = 5,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Audit:
    """How much of the gold each content-blind rule wins.

    Parameters
    ----------
    ruled:
        The rules on the judged pairs, where they are known already.
    aspect:
        Which ratings; the data's default if None.
    slices:
        Columns of the items: every rule once more on each of their values.
    folds, seed:
        Of the rules that are learnt, by item.
    resamples, level:
        Of the intervals.

    Raises
    ------
    InputError
        If no two responses of an item were judged, or a number makes no sense.
    UnknownNameError
        If the aspect or a column does not exist.
    """
    check_request(dataset, aspect, slices, None, resamples=resamples, level=level)
    pairs = judged_pairs(dataset, aspect)
    resampling, drawn = make_resampling(dataset.n_items, resamples, level, seed)
    parts: list[tuple[str, str, Mask]] = [("", "", np.ones(len(pairs), dtype=bool))]
    for found in (slice_column(dataset, name) for name in slices):
        parts += [(found.name, label, found.index[pairs.item] == number) for number, label in enumerate(found.values)]
    probes: list[DataProbe] = []
    for one in rule_margins(dataset, pairs, folds, seed) if ruled is None else ruled:
        if one.reason:
            probes.append(_not_applied(one.rule, one.reason, level))
            continue
        for column, value, chosen in parts:
            probes += _probes(one.rule, one.margins, pairs, resampling, chosen, column, value)
    case = make_case(dataset, [], aspect)
    if case.gold.ratings is not None:
        probes += pooled_probes(dataset, case.gold.ratings, resampling, folds=folds, seed=seed)
    probes = _adjusted(probes)
    settings = {"level": level, "resamples": drawn, "seed": seed, "folds": folds, "versions": versions()}
    ordered = tuple(sorted(probes, key=_order))
    gold = gold_facts(case)
    return Audit(dataset_facts(dataset), gold, settings, ordered, headline=_headline(ordered))


def _probes(
    rule: Rule,
    margins: FloatArray,
    pairs: PairGold,
    resampling: Resampling,
    chosen: Mask,
    column: str,
    value: str,
) -> list[DataProbe]:
    """The rule in both directions, or in the one that was learnt."""
    gold = np.where(chosen, pairs.probability, np.nan)
    both = [(rule.more, margins)] + ([(rule.less, -margins)] if rule.less else [])
    stacked, weights, level = np.stack([one for _, one in both]), resampling.weights, resampling.level
    strict, half = (
        accuracy_estimates(stacked, gold, pairs.item, ties=ties, weights=weights, level=level) for ties in _TIES
    )
    credit = pair_credits(margins[None], gold, ties="half")[0]
    p = math.nan
    if not np.all(np.isnan(credit)):
        coin = np.where(np.isnan(credit), np.nan, 0.5)
        rng = np.random.default_rng(0)
        p = float(preference_tests(np.stack([credit, coin]), pairs.item, rng=rng).p[0, 1])
    return [
        DataProbe(name, rule.says, won, shared, column=column, value=value, p=p)
        for (name, _), won, shared in zip(both, strict, half, strict=True)
    ]


def _not_applied(rule: Rule, reason: str, level: float) -> DataProbe:
    nothing = Estimate(math.nan, level=level, method="undefined")
    return DataProbe(rule.more, rule.says, nothing, nothing, reason=reason)


def _adjusted(probes: list[DataProbe]) -> list[DataProbe]:
    """Holm over the tests on all of the data, and over those on its parts; both directions of a rule are one test."""
    adjusted: dict[tuple[str, str, str], float] = {}
    for parts in (False, True):
        chosen = [one for one in probes if bool(one.column) == parts and not math.isnan(one.p)]
        tests = {(one.says, one.column, one.value): one.p for one in chosen}
        if tests:
            adjusted |= zip(tests, holm(list(tests.values())).tolist(), strict=True)
    return [replace(one, p_adjusted=adjusted.get((one.says, one.column, one.value), math.nan)) for one in probes]


def _order(probe: DataProbe) -> tuple[bool, bool, bool, float]:
    value = probe.half_ties.value if probe.measure == "wins" else probe.estimate.value
    return (bool(probe.column), probe.measure != "wins", math.isnan(value), 0.0 if math.isnan(value) else -value)


def _headline(probes: Sequence[DataProbe]) -> tuple[str, ...]:
    if not any(one.half_ties.n for one in probes if one.measure == "wins"):
        return ("No pair is decided, all are ties: there is nothing to win.",)
    won = [one for one in probes if one.significant and not one.column and one.measure == "wins"]
    if not won:
        return ("No content-blind rule is shown to win more than half of the pairs.",)
    best, estimate = won[0], won[0].half_ties
    said = f"{100 * estimate.value:.1f} %"
    if not math.isnan(estimate.low):
        said += f" [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"
    return (
        f"Without reading: '{best.probe}' wins {said} of {estimate.n:,} decided pairs.",
        f"{len(won)} of {len({one.says for one in probes if one.measure == 'wins'})} rules win more than half.",
    )
