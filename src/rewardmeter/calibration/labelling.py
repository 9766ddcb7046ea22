"""Which items people should label next, so that scores get calibrated with few labels.

May import `comparison`, `dataset`, `types`, `errors`, `stats`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rewardmeter.calibration.questions import Questions, target_of
from rewardmeter.calibration.refits import Labelled, refits_of
from rewardmeter.comparison.case import Contender
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.stats.selection import (
    Priority,
    by_item,
    closeness,
    coverage,
    design_weights,
    disagreement,
    draw_items,
    fixed,
)
from rewardmeter.types import FloatArray, IntArray

__all__ = ["STRATEGIES", "Chosen", "eligible_items", "labelled_so_far", "next_items"]

STRATEGIES = ("random", "coverage", "uncertainty", "margin", "disagreement")
UNIFORM = 0.25
"""Share of every chance that is that of a random draw."""
SHARP = 4.0
"""Margins are close within about a quarter of their root mean square."""
_LEAST = 5
"""Labelled items below which nothing can be said of where a calibrator is unsure."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Chosen:
    """An item to label.

    Attributes
    ----------
    item_id, item: its name and index.
    chance: of its draw, among those that were left.
    left: how many were left, itself included; ``chance * left`` is how much likelier it was than at random.
    reason: in words.
    """

    item_id: str
    item: int
    chance: float
    left: int
    reason: str


def next_items(
    questions: Questions,
    contenders: Sequence[Contender],
    labelled: Labelled,
    n: int,
    *,
    strategy: str = "coverage",
    method: str | None = None,
    target: str | None = None,
    seed: int | Sequence[int] = 0,
    taken: Bools | None = None,
) -> tuple[Chosen, ...]:
    """The next ``n`` items to label, or all that are left.

    Parameters
    ----------
    questions, labelled:
        What can be asked, and what was answered.
    contenders:
        The scorers to calibrate; a strategy that looks at scores looks at all of them.
    strategy:
        ``random``; ``coverage`` of the score range; ``uncertainty``: where maps fitted on resampled items differ;
        ``margin``: responses whose scores are close; ``disagreement`` between scorers.
    method, target:
        What is fitted for ``uncertainty``.
    seed:
        Of the draw.
    taken:
        bool (N,) items not to draw, besides those with answers.

    Raises
    ------
    InputError
        If no scorer has a score, or there are fewer than two for ``disagreement``.
    UnknownNameError
        If there is no such strategy.
    """
    _check(strategy, contenders)
    rng = np.random.default_rng(seed)
    gone = ~eligible_items(questions, contenders) | questions.items_with(labelled.labels)
    gone |= False if taken is None else taken
    target = target or target_of(questions, labelled.labels, method)
    priority, said = _PRIORITIES[strategy](questions, contenders, labelled, target, method, rng)
    drawn = draw_items(gone, n, priority, rng, uniform=1.0 if strategy == "random" else UNIFORM)
    left = int(np.count_nonzero(~gone))
    return tuple(
        Chosen(
            questions.dataset.item_ids[item],
            item,
            chance,
            left - place,
            f"{said(item)}; {chance * (left - place):.1f} times as likely as at random" if said(item) else "at random",
        )
        for place, (item, chance) in enumerate(zip(drawn.item.tolist(), drawn.chance.tolist(), strict=True))
    )


def eligible_items(questions: Questions, contenders: Sequence[Contender]) -> Bools:
    """bool (N,): items with a question for which some scorer has a score."""
    found = np.zeros(questions.dataset.n_items, dtype=bool)
    for one in contenders:
        found[questions.item[~np.isnan(questions.signal(one.scores.values))]] = True
    return found


def labelled_so_far(
    questions: Questions,
    contenders: Sequence[Contender],
    labels: FloatArray,
    drawn: Sequence[tuple[int, float] | tuple[int, float, int]] = (),
    strategies: Collection[str] = (),
) -> Labelled:
    """Answers with the weights of their items.

    Of every item that was drawn, ``drawn`` has the index, the chance, and how many were left at the draw. That number
    may be left out where no drawn item stayed without an answer: it is then that of the items without one.

    Items with answers that were not drawn count as a random sample that was there before. Fits do without weights where
    the choice is ignorable (Rubin 1976; Little and Rubin 2019, ch. 1): one scorer, whose scores alone the strategies
    looked at, and one question per item, so that nothing but the regressor decided which labels are there. That needs a
    map that fits: one that cannot bend as people's ratings do is then the best for the chosen items, not for all
    (Shimodaira 2000). Losses are always weighted: a mean loss is one over all items.
    """
    answered = questions.items_with(labels) & eligible_items(questions, contenders)
    draws = {item: draw for item, *draw in drawn if answered[item]}
    before = [item for item in np.flatnonzero(answered).tolist() if item not in draws]
    pool = int(np.count_nonzero(eligible_items(questions, contenders)))
    chances = [np.nan] * len(before)
    for place, (chance, *left) in enumerate(draws.values(), len(before)):
        # How much likelier a draw was than at random outlives the blanks that were drawn before it. An item that is
        # answered late was still among those left, so that a chance may come out above 1.
        chances.append(min(chance * left[0] / (pool - place), 1.0) if left else chance)
    order = [*before, *draws]
    weights = np.ones(questions.dataset.n_items)
    weights[order] = design_weights(chances, pool)
    if order and not weights[order].sum() > 0:
        weights[order] = 1.0
    single = int(np.bincount(questions.item).max(initial=0)) <= 1
    ignorable = len(contenders) == 1 and single and "disagreement" not in strategies
    return Labelled(labels, weights, ignorable)


def _check(strategy: str, contenders: Sequence[Contender]) -> None:
    if strategy not in STRATEGIES:
        raise UnknownNameError("strategy", strategy, STRATEGIES)
    scored = [one for one in contenders if not np.all(np.isnan(one.scores.values))]
    if not scored:
        raise InputError("no scorer has a single score", fix="Name one with --scorer, for example --scorer chrf.")
    if strategy == "disagreement" and len(scored) < 2:
        raise InputError("disagreement needs two scorers or more", fix="Name another one, or take --strategy coverage.")


Way = tuple[Priority, Callable[[int], str]]


def _random(questions: Questions, *_: object) -> Way:
    return fixed(np.zeros(questions.dataset.n_items)), lambda item: ""


def _stack(questions: Questions, contenders: Sequence[Contender]) -> FloatArray:
    return np.stack([questions.signal(one.scores.values) for one in contenders])


def _coverage(questions: Questions, contenders: Sequence[Contender], labelled: Labelled, *_: object) -> Way:
    signals = _stack(questions, contenders)
    if questions.b is not None:
        signals = np.abs(signals)  # which response comes first says nothing
    n = questions.dataset.n_items
    priority = coverage(signals, questions.item, n, ~np.isnan(labelled.labels))
    return priority, lambda item: "its scores lie where few labels are"


def _uncertainty(
    questions: Questions,
    contenders: Sequence[Contender],
    labelled: Labelled,
    target: str,
    method: str | None,
    rng: np.random.Generator,
) -> Way:
    if int(questions.items_with(labelled.labels).sum()) < _LEAST:
        return _random(questions)
    spreads = []
    for one in contenders:
        made = refits_of(questions, one.scores.values, labelled, target, method, rng, 50)
        if made is not None:
            values = 1 / (1 + np.exp(-np.clip(made.again, -500, 500))) if target == "utility" else made.again
            done = ~np.isnan(values).all(axis=1)
            spreads.append(values[done].std(axis=0) if done.any() else np.full(len(questions), np.nan))
    if not spreads:
        return _random(questions)
    spread = by_item(np.concatenate(spreads), np.tile(questions.item, len(spreads)), questions.dataset.n_items)
    return fixed(spread**2), lambda item: f"refits of its values differ by {spread[item]:.2g}"


def _margin(questions: Questions, contenders: Sequence[Contender], *_: object) -> Way:
    n = questions.dataset.n_items
    near = [by_item(*_closeness(questions, one.scores.values), n) for one in contenders]
    mean = by_item(np.concatenate(near), np.tile(np.arange(n), len(near)), n)
    return fixed(mean), lambda item: f"its responses' scores are close ({mean[item]:.2f} of 1)"


def _closeness(questions: Questions, scores: FloatArray) -> tuple[FloatArray, IntArray]:
    """Closeness of the two of each pair, or of neighbours in the order of an item's scores, and their items."""
    if questions.b is not None:
        margin = questions.signal(scores)
        return closeness(margin, SHARP * _unit(margin)), questions.item
    item = questions.dataset.response_item
    order = np.lexsort((scores, item))
    margin = np.diff(scores[order])
    same = item[order][1:] == item[order][:-1]
    return closeness(margin[same], SHARP * _unit(margin[same])), item[order][1:][same]


def _unit(margin: FloatArray) -> float:
    """One over the root mean square."""
    known = margin[~np.isnan(margin)]
    size = float(np.sqrt(np.mean(known**2))) if known.size else 0.0
    return 1 / size if size > 0 else 1.0


def _disagreement(questions: Questions, contenders: Sequence[Contender], *_: object) -> Way:
    signals = _stack(questions, contenders)
    if questions.b is None:
        apart = disagreement(signals)
    else:  # margins have no first response: rank them among themselves and their opposites
        apart = disagreement(np.concatenate([signals, -signals], axis=1))[: len(questions)]
    mean = by_item(apart, questions.item, questions.dataset.n_items)
    return fixed(mean**2), lambda item: f"scorers differ by {mean[item]:.2f} standard deviations"


_PRIORITIES: dict[str, Callable[..., Way]] = {
    "random": _random,
    "coverage": _coverage,
    "uncertainty": _uncertainty,
    "margin": _margin,
    "disagreement": _disagreement,
}
