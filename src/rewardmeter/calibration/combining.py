"""Is a combination of scorers worth having? Each scorer alone, their plain mean and the combination on held-out items.

May import `comparison`, `types`, `errors`, `stats` and the files of this folder.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rewardmeter.calibration.combination import Combination, Member
from rewardmeter.calibration.evidence import Human
from rewardmeter.calibration.fit import LOSSES, facts_of, fingerprint_of
from rewardmeter.calibration.held_out import HeldOut, back_in_place, raw_losses, try_methods
from rewardmeter.calibration.members import recorded_member
from rewardmeter.calibration.methods import Losses, gain_of, losses_of, telling_items
from rewardmeter.calibration.request import refuse_in_sample
from rewardmeter.comparison import Contender
from rewardmeter.errors import InputError
from rewardmeter.stats.resampling import item_folds
from rewardmeter.stats.scaling import (
    LowerBound,
    Map,
    Stack,
    fit_linear,
    fit_lower_bound,
    fit_platt,
    fit_stack,
    fit_stack_pairs,
    fit_temperature,
    gain,
)
from rewardmeter.types import FloatArray, IntArray
from rewardmeter.version import __version__

__all__ = ["fit_combination", "member_of"]


def member_of(contender: Contender, human: Human) -> Member:
    """What a combination's file says of a scorer."""
    if contender.kind == "recorded":
        return recorded_member(contender.name, human.dataset)
    return Member(contender.name, fingerprint_of(contender))


def fit_combination(
    human: Human,
    contenders: Sequence[Contender],
    target: str,
    *,
    folds: int = 5,
    seed: int = 0,
    level: float = 0.95,
) -> Combination:
    """The combination of scorers, fitted on everything, with what it gained on held-out items.

    Everything is cross-fitted by item. Scores go through monotone splines where that is shown to be better. The
    combination is compared with every member, calibrated as `try_methods` finds best, and with the mean of the
    standardised scores, calibrated by one slope. It is worth having if the interval of its gain over the best member is
    above 0; the best is the one that is best on these very items, which favours it a little.

    Raises
    ------
    InputError
        If there are fewer than two scorers with scores, too few items, or nothing that any of them knows.
    """
    with_scores = [one for one in contenders if not np.all(np.isnan(one.scores.values))]
    left_out = [one.name for one in contenders if one not in with_scores]
    if len(with_scores) < 2:
        said = f"; without a score: {', '.join(left_out)}" if left_out else ""
        raise InputError(f"a combination needs two scorers with scores{said}", fix="Name several with --scorer.")
    refuse_in_sample(human, contenders)
    rows = _rows(human, np.stack([one.scores.values for one in with_scores], axis=-1), target)
    try:
        trial = _best_trial(rows, folds, seed, level)
        stack = rows.fitted(np.ones(len(rows.truth), dtype=bool), seed, trial.bent)
    except ValueError as error:
        raise InputError(f"these scorers cannot be combined: {error}") from error
    kept = np.flatnonzero(stack.weights > 0)
    if not kept.size:
        raise InputError(
            "the combination gives every scorer the weight 0: none of them goes up with the judgments",
            fix="Negate the scorers of which less is better: --scorer -SPEC.",
        )
    bound = _bound(rows, trial)
    report = _report(human, with_scores, rows, trial, stack, folds=folds, seed=seed, level=level)
    return Combination(
        tuple(member_of(with_scores[k], human) for k in kept),
        stack.kept(kept),
        bound,
        {**facts_of(human), "rows": int(np.sum(~np.isnan(trial.values)))},
        {**report, "without_scores": left_out},
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        __version__,
    )


@dataclass(frozen=True, eq=False)
class _Rows:
    """Judged rows: scores of responses (rows, M), of both sides where rows are pairs; and their place in the data."""

    target: str
    scores: FloatArray
    other: FloatArray | None
    truth: FloatArray
    item: IntArray
    place: IntArray

    @property
    def telling(self) -> int | None:
        """How many items tell the scorers apart; None for all."""
        return telling_items(self.target, self.truth, self.item)

    def fitted(self, some: NDArray[np.bool_], seed: int, bent: bool) -> Stack:
        """The combination of some of the rows, (rows,) bool."""
        rng = np.random.default_rng(seed)
        x, y, item = self.scores[some], self.truth[some], self.item[some]
        if self.other is not None:
            return fit_stack_pairs(x, self.other[some], y, item, bent=bent, rng=rng)
        target: Literal["rating", "probability"] = "probability" if self.target == "probability" else "rating"
        return fit_stack(x, y, item, target=target, bent=bent, rng=rng)

    def values(self, stack: Stack, some: NDArray[np.bool_]) -> FloatArray:
        """What is compared with the truth: a value, or the difference of two."""
        made = stack(self.scores[some])
        return made if self.other is None else made - stack(self.other[some])

    def mean_values(self, train: NDArray[np.bool_], test: NDArray[np.bool_]) -> FloatArray:
        """The same of the mean of the standardised scores that are there, calibrated with one slope."""
        both = self.scores[train] if self.other is None else np.concatenate([self.scores[train], self.other[train]])
        lost = np.isnan(both).all(axis=0)
        centre = np.nanmean(np.where(lost, 0.0, both), axis=0)
        scale = np.nanstd(np.where(lost, 0.0, both), axis=0)
        scale[~(scale > 0)] = 1.0

        def mean(scores: FloatArray) -> FloatArray:
            z, there = (scores - centre) / scale, ~np.isnan(scores)
            count = there.sum(axis=-1)
            return np.where(count > 0, np.nansum(z, axis=-1) / np.maximum(count, 1), np.nan)

        made: Map
        if self.other is None:
            fit = fit_platt if self.target == "probability" else fit_linear
            made = fit(mean(self.scores[train]), self.truth[train])
            return made(mean(self.scores[test]))
        made = fit_temperature(mean(self.scores[train]), mean(self.other[train]), self.truth[train])
        return made(mean(self.scores[test])) - made(mean(self.other[test]))


@dataclass(frozen=True, eq=False)
class _Trial:
    """Cross-fitted values of the combination and of the plain mean, and the combination's doubts, (rows,) each;
    and whether scores went through splines."""

    bent: bool
    values: FloatArray
    mean: FloatArray
    variance: FloatArray
    disagreement: FloatArray


def _rows(human: Human, scores: FloatArray, target: str) -> _Rows:
    """The rows that people judged and of which more than half of the scorers have scores."""
    if target == "utility":
        a, b = scores[human.pairs.a], scores[human.pairs.b]
        truth, item, seen = human.pairs.probability, human.pairs.item, ~np.isnan(a) & ~np.isnan(b)
    else:
        assert human.ratings is not None
        a, b, truth, item, seen = scores, None, human.ratings.value, human.item, ~np.isnan(scores)
    there = ~np.isnan(truth) & (seen.sum(axis=1) > scores.shape[1] // 2)
    if not there.any():
        raise InputError("no judged row has scores of more than half of the scorers")
    place = np.flatnonzero(there).astype(np.int32)
    return _Rows(target, a[there], None if b is None else b[there], truth[there], item[there], place)


def _best_trial(rows: _Rows, folds: int, seed: int, level: float) -> _Trial:
    """Of scores as they are, and where the gain over that has an interval above 0, of scores through splines."""
    straight, bent = (_cross_fitted(rows, folds, seed, bent) for bent in (False, True))
    before, after = (losses_of(rows.target, trial.values, rows.truth) for trial in (straight, bent))
    return bent if gain_of(before, after, rows.item, level, rows.telling).worth_having else straight


def _cross_fitted(rows: _Rows, folds: int, seed: int, bent: bool) -> _Trial:
    group = np.unique(rows.item, return_inverse=True)[1].reshape(-1)
    items = int(group.max()) + 1
    if items < 3:
        raise ValueError("fewer than three items were judged")
    fold = item_folds(items, min(folds, items), np.random.default_rng(seed))[group]
    made = [np.full(len(fold), np.nan) for _ in range(4)]
    for k in range(int(fold.max()) + 1):
        train, test = fold != k, fold == k
        stack = rows.fitted(train, seed, bent)
        made[0][test] = rows.values(stack, test)
        made[1][test] = rows.mean_values(train, test)
        made[2][test], made[3][test] = stack.doubt(rows.scores[test])
    return _Trial(bent, *made)


def _bound(rows: _Rows, trial: _Trial) -> LowerBound:
    if rows.target != "rating":
        return LowerBound(noise=0.0, disagreement=0.0, levels=np.empty(0), reaches=np.empty(0))
    return fit_lower_bound(trial.values, trial.variance, trial.disagreement, rows.truth, rows.item)


def _report(
    human: Human,
    contenders: Sequence[Contender],
    rows: _Rows,
    trial: _Trial,
    stack: Stack,
    *,
    folds: int,
    seed: int,
    level: float,
) -> dict[str, Any]:
    """Held-out losses of everything, and the combination's gains, as plain JSON values."""
    nothing = np.zeros(len(rows.truth))
    lost = losses_of(rows.target, trial.values, rows.truth)
    by_mean = losses_of(rows.target, trial.mean, rows.truth)
    members, over = [], []
    for k, one in enumerate(contenders):
        found = try_methods(human, one.scores.values, target=rows.target, folds=folds, seed=seed, level=level)
        alone = _lost_alone(human, found, rows.target)
        over.append(gain_of(alone[rows.place], lost, rows.item, level, rows.telling))
        chosen = found[found.chosen]
        members.append(
            {
                "scorer": one.name,
                "weight": float(stack.weights[k]),
                "calibrated_by": chosen.method,
                "held_out": chosen.loss.to_dict(),
                "gain": over[k].to_dict(),
            }
        )
    best = min(range(len(over)), key=lambda k: (math.isnan(over[k].estimate.value), over[k].estimate.value))
    over_mean = gain_of(by_mean, lost, rows.item, level, rows.telling)
    return {
        "loss": LOSSES[rows.target],
        "folds": folds,
        "seed": seed,
        "penalty": stack.penalty,
        "method": "spline" if trial.bent else "linear",
        "held_out": gain(lost.happened, nothing, rows.item, level=level).estimate.to_dict(),
        "members": members,
        "mean": {
            "held_out": gain(by_mean.happened, nothing, rows.item, level=level).estimate.to_dict(),
            "gain": over_mean.to_dict(),
        },
        "best": contenders[best].name,
        "gain": over[best].to_dict(),
    }


def _lost_alone(human: Human, found: HeldOut, target: str) -> Losses:
    """Held-out losses of one calibrated scorer, one for each pair or response of the data; NaN where it has none."""
    values = found[found.chosen].values
    truth = human.pairs.probability if target == "utility" else _ratings(human)
    there = ~np.isnan(values) & ~np.isnan(truth)
    known = (raw_losses if found.chosen == "raw" else losses_of)(target, values[there], truth[there])
    opposite = None if known.opposite is None else back_in_place(known.opposite, there)
    return Losses(back_in_place(known.happened, there), opposite)


def _ratings(human: Human) -> FloatArray:
    assert human.ratings is not None
    return human.ratings.value
