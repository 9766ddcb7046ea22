"""The library's front door: `load`, `scorer`, `score`, `forecast`, `compare`, `write_report`, `doctor`.

The command line does nothing that these cannot.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from rewardmeter.auditing import (
    EDITS,
    Asked,
    Audit,
    AuditOptions,
    Experiment,
    attributions,
    check_audit,
    check_contenders,
    judged_pairs,
    most_wrong,
    prepare_experiment,
    repeat_scores,
)
from rewardmeter.auditing import audit as run_audit
from rewardmeter.calibration import (
    CalibrationBoard,
    Calibrator,
    Combination,
    Control,
    LabelOptions,
    LabelTurn,
    begin_labelling,
    behind_calibrator,
    calibration_board,
    check_apart,
    check_batch,
    check_control,
    check_fit,
    check_labelling,
    check_measuring,
    check_scores,
    fit_calibrator,
    fit_combination,
    fit_controlled,
    fitted_on,
    human_side,
    label_state_path,
    label_turn,
    locked_state,
    questions_of,
    read_answers,
    read_calibrator,
    read_state,
    save_calibration,
    write_questions,
    write_state,
)
from rewardmeter.comparison import Board, Contender, board_views, check_request, compare_scores
from rewardmeter.dataset import Dataset, Recorded
from rewardmeter.doctor import Diagnosis, examine
from rewardmeter.engine import Forecast, Progress, ScoreStore, distinct_scored
from rewardmeter.engine import forecast as run_forecast
from rewardmeter.engine import score as run_engine
from rewardmeter.errors import SpecError, StoreError
from rewardmeter.io.load import load
from rewardmeter.io.recorded_file import names_score_file, read_recorded_file
from rewardmeter.io.store import Store, default_store_path
from rewardmeter.report import html
from rewardmeter.report.files import csv_text, json_text, write_text
from rewardmeter.scorers.recorded import recorded_names, recorded_scores, recorded_signature
from rewardmeter.scoring import (
    Budget,
    Family,
    Joined,
    LookedUp,
    Scorer,
    families,
    make_scorer,
    paid_scorer,
    paid_scorers,
    parse_spec,
    signature_of,
    without_calibrator,
)
from rewardmeter.scoring import scorer as scorer_from_function
from rewardmeter.scoring.spec import spec_in_target
from rewardmeter.types import Cost, Scores

__all__ = ["compare", "contenders", "doctor", "forecast", "load", "save_board", "score", "scorer", "write_report"]

AnyScorer = str | Scorer | Callable[..., Any]
Scorers = Sequence[AnyScorer | tuple[str, AnyScorer]] | Mapping[str, AnyScorer]


def scorer(what: Any = None, /, **options: Any) -> Any:
    """A `Scorer` from a spec string (``scorer("chrf?beta=3")``) or, as a decorator, from a function."""
    if isinstance(what, str):
        if options:
            raise SpecError(f"options of '{what}' belong into the spec: '{what}?name=value'")
        return make_scorer(what)
    return scorer_from_function(what, **options)


def score(
    data: Dataset | str | Path,
    scorer: AnyScorer,
    *,
    store: ScoreStore | str | Path | None = "default",
    workers: int = 1,
    max_cost: float | None = None,
    executor: str = "local",
    progress: Progress | None = None,
) -> Scores:
    """Score every response of the data.

    Parameters
    ----------
    data:
        A dataset, or what `load` takes.
    scorer:
        A spec, a `Scorer`, or a function of ``prompt``, ``response`` and ``references``.
    store:
        Where scores are kept so that each is paid for once: ``"default"`` for the user's store, a path, an open
        store, or None to keep nothing.
    workers:
        Processes for scorers that gain from more than one.
    max_cost:
        Dollars that may be spent; what they do not pay for stays missing. None for no limit.
    executor:
        ``"local"``, or ``"ray"`` for a Ray cluster.

    Raises
    ------
    RewardmeterError
        If the data, the spec or the store is wrong. What goes wrong with one response is an outcome, not an error.
    """
    dataset = data if isinstance(data, Dataset) else load(data)
    made = contenders(
        dataset, [scorer], store=store, workers=workers, max_cost=max_cost, executor=executor, progress=progress
    )
    if len(made) != 1:
        raise SpecError(f"'{scorer}' names {len(made)} recorded scorers; name one, for example recorded:{made[0].name}")
    return made[0].scores


def compare(
    data: Dataset | str | Path,
    scorers: Scorers,
    *,
    aspect: str | None = None,
    slices: Sequence[str] = (),
    statistic: str | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    draws: int = 1000,
    store: ScoreStore | str | Path | None = "default",
    workers: int = 1,
    max_cost: float | None = None,
    executor: str = "local",
    progress: Progress | None = None,
) -> Board:
    """Put scorers on one board against the human judgments of the data.

    Parameters
    ----------
    data:
        A dataset, or what `load` takes ("wmt23-mtme:zh-en", a file, a folder).
    scorers:
        Specs, scorers or functions; a mapping, or pairs of name and scorer, give them names of your own.
        ``"recorded"`` stands for every scorer that the data carries.
    aspect, slices, statistic, resamples, level, seed, draws:
        See `rewardmeter.comparison.compare_scores`.
    store, workers, max_cost, executor, progress:
        See `score`.

    Raises
    ------
    RewardmeterError
        If the data, a spec, a column or the store is wrong.
    """
    dataset = data if isinstance(data, Dataset) else load(data)
    check_request(dataset, aspect, slices, statistic, resamples=resamples, level=level, draws=draws)
    made = contenders(
        dataset, scorers, store=store, workers=workers, max_cost=max_cost, executor=executor, progress=progress
    )
    return compare_scores(
        dataset,
        made,
        aspect=aspect,
        slices=slices,
        statistic=statistic,
        resamples=resamples,
        level=level,
        seed=seed,
        draws=draws,
    )


def write_report(
    data: Dataset | str | Path,
    scorers: Scorers,
    folder: str | Path,
    *,
    store: ScoreStore | str | Path | None = "default",
    workers: int = 1,
    max_cost: float | None = None,
    executor: str = "local",
    progress: Progress | None = None,
    **measuring: Any,
) -> Board:
    """`compare`, and write index.html, board.json and board.csv into a folder.

    ``measuring`` takes what `compare` takes: aspect, slices, statistic, resamples, level, seed, draws.

    Raises
    ------
    RewardmeterError
        As `compare`, or if the folder cannot be written.
    """
    dataset = data if isinstance(data, Dataset) else load(data)
    check_request(dataset, **_requested(measuring))
    made = contenders(
        dataset, scorers, store=store, workers=workers, max_cost=max_cost, executor=executor, progress=progress
    )
    board = compare_scores(dataset, made, **measuring)
    save_board(dataset, made, board, Path(folder))
    return board


def save_board(dataset: Dataset, made: Sequence[Contender], board: Board, folder: Path) -> None:
    """Write index.html, board.json and board.csv of a board into a folder."""
    write_text(folder / "board.json", json_text(board.to_dict()))
    write_text(folder / "board.csv", csv_text(board.rows()))
    html.write(board.to_dict(), board_views(dataset, made, board), folder / "index.html")


def _requested(measuring: Mapping[str, Any]) -> dict[str, Any]:
    """The part of `compare_scores`' options that `check_request` looks at, with their defaults."""
    checked = {"aspect": None, "slices": (), "statistic": None, "resamples": 1000, "level": 0.95, "draws": 1000}
    return {name: measuring.get(name, default) for name, default in checked.items()}


def contenders(
    dataset: Dataset,
    scorers: Scorers,
    *,
    store: ScoreStore | str | Path | None = "default",
    workers: int = 1,
    max_cost: float | None = None,
    executor: str = "local",
    progress: Progress | None = None,
    budget: Budget | None = None,
) -> list[Contender]:
    """Every scorer with its scores on the dataset; recorded ones are read, the others are run.

    ``budget`` goes before ``max_cost``, for runs that share one.
    """
    dataset, plans = _plans(dataset, scorers)
    made: list[Contender] = []
    budget = budget or Budget(max_cost)
    needs_store = any(scorer is not None for _, scorer, *_ in plans)
    with _opened(store if needs_store else None) as opened:
        for label, scorer, recorded, negated, calibrator in plans:
            own = label if len(recorded) == 1 else None
            for name in recorded:
                found = _recorded(dataset, name, negated, None if calibrator else own)
                made.append(_calibrated(found, calibrator, own, dataset) if calibrator else found)
            if scorer is not None:
                scores = run_engine(
                    scorer, dataset, store=opened, workers=workers, budget=budget, executor=executor, progress=progress
                )
                made.append(_computed(scorer, scores, label, _cost_per_1000(opened, scorer, dataset, scores)))
    return made


def forecast(
    data: Dataset | str | Path, scorers: Scorers, *, store: ScoreStore | str | Path | None = "default"
) -> dict[str, Forecast]:
    """What scoring would take, by scorer: how much is in the store already, and what the rest would cost at most.

    Nobody is called and nothing is scored; recorded scorers are left out, they cost nothing.

    Raises
    ------
    RewardmeterError
        If the data, a spec or the store is wrong.
    """
    dataset, plans = _plans(data if isinstance(data, Dataset) else load(data), scorers)
    with _opened(store) as opened:
        return {
            label or scorer.name: run_forecast(scorer, dataset, store=opened)
            for label, scorer, *_ in plans
            if scorer is not None
        }


def measure_calibration(
    data: Dataset | str | Path,
    scorers: Scorers,
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
    store: ScoreStore | str | Path | None = "default",
    workers: int = 1,
    max_cost: float | None = None,
    executor: str = "local",
    progress: Progress | None = None,
) -> CalibrationBoard:
    """What scores mean: calibration before and, on held-out items, after every way to calibrate.

    Parameters
    ----------
    data, scorers, store, workers, max_cost, executor, progress:
        As for `compare`.
    aspect, slices, shift, by, methods, folds, resamples, level, seed:
        See `rewardmeter.calibration.calibration_board`.

    Raises
    ------
    RewardmeterError
        If the data, a spec, a column or the store is wrong.
    """
    dataset = data if isinstance(data, Dataset) else load(data)
    check_measuring(
        dataset, aspect, slices, methods, shift=shift, by=by, folds=folds, resamples=resamples, level=level, seed=seed
    )
    made = contenders(
        dataset, scorers, store=store, workers=workers, max_cost=max_cost, executor=executor, progress=progress
    )
    return calibration_board(
        dataset,
        made,
        aspect=aspect,
        slices=slices,
        shift=shift,
        by=by,
        methods=methods,
        folds=folds,
        resamples=resamples,
        level=level,
        seed=seed,
    )


def write_calibration_report(
    data: Dataset | str | Path,
    scorers: Scorers,
    folder: str | Path,
    *,
    store: ScoreStore | str | Path | None = "default",
    workers: int = 1,
    max_cost: float | None = None,
    executor: str = "local",
    progress: Progress | None = None,
    **measuring: Any,
) -> CalibrationBoard:
    """`measure_calibration`, and write index.html, calibration.json and calibration.csv into a folder.

    ``measuring`` takes what `measure_calibration` takes: aspect, slices, shift, by, methods, folds, resamples,
    level, seed.

    Raises
    ------
    RewardmeterError
        As `measure_calibration`, or if the folder cannot be written.
    """
    dataset = data if isinstance(data, Dataset) else load(data)
    check_measuring(dataset, **measuring)
    made = contenders(
        dataset, scorers, store=store, workers=workers, max_cost=max_cost, executor=executor, progress=progress
    )
    board = calibration_board(dataset, made, **measuring)
    save_calibration(dataset, made, board, Path(folder))
    return board


def calibrate(
    data: Dataset | str | Path,
    scorer: str | Scorer,
    *,
    method: str = "auto",
    target: str | None = None,
    aspect: str | None = None,
    by: str | None = None,
    folds: int = 5,
    seed: int = 0,
    interval: float | None = None,
    risk: float | None = None,
    store: ScoreStore | str | Path | None = "default",
    workers: int = 1,
    max_cost: float | None = None,
    executor: str = "local",
    progress: Progress | None = None,
) -> Calibrator:
    """A calibrator of one scorer, fitted on all of the data; `rewardmeter.calibration.write_calibrator` keeps it.

    Parameters
    ----------
    data, store, workers, max_cost, executor, progress:
        As for `compare`.
    scorer:
        A spec (``recorded:NAME`` too) or a `Scorer`.
    method:
        ``"auto"`` for the simplest one that no other is shown to beat on held-out items, or a name.
    target:
        ``"utility"``, ``"rating"`` or ``"probability"``; None for what the gold asks for.
    aspect, folds, seed:
        As for `measure_calibration`.
    by:
        Column of the items: method ``"sliced"`` has a parameter for each of its values, drawn to the common one, and
        ``interval`` a reach.
    interval, risk:
        Coverage of conformal intervals, and error rate of comparisons at which to abstain; None for none.

    Raises
    ------
    RewardmeterError
        If the data, the spec or the store is wrong; with ``"auto"``, if no calibrator is shown to be better than the
        raw scores.
    """
    dataset = data if isinstance(data, Dataset) else load(data)
    human = human_side(dataset, aspect, by or "")
    check_fit(human, method, target, folds, seed=seed, interval=interval, risk=risk)
    made = contenders(
        dataset, [scorer], store=store, workers=workers, max_cost=max_cost, executor=executor, progress=progress
    )
    if len(made) != 1:
        raise SpecError(f"'{scorer}' names {len(made)} recorded scorers; name one, for example recorded:{made[0].name}")
    spec = scorer if isinstance(scorer, str) else scorer.name
    return fit_calibrator(
        human, made[0], spec, method=method, target=target, folds=folds, seed=seed, interval=interval, risk=risk
    )


def control(
    data: Dataset | str | Path,
    scorer: str | Scorer,
    *,
    covariates: Sequence[str] = ("length",),
    ignore_gold: bool = False,
    aspect: str | None = None,
    degrees: int = 4,
    folds: int = 5,
    tolerance: float = 0.01,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    store: ScoreStore | str | Path | None = "default",
    workers: int = 1,
    max_cost: float | None = None,
    executor: str = "local",
    progress: Progress | None = None,
) -> Control:
    """What one scorer's scores owe to covariates beyond people's judgement, taken away, and what that did.

    ``rewardmeter.calibration.write_calibrator(made.calibrator, path)`` keeps it, whatever it is worth; ``SPEC@path`` is
    then a scorer like any other.

    Parameters
    ----------
    data, store, workers, max_cost, executor, progress:
        As for `compare`.
    scorer:
        A spec (``recorded:NAME`` too) or a `Scorer`.
    covariates:
        Specs of rules that look at one response alone: ``length``, ``markdown``, ``lists``, ``module:function``.
    ignore_gold, degrees, folds, tolerance, resamples, level, seed:
        See `rewardmeter.calibration.fit_controlled`.
    aspect:
        Which ratings.

    Raises
    ------
    RewardmeterError
        If the data, a spec or the store is wrong, there are no judged pairs, or nothing can be said of a covariate.
    """
    dataset = data if isinstance(data, Dataset) else load(data)
    human = human_side(dataset, aspect)
    asked: dict[str, Any] = {
        "degrees": degrees,
        "folds": folds,
        "tolerance": tolerance,
        "resamples": resamples,
        "level": level,
        "seed": seed,
    }
    check_control(human, covariates, **asked)
    made = contenders(
        dataset, [scorer], store=store, workers=workers, max_cost=max_cost, executor=executor, progress=progress
    )
    if len(made) != 1:
        raise SpecError(f"'{scorer}' names {len(made)} recorded scorers; name one, for example recorded:{made[0].name}")
    spec = scorer if isinstance(scorer, str) else scorer.name
    return fit_controlled(human, made[0], spec, covariates, ignore_gold=ignore_gold, **asked)


def combine(
    data: Dataset | str | Path,
    scorers: Sequence[str | Scorer],
    *,
    target: str | None = None,
    aspect: str | None = None,
    folds: int = 5,
    seed: int = 0,
    store: ScoreStore | str | Path | None = "default",
    workers: int = 1,
    max_cost: float | None = None,
    executor: str = "local",
    progress: Progress | None = None,
) -> Combination:
    """Several scorers as one, fitted on all of the data; `rewardmeter.calibration.write_combination` keeps it.

    Parameters
    ----------
    data, store, workers, max_cost, executor, progress:
        As for `compare`.
    scorers:
        Two or more, of which greater is better; ``"recorded"`` stands for every scorer that the data carries.
    target, aspect, folds, seed:
        As for `calibrate`.

    Raises
    ------
    RewardmeterError
        If the data, a spec or the store is wrong, or the scorers cannot be combined.
    """
    dataset = data if isinstance(data, Dataset) else load(data)
    human = human_side(dataset, aspect)
    target = check_fit(human, "auto", target, folds, seed=seed)
    made = contenders(
        dataset, scorers, store=store, workers=workers, max_cost=max_cost, executor=executor, progress=progress
    )
    check_scores(made)
    return fit_combination(human, made, target, folds=folds, seed=seed)


def label(
    data: Dataset | str | Path,
    scorers: Scorers,
    out: str | Path,
    options: LabelOptions,
    *,
    labels: str | Path | None = None,
    state: str | Path | None = None,
    ask: str | None = None,
    aspect: str | None = None,
    anew: bool = False,
    store: ScoreStore | str | Path | None = "default",
    workers: int = 1,
    max_cost: float | None = None,
    executor: str = "local",
    progress: Progress | None = None,
) -> LabelTurn:
    """One turn of labelling with a budget: read answers, see how far the calibrators are, write the next batch.

    Parameters
    ----------
    data, scorers, store, workers, max_cost, executor, progress:
        As for `compare`.
    out:
        The table that people fill in; nothing is written where the turn says to stop. A file that is there is replaced
        only if it is such a table and nobody has filled in anything.
    options:
        Budget, batch, strategy, method, tolerance.
    labels:
        The filled table of an earlier turn; None where there is none.
    state:
        What is remembered between turns; None for ``labelling.json`` beside ``out``. One turn at a time has it.
    ask, aspect, anew:
        ``"rating"`` or ``"preference"`` (None for what the data suggests), which aspect of the ratings that are there
        already, and whether to take no notice of these.

    Raises
    ------
    RewardmeterError
        If the data, a spec, an option, the answers, the state or the store is wrong, if a file cannot be written or
        would replace another one, or if another turn with this state is under way.
    """
    check_labelling(options, ask)
    dataset = data if isinstance(data, Dataset) else load(data)
    questions = questions_of(dataset, ask, aspect=aspect, anew=anew)
    check_labelling(options, questions.ask)
    kept = Path(state) if state is not None else label_state_path(out)
    check_apart(out, kept, dataset.origin.path, labels)
    check_batch(out, questions)
    with locked_state(kept):
        before = read_state(kept, questions) if kept.exists() else begin_labelling(questions)
        answers = None if labels is None else read_answers(labels, questions)
        made = contenders(
            dataset, scorers, store=store, workers=workers, max_cost=max_cost, executor=executor, progress=progress
        )
        turn = label_turn(questions, made, before, options, answers)
        if turn.batch:
            check_batch(out, questions)  # scoring may have taken so long that people filled in what was empty
        # The state goes first: it hands a batch again that could not be written, but of a batch that it does not know
        # it could not say by which chances the items were drawn.
        write_state(turn.state, kept)
        if turn.batch:
            write_questions(questions, [one.item for one in turn.batch], out)
    return turn


def audit(
    data: Dataset | str | Path,
    scorers: Scorers = (),
    options: AuditOptions | None = None,
    *,
    train: Dataset | str | Path | None = None,
    store: ScoreStore | str | Path | None = "default",
    workers: int = 1,
    max_cost: float | None = None,
    executor: str = "local",
    progress: Progress | None = None,
    **changed: Any,
) -> Audit:
    """What else the data and its scorers respond to than what is asked.

    Without scorers: how much of the gold each content-blind rule wins. With them, also what each scorer depends on
    given the gold and, where it can be run, what edits do to it.

    Parameters
    ----------
    data, scorers, store, workers, max_cost, executor, progress:
        As for `compare`.
    train:
        What scorers were trained on: what of it stands in the data, too?
    options:
        See `rewardmeter.auditing.AuditOptions`; ``changed`` are its fields by name (``slices=["domain"]``). With
        neither, every edit of the library is tried.

    Raises
    ------
    RewardmeterError
        If the data, a spec, a column or the store is wrong, or no two responses of an item were judged.
    """
    options = replace(options or AuditOptions(edits=EDITS), **changed)
    dataset = data if isinstance(data, Dataset) else load(data)
    taught = train if train is None or isinstance(train, Dataset) else load(train)
    check_audit(dataset, options)
    budget = Budget(max_cost)
    running: dict[str, Any] = {
        "store": store,
        "workers": workers,
        "executor": executor,
        "progress": progress,
        "budget": budget,
    }
    made = contenders(dataset, scorers, **running) if scorers else []
    check_contenders(made)
    experiment, run = experiment_of(dataset, scorers, options)
    edited = contenders(experiment.dataset, run, **running) if experiment is not None else []
    repeated = {}
    if options.runs > 1:
        repeated = {
            name: repeat_scores(scorer, dataset, options.runs, workers=workers, budget=budget)
            for name, scorer in run.items()
        }
    attributed = _attributed(dataset, made, run, options, running)
    asked = Asked(experiment, {one.name: one.scores for one in edited}, repeated, attributed)
    return run_audit(dataset, made, asked, options, train=taught)


def _attributed(
    dataset: Dataset,
    made: Sequence[Contender],
    run: Mapping[str, Scorer],
    options: AuditOptions,
    running: Mapping[str, Any],
) -> dict[str, tuple[Mapping[str, Any], ...]]:
    """Which sentences move the score of the responses that each scorer wrongly prefers by most; empty if not asked."""
    if not options.attributed or not dataset.has_texts:
        return {}

    def scored(scorer: Scorer, variants: Dataset) -> Scores:
        return contenders(variants, [scorer], **running)[0].scores

    pairs = judged_pairs(dataset, options.aspect)
    wrong = {one.name: most_wrong(one.scores.values, pairs, options.attributed) for one in made if one.name in run}
    return {
        name: attributions(run[name], dataset, responses, seed=options.seed, score=scored)
        for name, responses in wrong.items()
    }


def experiment_of(
    dataset: Dataset, scorers: Scorers, options: AuditOptions
) -> tuple[Experiment | None, dict[str, Scorer]]:
    """The edited responses of an audit, None where none are to be scored, and the scorers by name that can score texts
    which the data does not hold."""
    found = ((label or scorer.name, scorer) for label, scorer, *_ in _plans(dataset, scorers)[1] if scorer is not None)
    run = {name: scorer for name, scorer in found if not _looks_up(scorer)}
    return (prepare_experiment(dataset, options) if run else None), run


def _looks_up(scorer: Scorer) -> bool:
    """Whether any of its scores are looked up, so that it has none for a text which the data does not hold."""
    inner = paid_scorer(scorer)
    if isinstance(inner, Joined):
        return any(_looks_up(member) for member in inner.members)
    return isinstance(inner, LookedUp)


def doctor(
    what: AnyScorer,
    data: Dataset | str | Path = "demo",
    *,
    items: int = 48,
    tolerance: float = 1e-5,
    told: Callable[[str], None] | None = None,
) -> Diagnosis:
    """Examine a scorer: which changes that should not matter move its score, and what each choice costs.

    Parameters
    ----------
    what:
        A spec, a `Scorer`, or a function.
    data:
        Where the probe is taken from, as for `compare`.
    items, tolerance, told:
        See `rewardmeter.doctor.examine`.

    Raises
    ------
    RewardmeterError
        If the data or the spec is wrong.
    """
    dataset = data if isinstance(data, Dataset) else load(data)
    return examine(make_scorer(what), dataset, items=items, tolerance=tolerance, told=told)


def _cost_per_1000(store: ScoreStore | None, scorer: Scorer, dataset: Dataset, scores: Scores) -> Cost | None:
    """From all that the store remembers of the scorer, or of each that does its work, else from this run."""
    parts = [_remembered(store, paid) for paid in paid_scorers(scorer)]
    if any(part is None for part in parts):
        return scores.cost.per(1_000, distinct_scored(scorer, dataset, scores))
    known = [spent.per(1_000, scored) for spent, scored in filter(None, parts)]
    return None if any(part is None for part in known) else sum(filter(None, known), start=Cost())


def _remembered(store: ScoreStore | None, paid: Scorer) -> tuple[Cost, int] | None:
    """What a scorer has cost and for how many responses; None where nobody keeps that."""
    if store is None or not paid.laws.deterministic or not signature_of(paid).storable:
        return None
    return store.spent(signature_of(paid))


def _plans(
    dataset: Dataset, scorers: Scorers
) -> tuple[Dataset, list[tuple[str | None, Scorer | None, Sequence[str], bool, str]]]:
    """The dataset with the score files that specs name, and per spec: its label, and what `_plan` makes of it."""
    named: list[tuple[str | None, AnyScorer]]
    if isinstance(scorers, Mapping):
        named = list(scorers.items())
    else:
        asked = [scorers] if isinstance(scorers, str) else scorers
        named = [what if isinstance(what, tuple) else (None, what) for what in asked]
    files = _score_files(dataset, [what for _, what in named])
    for scorers_of_file in files.values():
        dataset = dataset.with_recorded(scorers_of_file)
    return dataset, [(label, *_plan(dataset, what, files)) for label, what in named]


def _plan(
    dataset: Dataset, what: AnyScorer, files: Mapping[str, Mapping[str, Recorded]]
) -> tuple[Scorer | None, Sequence[str], bool, str]:
    """What a spec asks for: a scorer to run, or names of recorded ones, whether they are negated, and the file of the
    calibrator before them."""
    if isinstance(what, str):
        plain, calibrator = without_calibrator(what)
        spec = parse_spec(plain)
        if spec.name == "recorded":
            if spec.target is not None and spec.target in files:
                return None, tuple(files[spec.target]), spec.negated, calibrator
            target = spec.target
            if target and target not in dataset.recorded:
                target = spec_in_target(target)
            return None, recorded_names(dataset, target), spec.negated, calibrator
    return make_scorer(what), (), False, ""


def _score_files(dataset: Dataset, scorers: Sequence[AnyScorer]) -> dict[str, Mapping[str, Recorded]]:
    """The scorers of every file that a spec ``recorded:FILE`` names, by file."""
    files: dict[str, Mapping[str, Recorded]] = {}
    for what in scorers:
        spec = parse_spec(without_calibrator(what)[0]) if isinstance(what, str) else None
        if spec is not None and spec.name == "recorded" and spec.target and names_score_file(spec.target):
            read = read_recorded_file(spec.target, dataset)
            for note in read.notes:
                warnings.warn(f"{spec.target}: {note}", stacklevel=4)
            files[spec.target] = read.recorded
    return files


def _recorded(dataset: Dataset, name: str, negated: bool, label: str | None) -> Contender:
    scores, record = recorded_scores(dataset, name), dataset.recorded[name]
    if negated:
        signature = replace(recorded_signature(name), name=f"-{name}")  # as `scoring.negated` has it
        scores = replace(scores, values=0.0 - scores.values, signature=signature)
        record = replace(
            record,
            system_values={system: -value for system, value in record.system_values.items()},
            first=None if record.first is None else -record.first,
            second=None if record.second is None else -record.second,
        )
    reads = None if record.reads is None else _in_order(record.reads)
    return Contender(label or ("-" if negated else "") + name, scores, "recorded", reads, False, record)


def _calibrated(contender: Contender, path: str, label: str | None, dataset: Dataset) -> Contender:
    made = behind_calibrator(contender, read_calibrator(path), path, dataset)
    return replace(made, name=label) if label else made


def _computed(scorer: Scorer, scores: Scores, label: str | None, cost_per_1000: Cost | None) -> Contender:
    family = _family_named(paid_scorer(scorer).name)
    baseline = family is not None and family.group == "surface" and scorer.reads <= {"response"}
    reads, seen = _in_order(scorer.reads), fitted_on(scorer)
    return Contender(label or scorer.name, scores, "computed", reads, baseline, None, cost_per_1000, seen)


def _family_named(name: str) -> Family | None:
    """The family whose spec this is; None for the names that people give to their own scorers."""
    try:
        return families().get(parse_spec(name).name)
    except SpecError:
        return None


def _in_order(reads: frozenset[str]) -> tuple[str, ...]:
    return tuple(part for part in ("prompt", "response", "references") if part in reads)


def _opened(store: ScoreStore | str | Path | None) -> Any:
    if store == "default":
        try:
            return Store(default_store_path())
        except StoreError as error:
            warnings.warn(f"{error} Scores are not kept this time; --store PATH or store=None say where.", stacklevel=3)
            return nullcontext(None)
    if isinstance(store, (str, Path)):
        return Store(Path(store))
    return nullcontext(store)
