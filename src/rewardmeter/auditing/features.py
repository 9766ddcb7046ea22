"""What can be counted on the surface of a response. May import `engine`, `scoring`, `dataset`, `types`.

Counts enter as log(1 + count): twice as long is as far from half as long as long is from twice, and one huge response
does not carry a result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rewardmeter.dataset import Dataset
from rewardmeter.engine import score
from rewardmeter.scoring import make_scorer
from rewardmeter.types import FloatArray

__all__ = ["FEATURES", "Feature", "entered", "feature_values"]


@dataclass(frozen=True)
class Feature:
    """One surface feature.

    Attributes
    ----------
    name:
        What it is called in an audit.
    spec:
        The scorer that measures it.
    says:
        What it looks at, in a few words.
    count:
        Whether it is a count, which enters as log(1 + count).
    """

    name: str
    spec: str
    says: str
    count: bool = True


FEATURES: tuple[Feature, ...] = (
    Feature("length", "length", "characters of the response"),
    Feature("steps", "steps", "lines that are not blank"),
    Feature("sentences", "sentences", "sentences"),
    Feature("markdown", "markdown", "Markdown marks of all kinds"),
    Feature("list entries", "lists", "entries of lists"),
    Feature("headings", "headings", "Markdown headings"),
    Feature("emoji", "emoji", "emoji"),
    Feature("varied words", "type-token-ratio", "distinct words over words", count=False),
)
"""Every surface feature that an audit looks at."""


def feature_values(dataset: Dataset) -> dict[str, FloatArray]:
    """(R,) values of each feature by name, counts as they are; NaN where a feature is undefined, or without texts."""
    if not dataset.has_texts:
        return {one.name: np.full(dataset.n_responses, np.nan) for one in FEATURES}
    return {one.name: score(make_scorer(one.spec), dataset).values for one in FEATURES}


def entered(feature: Feature, values: FloatArray) -> FloatArray:
    """Values as they enter a regression."""
    return np.log1p(values) if feature.count else values
