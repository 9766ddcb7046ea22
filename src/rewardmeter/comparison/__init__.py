"""Scores and human judgments in, a `Board` out. May import `types`, `dataset`, `errors`, `scorer` and `stats`."""

from rewardmeter.comparison.board import Board, Entry, Settings
from rewardmeter.comparison.case import Contender
from rewardmeter.comparison.gold import preferences_from_ratings, system_strengths
from rewardmeter.comparison.run import check_request, commonest, compare_scores
from rewardmeter.comparison.views import board_views

__all__ = [
    "Board",
    "Contender",
    "Entry",
    "Settings",
    "board_views",
    "check_request",
    "commonest",
    "compare_scores",
    "preferences_from_ratings",
    "system_strengths",
]
