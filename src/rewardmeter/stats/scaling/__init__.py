"""Maps from scores to utilities, ratings and probabilities; whether they are worth having; and what they leave open.

A *map* turns the scores of single responses into values of one *target* and never decreases in the score:

- ``utility``: log-odds, on which the difference of two responses of an item is the logit that the first is preferred;
- ``rating``: the expected human rating on its own scale (by quantile mapping: a rating of the same rank);
- ``probability``: the probability of rating 1, for ratings 0 and 1.

Functions of arrays alone. May import: `stats.intervals`, `stats.resampling`, `stats.result`.
"""

from rewardmeter.stats.scaling.abstention import Abstention, abstention_from_dict, abstention_threshold
from rewardmeter.stats.scaling.conformal import (
    ConformalIntervals,
    Spread,
    fit_spread,
    intervals_from_dict,
    items_needed,
    split_intervals,
)
from rewardmeter.stats.scaling.cross import FEWEST_ITEMS, Gain, applied, cross_fit, gain
from rewardmeter.stats.scaling.curves import CurveMap, StepMap
from rewardmeter.stats.scaling.forms import BetaMap, DavidsonMap, LengthMap, LinearMap
from rewardmeter.stats.scaling.monotone import fit_histogram, fit_isotonic, fit_quantile
from rewardmeter.stats.scaling.platt import fit_beta, fit_length_aware_rating, fit_linear, fit_platt
from rewardmeter.stats.scaling.records import Map, Target, map_from_dict
from rewardmeter.stats.scaling.sliced import fit_sliced_shift, fit_sliced_temperature
from rewardmeter.stats.scaling.slices import SlicedShiftMap, SlicedSlopeMap
from rewardmeter.stats.scaling.spline import fit_spline, fit_utility_spline
from rewardmeter.stats.scaling.stack_bound import LowerBound, bound_from_dict, fit_lower_bound
from rewardmeter.stats.scaling.stack_fit import fit_stack, fit_stack_pairs
from rewardmeter.stats.scaling.stacking import Stack, stack_from_dict
from rewardmeter.stats.scaling.temperature import fit_davidson, fit_length_aware, fit_temperature

__all__ = [
    "FEWEST_ITEMS",
    "Abstention",
    "BetaMap",
    "ConformalIntervals",
    "CurveMap",
    "DavidsonMap",
    "Gain",
    "LengthMap",
    "LinearMap",
    "LowerBound",
    "Map",
    "SlicedShiftMap",
    "SlicedSlopeMap",
    "Spread",
    "Stack",
    "StepMap",
    "Target",
    "abstention_from_dict",
    "abstention_threshold",
    "applied",
    "bound_from_dict",
    "cross_fit",
    "fit_beta",
    "fit_davidson",
    "fit_histogram",
    "fit_isotonic",
    "fit_length_aware",
    "fit_length_aware_rating",
    "fit_linear",
    "fit_lower_bound",
    "fit_platt",
    "fit_quantile",
    "fit_sliced_shift",
    "fit_sliced_temperature",
    "fit_spline",
    "fit_spread",
    "fit_stack",
    "fit_stack_pairs",
    "fit_temperature",
    "fit_utility_spline",
    "gain",
    "intervals_from_dict",
    "items_needed",
    "map_from_dict",
    "split_intervals",
    "stack_from_dict",
]
