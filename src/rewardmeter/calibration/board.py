"""Scorers beside each other by what their scores mean, before and after calibration.

May import `comparison`, `dataset`, `types`, `errors`, `stats` and the files of this folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.calibration.evidence import Human
from rewardmeter.calibration.held_out import HeldOut, Trial, try_methods
from rewardmeter.calibration.methods import BLIND
from rewardmeter.calibration.request import check_measuring
from rewardmeter.comparison.case import Contender, make_case
from rewardmeter.comparison.facts import dataset_facts, gold_facts, versions
from rewardmeter.comparison.measure import make_resampling
from rewardmeter.comparison.slices import slice_column
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError
from rewardmeter.stats.calibration import gap_calibration, pair_calibration, rating_calibration
from rewardmeter.stats.result import Estimate
from rewardmeter.types import FloatArray, Signature
from rewardmeter.version import __version__

__all__ = ["CalibrationBoard", "CalibrationEntry", "calibration_board"]

Statistics = Mapping[str, Estimate]
PRIMARY = "calibration.nll"


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
        Column to value to (count of pairs or responses, statistics) of that part of the data, before calibration.
    """

    scorer: str
    kind: str
    coverage: float
    statistics: Statistics
    held_out: HeldOut
    after: Statistics
    slices: Mapping[str, Mapping[str, tuple[int, Statistics]]]
    signature: Signature | None = None

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


def calibration_board(
    dataset: Dataset,
    contenders: Sequence[Contender],
    *,
    aspect: str | None = None,
    slices: Sequence[str] = (),
    methods: tuple[str, ...] | None = None,
    folds: int = 5,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> CalibrationBoard:
    """Every contender's calibration, and what can be made of it.

    Raises
    ------
    InputError
        If the data has neither ratings nor preferences, or there is no contender with scores.
    UnknownNameError
        If the aspect, a slice column or a method does not exist.
    """
    if not contenders:
        raise InputError("there is nothing to calibrate", fix="Name scorers with --scorer, for example --scorer chrf.")
    human = check_measuring(dataset, aspect, slices, methods, folds=folds, resamples=resamples, level=level)
    columns = [slice_column(dataset, name) for name in slices]
    with_scores = [one for one in contenders if not np.all(np.isnan(one.scores.values))]
    if not with_scores:
        raise InputError("no scorer has a single score", fix="Verdicts on pairs alone have no margins to calibrate.")
    resampling, drawn = make_resampling(dataset.n_items, resamples, level, seed)
    weights = resampling.weights
    values = np.stack([one.scores.values for one in with_scores])
    whole = _statistics(human, values, weights, level, None)
    parts = {
        column.name: {
            label: (column.index == number, _statistics(human, values, weights, level, column.index == number))
            for number, label in enumerate(column.values)
        }
        for column in columns
    }
    entries = []
    for k, one in enumerate(with_scores):
        held_out = try_methods(human, values[k], methods=methods, folds=folds, seed=seed, level=level)
        sliced = {
            name: {label: (_judged(human, items), made[k]) for label, (items, made) in by_label.items()}
            for name, by_label in parts.items()
        }
        after = _after(human, held_out, weights, level)
        entries.append(
            CalibrationEntry(
                one.name, one.kind, _coverage(human, values[k]), whole[k], held_out, after, sliced, one.scores.signature
            )
        )
    left_out = [one.name for one in contenders if one not in with_scores]
    caveats = [f"{name} has verdicts on pairs and no scores: it has no margins, and is left out." for name in left_out]
    settings = {
        "primary": PRIMARY,
        "level": level,
        "resamples": drawn,
        "seed": seed,
        "folds": folds,
        "target": human.target,
        "versions": versions(),
    }
    ordered = tuple(sorted(entries, key=_rank_key))
    gold = gold_facts(make_case(dataset, with_scores, aspect))
    return CalibrationBoard(dataset_facts(dataset), gold, settings, ordered, _headline(ordered), tuple(caveats))


def _statistics(
    human: Human,
    values: FloatArray,
    weights: NDArray[np.integer] | None,
    level: float,
    items: NDArray[np.bool_] | None,
) -> list[dict[str, Estimate]]:
    """Statistics of (K, R) raw scores, on some items or all."""
    made: list[dict[str, Estimate]] = [{} for _ in values]
    parts: list[dict[str, list[Estimate]]] = []
    pairs = human.pairs
    if len(pairs):
        label = pairs.probability if items is None else np.where(items[pairs.item], pairs.probability, np.nan)
        parts.append(_of_pairs(human, human.margins(values), label, weights, level))
    if human.ratings is not None:
        gold = human.ratings.value if items is None else np.where(items[human.item], human.ratings.value, np.nan)
        parts.append(rating_calibration(values, gold, human.item, weights=weights, level=level))
        if len(pairs):
            parts.append(gap_calibration(values, gold, human.item, weights=weights, level=level))
    for part in parts:
        for name, estimates in part.items():
            for row, estimate in zip(made, estimates, strict=True):
                row[name] = estimate
    return made


def _of_pairs(
    human: Human, margins: FloatArray, label: FloatArray, weights: NDArray[np.integer] | None, level: float
) -> dict[str, list[Estimate]]:
    """`pair_calibration`; where the better response always comes first, the statistics that compare both outcomes take
    every pair both ways round, each counting half."""
    item = human.pairs.item
    made = pair_calibration(margins, label, item, weights=weights, level=level)
    if not human.best_first:
        return made
    both = pair_calibration(
        np.concatenate([margins, -margins], axis=1),
        np.concatenate([label, 1 - label]),
        np.concatenate([item, item]),
        unit_weights=np.full(2 * len(item), 0.5),
        weights=weights,
        level=level,
    )
    for name in ("calibration.slope", "calibration.auc"):
        made[name] = [replace(estimate, n=estimate.n // 2) for estimate in both[name]]
    return made


def _after(human: Human, held_out: HeldOut, weights: NDArray[np.integer] | None, level: float) -> dict[str, Estimate]:
    if held_out.chosen == "raw":
        return {}
    values = held_out[held_out.chosen].values[None]
    if held_out.target == "utility":
        made = _of_pairs(human, values, human.pairs.probability, weights, level)
    else:
        assert human.ratings is not None
        made = rating_calibration(values, human.ratings.value, human.item, weights=weights, level=level)
    return {name: estimates[0] for name, estimates in made.items()}


def _coverage(human: Human, scores: FloatArray) -> float:
    if len(human.pairs):
        return float(np.mean(~np.isnan(human.margins(scores))))
    assert human.ratings is not None
    return float(np.mean(~np.isnan(scores[~np.isnan(human.ratings.value)])))


def _judged(human: Human, items: NDArray[np.bool_]) -> int:
    if len(human.pairs):
        return int(np.sum(items[human.pairs.item]))
    assert human.ratings is not None
    return int(np.sum(items[human.item] & ~np.isnan(human.ratings.value)))


def _rank_key(entry: CalibrationEntry) -> tuple[bool, float, str]:
    estimate = entry.statistics.get(PRIMARY)
    undefined = estimate is None or not estimate.defined
    return (undefined, 0.0 if estimate is None or undefined else estimate.value, entry.scorer)


def _headline(entries: Sequence[CalibrationEntry]) -> tuple[str, ...]:
    chosen = [entry.held_out.chosen for entry in entries]
    best = [name for name in chosen if name != "raw" and name not in BLIND]
    sentences = [f"Calibration is worth having for {len(best)} of {len(entries)} scorers."]
    blind = [entry.scorer for entry, name in zip(entries, chosen, strict=True) if name in BLIND]
    if blind:
        sentences.append(f"Not shown to know more than the mean or a coin: {_some(blind)}.")
    overconfident = [
        entry.scorer for entry in entries if (e := entry.statistics.get("calibration.slope")) is not None and e.high < 1
    ]
    if overconfident:
        sentences.append(
            f"Margins promise too much for {len(overconfident)} of {len(entries)}: {_some(overconfident)}."
        )
    return tuple(sentences)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


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
