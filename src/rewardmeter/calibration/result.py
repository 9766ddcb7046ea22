"""`CalibrationBoard`: scorers beside each other by what their scores mean, as plain data.

May import `types`, `errors`, `stats`, `calibration.held_out` and `calibration.shift`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rewardmeter.calibration.held_out import HeldOut, Trial
from rewardmeter.calibration.shift import Shift
from rewardmeter.errors import UnknownNameError
from rewardmeter.stats.result import Estimate
from rewardmeter.types import Signature
from rewardmeter.version import __version__

__all__ = ["HELD_OUT_GAIN", "HELD_OUT_LOSS", "PRIMARY", "CalibrationBoard", "CalibrationEntry", "Statistics"]

Statistics = Mapping[str, Estimate]
PRIMARY = "calibration.nll"
HELD_OUT_LOSS, HELD_OUT_GAIN = "calibration.held_out_loss", "calibration.held_out_gain"


@dataclass(frozen=True, eq=False)
class CalibrationEntry:
    """One scorer.

    Attributes
    ----------
    scorer, kind, signature:
        As on the board of `compare`.
    coverage:
        Share of the judged pairs (of the rated responses where there are no pairs) that it has scores for.
    statistics:
        ``calibration.…`` estimates of the raw scores, their margins taken as logits.
    held_out:
        Every way to calibrate, on items that it has not seen.
    after:
        The same estimates of the chosen way's held-out values; empty where none is worth having.
    slices:
        Column, ``length`` or ``system`` to value to (count of pairs or responses, statistics) of that part of the
        data, before calibration.
    shift:
        By column, what a calibrator of one of its values is worth on the others.
    """

    scorer: str
    kind: str
    coverage: float
    statistics: Statistics
    held_out: HeldOut
    after: Statistics
    slices: Mapping[str, Mapping[str, tuple[int, Statistics]]]
    signature: Signature | None = None
    shift: Mapping[str, Shift] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "scorer": self.scorer,
            "kind": self.kind,
            "coverage": self.coverage,
            "signature": None if self.signature is None else str(self.signature),
            "fingerprint": None if self.signature is None else self.signature.fingerprint,
            "statistics": _plain(self.statistics),
            "target": self.held_out.target,
            "chosen": self.held_out.chosen,
            "methods": [_trial(trial) for trial in self.held_out.trials],
            "after": _plain(self.after),
            "slices": {
                column: {value: {"n": n, "statistics": _plain(made)} for value, (n, made) in values.items()}
                for column, values in self.slices.items()
            },
            "shift": {column: shift.to_dict() for column, shift in self.shift.items()},
        }


@dataclass(frozen=True, eq=False)
class CalibrationBoard:
    """Scorers beside each other, least log-loss first; undefined ones last."""

    dataset: Mapping[str, Any]
    gold: Mapping[str, Any]
    settings: Mapping[str, Any]
    entries: tuple[CalibrationEntry, ...]
    headline: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, in the form of board.json."""
        return {
            "rewardmeter": __version__,
            "dataset": dict(self.dataset),
            "gold": dict(self.gold),
            "settings": dict(self.settings),
            "headline": list(self.headline),
            "caveats": list(self.caveats),
            "board": [{"rank": rank, **entry.to_dict()} for rank, entry in enumerate(self.entries, 1)],
        }

    @property
    def scorers(self) -> tuple[str, ...]:
        """Names in board order."""
        return tuple(entry.scorer for entry in self.entries)

    @property
    def statistic_ids(self) -> tuple[str, ...]:
        """All statistic ids that occur, the primary one first."""
        seen = dict.fromkeys(name for entry in self.entries for name in entry.statistics)
        return tuple(sorted(seen, key=lambda name: name != PRIMARY))

    def __getitem__(self, scorer: str) -> CalibrationEntry:
        for entry in self.entries:
            if entry.scorer == scorer:
                return entry
        raise UnknownNameError("scorer on this board", scorer, self.scorers)

    def rows(self) -> list[dict[str, Any]]:
        """One flat row per scorer, calibrator ("" for raw scores), slice and statistic: calibration.csv.

        Held-out losses, and gains over the raw scores, have a row for every way to calibrate.
        """
        return [row for entry in self.entries for row in _rows(entry)]

    def to_pandas(self) -> Any:
        """`rows` as a pandas data frame; pandas must be installed."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def to_polars(self) -> Any:
        """`rows` as a polars data frame; polars must be installed."""
        import polars as pl

        return pl.DataFrame(self.rows())


def _rows(entry: CalibrationEntry) -> Iterator[dict[str, Any]]:
    trials = entry.held_out.trials
    chosen = entry.held_out.chosen
    tables: list[tuple[str, str, str, Statistics]] = [("", "", "", entry.statistics), (chosen, "", "", entry.after)]
    for trial in trials:
        made = {HELD_OUT_LOSS: trial.loss}
        if trial.over_raw is not None:
            made[HELD_OUT_GAIN] = trial.over_raw.estimate
        tables.append(("" if trial.method == "raw" else trial.method, "", "", made))
    for column, values in entry.slices.items():
        tables += [("", column, value, statistics) for value, (_, statistics) in values.items()]
    for column, shift in entry.shift.items():
        for fitted_on, losses in zip(shift.values, shift.loss, strict=True):
            name = f"{shift.method} of {column}={fitted_on}"
            tables += [(name, column, value, {HELD_OUT_LOSS: e}) for value, e in zip(shift.values, losses, strict=True)]
    for calibrator, column, value, statistics in tables:
        for name, estimate in statistics.items():
            plain = estimate.to_dict()
            yield {
                "scorer": entry.scorer,
                "calibrator": calibrator,
                "slice": column,
                "slice_value": value,
                "statistic": name,
                **{key: plain[key] for key in ("value", "low", "high", "level", "n", "method")},
                "coverage": entry.coverage,
            }


def _plain(statistics: Statistics) -> dict[str, Any]:
    return {name: estimate.to_dict() for name, estimate in statistics.items()}


def _trial(trial: Trial) -> dict[str, Any]:
    record: dict[str, Any] = {"method": trial.method, "loss": trial.loss.to_dict()}
    gains = {
        "gain": trial.over_raw,
        "gain_over_blind": trial.over_blind,
        "gain_over_simpler": trial.over_chosen,
    }
    record |= {name: gain.to_dict() for name, gain in gains.items() if gain is not None}
    return record | ({"reason": trial.reason} if trial.reason else {})
