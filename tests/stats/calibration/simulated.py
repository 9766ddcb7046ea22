"""Pairs with known calibration, and numerical derivatives to check intervals with."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np


def pairs(
    items: int, per_item: int, *, slope: float = 1.0, seed: int = 1, ties: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Margins (1, P), labels and items; ``slope`` is the true calibration slope, a share of labels is 0.5."""
    rng = np.random.default_rng(seed)
    item = np.repeat(np.arange(items), per_item)
    logit = rng.normal(0, 0.8, items)[item] + rng.normal(0, 1, item.size)
    label = (rng.random(item.size) < 1 / (1 + np.exp(-logit))).astype(float)
    label[rng.random(item.size) < ties] = 0.5
    return logit[None] / slope, label, item


def item_error(statistic: Callable[[np.ndarray], float], item: np.ndarray, step: float = 1e-5) -> float:
    """Standard error of a function of row weights, from its slopes in the weight of each item."""
    slopes = []
    for one in np.unique(item):
        up, down = (statistic(1 + sign * step * (item == one)) for sign in (1, -1))
        slopes.append((up - down) / (2 * step))
    return math.sqrt(len(slopes) * np.var(slopes, ddof=1))
