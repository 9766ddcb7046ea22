"""The page of the coverage study, docs/results/coverage.md, from the record that coverage.py prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

__all__ = ["page"]

Row = Mapping[str, Any]
GOAL = (0.93 - 1e-9, 0.97 + 1e-9)
LEVEL = 0.05

HEAD = """# Do the intervals cover, do the tests hold their level?

Written by `python benchmarks/coverage.py --write`. {replications} data sets per setting (half for 400 items and for α;
preferences in batches), seed {seed}, {resamples:,} resamples, nominal coverage 95 %; {cpu_seconds:.0f} s of CPU.
A coverage near 95 % has a Monte-Carlo standard error of {error:.1f} points ({more:.1f} at 400 items), a level near 5 %
the same: single settings are off by chance, and then alike for statistics of the same data. **Bold** is what lies
outside 93–97 %, or a level above 7 %. Behind a coverage: how many per cent of the intervals lie wholly above / wholly
below the truth.

## What was simulated

Ratings: quality = system + item + residual, seen by people without error (normal), or rounded to five points (coarse).
Scorers see a share of it (weak 0.4, strong 1), like some items and systems for no reason, and err; among the coarse
ratings the weak scorer has four values. Systems are the same in all data sets, and items are drawn, as the board's
bootstrap over items assumes. The truth is the value over 100,000 items (acc\\*_eq: 20,000, at the ε that is best
there); pooled Pearson of the normal ratings agrees with its closed form.

Preferences: four pairs per item, whose credits have the correlation 0.2 within an item; the truth is the model's
accuracy. α: three raters; the truth is a closed form.
"""


def page(record: Mapping[str, Any]) -> str:
    """The page as Markdown. ``record`` is what coverage.py prints, with its rows under ``coverage`` and ``tests``."""
    rows, tests = record["coverage"], record["tests"]
    error = 100 * (0.95 * 0.05 / record["replications"]) ** 0.5
    settings = {key: record[key] for key in record if key not in ("coverage", "tests")}
    parts = [HEAD.format(**settings, error=error, more=error * 2**0.5)]
    parts += ["## What came out\n", *_findings(rows, tests)]
    parts += ["\n## Coverage of the board's intervals\n"]
    for study in ("normal ratings", "coarse ratings"):
        for scorer in ("weak", "strong"):
            parts.append(f"\n### {study.capitalize()}, {scorer} scorer\n\n{_rating_table(rows, study, scorer)}")
    parts.append(f"\n### Preferences: pair accuracy\n\n{_plain_table(rows, 'preferences')}")
    parts.append(f"\n### Raters: Krippendorff's α\n\n{_plain_table(rows, 'raters')}")
    parts += ["\n## What might mend it\n", *_mends(rows)]
    parts += ["\n## Tests between two scorers of equal quality: p ≤ 0.05\n", LEVELS, _level_table(tests)]
    parts += ["\nPairs:\n", _preference_level_table(tests)]
    parts += ["\n## Power: p ≤ 0.05\n", POWER, _power_tables(tests)]
    return "\n".join(parts) + "\n"


LEVELS = """Both scorers see the quality in full and differ in their errors alone. *Errors by cell*: all errors are
independent. *Items*: each scorer also likes some items, so that its errors within an item go together. *Systems*: it
also likes some systems. Systems are then drawn afresh in every data set, and the null speaks of other systems than
those at hand: a test that resamples items alone does not, and may well find that on these systems one scorer is better.
499 draws where a test draws.
"""

POWER = """Per cent of data sets with a finding. The true difference stands beside it, in units of the statistic. In the
rating tables the second scorer errs more, errors are independent, and there are five systems; `planned` is what
`paired_accuracy_power` says.
"""


def _findings(rows: Sequence[Row], tests: Sequence[Row]) -> list[str]:
    segment = [row for row in rows if row["statistic"].startswith("segment.") and "," not in row["study"]]
    lines = []
    for items in (30, 100, 400):
        some = [row for row in segment if row["items"] == items]
        inside = sum(GOAL[0] <= row["coverage"] <= GOAL[1] for row in some)
        worst = min(some, key=lambda row: row["coverage"])
        mean = sum(row["coverage"] for row in some) / len(some)
        lines.append(
            f"- Segment level, {items} items: mean coverage {100 * mean:.1f} %, {inside} of {len(some)} settings within"
            f" 93–97 %, the least {100 * worst['coverage']:.1f} % (`{worst['statistic']}`, {worst['scorer']} scorer,"
            f" {worst['study']}, {worst['systems']} systems)."
        )
    system = [row for row in rows if row["statistic"].startswith("system.") and "," not in row["study"]]
    for name in sorted({row["statistic"] for row in system}):
        some = [row for row in system if row["statistic"] == name]
        worst = min(some, key=lambda row: row["coverage"])
        below = sum(row["coverage"] < GOAL[0] for row in some)
        lines.append(
            f"- `{name}`: {below} of {len(some)} settings below 93 %, the least {100 * worst['coverage']:.1f} %"
            f" ({worst['scorer']} scorer, {worst['study']}, {worst['systems']} systems, {worst['items']} items);"
            f" {100 * worst['high_misses']:.0f} % of the intervals there lie wholly below the truth."
        )
    lines.append(
        "- Why: means over few items are noisy, and noise pulls the agreement of systems down; resampling adds it once"
        " more and pulls the interval further down. Rank statistics also jump where two systems nearly tie, on either"
        " side: they are not smooth in the means, as the bootstrap needs, so that more items do not help before such"
        " pairs are told apart. Read a system-level interval as what other items of this number would give, not as"
        " where the value over all items lies."
    )
    for name, text in (("test.pair_swap", "verdicts pair by pair"), ("test.item_swap", "verdicts item by item")):
        some = [row for row in tests if row["test"] == name and row["scorers"] == "errors by cell"]
        found = ", ".join(
            f"{100 * row['found']:.0f} % ({row['systems']} × {row['items']})" for row in some if not row["difference"]
        )
        lines.append(f"- acc\\*_eq, {text} (`{name}`): level {found}, systems × items, errors by cell.")
    return lines


def _rating_table(rows: Sequence[Row], study: str, scorer: str) -> str:
    chosen = [row for row in rows if row["study"] == study and row["scorer"] == scorer]
    shapes = sorted({(row["systems"], row["items"]) for row in chosen})
    names = list(dict.fromkeys(row["statistic"] for row in chosen))
    lines = []
    for name in names:
        found = {(row["systems"], row["items"]): row for row in chosen if row["statistic"] == name}
        truths = [f"{found[shape]['truth']:.3f}" for shape in shapes if shape[1] == 30]
        lines.append([f"`{name}`", " / ".join(truths), *(_covered(found[shape]) for shape in shapes)])
    head = ["statistic", "truth", *(f"{systems} systems × {items}" for systems, items in shapes)]
    return _table(head, lines)


def _plain_table(rows: Sequence[Row], study: str) -> str:
    chosen = [row for row in rows if row["study"] == study]
    items = sorted({row["items"] for row in chosen})
    keys = list(dict.fromkeys((row["statistic"], row["scorer"]) for row in chosen))
    lines = []
    for name, scorer in keys:
        found = {row["items"]: row for row in chosen if (row["statistic"], row["scorer"]) == (name, scorer)}
        lines.append([f"`{name}`, {scorer}", *(_covered(found[n]) for n in items)])
    return _table(["statistic and truth", *(f"{n} items" for n in items)], lines)


def _mends(rows: Sequence[Row]) -> list[str]:
    expanded = [row for row in rows if row["study"].endswith(", expanded")]
    before, after = _matched(rows, expanded, ", expanded")
    wide = sum(row["width"] for row in expanded) / sum(row["width"] for row in before)
    lines = [
        f"- All intervals at the level of Student's t and n / (n − 1) (Hesterberg 2015) once more (the board's"
        f" percentiles are at that level already, its normal intervals are not), 30 items, segment level: mean coverage"
        f" {_mean(before)} → {_mean(after)}, intervals {100 * (wide - 1):.0f} % wider.",
        "- System level, the percentile interval turned round the value (the basic bootstrap), clipped to the range."
        " Where the second number is the lower one, it is no remedy:\n",
    ]
    reflected = [row for row in rows if row["study"].endswith(", reflected")]
    lines.append(_reflected_table(rows, reflected))
    return lines


def _reflected_table(rows: Sequence[Row], reflected: Sequence[Row]) -> str:
    shapes = sorted({(row["systems"], row["items"]) for row in reflected})
    lines = []
    for name in dict.fromkeys(row["statistic"] for row in reflected):
        cells = []
        for shape in shapes:
            some = [row for row in reflected if row["statistic"] == name and (row["systems"], row["items"]) == shape]
            before, after = _matched(rows, some, ", reflected")
            cells.append(f"{_mean(before)} → {_mean(after)}")
        lines.append([f"`{name}`", *cells])
    head = ["mean over scorers and ratings", *(f"{systems} systems × {items}" for systems, items in shapes)]
    return _table(head, lines)


def _matched(rows: Iterable[Row], mended: Sequence[Row], ending: str) -> tuple[list[Row], list[Row]]:
    """The rows of the board's own intervals for each mended row, and the mended rows."""

    def key(row: Row, study: str) -> tuple[Any, ...]:
        return (study, row["statistic"], row["scorer"], row["systems"], row["items"])

    known = {key(row, row["study"]): row for row in rows}
    return [known[key(row, row["study"].removesuffix(ending))] for row in mended], list(mended)


def _level_table(tests: Sequence[Row]) -> str:
    chosen = [row for row in tests if row["systems"] and row["scorers"] in ("errors by cell", *_LIKING)]
    columns = list(dict.fromkeys((row["scorers"], row["systems"], row["items"]) for row in chosen))
    lines = []
    for test, statistic in dict.fromkeys((row["test"], row["statistic"]) for row in chosen):
        found = {
            (row["scorers"], row["systems"], row["items"]): row
            for row in chosen
            if (row["test"], row["statistic"]) == (test, statistic)
        }
        lines.append([f"`{test}`", f"`{statistic}`", *(_level(found[column]) for column in columns)])
    head = ["test", "statistic", *(f"{_SHORT[kind]} {systems} × {items}" for kind, systems, items in columns)]
    return _table(head, lines)


_LIKING = ("likings for items", "likings for items and systems")
_SHORT = {"errors by cell": "cells", _LIKING[0]: "items", _LIKING[1]: "systems"}


def _preference_level_table(tests: Sequence[Row]) -> str:
    chosen = [
        row for row in tests if row["statistic"] == "pair.accuracy" and not row["scorers"].startswith("accuracy about")
    ]
    items = sorted({row["items"] for row in chosen})
    lines = []
    for test, kind in dict.fromkeys((row["test"], row["scorers"]) for row in chosen):
        found = {row["items"]: row for row in chosen if (row["test"], row["scorers"]) == (test, kind)}
        lines.append([f"`{test}`", kind, *(_level(found[n]) for n in items)])
    return _table(["test", "pairs", *(f"{n} items" for n in items)], lines)


def _power_tables(tests: Sequence[Row]) -> str:
    pairs = [row for row in tests if row["scorers"].startswith("accuracy about")]
    ratings = [row for row in tests if row["scorers"].startswith("errors 1 and")]

    def lines(rows: Sequence[Row], cell: Callable[[Row], str], columns: Sequence[Any], column: str) -> list[list[str]]:
        made = []
        for test, statistic, items in dict.fromkeys((row["test"], row["statistic"], row["items"]) for row in rows):
            some = [row for row in rows if (row["test"], row["statistic"], row["items"]) == (test, statistic, items)]
            found = {row[column]: row for row in some}
            made.append([f"`{test}`", f"`{statistic}`", str(items), *(cell(found[key]) for key in columns)])
        return made

    effects = sorted({row["difference"] for row in pairs})
    errors = list(dict.fromkeys(row["scorers"] for row in ratings))
    head = ["test", "statistic", "items"]
    return "\n\n".join(
        (
            _table(
                [*head, *(f"difference {effect:g}" for effect in effects)],
                lines(pairs, _planned, effects, "difference"),
            ),
            _table([*head, *errors], lines(ratings, _with_truth, errors, "scorers")),
        )
    )


def _covered(row: Row) -> str:
    if row["replications"] == 0:
        return "no interval"
    text = f"{100 * row['coverage']:.1f}"
    text = text if GOAL[0] <= row["coverage"] <= GOAL[1] else f"**{text}**"
    left_out = f", {row['undefined']} undefined" if row["undefined"] else ""
    return f"{text} ({100 * row['low_misses']:.0f}/{100 * row['high_misses']:.0f}{left_out})"


def _level(row: Row) -> str:
    text = f"{100 * row['found']:.1f}"
    return f"**{text}**" if row["found"] > LEVEL + 0.02 else text


def _planned(row: Row) -> str:
    planned = "" if row["planned"] is None else f" (planned {100 * row['planned']:.0f})"
    return f"{100 * row['found']:.0f}{planned}"


def _with_truth(row: Row) -> str:
    return f"{100 * row['found']:.0f} ({row['difference']:.3f})"


def _mean(rows: Sequence[Row]) -> str:
    return f"{100 * sum(row['coverage'] for row in rows) / len(rows):.1f} %"


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*rows, *("| " + " | ".join(line) + " |" for line in lines)])
