"""``rewardmeter audit``. Imported only when it runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from rewardmeter.api import audit as run_audit
from rewardmeter.api import experiment_of
from rewardmeter.auditing import (
    EDITS,
    Audit,
    AuditOptions,
    Baseline,
    Check,
    Edit,
    edits_named,
    failures,
    parse_checks,
    read_baseline,
    unanswered,
)
from rewardmeter.auditing.files import save_audit
from rewardmeter.cli.app import CHECK_FAILED, DONE, SOME_FAILED
from rewardmeter.cli.audit_tables import print_audit
from rewardmeter.cli.calibrating import running
from rewardmeter.cli.commands import (
    DataOptions,
    ScorerOptions,
    affordable,
    command_line,
    default_folder,
    print_forecast,
)
from rewardmeter.cli.output import console
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError
from rewardmeter.report.files import json_text, write_text

__all__ = ["Checks", "audit"]

NOT_ALWAYS = (
    *("by item", "given the system", "position", "swap consistency", "verbosity"),
    *("self-preference", "scale use", "run-to-run"),
)
"""Probes that some scorers, or data, have not."""


@dataclass(frozen=True)
class Checks:
    """What must not be, as typed, and the audit that it is compared with."""

    fail_on: tuple[str, ...] = ()
    baseline: str | None = None


def audit(
    data: DataOptions,
    scorers: ScorerOptions,
    *,
    auditing: Mapping[str, Any],
    edits: Sequence[str],
    train: str | None,
    checks: Checks,
    out: str | None,
    json_path: str | None,
    no_report: bool,
) -> int:
    """Audit, print, write, check."""
    to_stdout = json_path == "-"
    screen = console(stderr=to_stdout)
    options = AuditOptions(edits=_edits(edits), **auditing)
    named = scorers.named() if scorers.specs or scorers.file else []
    asked = parse_checks(checks.fail_on or (("any",) if checks.baseline is not None else ()))
    folder = None if no_report or (to_stdout and out is None) else Path(out or default_folder(data.spec, "audit"))
    dataset = data.load()
    baseline = read_baseline(Path(checks.baseline), dataset.name) if checks.baseline is not None else None
    if scorers.dry_run:
        return _dry_run(dataset, named, scorers, options)
    if folder is not None:
        _check_folder(folder)
    made = run_audit(dataset, named, options, train=train, **running(scorers))
    made = replace(made, settings={**made.settings, "command": command_line()})
    if to_stdout:
        sys.stdout.write(json_text(made.to_dict()))
    elif json_path is not None:
        write_text(Path(json_path), json_text(made.to_dict()))
    print_audit(made, screen)
    if folder is not None:
        save_audit(made, folder)
        screen.print(f"report  → {folder / 'index.html'}     numbers → {folder / 'audit.json'}", soft_wrap=True)
    _check_names(asked, made)  # after all is written: a wrong name does not cost what was scored
    if _check(made, asked, baseline, screen):
        return CHECK_FAILED
    return SOME_FAILED if any(one.failed for one in made.scorers) else DONE


def _check(made: Audit, asked: Sequence[Check], baseline: Baseline | None, screen: Console) -> bool:
    """Say what failed, what nothing could answer, and what passed; whether anything failed.

    Raises
    ------
    InputError
        If nothing failed, and a check could not be answered at all: a gate that looked at nothing is not open.
    """
    for sentence in baseline.differs(made) if baseline is not None else ():
        screen.print(Text(sentence), soft_wrap=True)
    failed, silent = failures(made, asked, baseline), unanswered(made, asked)
    for one in failed:
        said = f"failed{f' · {one.scorer}' if one.scorer else ''} · {one.says}"
        screen.print(Text(said, style="bold red"), soft_wrap=True)
    for check, scorer in silent:
        screen.print(Text(f"not tested{f' · {scorer}' if scorer else ''} · {check}"), soft_wrap=True)
    if failed:
        return True
    nothing = [check for check, scorer in silent if not scorer]
    passed = [str(one) for one in asked if one not in nothing]
    if passed:
        screen.print(f"passed · {', '.join(passed)}", markup=False, soft_wrap=True)
    if nothing:
        raise InputError(
            f"--fail-on {', '.join(map(str, nothing))}: nothing in this audit could answer that",
            fix="Name a scorer that can be run, try the edits, or leave the check out.",
        )
    return False


def _check_folder(folder: Path) -> None:
    """Refuse, before anything is scored, a folder that nothing can be written to."""
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not there.is_dir():
        raise InputError("this is a file, and no folder", path=there, fix="Name another folder with --out.")
    if not os.access(there, os.W_OK):
        raise InputError("nothing can be written to this folder", path=there, fix="Name another one with --out.")


def _edits(names: Sequence[str]) -> tuple[Edit, ...]:
    """All where none is named; ``none`` for none."""
    return EDITS if not names else edits_named([name for name in names if name != "none"])


def _dry_run(
    dataset: Dataset, named: Sequence[str | tuple[str, str]], scorers: ScorerOptions, options: AuditOptions
) -> int:
    """What scoring the data would take, and then what scoring the edited responses would; together with --max-cost."""
    if not named:
        raise InputError("without a scorer there is nothing to score", fix="Leave --dry-run out, or add --scorer.")
    total = print_forecast(dataset, named, scorers)
    experiment, run = experiment_of(dataset, named, options)
    if experiment is not None:
        console().print(f"\nFor the edits of {experiment.units:,} items, in addition:", soft_wrap=True)
        total += print_forecast(experiment.dataset, run, scorers)
    if run and (options.runs > 1 or options.attributed):
        console().print("\nNot counted: what --runs and --attribute ask besides.", soft_wrap=True)
    return affordable(total, scorers)


def _check_names(checks: Sequence[Check], made: Audit) -> None:
    """That each check names something that the audit has, or an edit that was not tried."""
    parse_checks(
        [str(one) for one in checks],
        [one.probe for one in made.data]
        + [one.probe for scorer in made.scorers for one in scorer.probes]
        + [one.name for one in EDITS]
        + list(NOT_ALWAYS),
    )
