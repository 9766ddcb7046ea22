"""The exact null of a sum whose terms may each change sign: sum over g of step_g (2 B_g - n_g), B_g ~ Bin(n_g, 1/2).

Every sign-flip test on outcomes that take few values comes down to it: the terms of equal size make one binomial.
Imports nothing of ours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["drawn_sums", "sign_tail", "signed_sum_tail"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ATOMS = 1 << 18
"""Distinct values of the smaller terms together, beyond which the exact null is not worked out."""
_REACH = 12.0
"""Terms further than so many standard deviations out have a probability below 1e-31 in all, which is added to p."""
_BEYOND = 1e-31
_SAME = 1e-9
"""Sums this close, in units of the smallest step, are the same number."""
_SMALLEST = float(np.finfo(np.float64).tiny)


def sign_tail(n: ArrayLike, observed: ArrayLike) -> Floats:
    """P(2 B - n >= observed) with B ~ Bin(n, 1/2): the exact sign test, element by element; never 0.

    1 where ``observed`` is at most -n. A probability below the smallest normal double is returned as that.
    """
    from scipy.special import betainc

    counts = np.asarray(n, dtype=np.float64)
    least = np.ceil((np.asarray(observed, dtype=np.float64) + counts) / 2 - _SAME)
    counts, least = np.broadcast_arrays(counts, least)
    inside = (least > 0) & (least <= counts)
    safe = np.where(inside, least, 1.0)
    tail = betainc(safe, np.where(inside, counts, 1.0) - safe + 1, 0.5)
    return np.where(least <= 0, 1.0, np.where(inside, np.maximum(tail, _SMALLEST), _SMALLEST))


def signed_sum_tail(steps: Floats, counts: Ints, observed: float) -> float | None:
    """P(sum >= observed) for terms of size ``steps`` (classes,), positive, of which there are ``counts`` (classes,).

    The largest class is summed in closed form, the others value by value. Values that agree to nine digits are the
    same. None where the classes have too many values together: then draw (`drawn_sums`).
    """
    present = counts > 0
    if not present.any():
        return 1.0 if observed <= _SAME else _SMALLEST
    unit = float(steps[present].min())
    sizes, number, target = steps[present] / unit, counts[present], observed / unit
    largest = int(np.argmax(number))
    values, mass = np.zeros(1), np.ones(1)
    for size, n in sorted(zip(np.delete(sizes, largest), np.delete(number, largest), strict=True), key=lambda x: x[1]):
        made = _with_class(values, mass, float(size), int(n))
        if made is None:
            return None
        values, mass = made
    needed = (target - values) / sizes[largest]
    tail = float(mass @ sign_tail(np.full(values.size, number[largest]), needed))
    return min(1.0, max(tail + (_BEYOND if number.size > 1 else 0.0), _SMALLEST))


def drawn_sums(steps: Floats, counts: Ints, resamples: int, rng: np.random.Generator) -> Floats:
    """Random sums for many sets of terms: ``counts`` (sets, classes) -> (sets, resamples)."""
    sums = np.zeros((counts.shape[0], resamples))
    for step, number in zip(steps, counts.T, strict=True):
        sums += step * (2.0 * rng.binomial(number[:, None], 0.5, size=sums.shape) - number[:, None])
    return sums


def _with_class(values: Floats, mass: Floats, size: float, n: int) -> tuple[Floats, Floats] | None:
    """Values and probabilities of the sum after one more class of terms; None where they become too many."""
    from scipy.special import gammaln

    reach = min(n / 2, _REACH * np.sqrt(n) / 2)
    wins = np.arange(np.ceil(n / 2 - reach), np.floor(n / 2 + reach) + 1)
    if values.size * wins.size > 8 * _ATOMS:
        return None
    share = np.exp(gammaln(n + 1) - gammaln(wins + 1) - gammaln(n - wins + 1) - n * np.log(2))
    sums = (values[:, None] + size * (2 * wins - n)).ravel()
    order = np.argsort(sums, kind="stable")
    sums, weight = sums[order], np.outer(mass, share).ravel()[order]
    first = np.flatnonzero(np.diff(sums, prepend=-np.inf) > _SAME)
    if first.size > _ATOMS:
        return None
    return sums[first], np.add.reduceat(weight, first)
