"""Scores that mean something: measure, fit, ship. May import `comparison`, `dataset`, `report`, `scoring`, `stats`,
`types`, `files`, `errors`."""

from rewardmeter.calibration.board import calibration_board
from rewardmeter.calibration.calibrated import Calibrated, calibrated, load_calibrated
from rewardmeter.calibration.calibrator import Calibrator, read_calibrator, write_calibrator
from rewardmeter.calibration.evidence import Human, human_side
from rewardmeter.calibration.files import save_calibration
from rewardmeter.calibration.fit import behind_calibrator, fit_calibrator
from rewardmeter.calibration.methods import BLIND
from rewardmeter.calibration.request import check_fit, check_measuring
from rewardmeter.calibration.result import CalibrationBoard, CalibrationEntry
from rewardmeter.calibration.views import calibration_views

__all__ = [
    "BLIND",
    "Calibrated",
    "CalibrationBoard",
    "CalibrationEntry",
    "Calibrator",
    "Human",
    "behind_calibrator",
    "calibrated",
    "calibration_board",
    "calibration_views",
    "check_fit",
    "check_measuring",
    "fit_calibrator",
    "human_side",
    "load_calibrated",
    "read_calibrator",
    "save_calibration",
    "write_calibrator",
]
