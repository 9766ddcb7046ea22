"""What scores depend on, given what people said, in the data as it is.

A margin (score of a less score of b) is regressed on what people said of the pair and on the difference of a surface
feature. What the feature explains beyond the gold is what the scorer responds to besides: a scorer whose errors have
nothing to do with the feature has the coefficient 0. There is no intercept, since the order of a pair means nothing.

May import `comparison`, `dataset`, `stats`, `types` and `effect_unit`, `evidence`, `features`, `result`, `shares` of
this folder.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import NormalDist

import numpy as np

from rewardmeter.auditing.effect_unit import EffectUnit, effect_units
from rewardmeter.auditing.evidence import Evidence
from rewardmeter.auditing.features import FEATURES, Feature, entered
from rewardmeter.auditing.pairs import without_texts
from rewardmeter.auditing.result import ScorerProbe
from rewardmeter.auditing.shares import shares
from rewardmeter.stats.clustered_regression import ClusteredFit, clustered_fits
from rewardmeter.stats.partial_pairs import pair_correlations
from rewardmeter.stats.resampling import item_folds
from rewardmeter.stats.result import Estimate, undefined
from rewardmeter.stats.significance import preference_tests
from rewardmeter.types import FloatArray, IntArray

__all__ = ["dependence_probes", "equal_gold_probe", "surface_share_probe"]

FEWEST_ITEMS = 3
"""With fewer items in which responses differ in a feature there is no error to speak of."""
FOLDS = 5

Rows = list[list[ScorerProbe]]


def dependence_probes(evidence: Evidence, features: Mapping[str, FloatArray]) -> Rows:
    """For each of K scorers one probe a feature: how the margin depends on it, given the gold.

    The estimate is what one standard deviation of the feature's difference moves the margin by, in units of the
    scorer's own mean absolute margin between responses that people tell apart; the interval counts the error of both
    units. ``others`` holds the same with all features at once (``jointly``), the partial and the semi-partial
    correlation of margin and feature (`pair_correlations`), and the accuracy (ties half) where the better response has
    more of the feature and where it has less.
    """
    apart = {one.name: difference(one, features, evidence) for one in FEATURES}
    varying = {name: values for name, values in apart.items() if _varies(values, evidence)}
    units = {name: effect_units(evidence, values) for name, values in varying.items()}
    jointly = _jointly(evidence, varying, units)
    made: Rows = [[] for _ in evidence.contenders]
    for feature in FEATURES:
        says = f"{feature.says}, given the gold"
        if feature.name not in varying:
            nothing = undefined(level=evidence.level)
            reason = without_texts(evidence.dataset) or "the responses of an item hardly ever differ in it"
            for row in made:
                row.append(ScorerProbe(feature.name, "observational", "dependence", says, nothing, reason=reason))
            continue
        accuracies = _accuracies(evidence, varying[feature.name])
        correlations = pair_correlations(
            evidence.margins, evidence.strength, varying[feature.name], evidence.pairs.item, level=evidence.level
        )
        for k, fit in enumerate(_fits(evidence, [varying[feature.name]])):
            others = {"jointly": jointly[k][feature.name], **{name: one[k] for name, one in accuracies.items()}}
            others |= zip(("partial_correlation", "semi_partial_correlation"), correlations[k], strict=True)
            estimate = units[feature.name][k].times(fit, -1, evidence.level)
            made[k].append(_dependence(feature.name, says, estimate, fit.p(-1), others))
    return made


def equal_gold_probe(evidence: Evidence, features: Mapping[str, FloatArray], name: str = "length") -> list[ScorerProbe]:
    """How often each scorer takes the response with more of a feature where people call the two equal; ½ is none."""
    feature = next(one for one in FEATURES if one.name == name)
    values = difference(feature, features, evidence)
    tied = (evidence.pairs.probability == 0.5) & (values != 0) & ~np.isnan(values)
    credit = np.where(tied, (np.sign(evidence.margins) * np.sign(values) + 1) / 2, np.nan)
    label, says = f"{name} at equal gold", f"more of '{name}' where people see no difference"
    estimates = shares(credit, evidence.pairs.item, level=evidence.level)
    made = []
    for row, estimate in zip(credit, estimates, strict=True):
        reason = "" if estimate.defined else "people called no two responses equal that differ in it"
        p = _half_p(row, evidence.pairs.item)
        made.append(ScorerProbe(label, "observational", "share", says, estimate, null=0.5, p=p, reason=reason))
    return made


def surface_share_probe(evidence: Evidence, features: Mapping[str, FloatArray], seed: int) -> list[ScorerProbe]:
    """Share of each scorer's squared margins that all surface features together predict on held-out items, at most 1;
    below 0 where they predict worse than no difference at all. ``others``: the same of what people said."""
    apart = [difference(one, features, evidence) for one in FEATURES]
    varying = [values for values in apart if _varies(values, evidence)]
    human = evidence.strength[:, 0]
    says = "squared margins that all surface features together predict on other items"
    gold = _share(human, varying, evidence, seed)
    made = []
    for margin in evidence.margins:
        estimate = _share(margin, varying, evidence, seed)
        reason = "" if estimate.defined else "no feature varies, or the scorer tells no two responses apart"
        made.append(
            ScorerProbe(
                "surface share", "observational", "share", says, estimate, others={"of_the_gold": gold}, reason=reason
            )
        )
    return made


def difference(feature: Feature, features: Mapping[str, FloatArray], evidence: Evidence) -> FloatArray:
    """(P,) difference of a feature within each pair, NaN where it is undefined."""
    values = entered(feature, features[feature.name])
    return np.asarray(values[evidence.pairs.a] - values[evidence.pairs.b])


def _fits(evidence: Evidence, columns: Sequence[FloatArray]) -> Iterator[ClusteredFit]:
    """Margins on the gold and these columns, which come last."""
    return clustered_fits(evidence.margins, np.column_stack([evidence.strength, *columns]), evidence.pairs.item)


def _jointly(
    evidence: Evidence, varying: Mapping[str, FloatArray], units: Mapping[str, Sequence[EffectUnit]]
) -> list[dict[str, Estimate]]:
    """For each scorer the estimates with all features at once."""
    return [
        {name: units[name][k].times(fit, place - len(varying), evidence.level) for place, name in enumerate(varying)}
        for k, fit in enumerate(_fits(evidence, list(varying.values())))
    ]


def _varies(apart: FloatArray, evidence: Evidence) -> bool:
    """Whether responses differ in it in enough items."""
    return len(np.unique(evidence.pairs.item[np.nan_to_num(apart) != 0])) >= FEWEST_ITEMS


def _dependence(name: str, says: str, estimate: Estimate, p: float, others: Mapping[str, Estimate]) -> ScorerProbe:
    reason = "" if estimate.defined else "the scorer tells no two responses apart, or the gold goes with the feature"
    p = p if estimate.defined else math.nan
    return ScorerProbe(name, "observational", "dependence", says, estimate, others=others, p=p, reason=reason)


def _half_p(credits: FloatArray, item: IntArray) -> float:
    """Two-sided p of a mean credit of ½: the sign test over items, which a share of 0 or 1 has too; NaN of nothing."""
    coin = np.where(np.isnan(credits), np.nan, 0.5)
    return float(preference_tests(np.stack([credits, coin]), item, rng=np.random.default_rng(0)).p[0, 1])


def _accuracies(evidence: Evidence, apart: FloatArray) -> dict[str, list[Estimate]]:
    """Of each scorer, where the better response has more of it and where it has less."""
    side = np.sign(apart) * np.sign(evidence.pairs.probability - 0.5)
    named = {"accuracy_when_more": 1, "accuracy_when_less": -1}
    return {
        name: shares(np.where(side == sign, evidence.credits, np.nan), evidence.pairs.item, level=evidence.level)
        for name, sign in named.items()
    }


def _share(margin: FloatArray, columns: list[FloatArray], evidence: Evidence, seed: int) -> Estimate:
    """1 less the squared error of predictions for held-out items over the squares themselves, jackknife over items."""
    item = evidence.pairs.item
    design = np.column_stack(columns) if columns else np.zeros((len(item), 0))
    used = ~np.isnan(margin) & ~np.any(np.isnan(design), axis=1)
    names, place = np.unique(item[used], return_inverse=True)
    if len(names) < FOLDS or not columns or not np.any(margin[used]):
        return undefined(level=evidence.level)
    y, x = margin[used] / np.max(np.abs(margin[used])), design[used]
    fold = item_folds(len(names), FOLDS, np.random.default_rng(seed))[place]
    error = np.empty(len(y))
    for k in range(FOLDS):
        train = fold != k
        error[~train] = y[~train] - x[~train] @ np.linalg.lstsq(x[train], y[train], rcond=None)[0]
    square, lost = (np.bincount(place, values**2, minlength=len(names)) for values in (y, error))
    if not np.all(square.sum() - square > 0):
        return undefined(level=evidence.level)
    value = 1 - lost.sum() / square.sum()
    without = 1 - (lost.sum() - lost) / (square.sum() - square)
    g = len(names)
    error_of_it = float(np.sqrt(np.sum((without - value) ** 2) * (g - 1) / g))
    reach = NormalDist().inv_cdf((1 + evidence.level) / 2) * error_of_it
    method = "jackknife over items, normal"
    return Estimate(float(value), value - reach, min(value + reach, 1.0), level=evidence.level, n=len(y), method=method)
