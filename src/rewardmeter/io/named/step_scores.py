"""One number for a solution from a process reward model's number for each step. Imports nothing of ours."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["AGGREGATIONS", "aggregated"]

AGGREGATIONS = {"": "product of the steps", "|geometric_mean": "geometric mean of the steps"}
"""What is put behind a model's name, and what it means."""


def aggregated(steps: Sequence[float]) -> dict[str, float]:
    """The steps' numbers as one, by what is put behind the model's name; NaN if there are no steps.

    The product is the usual reading of step scores as probabilities that a step is right (Lightman et al. 2023); the
    geometric mean, product ** (1 / steps), takes out the number of steps.
    """
    if not steps:
        return dict.fromkeys(AGGREGATIONS, math.nan)
    product = math.prod(steps)
    return {"": product, "|geometric_mean": product ** (1 / len(steps))}
