"""The examination itself: the scorer is run as it is and under each change, and the scores are compared.

May import `comparison`, `engine`, `scoring`, `dataset`, `types`, `errors` and `stats`.
"""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.comparison import Contender, compare_scores
from rewardmeter.dataset import Dataset
from rewardmeter.doctor.variants import Variant, variants_of
from rewardmeter.engine.calls import call_scorer
from rewardmeter.errors import InputError, RewardmeterError
from rewardmeter.scoring import Scorer
from rewardmeter.stats.result import Estimate
from rewardmeter.types import Item, Outcome, Response, Scores

__all__ = ["Diagnosis", "Finding", "examine"]

AS_IS = "as it is"


@dataclass(frozen=True)
class Finding:
    """What one change did.

    Attributes
    ----------
    change:
        In words.
    must_hold:
        Whether it must not move a score.
    holds:
        Whether no score moved beyond the tolerance and no outcome changed.
    largest, mean:
        Largest and mean absolute move of a score, NaN if no response has a score both ways.
    largest_in_sd:
        The largest move in standard deviations of the scores as they are.
    flipped:
        Share of pairs of responses to one prompt whose order changed (a tie made or broken is half), NaN without pairs.
    outcomes_changed:
        Responses that have a score one way only.
    accuracy, accuracy_as_is:
        The statistic that ranks on this data, with and without the change; None without human judgments.
    remarks:
        What the scorer has to say of its scores, with counts.
    error:
        Why the change could not be tried, "" if it was.
    seconds:
        It took.
    """

    change: str
    must_hold: bool
    holds: bool
    largest: float
    mean: float
    largest_in_sd: float
    flipped: float
    outcomes_changed: int
    accuracy: Estimate | None = None
    accuracy_as_is: Estimate | None = None
    remarks: dict[str, int] = dataclasses.field(default_factory=dict)
    error: str = ""
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """The finding as plain JSON values."""
        plain = dataclasses.asdict(dataclasses.replace(self, accuracy=None, accuracy_as_is=None))
        for name in ("largest", "mean", "largest_in_sd", "flipped"):
            plain[name] = None if np.isnan(plain[name]) else plain[name]
        plain["accuracy"] = None if self.accuracy is None else self.accuracy.to_dict()
        plain["accuracy_as_is"] = None if self.accuracy_as_is is None else self.accuracy_as_is.to_dict()
        return plain


@dataclass(frozen=True)
class Diagnosis:
    """All findings on one scorer.

    Attributes
    ----------
    scorer:
        Its name.
    dataset, items, responses:
        What it was examined on.
    statistic:
        Id of the statistic behind the accuracies; None without human judgments.
    tolerance:
        Largest move of a score that counts as none, absolute and relative to the score.
    spread:
        Standard deviation of the scores as they are.
    scored:
        Responses that have a score as it is.
    findings:
        One per change.
    """

    scorer: str
    dataset: str
    items: int
    responses: int
    statistic: str | None
    tolerance: float
    spread: float
    scored: int
    findings: tuple[Finding, ...]

    @property
    def failures(self) -> tuple[Finding, ...]:
        """Changes that must not move a score and did."""
        return tuple(one for one in self.findings if one.must_hold and not one.holds)

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis as plain JSON values."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        plain["spread"] = None if np.isnan(self.spread) else self.spread
        return {**plain, "findings": [one.to_dict() for one in self.findings]}


def examine(
    scorer: Scorer,
    dataset: Dataset,
    *,
    items: int = 48,
    tolerance: float = 1e-5,
    told: Callable[[str], None] | None = None,
) -> Diagnosis:
    """Score a probe under every change that applies to the scorer, and say what moved.

    Parameters
    ----------
    scorer:
        What is examined.
    dataset:
        Where the probe is taken from; with human judgments, each change also gets its accuracy.
    items:
        How many items the probe has, spread evenly over the data.
    tolerance:
        Largest move, absolute and relative to the score, that counts as none.
    told:
        Is told each change as its turn comes.

    Raises
    ------
    InputError
        If the data holds nothing that the scorer reads, or nothing of the probe gets a score.
    """
    if items < 1 or not tolerance >= 0:
        raise InputError("a probe needs at least one item, and a tolerance that is not negative")
    probe = _Probe(scorer, dataset, items)
    base, _ = probe.scores(Variant(AS_IS, scorer, True))
    known = base.outcomes <= Outcome.TIE
    if not known.any():
        why = next(iter(Counter(base.reasons.values())), "no reason given")
        raise InputError(f"{scorer.name} gives none of {len(base):,} responses of {dataset.name} a score: {why}")
    spread = float(np.std(base.values[known])) if known.sum() > 1 else float("nan")
    drawn: list[tuple[Variant, Scores | None, str, float]] = []
    for variant in variants_of(scorer):
        if told is not None:
            told(variant.name)
        began = time.perf_counter()
        try:
            scores, problem = probe.scores(variant)[0], ""
        except RewardmeterError as error:
            scores, problem = None, str(error)
        drawn.append((variant, scores, problem, time.perf_counter() - began))
    statistic, accuracies = _accuracies(probe, base, {v.name: s for v, s, _, _ in drawn if s is not None})
    findings = [
        _error(variant, problem)
        if scores is None
        else dataclasses.replace(
            _compared(variant, base, scores, probe, tolerance, spread),
            accuracy=accuracies.get(variant.name),
            accuracy_as_is=accuracies.get(AS_IS),
            seconds=seconds,
        )
        for variant, scores, problem, seconds in drawn
    ]
    return Diagnosis(
        scorer.name,
        dataset.name,
        len(probe.items),
        len(base),
        statistic,
        tolerance,
        spread,
        int(known.sum()),
        tuple(findings),
    )


class _Probe:
    """Some items of a dataset as the scorer sees them, and where their responses stand in it."""

    def __init__(self, scorer: Scorer, dataset: Dataset, n: int) -> None:
        self.dataset = dataset
        chosen = np.unique(np.linspace(0, dataset.n_items - 1, min(n, dataset.n_items)).astype(int))
        start = dataset.item_start
        self.items: list[Item] = []
        places: list[NDArray[np.int64]] = []
        for i in chosen.tolist():
            item = dataset.item(i)
            where = np.arange(int(start[i]), int(start[i + 1]))
            if len(where) and not ("prompt" in scorer.reads and item.prompt is None):
                self.items.append(_seen(scorer, item))
                places.append(where)
        if not self.items:
            raise InputError(f"{dataset.name} holds nothing that {scorer.name} reads")
        self.places = np.concatenate(places)
        self.sizes = [len(where) for where in places]

    def scores(self, variant: Variant) -> tuple[Scores, float]:
        """The variant's scores of the probe's responses, in the probe's order."""
        if variant.arrange == "alone":
            single = [dataclasses.replace(item, responses=(r,)) for item in self.items for r in item.responses]
            parts = [call_scorer(variant.scorer, [item]) for item in single]
            return Scores.concatenate([scores for scores, _ in parts]), sum(seconds for _, seconds in parts)
        if variant.arrange == "reversed":
            backwards = [dataclasses.replace(item, responses=item.responses[::-1]) for item in self.items[::-1]]
            scores, seconds = call_scorer(variant.scorer, backwards)
            n = len(scores)
            reasons = {n - 1 - place: reason for place, reason in scores.reasons.items()}
            return Scores(scores.values[::-1], scores.outcomes[::-1], reasons, cost=scores.cost), seconds
        return call_scorer(variant.scorer, self.items)

    def spread_out(self, scores: Scores) -> Scores:
        """The probe's scores as scores of the whole dataset, the rest missing."""
        values = np.full(self.dataset.n_responses, np.nan)
        outcomes = np.full(self.dataset.n_responses, Outcome.MISSING, dtype=np.uint8)
        values[self.places], outcomes[self.places] = scores.values, scores.outcomes
        return Scores(values, outcomes)


def _seen(scorer: Scorer, item: Item) -> Item:
    """The item without what the scorer does not declare to read."""
    reads = scorer.reads
    return Item(
        tuple(Response(response.text if "response" in reads else "") for response in item.responses),
        item.prompt if "prompt" in reads else None,
        item.references if "references" in reads else (),
    )


def _compared(
    variant: Variant, base: Scores, scores: Scores, probe: _Probe, tolerance: float, spread: float
) -> Finding:
    both = (base.outcomes <= Outcome.TIE) & (scores.outcomes <= Outcome.TIE)
    changed = int(np.sum((base.outcomes <= Outcome.TIE) != (scores.outcomes <= Outcome.TIE)))
    move = np.abs(scores.values[both] - base.values[both])
    allowed = tolerance * np.maximum(1.0, np.abs(base.values[both]))
    largest = float(move.max()) if len(move) else float("nan")
    has_value = scores.outcomes <= Outcome.TIE
    return Finding(
        change=variant.name,
        must_hold=variant.must_hold,
        holds=changed == 0 and bool(np.all(move <= allowed)),
        largest=largest,
        mean=float(move.mean()) if len(move) else float("nan"),
        largest_in_sd=largest / spread if spread > 0 else float("nan"),
        flipped=_flipped(base, scores, both, probe.sizes, tolerance),
        outcomes_changed=changed,
        remarks=dict(Counter(text for place, text in scores.reasons.items() if has_value[place])),
    )


def _flipped(base: Scores, scores: Scores, both: NDArray[np.bool_], sizes: Sequence[int], tolerance: float) -> float:
    """Share of within-item pairs whose order changed; moves within the tolerance change no order."""
    wrong = total = 0.0
    start = 0
    for size in sizes:
        here = np.flatnonzero(both[start : start + size]) + start
        start += size
        rows, columns = np.triu_indices(len(here), 1)
        before = _signs(base.values[here[rows]] - base.values[here[columns]], tolerance)
        after = _signs(scores.values[here[rows]] - scores.values[here[columns]], tolerance)
        wrong += float(np.sum(np.abs(before - after))) / 2
        total += len(rows)
    return wrong / total if total else float("nan")


def _signs(differences: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    return np.where(np.abs(differences) <= tolerance, 0.0, np.sign(differences))


def _accuracies(probe: _Probe, base: Scores, changed: dict[str, Scores]) -> tuple[str | None, dict[str, Estimate]]:
    """The ranking statistic of the scorer as it is and under every change, where the data has human judgments."""
    contenders = [Contender(AS_IS, probe.spread_out(base))]
    contenders += [Contender(name, probe.spread_out(scores)) for name, scores in changed.items()]
    try:
        board = compare_scores(probe.dataset, contenders, resamples=200, draws=0)
    except InputError:  # nobody has judged these responses
        return None, {}
    primary = board.settings.primary
    return primary, {entry.scorer: entry.statistics[primary] for entry in board if primary in entry.statistics}


def _error(variant: Variant, problem: str) -> Finding:
    nothing = float("nan")
    return Finding(variant.name, variant.must_hold, False, nothing, nothing, nothing, nothing, 0, error=problem)
