"""Scores that mean something: measure, fit, ship. May import `comparison`, `dataset`, `scoring`, `stats`, `types`,
`files`, `errors`."""

from rewardmeter.calibrate.calibrated import Calibrated, calibrated, load_calibrated
from rewardmeter.calibrate.calibrator import Calibrator, read_calibrator, write_calibrator

__all__ = ["Calibrated", "Calibrator", "calibrated", "load_calibrated", "read_calibrator", "write_calibrator"]
