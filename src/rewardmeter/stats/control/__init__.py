"""Length and covariate control: what a score owes to how a response looks, found within items and taken away.

Functions of arrays alone. May import: `stats.intervals`, `stats.resampling`, `stats.result`, `stats.scaling`.
"""

from rewardmeter.stats.control.control_map import ControlMap
from rewardmeter.stats.control.curve import CovariateCurve, count_like, on_scale
from rewardmeter.stats.control.dependence import dependence_estimates
from rewardmeter.stats.control.fit import DEGREES, ControlFit, fit_control, gold_columns
from rewardmeter.stats.control.held_out import HeldOutControl, cross_fit_control
from rewardmeter.stats.control.rows import ControlRows

__all__ = [
    "DEGREES",
    "ControlFit",
    "ControlMap",
    "ControlRows",
    "CovariateCurve",
    "HeldOutControl",
    "count_like",
    "cross_fit_control",
    "dependence_estimates",
    "fit_control",
    "gold_columns",
    "on_scale",
]
