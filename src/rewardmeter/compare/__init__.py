"""Scores and human judgments in, a `Board` out. May import `types`, `dataset`, `errors`, `scorer` and `stats`."""

from rewardmeter.compare.board import Board, Entry, Settings
from rewardmeter.compare.gold import preferences_from_ratings, system_strengths
from rewardmeter.compare.run import Contender, compare_scores
from rewardmeter.compare.views import board_views

__all__ = [
    "Board",
    "Contender",
    "Entry",
    "Settings",
    "board_views",
    "compare_scores",
    "preferences_from_ratings",
    "system_strengths",
]
