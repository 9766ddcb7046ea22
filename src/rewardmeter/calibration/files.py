"""A calibration board as files. May import `report`, `dataset`, `comparison` and the files of this folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rewardmeter.calibration.result import CalibrationBoard
from rewardmeter.calibration.views import calibration_views
from rewardmeter.comparison import Contender
from rewardmeter.dataset import Dataset
from rewardmeter.report.calibration_html import write_calibration_page
from rewardmeter.report.files import csv_text, json_text, write_text

__all__ = ["save_calibration"]


def save_calibration(dataset: Dataset, contenders: Sequence[Contender], board: CalibrationBoard, folder: Path) -> None:
    """Write index.html, calibration.json and calibration.csv of a board into a folder."""
    record = board.to_dict()
    write_text(folder / "calibration.json", json_text(record))
    write_text(folder / "calibration.csv", csv_text(board.rows()))
    write_calibration_page(record, calibration_views(dataset, contenders, board), folder / "index.html")
