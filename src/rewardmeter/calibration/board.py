"""Scorers beside each other by what their scores mean, before and after calibration.

May import `comparison`, `dataset`, `types`, `errors`, `stats` and the files of this folder.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rewardmeter.calibration.evidence import Human
from rewardmeter.calibration.held_out import HeldOut, try_methods
from rewardmeter.calibration.methods import BLIND
from rewardmeter.calibration.parts import Part, parts_of
from rewardmeter.calibration.request import check_measuring, check_scores, no_scores
from rewardmeter.calibration.result import PRIMARY, CalibrationBoard, CalibrationEntry
from rewardmeter.calibration.shift import shifted
from rewardmeter.comparison.case import Contender, make_case
from rewardmeter.comparison.facts import dataset_facts, gold_facts, versions
from rewardmeter.comparison.measure import Resampling, make_resampling, margin_calibration
from rewardmeter.comparison.run import commonest, in_sample
from rewardmeter.comparison.slices import slice_column
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError
from rewardmeter.stats.calibration import gap_calibration, rating_calibration
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.scaling import FEWEST_ITEMS
from rewardmeter.types import FloatArray

__all__ = ["calibration_board"]


def calibration_board(
    dataset: Dataset,
    contenders: Sequence[Contender],
    *,
    aspect: str | None = None,
    slices: Sequence[str] = (),
    shift: Sequence[str] = (),
    by: str | None = None,
    methods: tuple[str, ...] | None = None,
    folds: int = 5,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> CalibrationBoard:
    """Every contender's calibration, and what can be made of it.

    Parameters
    ----------
    slices:
        Columns of the items, ``"length"`` or ``"system"``: all measures once more for each of their values.
    shift:
        Columns of the items: a calibrator fitted on each value, tested on the others.
    by:
        Column of the items for the way ``sliced``: a parameter for each of its values, drawn to the common one.
    methods:
        Ways to calibrate; None for all that the data allows.
    folds, seed, resamples, level:
        Of the cross-fitting and of the intervals.

    Raises
    ------
    InputError
        If the data has neither ratings nor preferences, a number makes no sense, a score is too great to be squared, or
        there is no contender with scores.
    UnknownNameError
        If the aspect, a slice column or a method does not exist.
    """
    if not contenders:
        raise InputError("there is nothing to calibrate", fix="Name scorers with --scorer, for example --scorer chrf.")
    human = check_measuring(
        dataset, aspect, slices, methods, shift=shift, by=by, folds=folds, resamples=resamples, level=level, seed=seed
    )
    check_scores(contenders)
    with_scores = [one for one in contenders if not np.all(np.isnan(one.scores.values))]
    if not with_scores:
        raise no_scores(contenders)
    resampling, drawn = make_resampling(dataset.n_items, resamples, level, seed)
    values = np.stack([one.scores.values for one in with_scores])
    whole = _statistics(human, values, resampling, None)
    parts = {
        name: [(part, _statistics(human, values, resampling, part)) for part in parts_of(human, name)]
        for name in slices
    }
    columns = [slice_column(dataset, name) for name in shift]
    entries = []
    for k, one in enumerate(with_scores):
        held_out = try_methods(human, values[k], methods=methods, folds=folds, seed=seed, level=level)
        sliced = {
            name: {part.label: (part.judged(human), made[k]) for part, made in found} for name, found in parts.items()
        }
        moved = {
            column.name: shifted(human, values[k], held_out, column, folds=folds, seed=seed, level=level)
            for column in columns
        }
        entries.append(
            CalibrationEntry(
                one.name,
                one.kind,
                _coverage(human, values[k]),
                whole[k],
                held_out,
                _after(human, held_out, resampling),
                sliced,
                one.scores.signature,
                {name: made for name, made in moved.items() if made is not None},
            )
        )
    caveats = [_left_out(one) for one in contenders if one not in with_scores]
    caveats += in_sample(dataset, with_scores)
    judged = human.judged_items
    if judged < FEWEST_ITEMS:
        caveats.append(
            f"Only {judged} of the items {'is' if judged == 1 else 'are'} judged: with fewer than {FEWEST_ITEMS} no"
            " calibrator is shown to be worth having."
        )
    settings = {
        "primary": PRIMARY,
        "level": level,
        "resamples": drawn,
        "seed": seed,
        "folds": folds,
        "target": human.target,
        "by": by,
        "versions": versions(),
    }
    ordered = tuple(sorted(entries, key=_rank_key))
    gold = gold_facts(make_case(dataset, with_scores, aspect))
    return CalibrationBoard(dataset_facts(dataset), gold, settings, ordered, _headline(ordered), tuple(caveats))


def _left_out(one: Contender) -> str:
    reasons = commonest(one.scores, scored=False)
    if reasons:
        return f"{one.name} has no scores, and is left out: {next(iter(reasons))}."
    return f"{one.name} has verdicts on pairs and no scores: it has no margins, and is left out."


def _statistics(
    human: Human,
    values: FloatArray,
    resampling: Resampling,
    part: Part | None,
) -> list[dict[str, Estimate]]:
    """Statistics of (K, R) raw scores, on a part of the data or all of it."""
    made: list[dict[str, Estimate]] = [{} for _ in values]
    parts: list[dict[str, list[Estimate]]] = []
    pairs = human.pairs
    if len(pairs):
        label = pairs.probability if part is None else np.where(part.pairs, pairs.probability, np.nan)
        parts.append(margin_calibration(human.margins(values), pairs, resampling, label=label))
    if human.ratings is not None:
        gold = human.ratings.value if part is None else np.where(part.responses, human.ratings.value, np.nan)
        parts.append(_of_ratings(human, values, gold, resampling))
    for found in parts:
        for name, estimates in found.items():
            for row, estimate in zip(made, estimates, strict=True):
                row[name] = estimate
    return made


def _of_ratings(
    human: Human, values: FloatArray, gold: FloatArray, resampling: Resampling
) -> dict[str, list[Estimate]]:
    """Statistics of (K, R) values as predictions of ratings, and of their gaps where there are pairs."""
    weights, level = resampling.weights, resampling.level
    made = rating_calibration(values, gold, human.item, weights=weights, level=level)
    if len(human.pairs):
        made |= gap_calibration(values, gold, human.item, weights=weights, level=level)
    return made


def _after(human: Human, held_out: HeldOut, resampling: Resampling) -> dict[str, Estimate]:
    if held_out.chosen == "raw":
        return {}
    values = held_out[held_out.chosen].values[None]
    if held_out.target == "utility":
        made = margin_calibration(values, human.pairs, resampling)
    else:
        assert human.ratings is not None
        made = _of_ratings(human, values, human.ratings.value, resampling)
    return {name: estimates[0] for name, estimates in made.items()}


def _coverage(human: Human, scores: FloatArray) -> float:
    if len(human.pairs):
        return float(np.mean(~np.isnan(human.margins(scores))))
    assert human.ratings is not None
    return float(np.mean(~np.isnan(scores[~np.isnan(human.ratings.value)])))


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
