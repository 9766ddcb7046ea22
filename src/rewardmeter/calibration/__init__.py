"""Scores that mean something: measure, fit, ship. May import `comparison`, `dataset`, `report`, `scorers`, `scoring`,
`stats`, `types`, `files`, `errors`; `label_files` also `io`."""

from rewardmeter.calibration.board import calibration_board
from rewardmeter.calibration.calibrated import Calibrated, calibrated, load_calibrated
from rewardmeter.calibration.calibrator import Calibrator, Covariate, read_calibrator, write_calibrator
from rewardmeter.calibration.combination import Combination, Member, read_combination, write_combination
from rewardmeter.calibration.combined import Combined, load_combined
from rewardmeter.calibration.combining import fit_combination
from rewardmeter.calibration.control import Control, ControlledStatistic
from rewardmeter.calibration.control_fit import check_control, fit_controlled
from rewardmeter.calibration.evidence import Human, human_side
from rewardmeter.calibration.files import save_calibration
from rewardmeter.calibration.fit import behind_calibrator, fit_calibrator
from rewardmeter.calibration.in_sample import fitted_on
from rewardmeter.calibration.label_files import check_apart, check_batch, read_answers, write_questions
from rewardmeter.calibration.label_loop import LabelOptions, LabelTurn, begin_labelling, check_labelling, label_turn
from rewardmeter.calibration.label_state import LabelState, label_state_path, locked_state, read_state, write_state
from rewardmeter.calibration.labelling import STRATEGIES, Chosen, labelled_so_far, next_items
from rewardmeter.calibration.methods import BLIND
from rewardmeter.calibration.questions import Questions, questions_of
from rewardmeter.calibration.refits import Labelled, ScorerStanding
from rewardmeter.calibration.request import check_fit, check_measuring, check_scores
from rewardmeter.calibration.result import CalibrationBoard, CalibrationEntry
from rewardmeter.calibration.views import calibration_views

__all__ = [
    "BLIND",
    "STRATEGIES",
    "Calibrated",
    "CalibrationBoard",
    "CalibrationEntry",
    "Calibrator",
    "Chosen",
    "Combination",
    "Combined",
    "Control",
    "ControlledStatistic",
    "Covariate",
    "Human",
    "LabelOptions",
    "LabelState",
    "LabelTurn",
    "Labelled",
    "Member",
    "Questions",
    "ScorerStanding",
    "begin_labelling",
    "behind_calibrator",
    "calibrated",
    "calibration_board",
    "calibration_views",
    "check_apart",
    "check_batch",
    "check_control",
    "check_fit",
    "check_labelling",
    "check_measuring",
    "check_scores",
    "fit_calibrator",
    "fit_combination",
    "fit_controlled",
    "fitted_on",
    "human_side",
    "label_state_path",
    "label_turn",
    "labelled_so_far",
    "load_calibrated",
    "load_combined",
    "locked_state",
    "next_items",
    "questions_of",
    "read_answers",
    "read_calibrator",
    "read_combination",
    "read_state",
    "save_calibration",
    "write_calibrator",
    "write_combination",
    "write_questions",
    "write_state",
]
