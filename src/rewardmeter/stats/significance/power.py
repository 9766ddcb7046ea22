"""How small a difference a test set can show, and how many items it takes: normal approximations in closed form.

Every function takes arrays that broadcast. ``n`` counts independent units: items, not responses, where an item's
responses go together. May import: pairwise, parametric.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardmeter.stats.significance.pairwise import Alternative, check_alternative
from rewardmeter.stats.significance.parametric import difference_covariance

__all__ = [
    "correlation_difference_power",
    "mean_difference_power",
    "minimum_accuracy_difference",
    "minimum_mean_difference",
    "paired_accuracy_items",
    "paired_accuracy_power",
]

Floats = NDArray[np.float64]


def paired_accuracy_power(
    difference: ArrayLike,
    discordant: ArrayLike,
    n: ArrayLike,
    *,
    level: float = 0.05,
    alternative: Alternative = "two-sided",
) -> Floats:
    """Chance that McNemar's test finds a true difference of two accuracies on ``n`` pairs, in (0, 1).

    ``difference`` of the accuracies and ``discordant``, the share of pairs on which just one scorer is right (at least
    the absolute difference). With psi the latter and d the former: Phi((|d| sqrt(n) - z sqrt(psi)) /
    sqrt(psi - d^2)), z the normal quantile of the level (Connor 1987; Lachenbruch 1992). Two-sided power counts the
    findings in either direction. NaN where the difference exceeds the discordant share.
    """
    apart, share, count = _three(difference, discordant, n)
    valid = (np.abs(apart) <= share) & (share <= 1) & (share > 0)
    psi = np.where(valid, share, 1.0)
    signed = apart if alternative == "greater" else np.abs(apart)
    spread = np.sqrt(np.maximum(psi - apart**2, 0.0))
    power = _power(signed * np.sqrt(count), np.sqrt(psi), spread, level, alternative)
    return np.where(valid, power, np.nan)


def paired_accuracy_items(
    difference: ArrayLike,
    discordant: ArrayLike,
    *,
    power: float = 0.8,
    level: float = 0.05,
    alternative: Alternative = "two-sided",
) -> Floats:
    """How many pairs McNemar's test needs to find a difference with the given chance, rounded up (Connor 1987).

    n = (z_level sqrt(psi) + z_power sqrt(psi - d^2))^2 / d^2; infinite for no difference, NaN for an impossible one.
    Arguments as in `paired_accuracy_power`.
    """
    apart, share, _ = _three(difference, discordant, 1)
    valid = (np.abs(apart) <= share) & (share <= 1)
    psi = np.where(valid, share, 1.0)
    reach = _quantile(level, alternative) * np.sqrt(psi) + _power_quantile(power) * np.sqrt(psi - apart**2 * valid)
    n = np.divide(reach**2, apart**2, out=np.full(apart.shape, np.inf), where=apart != 0)
    return np.where(valid, np.ceil(n - 1e-9), np.nan)


def minimum_accuracy_difference(
    discordant: ArrayLike,
    n: ArrayLike,
    *,
    power: float = 0.8,
    level: float = 0.05,
    alternative: Alternative = "two-sided",
) -> Floats:
    """The smallest difference of two accuracies that McNemar's test finds on ``n`` pairs with the given chance.

    The root d of |d| sqrt(n) = z_level sqrt(psi) + z_power sqrt(psi - d^2) in closed form, psi being the discordant
    share. NaN where even psi itself, one scorer winning every discordant pair, would not be found.
    """
    _, psi, count = _three(0.0, discordant, n)
    level_z, power_z = _quantile(level, alternative), _power_quantile(power)
    first = level_z * np.sqrt(psi)
    inside = first**2 * count - (count + power_z**2) * (first**2 - power_z**2 * psi)
    root = (first * np.sqrt(count) + np.sign(power_z) * np.sqrt(np.maximum(inside, 0.0))) / (count + power_z**2)
    return np.where((root <= psi) & (psi > 0) & (psi <= 1), root, np.nan)


def mean_difference_power(
    difference: ArrayLike,
    deviation: ArrayLike,
    n: ArrayLike,
    *,
    level: float = 0.05,
    alternative: Alternative = "two-sided",
) -> Floats:
    """Chance that a test of paired means finds a true difference on ``n`` items, in (0, 1).

    ``deviation`` is the standard deviation between items of the paired difference (of by-item accuracies or
    correlations of two scorers, say), above 0: Phi(d sqrt(n) / s - z), z the normal quantile of the level.
    """
    apart, spread, count = _three(difference, deviation, n)
    signed = apart if alternative == "greater" else np.abs(apart)
    return np.where(spread > 0, _power(signed * np.sqrt(count), spread, spread, level, alternative), np.nan)


def minimum_mean_difference(
    deviation: ArrayLike,
    n: ArrayLike,
    *,
    power: float = 0.8,
    level: float = 0.05,
    alternative: Alternative = "two-sided",
) -> Floats:
    """The smallest difference of paired means found on ``n`` items with the given chance: (z_level + z_power) s /
    sqrt(n). Arguments as in `mean_difference_power`."""
    _, spread, count = _three(0.0, deviation, n)
    return np.asarray((_quantile(level, alternative) + _power_quantile(power)) * spread / np.sqrt(count))


def correlation_difference_power(
    r12: ArrayLike,
    r13: ArrayLike,
    r23: ArrayLike,
    n: ArrayLike,
    *,
    level: float = 0.05,
    alternative: Alternative = "two-sided",
) -> Floats:
    """Chance that Steiger's or Williams' test tells two true correlations with one gold apart on ``n`` cells.

    On Fisher's z, where the difference has the variance (2 - s12 - s13) / (n - 3), s the covariance of
    `parametric.difference_covariance` at the true correlations (Dunn and Clark 1969). Needs n of at least 4.
    """
    a, b, c = (np.asarray(r, dtype=np.float64) for r in (r12, r13, r23))
    if any(np.any(np.abs(r) >= 1) for r in (a, b)) or np.any(np.abs(c) > 1):
        raise ValueError("true correlations with the gold must lie strictly between -1 and 1")
    count = np.asarray(n, dtype=np.float64)
    spread = np.sqrt(np.maximum(2 - 2 * difference_covariance(a, b, c), 0.0))
    apart = np.arctanh(a) - np.arctanh(b)
    signed = apart if alternative == "greater" else np.abs(apart)
    enough = (count > 3) & (spread > 0)
    scale = np.where(enough, spread, 1.0)
    power = _power(signed * np.sqrt(np.maximum(count - 3, 0.0)), scale, scale, level, alternative)
    return np.where(enough, power, np.nan)


def _power(effect: Floats, null: Floats, spread: Floats, level: float, alternative: Alternative) -> Floats:
    """Phi((effect - z null) / spread), and for two sides the findings in the wrong direction too."""
    from scipy.special import ndtr

    edge = _quantile(level, alternative) * null
    with np.errstate(divide="ignore", invalid="ignore"):
        found = ndtr((effect - edge) / spread)
        if alternative == "two-sided":
            found = found + ndtr((-effect - edge) / spread)
    return np.asarray(np.minimum(found, 1.0))


def _quantile(level: float, alternative: Alternative) -> float:
    from scipy.special import ndtri

    check_alternative(alternative)
    if not 0 < level < 1:
        raise ValueError(f"level must lie strictly between 0 and 1; got {level}")
    return float(-ndtri(level / 2 if alternative == "two-sided" else level))


def _power_quantile(power: float) -> float:
    from scipy.special import ndtri

    if not 0 < power < 1:
        raise ValueError(f"power must lie strictly between 0 and 1; got {power}")
    return float(ndtri(power))


def _three(first: ArrayLike, second: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats, Floats]:
    values = [np.asarray(value, dtype=np.float64) for value in (first, second, n)]
    if np.any(values[2] < 1):
        raise ValueError("n counts units and must be at least 1")
    one, two, count = np.broadcast_arrays(*values)
    return one, two, count
