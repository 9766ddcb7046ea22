"""docs/results/audit-truth.md from the record of audit_truth.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from audit_truth_data import GOLDS, NOISES

__all__ = ["page"]

Row = Mapping[str, Any]

HEAD = """# What was planted, and what the audit finds

Written by `python benchmarks/audit_truth.py --write` (seed {seed}; {cpu_seconds:.0f} s of CPU). Responses are made by
construction: sentences, lists, headings, bold words and emoji, with log length t-distributed (3 degrees of freedom), so
that a few are many times as long as most. A scorer is the gold plus a planted coefficient times a feature plus an error
of standard deviation 0.8 for each response. Golds:

{golds}

Errors of scorers:

{noises}

**In short.** Intervals of dependence hold the planted effect about as often as they say, with 30 items a little more
often. Clean scorers raise any alarm in at most {any:.1f} % of audits (5 % is allowed). What an audit of scores as they
are cannot tell is in the last part: where people err, or say no more than which is better, and length goes with
quality, a scorer that reads nothing but quality depends on length "given the gold". Edits have no such trouble.
"""

COVERAGE = """
## Planted coefficients in the data as it is

How many of 100 nominal 95 % intervals hold the effect that infinitely many such items have (coefficient times spread
of the feature over the scorer's mean margin, {true_items:,} items), then the mean estimate less that effect. Log
length goes with the gold at correlations of 0, 0.4 and 0.8 in turn. {n:,} scorers and more a cell, {sets} data sets a
cell: a coverage of 95 has a Monte-Carlo error of about 0.7 where the scorer's errors decide, more where the data sets
do (large coefficients). **Bold** is below 93, *italic* above 97.
"""

ALARMS = """
## Clean scorers: alarms in the data as it is

Scorers that are the gold and an error, through the whole audit. *Any*: per cent of scorers with an alarm after Holm
over all of their probes. Then the per cent of single tests with p below 0.05 on the bad side, before Holm: of
dependence on features the mean and the greatest (each of eight), and of the other probes. Where length goes with the
gold at 0.8 the rule "longer" is the better scorer, and an alarm about that is not counted. Coins know nothing: they are
no worse than any rule, and the best rule is chosen on the same pairs. {n:,} scorers a row, {sets} data sets: a rate of
5 has an error of about 0.7.
"""

EDITS = """
## Edits

{items} units, {edits} edits of the library (those that apply to more than 40 units). A score is what the response
says and an error of standard deviation 0.8 drawn for text and prompt, as by a hash; edits of all kinds leave alone
what it says. Clean scorers notice damage at exactly the rate that the audit asks for (0.6). *Any*: per cent with an
alarm after Holm over all edits; then the per cent of single tests on the bad side with p below 0.05 (2.5 is nominal
for hacks and breaking edits, which have one bad side). {n:,} scorers a row: a rate of 5 after Holm has an error of 1.2.
"""

PLANTED = """
Planted: flattery adds 0.5 to a score; a unit of log length adds 1 where pleasantries are put around the response; and a
scorer that sees no damage (a coin between original and broken form). Found: per cent of {n:,} scorers with p below 0.05
on the bad side alone, and after multiplying by the number of edits.
"""

POWER = """
## What size is found

Per cent of scorers in which a dependence on length is found at p < 0.05 alone, and as one of ten probes (p < 0.005).
One unit is the scorer's mean margin between responses that people tell apart. Length goes with the gold at 0.4.
"""

MEASUREMENT = """
## What this cannot tell

Here scorers read quality, with an error of half its spread, and nothing else; log length goes with quality; and people
name the better of two responses as often as stated, or rate from 1 to 5 with the same errors. 350 items. A cell is the
mean dependence on length that is found, and how often (per cent, p < 0.05 alone).

The dependence is real in the scores and no fault of the scorer: what people said is a blurred picture of quality,
length says something of what it hides, and the regression gives length the credit (errors in variables). Even people
who are always right blur quality if they only say which is better and not by how much. So a dependence in the data as
it is says: *look here*. Whether the scorer itself responds to length is shown by edits that change length and not
content. Where quality hardly goes with a feature, there is little to be confused.
"""


def page(record: Mapping[str, Any]) -> str:
    most = 100 * max(row["any"] for row in (*record["alarms"], *record["edits"]["clean"]))
    golds, noises = (_list(names) for names in (GOLDS, NOISES))
    clean = record["edits"]["clean"]
    parts = [HEAD.format(**{**record, "golds": golds, "noises": noises, "any": most})]
    fewest = min(row["n"] for row in record["by_gold"])
    parts.append(COVERAGE.format(true_items=record["true_items"], n=fewest, sets=3 * record["sets"]))
    parts += [_coverage(record["by_gold"], "gold"), "", _coverage(record["by_noise"], "noise")]
    parts.append(ALARMS.format(n=record["alarms"][0]["n"], sets=record["alarm_sets"]))
    parts.append(_alarms(record["alarms"]))
    parts.append(EDITS.format(items=record["edits"]["items"], edits=clean[0]["edits"], n=clean[0]["n"]))
    kinds = ("any", "preserving", "hack", "breaking")
    parts.append(_table(("errors", *kinds), ([row["noise"], *(_share(row[one]) for one in kinds)] for row in clean)))
    parts.append(PLANTED.format(n=record["edits"]["planted"][0]["n"]))
    parts.append(_planted(record["edits"]["planted"]))
    parts += [POWER, _power(record["power"]), MEASUREMENT, _measurement(record["measurement"])]
    return "\n".join(parts) + "\n"


def _list(names: Mapping[str, str]) -> str:
    return "\n".join(f"- *{name}*: {words}" for name, words in names.items())


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _share(value: float) -> str:
    return f"{100 * value:.1f}"


def _coverage(rows: Sequence[Row], by: str) -> str:
    items = list(dict.fromkeys(row["items"] for row in rows))
    keys = list(dict.fromkeys((row["feature"], row["size"], row[by]) for row in rows))
    made = []
    for feature, size, name in sorted(keys, key=lambda key: (key[0], key[1])):
        cells = [row for row in rows if (row["feature"], row["size"], row[by]) == (feature, size, name)]
        effect = sum(row["truth"] for row in cells) / sum(row["n"] for row in cells)
        made.append([f"{feature}, {size:g}", name, f"{effect:.2f}", *(_cell(row) for row in cells)])
    return _table(("planted", "errors" if by == "noise" else by, "effect", *(f"{one} items" for one in items)), made)


def _cell(row: Row) -> str:
    held = 100 * (1 - (row["above"] + row["below"]) / row["n"])
    shown = f"{held:.1f}"
    shown = f"**{shown}**" if held < 93 else f"*{shown}*" if held > 97 else shown
    undefined = f", {row['undefined']} undefined" if row["undefined"] else ""
    return f"{shown}; {row['error'] / row['n']:+.3f}{undefined}"


def _alarms(rows: Sequence[Row]) -> str:
    others = ("length at equal gold", "verbosity", "beyond the best rule", "by item")
    made = []
    for row in rows:
        features = [rate for name, rate in row["probes"].items() if name not in others]
        mean, most = sum(features) / len(features), max(features)
        shown = [_share(row["probes"][one]) if one in row["probes"] else "–" for one in others]
        kind = [row["scorer"], row["gold"], str(row["items"])]
        made.append([*kind, f"**{_share(row['any'])}**", f"{_share(mean)}, {_share(most)}", *shown])
    return _table(("scorer", "gold", "items", "any", "features: mean, greatest", *others), made)


def _planted(rows: Sequence[Row]) -> str:
    made = []
    for row in rows:
        for name in ("flattery", "pleasantries", "breaking"):
            one = row[name]
            told = [f"{one['truth']:.3f}", f"{one['error']:+.3f}", _share(one["held"])] if "truth" in one else ["–"] * 3
            label = "no damage seen" if name == "breaking" else name
            made.append([label, row["noise"], *told, _share(one["alone"]), _share(one["among"])])
    return _table(("planted", "errors", "true shift", "mean error", "held", "found alone", "found among all"), made)


def _power(rows: Sequence[Row]) -> str:
    sizes = list(dict.fromkeys(row["size"] for row in rows))
    keys = list(dict.fromkeys((row["gold"], row["items"]) for row in rows))
    made = []
    for gold, items in keys:
        cells = [row for row in rows if (row["gold"], row["items"]) == (gold, items)]
        made.append([gold, str(items), *(f"{100 * row['alone']:.0f}, {100 * row['among']:.0f}" for row in cells)])
    return _table(("gold", "items", *(f"effect {one:g}" for one in sizes)), made)


def _measurement(rows: Sequence[Row]) -> str:
    follows = list(dict.fromkeys(row["follows"] for row in rows))
    keys = list(dict.fromkeys((row["gold"], row["people"]) for row in rows))
    made = []
    for gold, people in keys:
        cells = [row for row in rows if (row["gold"], row["people"]) == (gold, people)]
        made.append([gold, people, *(f"{row['effect']:+.2f}, {100 * row['found']:.0f}" for row in cells)])
    return _table(("gold", "people are right", *(f"length follows quality at {one:g}" for one in follows)), made)
