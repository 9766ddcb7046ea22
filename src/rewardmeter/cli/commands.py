"""What the verbs do: read, call the library, write. Imported only when a verb runs."""

from __future__ import annotations

import math
import os
import re
import shlex
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from rewardmeter.api import Scorers, contenders, forecast, save_board
from rewardmeter.cli.app import CHECK_FAILED, DONE, SOME_FAILED
from rewardmeter.cli.output import console as table_console
from rewardmeter.cli.progress import make_progress
from rewardmeter.comparison import Contender, check_request, commonest, compare_scores
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError, SpecError
from rewardmeter.io.describe import describe
from rewardmeter.io.formats.columns import parse_mapping
from rewardmeter.io.load import load
from rewardmeter.io.score_file import write_scores
from rewardmeter.report.files import json_text, write_text
from rewardmeter.report.numbers import price
from rewardmeter.report.terminal import print_board
from rewardmeter.types import Cost

__all__ = [
    "DataOptions",
    "ScorerOptions",
    "affordable",
    "command_line",
    "compare",
    "data_fetch",
    "data_list",
    "data_show",
    "default_folder",
    "dry_run",
    "print_forecast",
    "score",
]


@dataclass(frozen=True)
class DataOptions:
    """How to read the data; see the command line's help."""

    spec: str
    mapping: Sequence[str] | None = None
    format: str | None = None
    gold: str | None = None
    reference: str | None = None
    include_human: bool = False

    def load(self) -> Dataset:
        """The dataset that these options name."""
        return load(
            self.spec,
            format=self.format,
            mapping=parse_mapping(self.mapping or ()),
            gold=self.gold,
            reference=self.reference,
            include_human=self.include_human,
        )


@dataclass(frozen=True)
class ScorerOptions:
    """Which scorers to run and how."""

    specs: Sequence[str]
    file: str | None = None
    store: str | None = None
    no_store: bool = False
    workers: int = 1
    executor: str = "local"
    max_cost: float | None = None
    dry_run: bool = False

    def named(self) -> list[str | tuple[str, str]]:
        """Specs in the order given; then the file's scorers, each with its own name for the board."""
        named: list[str | tuple[str, str]] = list(dict.fromkeys(self.specs))
        if self.file is not None:
            named += read_scorer_file(Path(self.file)).items()
        if not named:
            raise SpecError("no scorer was named; add for example --scorer chrf or --scorer recorded")
        return named

    def where(self) -> str | None:
        """Where scores are kept, as the library takes it."""
        if self.workers < 1:
            raise SpecError(f"--workers {self.workers}: at least one process is needed")
        if self.max_cost is not None and not self.max_cost >= 0:
            raise SpecError(f"--max-cost {self.max_cost}: dollars are zero or more")
        return None if self.no_store else (self.store or "default")


def read_scorer_file(path: Path) -> dict[str, str]:
    """Named scorers from TOML: ``NAME = "spec"`` in a table ``[scorers]``.

    Raises
    ------
    InputError
        If the file is missing, no TOML, or holds something else.
    """
    try:
        record = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"the scorers could not be read: {error}", path=path) from error
    table = record.get("scorers", {})
    if not isinstance(table, dict) or not table or not all(isinstance(spec, str) for spec in table.values()):
        raise InputError("no scorers here", path=path, fix='Write lines like  short = "-length"  under [scorers].')
    return table


def compare(
    data: DataOptions,
    scorers: ScorerOptions,
    *,
    measuring: Mapping[str, Any],
    out: str | None,
    json_path: str | None,
    no_report: bool,
) -> int:
    """``rewardmeter compare``."""
    to_stdout = json_path == "-"
    console = Console(stderr=to_stdout, highlight=False)
    named = scorers.named()
    dataset = data.load()
    check_request(dataset, **{name: value for name, value in measuring.items() if name != "seed"})
    if scorers.dry_run:
        return dry_run(dataset, named, scorers)
    made = _run(dataset, named, scorers)
    board = compare_scores(dataset, made, **measuring)
    board = replace(board, settings=replace(board.settings, command=command_line()))
    if to_stdout:
        sys.stdout.write(json_text(board.to_dict()))
    elif json_path is not None:
        write_text(Path(json_path), json_text(board.to_dict()))
    print_board(board, console)
    if not no_report and not (to_stdout and out is None):
        folder = Path(out or default_folder(data.spec))
        save_board(dataset, made, board, folder)
        console.print(f"report  → {folder / 'index.html'}     numbers → {folder / 'board.json'}", soft_wrap=True)
    return _status(made)


def _paid(cost: Cost) -> str:
    """What a run has paid to servers, "" for nothing."""
    if not cost.calls:
        return ""
    tokens = f"{cost.input_tokens:,} tokens in, {cost.output_tokens:,} out"
    return f" · {cost.calls:,} calls, {cost.latency / cost.calls:.2g} s each · {tokens} · {price(cost.dollars)}"


def _status(made: Sequence[Contender]) -> int:
    """3 if something failed, or was left out because the money was spent."""
    counts = [contender.scores.counts() for contender in made]
    left_out = any(
        count.get("failed", 0) or (contender.kind == "computed" and count.get("missing", 0))
        for contender, count in zip(made, counts, strict=True)
    )
    return SOME_FAILED if left_out else DONE


def default_folder(spec: str, kind: str = "") -> str:
    """``wmt23-mtme:zh-en`` goes to ``wmt23-mtme-zh-en``, the file ``pairs.jsonl.gz`` to ``pairs-board``; both end in
    the kind of report where one is named."""
    name = Path(spec).name
    is_file = "." in name.strip(".")
    stem = name.split(".", 1)[0] if is_file else name
    ending = kind or ("board" if is_file else "")
    folder = re.sub(r"[^\w.-]+", "-", f"{stem}-{ending}" if ending else stem).strip("-.")
    return folder or kind or "board"


def _run(dataset: Dataset, named: Sequence[str | tuple[str, str]], scorers: ScorerOptions) -> list[Contender]:
    return contenders(
        dataset,
        named,
        store=scorers.where(),
        workers=scorers.workers,
        max_cost=scorers.max_cost,
        executor=scorers.executor,
        progress=make_progress(sys.stderr),
    )


def dry_run(dataset: Dataset, named: Scorers, scorers: ScorerOptions) -> int:
    """What scoring would take, as a table; with --max-cost, status 1 if it would cost more."""
    return affordable(print_forecast(dataset, named, scorers), scorers)


def affordable(total: float, scorers: ScorerOptions) -> int:
    """Status 1 if so many dollars, or nobody knows how many, are more than --max-cost."""
    return CHECK_FAILED if scorers.max_cost is not None and not total <= scorers.max_cost else DONE


def print_forecast(dataset: Dataset, named: Scorers, scorers: ScorerOptions) -> float:
    """What scoring would take, as a table; the dollars that it would cost at most, NaN where that is not known."""
    found = forecast(dataset, named, store=scorers.where())
    screen = table_console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("scorer", "responses", "distinct", "to score", "calls", "tokens in", "tokens out", "dollars"):
        table.add_column(heading, no_wrap=True, justify="left" if heading == "scorer" else "right")
    total = 0.0
    for name, one in found.items():
        cost = one.cost
        counts = [f"{number:,}" for number in (one.responses, one.distinct, one.to_score)]
        if cost is None:
            table.add_row(name, *counts, "–", "–", "–", "none")
            continue
        total += cost.dollars
        tokens = (cost.calls, cost.input_tokens, cost.output_tokens)
        table.add_row(name, *counts, *(f"{number:,}" for number in tokens), price(cost.dollars))
    screen.print(table)
    screen.print(
        f"At most {price(total)} in all. Tokens are estimated; nothing was scored and nobody was called.",
        soft_wrap=True,
    )
    unknown = [name for name, one in found.items() if one.cost is not None and math.isnan(one.cost.dollars)]
    if unknown:
        screen.print(
            f"The price of {', '.join(unknown)} is unknown; state it, and keep a limit on the output, max_tokens"
            " (see docs/judges.md).",
            soft_wrap=True,
        )
    return total


def command_line() -> str:
    """The command as it was typed."""
    return shlex.join(["rewardmeter", *sys.argv[1:]])


def score(data: DataOptions, scorers: ScorerOptions, *, out: str) -> int:
    """``rewardmeter score``."""
    named = scorers.named()
    if out != "-" and os.path.realpath(out) == os.path.realpath(os.path.expanduser(data.spec)):
        raise InputError("the scores would be written over the data", path=out, fix="Name another file with --out.")
    dataset = data.load()
    if scorers.dry_run:
        return dry_run(dataset, named, scorers)
    made = _run(dataset, named, scorers)
    write_scores(None if out == "-" else Path(out), dataset, {contender.name: contender.scores for contender in made})
    console = Console(stderr=True, highlight=False)
    for contender in made:
        counts = ", ".join(f"{count:,} {name}" for name, count in contender.scores.counts().items())
        console.print(f"{contender.name}: {counts}{_paid(contender.scores.cost)}", markup=False, soft_wrap=True)
        for remark, count in commonest(contender.scores, scored=True).items():
            console.print(f"{contender.name}: {count:,} scored with a remark: {remark}", markup=False, soft_wrap=True)
    return _status(made)


def data_show(data: DataOptions) -> int:
    """``rewardmeter data show``."""
    console = Console(highlight=False)
    for line in describe(data.load()):
        console.print(line, markup=False, soft_wrap=True)
    return DONE


def data_list() -> int:
    """``rewardmeter data list``."""
    from rewardmeter.io import named

    console = Console(highlight=False)
    for line in named.listing():
        console.print(line, markup=False, soft_wrap=True)
    return DONE


def data_fetch(name: str, into: str | None) -> int:
    """``rewardmeter data fetch``."""
    from rewardmeter.io import named

    path = named.fetch(name, None if into is None else Path(into), progress=make_progress(sys.stderr))
    Console(highlight=False).print(f"{name} → {path}", markup=False, soft_wrap=True)
    return DONE
