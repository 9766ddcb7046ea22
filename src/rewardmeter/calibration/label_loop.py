"""One turn of the labelling loop: take answers, see where the calibrators stand, choose what to ask next.

May import `comparison`, `dataset`, `types`, `errors`, `stats` and the files of this folder.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rewardmeter.calibration.label_state import Answers, LabelState, Round
from rewardmeter.calibration.labelling import STRATEGIES, Chosen, eligible_items, labelled_so_far, next_items
from rewardmeter.calibration.methods import METHODS
from rewardmeter.calibration.questions import Questions, target_of
from rewardmeter.calibration.refits import Labelled, ScorerStanding, standing_of
from rewardmeter.comparison.case import Contender
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.stats.selection import Standing, Stop, should_stop

__all__ = ["LabelOptions", "LabelTurn", "begin_labelling", "check_labelling", "label_turn"]


_TARGETS: Mapping[str, Sequence[str]] = {"preference": ("utility",), "rating": ("rating", "probability")}
"""What answers can be calibrated to, by what is asked."""


@dataclass(frozen=True)
class LabelOptions:
    """What is asked for.

    Attributes
    ----------
    budget: items that people can label in all, those of earlier turns included.
    batch: items per turn; None for a fifth of the budget.
    strategy: see `next_items`.
    method: what is fitted; None for the simplest of the target.
    tolerance: loss that is not worth more labels, as a share of what the mean or a coin loses.
    seed, folds, level: of draws, cross-fitting and intervals.
    """

    budget: int
    batch: int | None = None
    strategy: str = "coverage"
    method: str | None = None
    tolerance: float = 0.01
    seed: int = 0
    folds: int = 5
    level: float = 0.95


@dataclass(frozen=True)
class LabelTurn:
    """What came out.

    Attributes
    ----------
    state: to be kept for the next turn.
    standings: one for each scorer; empty before there are answers.
    left_out: scorers without a single score.
    stop: whether to stop, and why.
    batch: items to label now; empty after a stop.
    asked_before: whether this is the batch of the last turn, which nobody has answered.
    labelled, items: how many items have answers, and how many could have.
    """

    state: LabelState
    standings: tuple[ScorerStanding, ...]
    stop: Stop
    batch: tuple[Chosen, ...]
    asked_before: bool
    labelled: int
    items: int
    left_out: tuple[str, ...] = ()


def check_labelling(options: LabelOptions, ask: str | None = None) -> None:
    """What can be wrong with the options, before a score is paid for.

    Parameters
    ----------
    ask:
        ``"rating"`` or ``"preference"``, which decides what methods there are; None where it is not known yet.

    Raises
    ------
    InputError
        If a number makes no sense.
    UnknownNameError
        If there is no such strategy or method.
    """
    if options.strategy not in STRATEGIES:
        raise UnknownNameError("strategy", options.strategy, STRATEGIES)
    targets = _TARGETS.get(ask or "", METHODS)
    # nobody says what the slices of labels are
    methods = {name: one for target in targets for name, one in METHODS[target].items() if "slice" not in one.columns}
    if options.method is not None and options.method not in methods:
        raise UnknownNameError(f"method for {ask}s" if ask in _TARGETS else "method", options.method, methods)
    if options.seed < 0:
        raise InputError(f"seed {options.seed} is below 0", fix="Use 0 or more, for example --seed 0.")
    if options.budget < 1:
        raise InputError(f"a budget of {options.budget} items leaves nothing to label", fix="Use --budget 1 or more.")
    if options.batch is not None and options.batch < 1:
        raise InputError(f"a batch of {options.batch} items leaves nothing to label", fix="Use --batch 1 or more.")
    if not 0 < options.tolerance < math.inf:
        raise InputError(f"tolerance {options.tolerance} must be above 0", fix="Use for example --tolerance 0.01.")
    if options.folds < 2:
        raise InputError(f"{options.folds} folds leave nothing to fit on", fix="Use 2 or more, for example 5.")
    if not 0 < options.level < 1:
        raise InputError(f"level {options.level} must lie between 0 and 1")


def begin_labelling(questions: Questions) -> LabelState:
    """The state before the first turn."""
    return LabelState(questions.dataset.name, questions.dataset.content_hash, questions.ask)


def label_turn(
    questions: Questions,
    contenders: Sequence[Contender],
    state: LabelState,
    options: LabelOptions,
    answers: Answers | None = None,
) -> LabelTurn:
    """Take answers, fit, decide, and draw the next batch.

    Without new answers the batch of the last turn is handed out again. Items that were drawn and left blank when
    answers came may be drawn again.

    Raises
    ------
    InputError, UnknownNameError
        As `check_labelling` and `next_items`; a method that the answers do not allow.
    """
    check_labelling(options, questions.ask)
    if not contenders:
        raise InputError("no scorer to calibrate", fix="Name scorers with --scorer, for example --scorer chrf.")
    left_out = tuple(one.name for one in contenders if np.isnan(one.scores.values).all())
    contenders = [one for one in contenders if one.name not in left_out]
    if not contenders:
        raise InputError("no scorer has a single score", fix="Verdicts on pairs alone have no margins to calibrate.")
    before = state
    state = state if answers is None else state.with_answers(answers)
    new = state.answers != before.answers
    labels = state.labels(questions)
    eligible = eligible_items(questions, contenders)
    answered = questions.items_with(labels) & eligible
    strategies = {draw.strategy for draw in state.draws}
    labelled = labelled_so_far(questions, contenders, labels, state.drawn(questions), strategies)
    count, pool = int(answered.sum()), int(eligible.sum())
    spent = sum(name in state.answers for name in {draw.item for draw in state.draws})
    left = max(0, min(options.budget - spent, pool - count))
    target = target_of(questions, labels, options.method)
    standings = _standings(questions, contenders, labelled, target, options, count) if count else ()
    if new or (count and not state.rounds):
        shares = {one.scorer: one.over_blind_loss(one.excess.high) for one in standings}
        state = replace(state, rounds=(*state.rounds, Round(count, left, shares)))
    stop = _stop(state, options, [one.name for one in contenders], left, spent)
    batch: tuple[Chosen, ...] = ()
    asked_before = bool(state.open) and not stop.stop
    if asked_before:
        place = {name: number for number, name in enumerate(questions.dataset.item_ids)}
        batch = tuple(Chosen(one.item, place[one.item], one.chance, one.left, "asked before") for one in state.open)
    elif not stop.stop:
        asked = min(left, options.batch or math.ceil(options.budget / 5))
        how: dict[str, Any] = {"strategy": options.strategy, "method": options.method, "target": target}
        seed = (options.seed, len(state.draws) + 1)
        batch = next_items(questions, contenders, labelled, asked, **how, seed=seed)
        state = state.with_draws(batch, options.strategy)
    return LabelTurn(state, standings, stop, batch, asked_before, count, pool, left_out)


def _standings(
    questions: Questions,
    contenders: Sequence[Contender],
    labelled: Labelled,
    target: str,
    options: LabelOptions,
    count: int,
) -> tuple[ScorerStanding, ...]:
    return tuple(
        standing_of(
            one.name,
            questions,
            one.scores.values,
            labelled,
            target,
            options.method,
            np.random.default_rng([options.seed, count]),
            folds=options.folds,
            level=options.level,
        )
        for one in contenders
    )


def _stop(state: LabelState, options: LabelOptions, names: Sequence[str], left: int, spent: int) -> Stop:
    """Stop when the rule says so for every scorer."""
    if left <= 0:
        over = spent >= options.budget
        return Stop(True, f"the budget of {options.budget:,} items is spent" if over else "all items have labels")
    if not state.rounds:
        return Stop(False, "nothing is labelled yet")
    for name in names:
        rounds = [Standing(one.excess.get(name, math.nan), one.labelled, one.left) for one in state.rounds]
        rounds[-1] = Standing(rounds[-1].excess, rounds[-1].labelled, left)
        known: list[Standing] = []
        for one in rounds:  # after too few answers, or answers that are all alike, nothing is known: begin anew
            known = [] if math.isnan(one.excess) else [*known, one]
        found = should_stop(known, options.tolerance)
        if not known:
            found = Stop(False, "what more labels could gain is not known yet")
        if not found.stop:
            return found if len(names) == 1 else Stop(False, f"{name}: {found.reason}")
    return found
