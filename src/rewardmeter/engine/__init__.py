"""The engine: `score` gives a dataset to a scorer, each distinct input once, and keeps what it costs. May import
`scorer`, `dataset`, `types`, `errors`; the store and the display are passed in."""

from __future__ import annotations

from rewardmeter.engine.protocols import Progress, ScoreStore
from rewardmeter.engine.run import Forecast, distinct_scored, forecast, score

__all__ = ["Forecast", "Progress", "ScoreStore", "distinct_scored", "forecast", "score"]
