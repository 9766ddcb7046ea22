"""Commands and exit status. Only light modules are imported here, so that ``--help`` is instant.

Exit status: 0 done; 1 a stated check failed; 2 wrong use or bad input; 3 some items failed and were left out.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from cyclopts import App, CycloptsError, Group, Parameter

from rewardmeter.errors import RewardmeterError
from rewardmeter.version import __version__

__all__ = ["app", "main"]

DONE, CHECK_FAILED, WRONG_USE, SOME_FAILED, STOPPED, BUG = 0, 1, 2, 3, 130, 70

_READING = Group("Reading the data", sort_key=2)
_LABELLING = Group("Labelling", sort_key=2)
_MEASURING = Group("Measuring", sort_key=3)
_CHECKING = Group("Checking", sort_key=4)
_WRITING = Group("Writing", sort_key=5)
_RUNNING = Group("Running scorers", sort_key=6)

app = App(
    name="rewardmeter",
    version=__version__,
    help="Put reward models, judges and metrics on one board and measure them against people.\n\n"
    "For example:\n\n"
    "    rewardmeter compare demo --scorer chrf --scorer length\n\n"
    "    rewardmeter compare ratings.jsonl --scorer recorded --scorer rouge-l --slice domain",
    help_epilogue="Exit status: 0 done, 1 a stated check failed, 2 wrong use or bad input, 3 some items failed.",
    help_format="plaintext",
    default_parameter=Parameter(negative="", show_default=False),
    suppress_keyboard_interrupt=False,
)
data = App(
    name="data",
    help="Look at datasets: what a file holds, which named sets there are.\n\n"
    "For example:\n\n    rewardmeter data show ratings.jsonl\n\n    rewardmeter data list",
)
app.command(data)
stats = App(
    name="stats",
    help="What the statistics mean.\n\nFor example:\n\n    rewardmeter stats list\n\n"
    "    rewardmeter stats explain segment.acc_eq.item",
)
app.command(stats)

Verb = TypeVar("Verb", bound=Callable[..., int])


def _verb(parent: App, name: str) -> Callable[[Verb], Verb]:
    """Register a command whose help is its whole docstring, examples included."""

    def add(function: Verb) -> Verb:
        parent.command(function, name=name, help=inspect.cleandoc(function.__doc__ or ""))
        return function

    return add


Data = Annotated[str, Parameter(help="A file, a folder, or a named set: PATH, NAME or NAME:SUBSET.")]
Scorers = Annotated[
    list[str],
    Parameter(
        name=["--scorer", "-s"],
        allow_leading_hyphen=True,
        negative="",
        help="A scorer spec, repeatable: chrf, -length, 'chrf?beta=3', recorded, recorded:NAME, package.module:object.",
    ),
]
ScorerFile = Annotated[str | None, Parameter(name="--scorers", help="A TOML file of named scorers.")]
Mapped = Annotated[
    list[str] | None,
    Parameter(name="--map", group=_READING, help="What a column is, repeatable: --map rating=quality."),
]
Format = Annotated[str | None, Parameter(group=_READING, help="Read as this format instead of detecting it.")]
GoldName = Annotated[str | None, Parameter(name="--gold", group=_READING, help="Which human judgments to use.")]
Reference = Annotated[str | None, Parameter(group=_READING, help="Which reference is the standard one.")]
IncludeHuman = Annotated[
    bool, Parameter(name="--include-human", group=_READING, help="Keep human outputs among the systems.")
]
StorePath = Annotated[
    str | None, Parameter(name="--store", group=_RUNNING, help="Where scores are kept (default: the user's cache).")
]
NoStore = Annotated[bool, Parameter(name="--no-store", group=_RUNNING, help="Keep no scores and use none.")]
Workers = Annotated[int, Parameter(group=_RUNNING, help="Processes, for scorers that gain from them.")]
Executor = Annotated[str, Parameter(group=_RUNNING, help="local, or ray for a Ray cluster (extra ray).")]
MaxCost = Annotated[
    float | None,
    Parameter(name="--max-cost", group=_RUNNING, help="Dollars to spend at most; the rest waits for the next run."),
]
DryRun = Annotated[
    bool, Parameter(name="--dry-run", group=_RUNNING, help="Say what it would take and cost; score nothing.")
]


@_verb(app, "compare")
def compare(
    dataset: Data,
    /,
    *,
    scorer: Scorers = [],  # noqa: B006
    scorers: ScorerFile = None,
    aspect: Annotated[str | None, Parameter(group=_MEASURING, help="Which aspect of the ratings.")] = None,
    slice: Annotated[
        list[str] | None, Parameter(negative="", group=_MEASURING, help="Repeat by this column, repeatable.")
    ] = None,
    statistic: Annotated[str | None, Parameter(group=_MEASURING, help="Id of the statistic that ranks.")] = None,
    resamples: Annotated[int, Parameter(group=_MEASURING, help="Bootstrap resamples; 0 for no intervals.")] = 1000,
    level: Annotated[float, Parameter(group=_MEASURING, help="Level of the intervals.")] = 0.95,
    seed: Annotated[int, Parameter(group=_MEASURING, help="Seed of the resampling.")] = 0,
    draws: Annotated[int, Parameter(group=_MEASURING, help="Draws of the all-pairs tests; 0 for no tests.")] = 1000,
    out: Annotated[
        str | None,
        Parameter(group=_WRITING, help="Folder for index.html, board.json, board.csv (default: named after the data)."),
    ] = None,
    json: Annotated[
        str | None,
        Parameter(group=_WRITING, allow_leading_hyphen=True, help="Also write board.json here; - for standard output."),
    ] = None,
    no_report: Annotated[bool, Parameter(name="--no-report", group=_WRITING, help="Write no folder.")] = False,
    map: Mapped = None,
    format: Format = None,
    gold: GoldName = None,
    reference: Reference = None,
    include_human: IncludeHuman = False,
    store: StorePath = None,
    no_store: NoStore = False,
    workers: Workers = 1,
    executor: Executor = "local",
    max_cost: MaxCost = None,
    dry_run: DryRun = False,
) -> int:
    """Compare scorers with human judgment and each other on one board.

    For example:

        rewardmeter compare demo --scorer chrf --scorer length

        rewardmeter compare wmt23-mtme:zh-en --scorer recorded --slice domain --out report
    """
    from rewardmeter.cli import commands

    return commands.compare(
        commands.DataOptions(dataset, map, format, gold, reference, include_human),
        commands.ScorerOptions(scorer, scorers, store, no_store, workers, executor, max_cost, dry_run),
        measuring={
            "aspect": aspect,
            "slices": slice or [],
            "statistic": statistic,
            "resamples": resamples,
            "level": level,
            "seed": seed,
            "draws": draws,
        },
        out=out,
        json_path=json,
        no_report=no_report,
    )


@_verb(app, "score")
def score(
    dataset: Data,
    /,
    *,
    scorer: Scorers = [],  # noqa: B006
    scorers: ScorerFile = None,
    out: Annotated[
        str,
        Parameter(group=_WRITING, allow_leading_hyphen=True, help="JSONL file, a line per response; - for stdout."),
    ] = "-",
    map: Mapped = None,
    format: Format = None,
    gold: GoldName = None,
    reference: Reference = None,
    include_human: IncludeHuman = False,
    store: StorePath = None,
    no_store: NoStore = False,
    workers: Workers = 1,
    executor: Executor = "local",
    max_cost: MaxCost = None,
    dry_run: DryRun = False,
) -> int:
    """Score every response; a run that is stopped goes on where it was when started again.

    For example:

        rewardmeter score demo --scorer chrf --out scores.jsonl

        rewardmeter score answers.jsonl --scorer my_rules:politeness --workers 2 --out scores.jsonl
    """
    from rewardmeter.cli import commands

    return commands.score(
        commands.DataOptions(dataset, map, format, gold, reference, include_human),
        commands.ScorerOptions(scorer, scorers, store, no_store, workers, executor, max_cost, dry_run),
        out=out,
    )


@_verb(app, "audit")
def audit(
    dataset: Data,
    /,
    *,
    scorer: Scorers = [],  # noqa: B006
    scorers: ScorerFile = None,
    edits: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            group=_MEASURING,
            help="Edits to try: preserving, breaking, hack, a name, or none; repeatable (default: all).",
        ),
    ] = None,
    units: Annotated[int, Parameter(group=_MEASURING, help="Items on which edits are tried, at most.")] = 200,
    runs: Annotated[
        int,
        Parameter(group=_MEASURING, help="Score the data so often, to see whether a scorer says the same; 1 for not."),
    ] = 1,
    attribute: Annotated[
        int,
        Parameter(group=_MEASURING, help="Of so many responses wrongly taken, show which sentences won (see report)."),
    ] = 0,
    train: Annotated[
        str | None, Parameter(group=_MEASURING, help="Data that scorers were trained on: is it in this data, too?")
    ] = None,
    aspect: Annotated[str | None, Parameter(group=_MEASURING, help="Which aspect of the ratings.")] = None,
    slice: Annotated[
        list[str] | None, Parameter(negative="", group=_MEASURING, help="Repeat by this column, repeatable.")
    ] = None,
    folds: Annotated[int, Parameter(group=_MEASURING, help="Folds of the rules that are learnt, by item.")] = 5,
    resamples: Annotated[int, Parameter(group=_MEASURING, help="Bootstrap resamples; 0 for no intervals.")] = 1000,
    level: Annotated[float, Parameter(group=_MEASURING, help="Level of the intervals.")] = 0.95,
    seed: Annotated[int, Parameter(group=_MEASURING, help="Seed of resampling, folds and edits.")] = 0,
    fail_on: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            allow_leading_hyphen=True,
            group=_CHECKING,
            help="Status 1 if this shows a fault: any, data, a kind, a probe or 'flattery>0.2'; repeatable.",
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        Parameter(group=_CHECKING, help="An earlier audit.json or its folder: of --fail-on, only what is worse fails."),
    ] = None,
    out: Annotated[
        str | None,
        Parameter(group=_WRITING, help="Folder for index.html, audit.json, audit.csv (default: named after the data)."),
    ] = None,
    json: Annotated[
        str | None,
        Parameter(group=_WRITING, allow_leading_hyphen=True, help="Also write audit.json here; - for standard output."),
    ] = None,
    no_report: Annotated[bool, Parameter(name="--no-report", group=_WRITING, help="Write no folder.")] = False,
    map: Mapped = None,
    format: Format = None,
    gold: GoldName = None,
    reference: Reference = None,
    include_human: IncludeHuman = False,
    store: StorePath = None,
    no_store: NoStore = False,
    workers: Workers = 1,
    executor: Executor = "local",
    max_cost: MaxCost = None,
    dry_run: DryRun = False,
) -> int:
    """Audit the data, and scorers: what else do they respond to than what is asked?

    Of the data: how many of its pairs does a rule win that reads nothing (length, steps, Markdown, position, who wrote
    it, words without the prompt)? Of each scorer: what does its score follow beyond what people said, does it notice
    broken content, and is it moved by padding, flattery or an order to give full marks?

    For example:

        rewardmeter audit judgebench --scorer recorded --out judgebench-audit

        rewardmeter audit pairs.jsonl --scorer chrf --fail-on hack --baseline audit.json
    """
    from rewardmeter.cli import auditing, commands

    return auditing.audit(
        commands.DataOptions(dataset, map, format, gold, reference, include_human),
        commands.ScorerOptions(scorer, scorers, store, no_store, workers, executor, max_cost, dry_run),
        auditing={
            "aspect": aspect,
            "slices": tuple(slice or ()),
            "units": units,
            "runs": runs,
            "attributed": attribute,
            "folds": folds,
            "resamples": resamples,
            "level": level,
            "seed": seed,
        },
        edits=edits or [],
        train=train,
        checks=auditing.Checks(tuple(fail_on or ()), baseline),
        out=out,
        json_path=json,
        no_report=no_report,
    )


@_verb(app, "calibration")
def calibration(
    dataset: Data,
    /,
    *,
    scorer: Scorers = [],  # noqa: B006
    scorers: ScorerFile = None,
    aspect: Annotated[str | None, Parameter(group=_MEASURING, help="Which aspect of the ratings.")] = None,
    slice: Annotated[
        list[str] | None,
        Parameter(negative="", group=_MEASURING, help="Repeat by this column, by length or by system, repeatable."),
    ] = None,
    shift: Annotated[
        list[str] | None,
        Parameter(
            negative="", group=_MEASURING, help="Fit on each value of this column, test on the others, repeatable."
        ),
    ] = None,
    by: Annotated[
        str | None,
        Parameter(group=_MEASURING, help="Also try a calibrator with a parameter for each value of this column."),
    ] = None,
    method: Annotated[
        list[str] | None,
        Parameter(negative="", group=_MEASURING, help="Way to calibrate, repeatable (default: all that fit the data)."),
    ] = None,
    folds: Annotated[int, Parameter(group=_MEASURING, help="Folds of the cross-fitting, by item.")] = 5,
    resamples: Annotated[int, Parameter(group=_MEASURING, help="Bootstrap resamples; 0 for no intervals.")] = 1000,
    level: Annotated[float, Parameter(group=_MEASURING, help="Level of the intervals.")] = 0.95,
    seed: Annotated[int, Parameter(group=_MEASURING, help="Seed of resampling and folds.")] = 0,
    out: Annotated[
        str | None,
        Parameter(
            group=_WRITING,
            help="Folder for index.html, calibration.json, calibration.csv (default: named after the data).",
        ),
    ] = None,
    json: Annotated[
        str | None,
        Parameter(
            group=_WRITING, allow_leading_hyphen=True, help="Also write calibration.json here; - for standard output."
        ),
    ] = None,
    no_report: Annotated[bool, Parameter(name="--no-report", group=_WRITING, help="Write no folder.")] = False,
    map: Mapped = None,
    format: Format = None,
    gold: GoldName = None,
    reference: Reference = None,
    include_human: IncludeHuman = False,
    store: StorePath = None,
    no_store: NoStore = False,
    workers: Workers = 1,
    executor: Executor = "local",
    max_cost: MaxCost = None,
) -> int:
    """Measure what scores mean: are margins as often right as they say, and what would calibration gain?

    Score margins are taken as logits. Every way to calibrate is fitted on some items and judged on the others.

    For example:

        rewardmeter calibration judgebench --scorer recorded

        rewardmeter calibration ratings.jsonl --scorer chrf --slice length --out report
    """
    from rewardmeter.cli import calibrating, commands

    return calibrating.calibration(
        commands.DataOptions(dataset, map, format, gold, reference, include_human),
        commands.ScorerOptions(scorer, scorers, store, no_store, workers, executor, max_cost),
        measuring={
            "aspect": aspect,
            "slices": slice or [],
            "shift": shift or [],
            "by": by,
            "methods": tuple(method) if method else None,
            "folds": folds,
            "resamples": resamples,
            "level": level,
            "seed": seed,
        },
        out=out,
        json_path=json,
        no_report=no_report,
    )


@_verb(app, "calibrate")
def calibrate(
    dataset: Data,
    /,
    *,
    scorer: Scorers = [],  # noqa: B006
    method: Annotated[
        str, Parameter(group=_MEASURING, help="Way to calibrate; auto takes the simplest that none is shown to beat.")
    ] = "auto",
    target: Annotated[
        str | None,
        Parameter(group=_MEASURING, help="utility, rating or probability (default: what the judgments are)."),
    ] = None,
    aspect: Annotated[str | None, Parameter(group=_MEASURING, help="Which aspect of the ratings.")] = None,
    by: Annotated[
        str | None,
        Parameter(
            group=_MEASURING,
            help="Column whose values have a parameter (--method sliced) or intervals (--interval) of their own.",
        ),
    ] = None,
    folds: Annotated[int, Parameter(group=_MEASURING, help="Folds of the cross-fitting, by item.")] = 5,
    seed: Annotated[int, Parameter(group=_MEASURING, help="Seed of the folds.")] = 0,
    interval: Annotated[
        float | None, Parameter(group=_MEASURING, help="Also store intervals that hold this share of the ratings.")
    ] = None,
    risk: Annotated[
        float | None,
        Parameter(group=_MEASURING, help="Also store below which margin to abstain for at most this error rate."),
    ] = None,
    out: Annotated[str | None, Parameter(group=_WRITING, help="The file (default: calibrator.json).")] = None,
    map: Mapped = None,
    format: Format = None,
    gold: GoldName = None,
    reference: Reference = None,
    include_human: IncludeHuman = False,
    store: StorePath = None,
    no_store: NoStore = False,
    workers: Workers = 1,
    executor: Executor = "local",
    max_cost: MaxCost = None,
) -> int:
    """Fit a calibrator of one scorer and write it to a small file; SPEC@FILE is then a scorer like any other.

    For example:

        rewardmeter calibrate judgebench --scorer recorded:GRM-Gemma-2B-rewardmodel-ft --out grm.json

        rewardmeter calibrate ratings.jsonl --scorer chrf --by domain --method sliced --interval 0.9
    """
    from rewardmeter.cli import calibrating, commands

    return calibrating.calibrate(
        commands.DataOptions(dataset, map, format, gold, reference, include_human),
        commands.ScorerOptions(scorer, None, store, no_store, workers, executor, max_cost),
        out=out,
        fitting={
            "method": method,
            "target": target,
            "aspect": aspect,
            "by": by,
            "folds": folds,
            "seed": seed,
            "interval": interval,
            "risk": risk,
        },
    )


@_verb(app, "control")
def control(
    dataset: Data,
    /,
    *,
    scorer: Scorers = [],  # noqa: B006
    covariate: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="A rule that looks at the response alone, to control for, repeatable: length (default), markdown.",
        ),
    ] = None,
    ignore_gold: Annotated[
        bool,
        Parameter(
            name="--ignore-gold", group=_MEASURING, help="Take away all that follows the covariates, warranted or not."
        ),
    ] = False,
    tolerance: Annotated[float, Parameter(group=_MEASURING, help="How much accuracy may fall, as a share.")] = 0.01,
    aspect: Annotated[str | None, Parameter(group=_MEASURING, help="Which aspect of the ratings.")] = None,
    degrees: Annotated[int, Parameter(group=_MEASURING, help="Degrees of freedom of a curve; 1 for a line.")] = 4,
    folds: Annotated[int, Parameter(group=_MEASURING, help="Folds of the cross-fitting, by item.")] = 5,
    resamples: Annotated[int, Parameter(group=_MEASURING, help="Bootstrap resamples; 0 for none.")] = 1000,
    level: Annotated[float, Parameter(group=_MEASURING, help="Level of the intervals.")] = 0.95,
    seed: Annotated[int, Parameter(group=_MEASURING, help="Seed of folds and resampling.")] = 0,
    force: Annotated[bool, Parameter(group=_WRITING, help="Write it even if it is not worth having.")] = False,
    out: Annotated[str | None, Parameter(group=_WRITING, help="The file (default: calibrator.json).")] = None,
    json: Annotated[
        str | None,
        Parameter(group=_WRITING, allow_leading_hyphen=True, help="Also write the table here; - for standard output."),
    ] = None,
    map: Mapped = None,
    format: Format = None,
    gold: GoldName = None,
    reference: Reference = None,
    include_human: IncludeHuman = False,
    store: StorePath = None,
    no_store: NoStore = False,
    workers: Workers = 1,
    executor: Executor = "local",
    max_cost: MaxCost = None,
) -> int:
    """Take away what a scorer's scores owe to length or style, beyond what people's judgement warrants.

    Shows accuracy and dependence before and after on items that the fit has not seen, and writes a calibrator:
    SPEC@FILE is then a scorer like any other.

    For example:

        rewardmeter control pairs.jsonl --scorer chrf --covariate length --covariate markdown

        rewardmeter control judgebench --scorer recorded:GRM-Gemma-2B-rewardmodel-ft --out grm-length.json
    """
    from rewardmeter.cli import commands, controlling

    return controlling.control(
        commands.DataOptions(dataset, map, format, gold, reference, include_human),
        commands.ScorerOptions(scorer, None, store, no_store, workers, executor, max_cost),
        out=out,
        json_path=json,
        force=force,
        controlling={
            "covariates": covariate or ["length"],
            "ignore_gold": ignore_gold,
            "tolerance": tolerance,
            "aspect": aspect,
            "degrees": degrees,
            "folds": folds,
            "resamples": resamples,
            "level": level,
            "seed": seed,
        },
    )


@_verb(app, "combine")
def combine(
    dataset: Data,
    /,
    *,
    scorer: Scorers = [],  # noqa: B006
    target: Annotated[
        str | None,
        Parameter(group=_MEASURING, help="utility, rating or probability (default: what the judgments are)."),
    ] = None,
    aspect: Annotated[str | None, Parameter(group=_MEASURING, help="Which aspect of the ratings.")] = None,
    folds: Annotated[int, Parameter(group=_MEASURING, help="Folds of the cross-fitting, by item.")] = 5,
    seed: Annotated[int, Parameter(group=_MEASURING, help="Seed of the folds.")] = 0,
    out: Annotated[str | None, Parameter(group=_WRITING, help="The file (default: combination.json).")] = None,
    map: Mapped = None,
    format: Format = None,
    gold: GoldName = None,
    reference: Reference = None,
    include_human: IncludeHuman = False,
    store: StorePath = None,
    no_store: NoStore = False,
    workers: Workers = 1,
    executor: Executor = "local",
    max_cost: MaxCost = None,
) -> int:
    """Fit several scorers into one and write it to a small file; combined:FILE is then a scorer like any other.

    Says what each scorer is worth alone and what the combination gains, on items that the fit has not seen.

    For example:

        rewardmeter combine judgebench --scorer recorded --out judges.json

        rewardmeter combine ratings.jsonl --scorer chrf --scorer rouge-l --scorer -length
    """
    from rewardmeter.cli import combining, commands

    return combining.combine(
        commands.DataOptions(dataset, map, format, gold, reference, include_human),
        commands.ScorerOptions(scorer, None, store, no_store, workers, executor, max_cost),
        out=out,
        fitting={"target": target, "aspect": aspect, "folds": folds, "seed": seed},
    )


@_verb(app, "label")
def label(
    dataset: Data,
    /,
    *,
    scorer: Scorers = [],  # noqa: B006
    scorers: ScorerFile = None,
    budget: Annotated[int, Parameter(group=_LABELLING, help="Items that people can label in all.")],
    batch: Annotated[
        int | None, Parameter(group=_LABELLING, help="Items to label this time (default: a fifth of the budget).")
    ] = None,
    strategy: Annotated[
        str, Parameter(group=_LABELLING, help="random, coverage, uncertainty, margin or disagreement.")
    ] = "coverage",
    labels: Annotated[str | None, Parameter(group=_LABELLING, help="A batch that was filled in.")] = None,
    tolerance: Annotated[
        float, Parameter(group=_LABELLING, help="Loss not worth more labels, as a share of what the mean loses.")
    ] = 0.01,
    ask: Annotated[
        str | None, Parameter(group=_LABELLING, help="rating or preference (default: what the data is about).")
    ] = None,
    anew: Annotated[bool, Parameter(group=_LABELLING, help="Take no notice of the judgments in the data.")] = False,
    method: Annotated[str | None, Parameter(group=_MEASURING, help="Way to calibrate (default: the simplest).")] = None,
    aspect: Annotated[str | None, Parameter(group=_MEASURING, help="Which aspect of the ratings.")] = None,
    folds: Annotated[int, Parameter(group=_MEASURING, help="Folds of the cross-fitting, by item.")] = 5,
    level: Annotated[float, Parameter(group=_MEASURING, help="Level of the intervals.")] = 0.95,
    seed: Annotated[int, Parameter(group=_MEASURING, help="Seed of the draws.")] = 0,
    out: Annotated[str, Parameter(group=_WRITING, help="Next batch: .csv, .tsv, .jsonl or .parquet.")] = "batch.csv",
    state: Annotated[
        str | None, Parameter(group=_WRITING, help="What is kept between runs (default: labelling.json beside --out).")
    ] = None,
    map: Mapped = None,
    format: Format = None,
    gold: GoldName = None,
    reference: Reference = None,
    include_human: IncludeHuman = False,
    store: StorePath = None,
    no_store: NoStore = False,
    workers: Workers = 1,
    executor: Executor = "local",
    max_cost: MaxCost = None,
) -> int:
    """Choose which items people should label next, to calibrate scorers with few labels, and say when to stop.

    Fill in the batch and run it again with --labels: it fits, says what is left to gain, and writes the next batch.

    For example:

        rewardmeter label answers.csv --scorer chrf --budget 100 --out batch-1.csv

        rewardmeter label answers.csv --scorer chrf --budget 100 --labels batch-1.csv --out batch-2.csv
    """
    from rewardmeter.calibration import LabelOptions
    from rewardmeter.cli import commands, labelling

    return labelling.label(
        commands.DataOptions(dataset, map, format, gold, reference, include_human),
        commands.ScorerOptions(scorer, scorers, store, no_store, workers, executor, max_cost),
        LabelOptions(budget, batch, strategy, method, tolerance, seed, folds, level),
        out=out,
        labels=labels,
        state=state,
        ask=ask,
        aspect=aspect,
        anew=anew,
    )


@_verb(app, "scorers")
def list_scorers(
    family: Annotated[str | None, Parameter(help="Show one family: its options and well-known models.")] = None,
    /,
    *,
    checkpoints: Annotated[
        bool, Parameter(help="List well-known models instead, with the spec that loads each and its licence.")
    ] = False,
) -> int:
    """List the scorers that specs can name: what each reads, its shape, and which extra it needs.

    For example:

        rewardmeter scorers

        rewardmeter scorers chrf
    """
    from rewardmeter.cli import catalogue

    if family is not None:
        return catalogue.show_family(family)
    return catalogue.list_checkpoints() if checkpoints else catalogue.list_families()


@_verb(app, "doctor")
def doctor(
    scorer: Annotated[str, Parameter(allow_leading_hyphen=True, help="A scorer spec.")],
    /,
    *,
    data: Annotated[str, Parameter(name="--data", help="Where the probe is taken from: PATH, NAME or NAME:SUBSET.")] = (
        "demo"
    ),
    items: Annotated[int, Parameter(help="How many items the probe has.")] = 48,
    tolerance: Annotated[float, Parameter(help="Largest move of a score that counts as none.")] = 1e-5,
    json: Annotated[
        str | None, Parameter(allow_leading_hyphen=True, help="Write the findings here; - for standard output.")
    ] = None,
) -> int:
    """Examine a scorer: what moves its score that should not, and what each choice costs in accuracy.

    The probe is scored again, one by one, reversed, in other batches, with other padding, number formats, special
    tokens and templates, as far as the scorer has them. Exit status 1 if something moved a score that must not.

    For example:

        rewardmeter doctor chrf

        rewardmeter doctor hf:ORG/MODEL --data pairs.jsonl --items 100
    """
    from rewardmeter.cli import examine

    return examine.doctor(scorer, data, items=items, tolerance=tolerance, json_path=json)


@_verb(data, "show")
def data_show(
    dataset: Data,
    /,
    *,
    map: Mapped = None,
    format: Format = None,
    gold: GoldName = None,
    reference: Reference = None,
    include_human: IncludeHuman = False,
) -> int:
    """Say what was understood of a file, a folder or a named set.

    For example:

        rewardmeter data show ratings.csv --map rating=quality

        rewardmeter data show summeval
    """
    from rewardmeter.cli import commands

    return commands.data_show(commands.DataOptions(dataset, map, format, gold, reference, include_human))


@_verb(data, "list")
def data_list() -> int:
    """List the named datasets: licence, size, gold, origin, and whether they are on this machine.

    For example:

        rewardmeter data list

        rewardmeter data list | grep -i translation
    """
    from rewardmeter.cli import commands

    return commands.data_list()


@_verb(data, "fetch")
def data_fetch(
    name: Annotated[str, Parameter(help="A named set.")],
    /,
    *,
    into: Annotated[str | None, Parameter(help="Folder to put it in (default: the user's data folder).")] = None,
) -> int:
    """Download a named set from its public home and check every file.

    For example:

        rewardmeter data fetch judgebench

        rewardmeter data fetch llmbar --into /my/data
    """
    from rewardmeter.cli import commands

    return commands.data_fetch(name, into)


@_verb(stats, "list")
def stats_list() -> int:
    """List the ids of all statistics with what each says.

    For example:

        rewardmeter stats list

        rewardmeter stats list | grep system
    """
    from rewardmeter.cli import explain

    return explain.list_statistics()


@_verb(stats, "explain")
def stats_explain(
    statistic: Annotated[str, Parameter(help="A statistic's id, as in board.json.")],
    /,
) -> int:
    """Define a statistic: formula, assumptions, source, and when it misleads.

    For example:

        rewardmeter stats explain segment.acc_eq.item

        rewardmeter stats explain pair.accuracy
    """
    from rewardmeter.cli import explain

    return explain.explain_statistic(statistic)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # so that module:object finds the user's own files
    try:
        result = app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        return _complain(_usage_text(error), hint=True)
    except RewardmeterError as error:
        return _complain(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        return _complain(f"standard output could not be written: {error.strerror or error}")
    except KeyboardInterrupt:
        _complain("stopped. Scores are kept as they are made, unless --no-store: the same command goes on from there.")
        return STOPPED
    except Exception as error:
        if os.environ.get("REWARDMETER_TRACEBACK"):
            raise
        _complain(f"unexpected {type(error).__name__}: {error}. This is a bug; REWARDMETER_TRACEBACK=1 shows where.")
        return BUG
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _complain(f"standard output could not be written: {error.strerror or error}")
    return result if isinstance(result, int) else DONE


def _usage_text(error: CycloptsError) -> str:
    return " ".join(str(error).split())


def _complain(text: str, *, hint: bool = False) -> int:
    print(f"rewardmeter: {text}", file=sys.stderr)  # noqa: T201
    if hint:
        print("Try 'rewardmeter --help'.", file=sys.stderr)  # noqa: T201
    return WRONG_USE
