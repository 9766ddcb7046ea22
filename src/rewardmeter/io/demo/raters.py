"""Three simulated raters of the demo dataset. They are random numbers around the true rating, not people.

May import `demo.draw` and `demo.systems` only.
"""

from __future__ import annotations

from dataclasses import dataclass

from rewardmeter.io.demo.draw import chance, uniform
from rewardmeter.io.demo.systems import WEIGHTS, WORST, Answer

__all__ = ["RATERS", "SimulatedRater", "simulated_rating"]


@dataclass(frozen=True)
class SimulatedRater:
    """How a simulated rater departs from the truth.

    Attributes
    ----------
    name:
        In the dataset.
    notices:
        Probability to notice an error that is not minor; minor ones are noticed half as often.
    weight:
        Factor on the points that a noticed error costs.
    likes_length:
        Points given back per 100 characters of the response (a bias towards long answers).
    noise:
        Largest random departure, in points, before rounding to whole ones.
    """

    name: str
    notices: float
    weight: float
    likes_length: float
    noise: float


RATERS = (
    SimulatedRater("simulated strict", 0.95, 1.2, 0.0, 1.0),
    SimulatedRater("simulated average", 0.85, 1.0, 0.2, 1.5),
    SimulatedRater("simulated hasty", 0.6, 0.9, 0.6, 2.5),
)


def simulated_rating(rater: SimulatedRater, answer: Answer, key: str) -> float:
    """A whole number in [−25, 0]."""
    lost = 0.0
    for position, error in enumerate(answer.errors):
        notices = rater.notices / 2 if error.severity == "minor" else rater.notices
        if chance(notices, key, rater.name, position):
            lost += WEIGHTS[error.severity] * rater.weight
    lost -= rater.likes_length * min(len(answer.text), 800) / 100
    lost += rater.noise * (2 * uniform(key, rater.name, "noise") - 1)
    return -float(round(min(max(lost, 0.0), WORST))) + 0.0
