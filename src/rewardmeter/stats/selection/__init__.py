"""Which items to label next, weights that undo the choice, and when to stop.

*Priorities* say where labels are wanted; *drawing* turns them into chances, of which none is 0, and draws; *weights*
follow from the chances; *stopping* forecasts what more labels would gain. An item is a group of rows (responses, or
pairs of them) that people judge together.

Functions of arrays alone, randomness from a passed generator. May import: `stats.intervals`, `stats.result`.
"""

from rewardmeter.stats.selection.drawing import Drawn, Priority, design_weights, draw_items, fixed
from rewardmeter.stats.selection.priorities import (
    by_item,
    closeness,
    coverage,
    disagreement,
    score_bins,
)
from rewardmeter.stats.selection.stopping import Standing, Stop, excess_loss, left_to_gain, should_stop

__all__ = [
    "Drawn",
    "Priority",
    "Standing",
    "Stop",
    "by_item",
    "closeness",
    "coverage",
    "design_weights",
    "disagreement",
    "draw_items",
    "excess_loss",
    "fixed",
    "left_to_gain",
    "score_bins",
    "should_stop",
]
