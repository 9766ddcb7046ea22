"""The inputs of the comparison with peers, drawn from fixed seeds: the sizes at which the peers are used.

May import NumPy only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Translation:
    """A metrics task: ``gold`` (systems, segments), ``ragged`` the same with single cells missing, ``scores`` (metrics,
    systems, segments)."""

    gold: Floats
    ragged: Floats
    scores: Floats


def translation(systems: int = 15, segments: int = 2000, learned: int = 22, lexical: int = 4) -> Translation:
    """Error-count ratings with many zeros, a tenth of the segments unrated; 30 metrics, four of them coarse."""
    rng = np.random.default_rng(20261121)
    true = rng.normal(0, 0.4, (systems, 1)) + rng.normal(0, 1.1, (1, segments)) + rng.normal(0, 1, (systems, segments))
    # Now and then a system writes what another one wrote: equal outputs have equal scores.
    source = np.where(rng.random((systems, segments)) < 0.06, rng.integers(0, systems, (systems, segments)), -1)
    source = np.where(source < 0, np.arange(systems)[:, None], source)
    true = np.take_along_axis(true, source, axis=0)
    rate = np.exp(-0.6 - 0.9 * true)
    errors = rng.poisson(0.9 * rate) + 5.0 * rng.poisson(0.2 * rate) + 0.1 * rng.poisson(0.1 * rate)
    gold = np.round(-np.minimum(errors, 25.0), 1)
    gold[rng.random(gold.shape) < 0.2] = 0.0
    metrics = []
    for k in range(learned + lexical + 4):
        weight = rng.uniform(0.15, 0.4) if learned <= k < learned + lexical else rng.uniform(0.35, 1.2)
        noisy = weight * true + rng.normal(0, 0.15, (systems, 1)) + rng.normal(0, 1, true.shape)
        noisy = np.take_along_axis(noisy, source, axis=0)
        if k < learned:
            metrics.append(1 / (1 + np.exp(-noisy / 2.5)))
        elif k < learned + lexical:
            metrics.append(np.clip(40 + 12 * noisy, 0, 100))
        else:
            metrics.append(np.clip(np.round(-np.exp(1.2 - 0.7 * noisy)), -25.0, 0.0))
    gold[:, rng.choice(segments, segments // 10, replace=False)] = np.nan
    return Translation(gold, np.where(rng.random(gold.shape) < 0.02, np.nan, gold), np.stack(metrics))


def preference_credits(pairs: int = 3000) -> Floats:
    """(2, pairs) whether each of two scorers ranks the preferred response first."""
    rng = np.random.default_rng(20261122)
    margin = rng.gamma(2.0, 0.7, pairs)
    return (np.array([[0.8], [0.9]]) * margin + rng.normal(0, 1.4, (2, pairs)) > 0).astype(np.float64)


def probabilities(rows: int = 1_000_000) -> tuple[Floats, NDArray[Any]]:
    """Over-confident probabilities and labels."""
    rng = np.random.default_rng(20261123)
    z = rng.normal(0, 1.3, rows)
    label = rng.random(rows) < 1 / (1 + np.exp(-z))
    return 1 / (1 + np.exp(-(1.6 * z + rng.normal(0, 0.4, rows)))), label.astype(np.int64)


def battles(rows: int = 1_000_000, models: int = 100) -> tuple[Ints, Ints, Floats]:
    """First and second model and the first one's credit (1, 0, or 0.5 for a tie)."""
    rng = np.random.default_rng(20261124)
    strength, popularity = rng.normal(0, 0.7, models), rng.dirichlet(np.full(models, 1.5))
    first = rng.choice(models, rows, p=popularity)
    second = rng.choice(models, rows, p=popularity)
    second = np.where(first == second, (second + 1 + rng.integers(0, models - 1, rows)) % models, second)
    wins = rng.random(rows) < 1 / (1 + np.exp(strength[second] - strength[first]))
    return first, second, np.where(rng.random(rows) < 0.12, 0.5, wins.astype(np.float64))
