"""`score`: a scorer and a dataset in, aligned `Scores` out. May import `scorer`, `dataset`, `types`, `errors`.

The store and the progress display are passed in (see `protocols`).
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rewardmeter.dataset import Dataset
from rewardmeter.engine.executors import Batches, score_batches
from rewardmeter.engine.keeping import Keeper
from rewardmeter.engine.plan import IndexArray, Plan, make_plan
from rewardmeter.engine.protocols import Progress, ScoreStore, WarningsOnly
from rewardmeter.engine.streams import UNITS_AT_ONCE
from rewardmeter.scoring import (
    Budget,
    Derived,
    Forecasting,
    Joined,
    LookedUp,
    Run,
    RunMemory,
    Scorer,
    facts_about,
    paid_scorer,
    paid_scorers,
    signature_of,
)
from rewardmeter.types import Cost, Outcome, Scores, Signature

__all__ = ["Forecast", "distinct_scored", "forecast", "score"]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What scoring would take.

    Attributes
    ----------
    responses:
        Of the dataset.
    distinct:
        Different inputs among them.
    to_score:
        Different inputs that are not in the store.
    cost:
        What they would cost at most; None for scorers that charge nothing and cannot say how long they take.
    """

    responses: int
    distinct: int
    to_score: int
    cost: Cost | None


def score(
    scorer: Scorer,
    dataset: Dataset,
    *,
    store: ScoreStore | None = None,
    workers: int = 1,
    progress: Progress | None = None,
    batch_size: int | None = None,
    retry_failed: bool = True,
    budget: Budget | None = None,
    executor: str = "local",
) -> Scores:
    """Score every response of a dataset.

    The scorer sees only what it `reads`. Equal inputs are scored once and share the score. Every batch is stored as
    soon as it exists: a run that is killed loses the batch in hand and nothing else, and the next run takes up where
    it ended. The result does not depend on the store, the workers or the batches.

    Parameters
    ----------
    scorer:
        What scores.
    dataset:
        What is scored.
    store:
        Where scores are looked up and kept; None for nowhere. A scorer without a storable signature, or one that is
        not deterministic, goes round the store, and says so. If storing fails on the way (a full disk), scoring goes
        on without the store after a note.
    workers:
        How many processes; more than one only for scorers whose laws say `cpu_bound` or `device_bound`. For the latter
        each process has one of the visible accelerators to itself, as far as they go.
    executor:
        ``"local"``, or ``"ray"`` for actors on the Ray cluster that this process is connected to, that RAY_ADDRESS
        names, or, without either, that is started on this machine. There ``workers`` is the most actors, 1 standing
        for as many as fit. What cannot leave this process is scored here after a note.
    progress:
        Who is told; with None, notes become warnings.
    batch_size:
        Inputs per call of the scorer (items, if it is not pointwise); None lets it grow while calls are quick.
    retry_failed:
        Whether stored failures are tried again.
    budget:
        What may be spent, over all runs that share it; None for no limit. What it does not allow stays missing, with
        that reason, and is taken up by the next run.

    Returns
    -------
    Scores
        (R,), in the order of the dataset's responses; the cost is that of this call.

    Raises
    ------
    InputError
        If the scorer reads texts and the dataset has none.
    ScorerError
        If the scorer breaks its contract.
    StoreError
        If the store cannot be read.
    SpecError
        If there is no such executor.
    MissingExtraError
        If Ray is asked for and not installed.
    ValueError
        If ``workers`` or ``batch_size`` is less than 1.
    """
    if workers < 1 or (batch_size is not None and batch_size < 1):
        raise ValueError("workers and batch_size must be at least 1")
    told: Progress = progress or WarningsOnly()
    if isinstance(scorer, LookedUp):
        return scorer.look_up(dataset)
    if isinstance(scorer, Derived | Joined):
        budget = budget or Budget()
        parts = [
            score(
                one,
                dataset,
                store=store,
                workers=workers,
                progress=told,
                batch_size=batch_size,
                retry_failed=retry_failed,
                budget=budget,
                executor=executor,
            )
            for one in (scorer.members if isinstance(scorer, Joined) else (scorer.inner,))
        ]
        cost = sum((part.cost for part in parts), start=Cost())
        made = scorer.join(parts) if isinstance(scorer, Joined) else scorer.derive(parts[0], facts_about(dataset))
        return replace(made, signature=signature_of(scorer), cost=cost)
    signature = signature_of(scorer)
    plan = make_plan(scorer, dataset)
    kept = _usable_store(store, scorer, signature, told)
    known = _from_store(kept, signature, plan, retry_failed=retry_failed)
    todo = _unfinished(plan, known.outcomes)
    keeper = Keeper(kept, told)
    if not plan.pointwise and len(todo):  # or a killed run would leave old and new scores side by side in one item
        stale = plan.keys[plan.inputs_of(todo)]
        keeper.put(signature, stale, Scores.missing(len(stale)), replace=True)
    run = Run(keeper, budget or Budget())
    batches = score_batches(
        scorer, plan, todo, run, batch_size=batch_size, workers=workers, executor=executor, told=told
    )
    try:
        _announce(told, scorer.name, plan, known)
        with closing(batches):
            filled = _collect(batches, plan, known, run.budget, keeper=keeper, signature=signature, told=told)
    finally:
        told.finish()
    return plan.fan_out(filled, signature)


def forecast(scorer: Scorer, dataset: Dataset, *, store: ScoreStore | None = None) -> Forecast:
    """What `score` would take with this store; nothing is scored and nobody is called. Members of a scorer add up.

    Raises
    ------
    InputError, ScorerError, StoreError
        As `score`.
    """
    paid = paid_scorers(scorer)
    if len(paid) == 1:
        return _forecast(paid[0], dataset, store)
    parts = [_forecast(one, dataset, store) for one in paid]
    known = [part.cost for part in parts if part.cost is not None]
    cost = sum(known, start=Cost()) if known else None
    distinct, left = (sum(getattr(part, name) for part in parts) for name in ("distinct", "to_score"))
    return Forecast(dataset.n_responses, distinct, left, cost)


def _forecast(scorer: Scorer, dataset: Dataset, store: ScoreStore | None) -> Forecast:
    signature = signature_of(scorer)
    plan = make_plan(scorer, dataset)
    usable = store if signature.storable and scorer.laws.deterministic else None
    known = _from_store(usable, signature, plan, retry_failed=True)
    todo = _unfinished(plan, known.outcomes)
    cost = None
    if isinstance(scorer, Forecasting):
        run = Run(usable if usable is not None else RunMemory())
        parts = (todo[start : start + UNITS_AT_ONCE] for start in range(0, len(todo), UNITS_AT_ONCE))
        cost = sum((scorer.forecast(plan.items(units), run) for units in parts), start=Cost())
    return Forecast(len(plan.input_of), len(plan.keys), len(plan.inputs_of(todo)), cost)


def distinct_scored(scorer: Scorer, dataset: Dataset, scores: Scores) -> int:
    """How many different inputs have a score, (R,) scores given: what the cost of a run was paid for."""
    outcomes = scores.outcomes[make_plan(paid_scorer(scorer), dataset).source]
    return int(np.sum((outcomes != Outcome.MISSING) & (outcomes != Outcome.FAILED)))


def _usable_store(store: ScoreStore | None, scorer: Scorer, signature: Signature, told: Progress) -> ScoreStore | None:
    if store is None:
        return None
    if not signature.storable:
        told.note(
            f"{scorer.name}: not stored, because it could not be told apart from an edited version of itself;"
            " a function at the top of a module can be."
        )
        return None
    if not scorer.laws.deterministic:
        told.note(f"{scorer.name}: not stored, because it gives other scores every time.")
        return None
    return store


def _from_store(store: ScoreStore | None, signature: Signature, plan: Plan, *, retry_failed: bool) -> Scores:
    """(U,): what the store knows of the inputs, `MISSING` where they are to be scored."""
    n = len(plan.keys)
    if store is None:
        return Scores.missing(n)
    known = store.get(signature, plan.keys)
    outcomes = known.outcomes.copy()
    if retry_failed:
        outcomes[outcomes == Outcome.FAILED] = Outcome.MISSING
    if not plan.pointwise:  # each score rests on all others of its item: those of an unfinished item are worth nothing
        outcomes[plan.inputs_of(_unfinished(plan, outcomes))] = Outcome.MISSING
    missing = outcomes == Outcome.MISSING
    reasons = {i: reason for i, reason in known.reasons.items() if not missing[i]}
    return Scores(np.where(missing, np.nan, known.values), outcomes, reasons)


def _unfinished(plan: Plan, outcomes: NDArray[np.uint8]) -> IndexArray:
    """Units of which an input has no score."""
    missing = np.concatenate([[0], np.cumsum(outcomes == Outcome.MISSING)])
    return np.flatnonzero(missing[plan.unit_start[1:]] > missing[plan.unit_start[:-1]])


def _announce(told: Progress, label: str, plan: Plan, known: Scores) -> None:
    share = plan.responses_per_input()
    there = known.outcomes != Outcome.MISSING
    told.start(len(plan.input_of), label, int(share[there].sum()))
    refused = len(plan.refusals)
    failed = refused + int(share[known.outcomes == Outcome.FAILED].sum())
    if failed:
        told.advance(refused, failed)


def _collect(
    batches: Batches,
    plan: Plan,
    known: Scores,
    budget: Budget,
    *,
    keeper: Keeper,
    signature: Signature,
    told: Progress,
) -> Scores:
    """Store and gather the batches as they come; (U,) scores of all inputs."""
    values, outcomes, reasons = known.values.copy(), known.outcomes.copy(), dict(known.reasons)
    share, cost, refused = plan.responses_per_input(), Cost(), budget.refused
    for scored, batch in batches:
        inputs, scores = _still_open(scored, batch, outcomes, pointwise=plan.pointwise)
        before = outcomes[inputs]
        values[inputs], outcomes[inputs] = scores.values, scores.outcomes
        for i in inputs[before != Outcome.MISSING].tolist():
            reasons.pop(i, None)
        reasons.update({int(inputs[i]): reason for i, reason in scores.reasons.items()})
        cost = cost + batch.cost
        keeper.put(signature, plan.keys[inputs], scores, replace=not plan.pointwise)
        done, failed = share[inputs], (scores.outcomes == Outcome.FAILED) & (before != Outcome.FAILED)
        told.advance(int(done[before == Outcome.MISSING].sum()), int(done[failed].sum()))
    left = np.flatnonzero(outcomes == Outcome.MISSING).tolist()
    refused = budget.refused - refused
    why = "the cost limit was reached" if refused else "the scorer left it out"
    reasons = dict.fromkeys(left, f"not scored: {why}") | reasons
    if left and refused:
        told.note(f"The cost limit of ${budget.limit:,.2f} was reached; {len(left):,} are left for the next run.")
    return Scores(values, outcomes, reasons, cost=cost)


def _still_open(
    inputs: IndexArray, scores: Scores, outcomes: NDArray[np.uint8], *, pointwise: bool
) -> tuple[IndexArray, Scores]:
    """The inputs that had no score yet; where scores rest on the whole item, all of them, since the last ones belong
    together.

    Minus zero becomes zero, so that there is one way to write a number.
    """
    take = np.flatnonzero(outcomes[inputs] == Outcome.MISSING) if pointwise else np.arange(len(inputs))
    rank = {int(position): i for i, position in enumerate(take)} if scores.reasons else {}
    reasons = {rank[i]: str(reason) for i, reason in scores.reasons.items() if i in rank}
    return inputs[take], Scores(scores.values[take] + 0.0, scores.outcomes[take], reasons, cost=scores.cost)
