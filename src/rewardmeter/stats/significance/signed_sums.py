"""The exact null of a sum whose terms may each change sign: sum over g of step_g (2 B_g - n_g), B_g ~ Bin(n_g, 1/2).

Every sign-flip test on outcomes that take few values comes down to it: the terms of equal size make one binomial.
Imports nothing of ours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["drawn_sums", "flipped_sum_tails", "sign_tail", "signed_sum_tail", "size_classes"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ATOMS = 1 << 18
"""Distinct values of the smaller terms together, beyond which the exact null is not worked out."""
_REACH = 12.0
"""Terms further than so many standard deviations out have a probability below 1e-31 in all, which is added to p."""
_BEYOND = 1e-31
_EXACT_TERMS = 40
"""Up to so many terms that are not 0, the null is summed value by value if it can be."""
_SAME = 1e-9
"""Sums this close, in units of the smallest step, are the same number."""
_NEWTON = 60
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


def size_classes(sizes: Floats) -> tuple[Floats, Ints]:
    """The different sizes (classes,) among terms (terms,), 0 left out, and how many terms have each.

    Sizes that agree to nine digits are the same; the class has the value of one of them, not a rounded one.
    """
    positive = np.sort(sizes[sizes > 0])
    if not positive.size:
        return positive, np.zeros(0, dtype=np.int64)
    start = np.flatnonzero(np.diff(positive, prepend=-np.inf) > _SAME * positive[-1])
    return positive[start], np.diff(np.append(start, positive.size))


def flipped_sum_tails(sizes: Floats, observed: Floats) -> Floats:
    """P(sum of randomly signed ``sizes`` (sets, terms) >= ``observed`` (sets,)), in (0, 1], for many sets at once.

    Sets of few terms are summed exactly; the others by the saddlepoint approximation of Robinson (1982) in the form of
    Barndorff-Nielsen's r*, with a continuity correction where the sums lie on a lattice of known width.
    """
    width = _lattice(sizes)
    tails = _saddlepoint_tails(sizes, observed - width / 2)
    for place in np.flatnonzero(np.count_nonzero(sizes, axis=1) <= _EXACT_TERMS):
        tail = signed_sum_tail(*size_classes(sizes[place]), float(observed[place]))
        tails[place] = tails[place] if tail is None else tail
    return tails


def _lattice(sizes: Floats) -> Floats:
    """Distance between neighbouring sums of each set: twice the step of which all sizes are multiples; 0 if unknown."""
    positive = np.where(sizes > 0, sizes, np.inf).min(axis=1, initial=np.inf)
    step = np.where(np.isfinite(positive), positive, 1.0)
    multiples = sizes / step[:, None]
    common = (np.abs(multiples - np.rint(multiples)) < 1e-6).all(axis=1)
    return np.where(common, 2 * step, 0.0)


def _saddlepoint_tails(sizes: Floats, observed: Floats) -> Floats:
    """P(sum >= observed) taken as continuous: Phi(-r*), r* = w + log(u / w) / w.

    With K(s) = sum log cosh(s d): K'(s) = |observed|, w^2 = 2 (s |observed| - K(s)), u = s sqrt(K''(s)). Newton's steps
    from observed / sum d^2 rise to the root, since K' is concave.
    """
    from scipy.special import log_ndtr, ndtr

    target, square, most = np.abs(observed), (sizes**2).sum(axis=1), sizes.sum(axis=1)
    inside = (target < most * (1 - 1e-9)) & (square > 0)
    goal, d = np.where(inside, target, 0.0), np.where(inside[:, None], sizes, 1.0)
    s = goal / (d**2).sum(axis=1)
    for _ in range(_NEWTON):
        bend = np.tanh(s[:, None] * d)
        short = goal - (d * bend).sum(axis=1)
        s += short / np.maximum((d**2 * (1 - bend**2)).sum(axis=1), _SMALLEST)
        if np.all(np.abs(short) <= 1e-10 * most):
            break
    z = s[:, None] * d
    fading = np.exp(-2 * z)
    generating = (z + np.log1p(fading) - np.log(2)).sum(axis=1)
    w = np.sqrt(np.maximum(2 * (s * goal - generating), 0.0))
    u = np.maximum(2 * s * np.sqrt((d**2 * fading / (1 + fading) ** 2).sum(axis=1)), _SMALLEST)
    near = w < 1e-4
    safe = np.where(near, 1.0, w)
    deviate = np.where(near, w, safe + np.log(np.where(near, 1.0, u) / safe) / safe)
    upper = np.maximum(np.exp(log_ndtr(-deviate)), _SMALLEST)
    terms = np.count_nonzero(sizes, axis=1)
    upper = np.where(inside, upper, np.maximum(np.where(target <= most * (1 + 1e-9), 0.5**terms, 0.0), _SMALLEST))
    return np.where(observed >= 0, upper, np.where(inside, ndtr(deviate), 1.0))


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
