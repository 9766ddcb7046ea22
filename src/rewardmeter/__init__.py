"""rewardmeter: one toolkit for reward models, judges and metrics, measured against human judgement.

Importing this package loads nothing heavy: every name is fetched from its module when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rewardmeter.version import __version__

_HOME = {
    "Board": "rewardmeter.comparison",
    "Dataset": "rewardmeter.dataset",
    "Estimate": "rewardmeter.stats.result",
    "Item": "rewardmeter.types",
    "Laws": "rewardmeter.scoring",
    "Message": "rewardmeter.types",
    "Outcome": "rewardmeter.types",
    "Response": "rewardmeter.types",
    "RewardmeterError": "rewardmeter.errors",
    "Scorer": "rewardmeter.scoring",
    "Scores": "rewardmeter.types",
    "audit": "rewardmeter.api",
    "calibrate": "rewardmeter.api",
    "combine": "rewardmeter.api",
    "compare": "rewardmeter.api",
    "control": "rewardmeter.api",
    "forecast": "rewardmeter.api",
    "label": "rewardmeter.api",
    "length_controlled_win_rates": "rewardmeter.stats.length_controlled",
    "load": "rewardmeter.api",
    "measure_calibration": "rewardmeter.api",
    "score": "rewardmeter.api",
    "scorer": "rewardmeter.api",
    "write_calibration_report": "rewardmeter.api",
    "write_report": "rewardmeter.api",
}

__all__ = ["__version__", *sorted(_HOME)]

if TYPE_CHECKING:
    from rewardmeter.api import audit as audit
    from rewardmeter.api import calibrate as calibrate
    from rewardmeter.api import combine as combine
    from rewardmeter.api import compare as compare
    from rewardmeter.api import control as control
    from rewardmeter.api import forecast as forecast
    from rewardmeter.api import label as label
    from rewardmeter.api import load as load
    from rewardmeter.api import measure_calibration as measure_calibration
    from rewardmeter.api import score as score
    from rewardmeter.api import scorer as scorer
    from rewardmeter.api import write_calibration_report as write_calibration_report
    from rewardmeter.api import write_report as write_report
    from rewardmeter.comparison import Board as Board
    from rewardmeter.dataset import Dataset as Dataset
    from rewardmeter.errors import RewardmeterError as RewardmeterError
    from rewardmeter.scoring import Laws as Laws
    from rewardmeter.scoring import Scorer as Scorer
    from rewardmeter.stats.length_controlled import length_controlled_win_rates as length_controlled_win_rates
    from rewardmeter.stats.result import Estimate as Estimate
    from rewardmeter.types import Item as Item
    from rewardmeter.types import Message as Message
    from rewardmeter.types import Outcome as Outcome
    from rewardmeter.types import Response as Response
    from rewardmeter.types import Scores as Scores


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'rewardmeter' has no attribute '{name}'")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
