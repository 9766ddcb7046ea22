"""Above which confidence a scorer may answer so that it errs no more often than it should.

May import: `records`, `rows`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.scaling.records import checked_scores, count_of, number_of, require_fields
from rewardmeter.stats.scaling.rows import item_places, kept_rows, require_shares

__all__ = ["Abstention", "abstention_from_dict", "abstention_threshold"]


@dataclass(frozen=True, slots=True)
class Abstention:
    """When to answer.

    Attributes
    ----------
    outcome: ``all`` answers may be given, ``some`` of them, or ``none``: no threshold could be shown to keep the risk.
    threshold: answer where the confidence is above it; -inf for all, +inf for none.
    risk, delta: the error rate among answers is at most ``risk`` with probability 1 - ``delta``.
    items: rows looked at, one for each item.
    kept, errors: of these, how many are answered at the threshold, and how many of the answers are wrong.
    reason: why, where there is none.
    """

    outcome: Literal["all", "some", "none"]
    threshold: float
    risk: float
    delta: float
    items: int
    kept: int = 0
    errors: int = 0
    reason: str = ""

    @property
    def coverage(self) -> float:
        """Share of the items that are answered."""
        return self.kept / self.items

    def answers(self, confidence: ArrayLike) -> NDArray[np.bool_]:
        """Whether to answer at each confidence; never at NaN."""
        return checked_scores(confidence) > self.threshold

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; the threshold is None where the outcome says all of it."""
        return {
            "outcome": self.outcome,
            "threshold": self.threshold if math.isfinite(self.threshold) else None,
            "risk": self.risk,
            "delta": self.delta,
            "items": self.items,
            "kept": self.kept,
            "errors": self.errors,
            "coverage": self.coverage,
            "reason": self.reason,
        }


def abstention_from_dict(record: Mapping[str, Any]) -> Abstention:
    """The abstention of a record made by `Abstention.to_dict`; ValueError says what is wrong in it."""
    wanted = ("outcome", "threshold", "risk", "delta", "items", "kept", "errors", "reason")
    require_fields("an abstention", record, wanted, maybe=("coverage",))
    outcome, threshold = record["outcome"], record["threshold"]
    if outcome not in ("all", "some", "none"):
        raise ValueError(f"abstention.outcome must be all, some or none, not {outcome!r}")
    if (threshold is None) != (outcome != "some"):
        raise ValueError("abstention.threshold belongs to the outcome 'some' and to no other")
    at = {"all": -math.inf, "none": math.inf}.get(outcome)
    at = number_of("abstention.threshold", threshold) if at is None else at
    risk, delta = (number_of(f"abstention.{name}", record[name]) for name in ("risk", "delta"))
    for name, share in (("risk", risk), ("delta", delta)):
        if not 0 < share < 1:
            raise ValueError(f"abstention.{name} must lie strictly between 0 and 1, not {share:g}")
    items, kept, errors = (count_of(f"abstention.{name}", record[name]) for name in wanted[4:7])
    if not (items and errors <= kept <= items):
        raise ValueError(
            "abstention.errors must be at most abstention.kept, that at most abstention.items, of 1 or more"
        )
    if not isinstance(record["reason"], str):
        raise ValueError("abstention.reason must be text")
    return Abstention(outcome, at, risk, delta, items, kept, errors, record["reason"])


def abstention_threshold(
    confidence: ArrayLike,
    error: ArrayLike,
    item: ArrayLike | None = None,
    *,
    risk: float,
    delta: float = 0.05,
    thresholds: int = 20,
    rng: np.random.Generator | None = None,
) -> Abstention:
    """The lowest threshold at which the error rate among answers is at most ``risk``, shown at 1 - ``delta``.

    Selection with guaranteed risk (Geifman and El-Yaniv 2017), with the thresholds fixed by the confidences alone, as
    Learn then Test asks for (Angelopoulos et al. 2021): the answers above an observed confidence are independent draws
    given that confidence, so the binomial probability of as few errors at the rate ``risk`` is a p-value; Holm's method
    over the thresholds bounds the chance that any accepted one errs more often by ``delta``.

    Parameters
    ----------
    confidence, error:
        (rows,) confidence on any scale, and whether the answer is wrong: 0 or 1; a share in between counts as an error.
        Rows with NaN do not count. The confidence must not have been fitted on these rows.
    item:
        (rows,) labels of items, of which one row each is drawn at random: rows of an item are not independent. None for
        one row each.
    risk, delta:
        Each in (0, 1).
    thresholds:
        At most how many are tested, spread evenly over the share answered; at least 1.
    rng:
        Draws a row of each item; None for a generator of seed 0.

    Returns
    -------
    An `Abstention`; its outcome is ``none`` where no threshold passes.

    Raises
    ------
    ValueError
        Bad rows, errors outside [0, 1], risk or delta outside (0, 1), no row.
    """
    if thresholds < 1:
        raise ValueError(f"thresholds must be 1 or more; got {thresholds}")
    x, wrong = _one_row_each(confidence, error, item, rng)
    return _lowest(x, wrong, _checked_share("risk", risk), _checked_share("delta", delta), thresholds)


def _lowest(x: NDArray[np.float64], wrong: NDArray[np.bool_], risk: float, delta: float, thresholds: int) -> Abstention:
    """The lowest threshold that passes, from independent rows."""
    cuts, kept, errors = _candidates(x, wrong, thresholds)
    able = kept * math.log1p(-risk) <= math.log(delta)
    if not able.any():
        least = math.ceil(math.log(delta) / math.log1p(-risk))
        reason = f"{x.size} items are too few: even without an error {least} would have to be answered"
        return Abstention("none", math.inf, risk, delta, x.size, reason=reason)
    passed = np.flatnonzero(able)[_holm(kept[able], errors[able], risk, delta)]
    if not passed.size:
        reason = f"no threshold could be shown to err at most at the rate {risk:g}"
        return Abstention("none", math.inf, risk, delta, x.size, reason=reason)
    best = passed[np.argmax(kept[passed])]
    outcome: Literal["all", "some"] = "some" if math.isfinite(cuts[best]) else "all"
    return Abstention(outcome, float(cuts[best]), risk, delta, x.size, int(kept[best]), int(errors[best]))


def _one_row_each(
    confidence: ArrayLike, error: ArrayLike, item: ArrayLike | None, rng: np.random.Generator | None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Confidence and whether there is an error, in one row of each item drawn at random."""
    (x, wrong), _, there = kept_rows({"confidence": confidence, "error": error}, None)
    require_shares("error", wrong)
    group = item_places(item, there)
    if group is None:
        return x, wrong > 0
    drawn = (np.random.default_rng(0) if rng is None else rng).permutation(x.size)
    rows = drawn[np.unique(group[drawn], return_index=True)[1]]
    return x[rows], wrong[rows] > 0


def _checked_share(name: str, value: float) -> float:
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie strictly between 0 and 1; got {value}")
    return value


def _candidates(
    x: NDArray[np.float64], wrong: NDArray[np.bool_], most: int
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
    """Thresholds, observed confidences or -inf, with the answers above each and the errors among them."""
    order = np.argsort(-x)
    ordered = x[order]
    places = np.unique(np.arange(1, most) * x.size // most)
    cuts = np.unique(np.append(ordered[places], -np.inf))
    kept = np.searchsorted(-ordered, -cuts, side="left")
    return cuts, kept, np.append(0, np.cumsum(wrong[order]))[kept]


def _holm(kept: NDArray[np.intp], errors: NDArray[np.intp], risk: float, delta: float) -> NDArray[np.bool_]:
    """Which of the hypotheses "the error rate is above risk" Holm's method rejects."""
    from scipy.special import bdtr

    p = bdtr(errors.astype(np.float64), kept, risk)
    order = np.argsort(p, kind="stable")
    holds = np.logical_and.accumulate(p[order] <= delta / np.arange(p.size, 0, -1))
    rejected = np.zeros(p.size, dtype=bool)
    rejected[order[holds]] = True
    return rejected
