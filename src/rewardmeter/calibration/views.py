"""What the report draws of calibration, aggregated: reliability, margins, risk and coverage, residuals, gaps.

May import `comparison`, `dataset`, `types`, `stats` and the files of this folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from rewardmeter.calibration.evidence import Human, human_side
from rewardmeter.calibration.held_out import HeldOut
from rewardmeter.calibration.learning import LearningCurve, learning_curve
from rewardmeter.calibration.methods import BLIND, informed_elsewhere
from rewardmeter.calibration.result import (
    HELD_OUT_GAIN,
    HELD_OUT_LOSS,
    PRIMARY,
    CalibrationBoard,
    CalibrationEntry,
)
from rewardmeter.comparison import Contender
from rewardmeter.dataset import Dataset
from rewardmeter.stats.calibration import (
    gap_bins,
    margin_histograms,
    reliability_diagrams,
    residual_bins,
    risk_coverage_curves,
)
from rewardmeter.stats.catalogue import explained
from rewardmeter.types import FloatArray

__all__ = ["calibration_views"]

MOST_DRAWN = 80
BAND_RESAMPLES = 400
CURVE_POINTS = 60
_MIDDLE = (0.1, 0.9)
_BESIDE = {"raw": "the raw scores", "coin": "a coin", "mean": "the mean rating"}
_SURE = 0.99999  # no margin states a certainty

_LOSSES = {"utility": "log-loss of pairs, in nats", "rating": "squared error", "probability": "log-loss, in nats"}


def calibration_views(dataset: Dataset, contenders: Sequence[Contender], board: CalibrationBoard) -> dict[str, Any]:
    """Plain JSON values for the report: ``statistics``, ``outcomes``, ``diagrams``, ``drawn`` and ``resamples``.

    ``statistics`` says of every id what it is called and means, and which values are ``better``: ``"high"``, ``"low"``
    or ``"near"`` its ``ideal``, and a ``reference`` value to draw.

    ``outcomes`` says of every scorer which ``calibrator`` was chosen, in words, which was ``tried`` (the best of them
    where none was chosen), and its held-out loss and gain as ``statistics``.

    ``diagrams`` holds, for the first 80 scorers of the board (``drawn`` says how many), the ``method`` chosen and what
    is drawn ``before`` calibration and ``after`` it, on held-out items (None where no method is worth having):

    - ``reliability`` of pairs: what the margins ``stated`` and what was ``observed``, by bin of equal mass from
      ``low`` to ``high``, with the consistency band (``resamples`` draws) and ``n`` pairs;
    - ``margins``: ``weight`` of pairs by the margin of the better response over the worse, in equal bins over
      [-``reach``, ``reach``), what is ``beyond`` being in the outermost ones; equal scores are ``tied``, in no bin;
    - ``coverage``: the ``risk`` of the most confident share of the pairs, down to the ``margin``;
    - ``residual`` of ratings: mean human minus ``prediction``, by bin;
    - ``gaps``: mean human gap by score gap, and the ``slope`` of one on the other;
    - ``labels``: held-out ``loss`` of the ``method`` fitted on ``n`` items drawn at random, with the middle 80 % of the
      draws, and the ``base`` that what stands ``beside`` it loses.

    A calibrator of pairs changes the first three, one of ratings the next two. ``said`` holds a sentence on each.
    """
    human = human_side(dataset, board.gold.get("aspect"))
    raw = {one.name: one.scores.values for one in contenders}
    drawn = board.entries[:MOST_DRAWN]
    level, seed = board.settings["level"], board.settings["seed"]
    diagrams = {}
    for entry in drawn:
        after = None
        if entry.held_out.chosen != "raw":
            after = _after(human, entry, level, seed)
        diagrams[entry.scorer] = {
            "method": None if after is None else entry.held_out.chosen,
            "blind": entry.held_out.chosen in BLIND,
            "before": _before(human, raw[entry.scorer], entry.held_out, level, seed),
            "after": after,
        }
    return {
        "statistics": _described(board),
        "outcomes": {entry.scorer: _outcome(entry) for entry in board.entries},
        "diagrams": diagrams,
        "drawn": len(drawn),
        "resamples": BAND_RESAMPLES,
    }


def _before(human: Human, scores: FloatArray, held_out: HeldOut, level: float, seed: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if len(human.pairs):
        made |= _of_pairs(human, human.margins(scores), level, seed)
    if human.ratings is not None:
        made |= _of_ratings(human, scores, level)
    curve = learning_curve(human, scores, held_out, seed=seed)
    if curve is not None:
        made["labels"] = _labels(curve)
    return _with_sentences(made)


def _labels(curve: LearningCurve) -> dict[str, Any]:
    ends = np.nanquantile(curve.loss, _MIDDLE, axis=1)
    return {
        "method": curve.method,
        "beside": _BESIDE[curve.beside],
        "n": curve.items.tolist(),
        "loss": _short(np.nanmean(curve.loss, axis=1)),
        "low": _short(ends[0]),
        "high": _short(ends[1]),
        "base": float(f"{np.mean(curve.base):.5g}"),
        "enough": curve.enough(),
    }


def _after(human: Human, entry: CalibrationEntry, level: float, seed: int) -> dict[str, Any]:
    values = entry.held_out[entry.held_out.chosen].values
    if entry.held_out.target == "utility":
        return _with_sentences(_of_pairs(human, values, level, seed))
    return _with_sentences(_of_ratings(human, values, level))


def _of_pairs(human: Human, margins: FloatArray, level: float, seed: int) -> dict[str, Any]:
    rows = (margins[None], human.pairs.probability, human.pairs.item)
    rng = np.random.default_rng(seed)
    (diagram,) = reliability_diagrams(*rows, rng=rng, resamples=BAND_RESAMPLES, level=level)
    (histogram,) = margin_histograms(*rows)
    weight = np.array(histogram.weight)
    tied = float(np.sum((margins == 0) & ~np.isnan(human.pairs.probability)))
    weight[len(weight) // 2] -= tied
    (curve,) = risk_coverage_curves(*rows, points=CURVE_POINTS)
    return {
        "reliability": {
            "low": _short(diagram.low),
            "high": _short(diagram.high),
            "stated": _short(diagram.probability),
            "observed": _short(diagram.frequency),
            "band_low": _short(diagram.band_low),
            "band_high": _short(diagram.band_high),
            "n": diagram.count.tolist(),
            "outside": diagram.outside,
        },
        "margins": {
            "reach": float(f"{histogram.high[-1]:.5g}"),
            "weight": _short(weight),
            "tied": tied,
            "beyond": float(f"{histogram.beyond:.5g}"),
        },
        "coverage": {
            "coverage": _short(curve.coverage),
            "risk": _short(curve.risk),
            "margin": _short(curve.margin),
        },
    }


def _of_ratings(human: Human, values: FloatArray, level: float) -> dict[str, Any]:
    assert human.ratings is not None
    rows = (values[None], human.ratings.value, human.item)
    (residual,) = residual_bins(*rows, level=level)
    (gaps,) = gap_bins(*rows, level=level)
    made: dict[str, Any] = {
        "residual": {
            "low": _short(residual.low),
            "high": _short(residual.high),
            "prediction": _short(residual.prediction),
            "residual": _short(residual.residual),
            "residual_low": _short(residual.residual_low),
            "residual_high": _short(residual.residual_high),
            "n": residual.count.tolist(),
        }
    }
    if len(gaps.count):
        made["gaps"] = {
            "low": _short(gaps.low),
            "high": _short(gaps.high),
            "score_gap": _short(gaps.score_gap),
            "human_gap": _short(gaps.human_gap),
            "slope": _short(gaps.slope),
            "slope_low": _short(gaps.slope_low),
            "slope_high": _short(gaps.slope_high),
            "line": float(f"{np.sum(gaps.weight * gaps.human_gap) / np.sum(gaps.weight * gaps.score_gap):.5g}"),
            "n": gaps.count.tolist(),
        }
    return made


def _with_sentences(made: dict[str, Any]) -> dict[str, Any]:
    said = {name: text for name, view in made.items() if (text := _sentence(name, view))}
    return {**made, "said": said}


def _sentence(name: str, view: dict[str, Any]) -> str:
    if name == "reliability" and view["stated"]:
        bins, out = len(view["n"]), view["outside"]
        stated, observed = _percent(min(view["stated"][-1], _SURE)), _percent(view["observed"][-1])
        surest = f"Its surest pairs say {stated} and are right in {observed}"
        if bins == 1:
            return f"{surest}."
        outside = f"{out} of {bins} bins {'lies' if out == 1 else 'lie'}" if out else f"none of {bins} bins lies"
        return f"{surest}; {outside} outside the band of a calibrated scorer."
    if name == "margins" and (whole := sum(view["weight"]) + view["tied"]):
        wrong = _percent(sum(view["weight"][: len(view["weight"]) // 2]) / whole)
        tied = f" In {_percent(view['tied'] / whole)} the scores are equal." if view["tied"] else ""
        return f"The wrong response is ahead in {wrong} of the pairs.{tied}"
    if name == "coverage" and view["risk"]:
        part = min(range(len(view["risk"])), key=lambda k: abs(view["coverage"][k] - 0.5))
        if part == len(view["risk"]) - 1:
            return f"Wrong in {_percent(view['risk'][-1])} of all pairs."
        return (
            f"Wrong in {_percent(view['risk'][-1])} of all pairs, and in {_percent(view['risk'][part])} of the"
            f" {_percent(view['coverage'][part])} with the widest margins."
        )
    if name == "residual" and view["n"]:
        pairs = list(zip(view["residual_low"], view["residual_high"], strict=True))
        apart = sum(low is not None and (low > 0 or high < 0) for low, high in pairs)
        return f"People differ from the prediction on average in {apart or 'none'} of {len(pairs)} bins."
    if name == "labels":
        base = f"less than {view['beside']} in nine of ten draws"
        if view["enough"] is None:
            return f"Up to {view['n'][-1]:,} labelled items, {view['method']} does not lose {base}."
        return f"From {view['enough']:,} labelled items on, {view['method']} loses {base}."
    if name == "gaps" and len(view["n"]) > 1:
        return (
            f"A point of score is worth {_two(view['slope'][0])} human points among the narrowest gaps and"
            f" {_two(view['slope'][-1])} among the widest."
        )
    return ""


def _two(value: float) -> str:
    return f"{value:#.2g}".removesuffix(".").replace("-", "−")


def _percent(share: float) -> str:
    """A share that is 0 % or 100 % only where nothing is left over."""
    text = f"{100 * share:.0f}"
    if (text == "100" and share < 1) or (text == "0" and share > 0):
        text = f"{100 * share:.1f}"
        text = {"100.0": "over 99.9", "0.0": "under 0.1"}.get(text, text)
    return f"{text}\u00a0%"


def _described(board: CalibrationBoard) -> dict[str, dict[str, Any]]:
    found = {name: explained(name) for name in board.statistic_ids}
    loss = _LOSSES[board.settings["target"]]
    over = "the raw scores" if board.settings["target"] == "utility" else "the mean rating, which needs no scorer"
    found[HELD_OUT_LOSS] = {
        "label": "Held-out loss",
        "definition": f"Mean loss ({loss}) of the chosen calibrator on items that its fit has not seen, or of the raw"
        " scores where none is worth having; less is better.",
        "better": "low",
    }
    found[HELD_OUT_GAIN] = {
        "label": "Gain",
        "definition": f"How much less a calibrator loses on held-out items than {over} ({loss}). Where none is worth"
        " having, it is the gain of the best that was tried: over the raw scores where these are kept, over a method"
        " that does not look at the score where nothing beats that; the interval then reaches to 0 or below.",
        "better": "high",
    }
    return dict(sorted(found.items(), key=lambda one: one[0] != PRIMARY))


def _outcome(entry: CalibrationEntry) -> dict[str, Any]:
    """What came of calibrating: held-out loss and gain of the chosen way, or of the best that was tried."""
    held_out = entry.held_out
    chosen = held_out[held_out.chosen]
    blind = held_out.chosen in BLIND
    found = {HELD_OUT_LOSS: chosen.loss}
    tried = [trial for trial in held_out.trials if trial.over_raw is not None and _counts(held_out, trial.method)]
    best = chosen if chosen in tried else min(tried, key=lambda trial: trial.loss.value, default=None)
    if best is not None:
        beside_raw = held_out.chosen == "raw" or (held_out.target == "utility" and not blind)
        gain = best.over_raw if beside_raw else best.over_blind
        if gain is not None:
            found[HELD_OUT_GAIN] = gain.estimate
    words = "knows nothing" if blind else "not worth it" if held_out.chosen == "raw" else held_out.chosen
    return {
        "calibrator": words,
        "tried": None if best is None else best.method,
        "statistics": {name: estimate.to_dict() for name, estimate in found.items()},
    }


def _counts(held_out: HeldOut, method: str) -> bool:
    """Whether the gain by a method says something of the scorer."""
    asked = method == held_out.chosen
    return method not in BLIND and (asked or not informed_elsewhere(held_out.target, method))


def _short(values: FloatArray | Iterable[float]) -> list[float | None]:
    return [float(f"{value:.5g}") if np.isfinite(value) else None for value in values]
