"""`Board`: scorers beside each other, measured against people. May import `types`, `errors` and `stats`.

A board is plain data: `to_dict` is board.json, `rows` is board.csv, and printing it shows its table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from rewardmeter.errors import UnknownNameError
from rewardmeter.stats.catalogue import describe
from rewardmeter.stats.result import Estimate
from rewardmeter.types import Cost, Signature
from rewardmeter.version import __version__

__all__ = ["Board", "Entry", "Settings", "StatisticView"]

Statistics = Mapping[str, Estimate]


@dataclass(frozen=True)
class StatisticView:
    """Attribute access to the statistics of one entry: ``entry.segment.pearson.by_item``.

    A view knows the part of the id that has been named so far. ``pooled``, ``by_item`` and ``by_system`` end the walk;
    so does `estimate`.
    """

    statistics: Statistics
    prefix: str

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name == "pooled":
            return self.estimate
        part = f"{self.prefix}.{name.removeprefix('by_') if name.startswith('by_') else name}"
        if part in self.statistics and name.startswith("by_"):
            return self.statistics[part]
        if any(known == part or known.startswith(f"{part}.") for known in self.statistics):
            return StatisticView(self.statistics, part)
        raise AttributeError(str(UnknownNameError("statistic", part, self.statistics)))

    @property
    def estimate(self) -> Estimate:
        """The estimate whose id has been walked to."""
        if self.prefix not in self.statistics:
            raise AttributeError(str(UnknownNameError("statistic", self.prefix, self.statistics)))
        return self.statistics[self.prefix]

    def __dir__(self) -> list[str]:
        start = f"{self.prefix}."
        return sorted({known[len(start) :].split(".")[0] for known in self.statistics if known.startswith(start)})

    def __repr__(self) -> str:
        inside = {k: v for k, v in self.statistics.items() if k == self.prefix or k.startswith(f"{self.prefix}.")}
        return "\n".join(f"{name}: {estimate}" for name, estimate in inside.items())


@dataclass(frozen=True)
class Entry:
    """One scorer's row.

    Attributes
    ----------
    scorer:
        Name: the spec, or the data's own name of a recorded scorer.
    kind:
        ``"computed"`` or ``"recorded"``.
    reads:
        What it reads; None where the data does not say.
    baseline:
        Whether it is a content-blind rule (a surface scorer that reads the response alone).
    coverage:
        Share of the judged responses (or pairs) that it has a value for, in [0, 1].
    outcomes:
        How many responses ended in each outcome.
    reasons:
        Why responses failed or were abstained from: the commonest reasons with their counts.
    remarks:
        What is to be known of responses that have a score (that they were truncated), with counts.
    cost:
        What this run has paid; scores from the store are free.
    cost_per_1000:
        What 1,000 different responses have cost so far, earlier runs included; None where that is not known.
    cluster:
        Significance cluster by the primary statistic, 1 the best; None where there was no test.
    statistics:
        Estimates by statistic id.
    slices:
        Column to value to (count of judged items, statistics) of that part of the data.
    """

    scorer: str
    kind: str
    reads: tuple[str, ...] | None
    baseline: bool
    coverage: float
    outcomes: Mapping[str, int]
    statistics: Statistics
    slices: Mapping[str, Mapping[str, tuple[int, Statistics]]] = field(default_factory=dict)
    cost: Cost = field(default_factory=Cost)
    signature: Signature | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)
    cluster: int | None = None
    remarks: Mapping[str, int] = field(default_factory=dict)
    cost_per_1000: Cost | None = None

    @property
    def segment(self) -> StatisticView:
        """Statistics over single responses."""
        return StatisticView(self.statistics, "segment")

    @property
    def system(self) -> StatisticView:
        """Statistics over systems."""
        return StatisticView(self.statistics, "system")

    @property
    def pair(self) -> StatisticView:
        """Statistics over pairs and groups."""
        return StatisticView(self.statistics, "pair")

    def __getitem__(self, statistic: str) -> Estimate:
        if statistic not in self.statistics:
            raise UnknownNameError("statistic", statistic, self.statistics)
        return self.statistics[statistic]

    def to_dict(self) -> dict[str, Any]:
        """The entry as plain JSON values."""
        return {
            "scorer": self.scorer,
            "kind": self.kind,
            "reads": None if self.reads is None else list(self.reads),
            "baseline": self.baseline,
            "cluster": self.cluster,
            "coverage": self.coverage,
            "outcomes": dict(self.outcomes),
            "reasons": dict(self.reasons),
            "remarks": dict(self.remarks),
            "cost": self.cost.to_dict(),
            "cost_per_1000": None if self.cost_per_1000 is None else self.cost_per_1000.to_dict(),
            "signature": None if self.signature is None else str(self.signature),
            "fingerprint": None if self.signature is None else self.signature.fingerprint,
            "statistics": {name: estimate.to_dict() for name, estimate in self.statistics.items()},
            "slices": {
                column: {
                    value: {"n": n, "statistics": {name: e.to_dict() for name, e in statistics.items()}}
                    for value, (n, statistics) in values.items()
                }
                for column, values in self.slices.items()
            },
        }


@dataclass(frozen=True)
class Settings:
    """What was asked for; with the data hash and the signatures it makes the board again.

    Attributes
    ----------
    primary:
        The statistic that ranks.
    level, resamples, seed:
        Of the intervals.
    command, versions:
        How to make the board again.
    tests, alpha, correction:
        How scorers were tested against each other (None if they were not), and the level after ``correction``.
    """

    primary: str
    level: float = 0.95
    resamples: int = 1000
    seed: int = 0
    command: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    tests: str | None = None
    alpha: float = 0.05
    correction: str | None = None


@dataclass(frozen=True)
class Board:
    """Scorers beside each other, best first by the primary statistic; undefined ones last.

    ``human_ceiling`` holds, by statistic id, what one rater reaches against the others.
    """

    dataset: Mapping[str, Any]
    gold: Mapping[str, Any]
    settings: Settings
    entries: tuple[Entry, ...]
    headline: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    human_ceiling: Mapping[str, Estimate] = field(default_factory=dict)

    @property
    def scorers(self) -> tuple[str, ...]:
        """Names in board order."""
        return tuple(entry.scorer for entry in self.entries)

    @property
    def statistic_ids(self) -> tuple[str, ...]:
        """All statistic ids that occur, the primary one first."""
        seen = dict.fromkeys(name for entry in self.entries for name in entry.statistics)
        rest = [name for name in seen if name != self.settings.primary]
        return (self.settings.primary, *rest) if self.settings.primary in seen else tuple(rest)

    def __getitem__(self, scorer: str) -> Entry:
        for entry in self.entries:
            if entry.scorer == scorer:
                return entry
        raise UnknownNameError("scorer on this board", scorer, self.scorers)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def to_dict(self) -> dict[str, Any]:
        """The board as plain JSON values: the contents of board.json."""
        ranks = self.ranks()
        return {
            "rewardmeter": __version__,
            "dataset": dict(self.dataset),
            "gold": dict(self.gold),
            "settings": {
                "primary": self.settings.primary,
                "level": self.settings.level,
                "resamples": self.settings.resamples,
                "seed": self.settings.seed,
                "command": self.settings.command,
                "versions": dict(self.settings.versions),
                "tests": self.settings.tests,
                "alpha": self.settings.alpha if self.settings.tests else None,
                "correction": self.settings.correction,
            },
            "human_ceiling": {name: estimate.to_dict() for name, estimate in self.human_ceiling.items()} or None,
            "headline": list(self.headline),
            "caveats": list(self.caveats),
            "board": [{"rank": rank, **entry.to_dict()} for rank, entry in zip(ranks, self.entries, strict=True)],
        }

    def ranks(self) -> list[int | None]:
        """Place of each entry by the primary statistic, equal values sharing one; None where it is undefined."""
        ranks: list[int | None] = []
        last: float | None = None
        for place, entry in enumerate(self.entries, 1):
            estimate = entry.statistics.get(self.settings.primary)
            if estimate is None or not estimate.defined:
                ranks.append(None)
            elif last is not None and estimate.value == last:
                ranks.append(ranks[-1])
            else:
                ranks.append(place)
                last = estimate.value
        return ranks

    def rows(self) -> list[dict[str, Any]]:
        """One flat row per scorer, slice and statistic: the contents of board.csv."""
        rows: list[dict[str, Any]] = []
        for entry in self.entries:
            parts: list[tuple[str, str, Statistics]] = [("", "", entry.statistics)]
            for column, values in entry.slices.items():
                parts += [(column, value, statistics) for value, (_, statistics) in values.items()]
            for column, value, statistics in parts:
                for name, estimate in statistics.items():
                    plain = estimate.to_dict()
                    rows.append(
                        {
                            "scorer": entry.scorer,
                            "slice": column,
                            "slice_value": value,
                            "statistic": name,
                            **{key: plain[key] for key in ("value", "low", "high", "level", "n", "method")},
                            "coverage": entry.coverage,
                        }
                    )
        return rows

    def to_pandas(self) -> Any:
        """`rows` as a pandas data frame; pandas must be installed."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def to_polars(self) -> Any:
        """`rows` as a polars data frame; polars must be installed."""
        import polars as pl

        return pl.DataFrame(self.rows())

    def _repr_html_(self) -> str:
        """The table for notebooks."""
        label = describe(self.settings.primary).label
        cells = []
        for rank, entry in zip(self.ranks(), self.entries, strict=True):
            estimate = entry.statistics.get(self.settings.primary)
            values = (entry.cluster or "–", rank or "–", entry.scorer, "undefined" if estimate is None else estimate)
            cells.append("<tr>" + "".join(f"<td>{escape(str(value))}</td>" for value in values) + "</tr>")
        head = "".join(f"<th>{escape(name)}</th>" for name in ("cluster", "rank", "scorer", label))
        sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in self.headline)
        return f"{sentences}<table><thead><tr>{head}</tr></thead><tbody>{''.join(cells)}</tbody></table>"

    def __str__(self) -> str:
        """A plain table of the primary statistic; the command line shows a richer one."""
        label = describe(self.settings.primary).label
        width = max([6, *(len(name) for name in self.scorers)])
        lines = [f"{self.dataset.get('name', '')} · {label}", f"{'scorer':<{width}}  value"]
        for entry in self.entries:
            estimate = entry.statistics.get(self.settings.primary)
            lines.append(f"{entry.scorer:<{width}}  {'undefined' if estimate is None else estimate}")
        return "\n".join(lines)

    __repr__ = __str__
