"""When an audit fails a check: alarms that were asked about, and those that are worse than before.

May import `errors`, `stats`, and `result` of this folder.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist
from typing import Any, get_args

from rewardmeter.auditing.result import Audit, DataProbe, Kind, ScorerAudit, ScorerProbe
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.significance import holm

__all__ = ["Baseline", "Check", "Failure", "failures", "parse_checks", "read_baseline", "unanswered"]

_CHECK = re.compile(r"(?P<what>[^<>]+?)\s*(?:(?P<side>[<>])\s*(?P<bound>[-+]?(?:\d+\.?\d*|\.\d+)))?")


@dataclass(frozen=True, eq=False)
class Baseline:
    """An earlier audit.

    Attributes
    ----------
    probes:
        Records of its probes by scorer, kind and probe.
    dataset:
        What it says of its data; empty where it says nothing.
    """

    probes: Mapping[tuple[str, str, str], Mapping[str, Any]]
    dataset: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scorers(self) -> tuple[str, ...]:
        """Names of its scorers."""
        return tuple(dict.fromkeys(scorer for scorer, _, _ in self.probes))

    def differs(self, audit: Audit) -> list[str]:
        """In sentences, what makes a comparison with it say less than it seems to."""
        said = []
        before, now = self.dataset, audit.dataset
        if before and before.get("hash") != now.get("hash"):
            said.append(
                f"The baseline is an audit of other data ({_data(before)}; here {_data(now)}): what differs may differ"
                " for that reason."
            )
        names = [one.scorer for one in audit.scorers if one.scorer not in self.scorers]
        if names:
            said.append(
                f"The baseline has no scorer named {', '.join(names)}; it has {', '.join(self.scorers) or 'none'}. To"
                " compare two versions, give both the same name with --scorers FILE.toml."
            )
        return said


def _data(facts: Mapping[str, Any]) -> str:
    items = facts.get("items")
    return f"{facts.get('name', 'without a name')}{f', {items:,} items' if isinstance(items, int) else ''}"


@dataclass(frozen=True)
class Check:
    """One thing that must not be.

    Attributes
    ----------
    what:
        ``any`` probe of a scorer, a kind of probe, ``data`` for any rule on the data, or the name of a probe or rule.
    side, bound:
        ``>`` or ``<`` and a number: it fails where the whole interval lies beyond; empty: it fails on an alarm, and of
        a rule where it is shown to win more than half.
    """

    what: str
    side: str = ""
    bound: float = math.nan

    def broken_by(self, probe: ScorerProbe | DataProbe) -> bool:
        """Whether the probe is meant and shows what must not be."""
        if not self.means(probe):
            return False
        if not self.side:
            return probe.significant if isinstance(probe, DataProbe) else probe.alarm
        estimate = _tested(probe)
        return estimate.low > self.bound if self.side == ">" else estimate.high < self.bound

    def means(self, probe: ScorerProbe | DataProbe) -> bool:
        """Whether the probe is among those that it names."""
        if isinstance(probe, DataProbe):
            return self.what in ("data", probe.probe)
        return self.what in ("any", probe.kind, probe.probe)

    def answered_by(self, probe: ScorerProbe | DataProbe) -> bool:
        """Whether the probe is meant, and could be made so that it might have failed."""
        if not self.means(probe):
            return False
        return not math.isnan(_tested(probe).low if self.side else probe.p)

    def __str__(self) -> str:
        return f"{self.what}{self.side}{self.bound:g}" if self.side else self.what


def _tested(probe: ScorerProbe | DataProbe) -> Estimate:
    """The number that the test is of."""
    return probe.half_ties if isinstance(probe, DataProbe) and probe.measure == "wins" else probe.estimate


@dataclass(frozen=True)
class Failure:
    """A check that failed: of which scorer (empty: of the data), and in words."""

    scorer: str
    says: str


def parse_checks(texts: Sequence[str], probes: Sequence[str] | None = None) -> tuple[Check, ...]:
    """Checks as people write them: ``any``, ``hack``, ``flattery``, ``flattery>0.2``.

    Parameters
    ----------
    probes:
        Names of the probes that there are; None where that is not known yet.

    Raises
    ------
    InputError
        If a check cannot be read.
    UnknownNameError
        If there is no such kind or probe.
    """
    known = tuple(dict.fromkeys(("any", "data", *get_args(Kind), *(probes or ()))))
    made = []
    for text in texts:
        found = _CHECK.fullmatch(text.strip())
        if found is None:
            raise InputError(f"--fail-on '{text}' cannot be read", fix="Write a kind or a probe, or 'flattery>0.2'.")
        if probes is not None and found["what"] not in known:
            raise UnknownNameError("probe", found["what"], known)
        made.append(Check(found["what"], found["side"] or "", float(found["bound"] or "nan")))
    return tuple(made)


def failures(
    audit: Audit, checks: Sequence[Check], baseline: Baseline | None = None, *, alpha: float = 0.05
) -> list[Failure]:
    """The checks that fail.

    With a baseline only regressions fail: a probe that a check names, is broken, and is worse than it was there. Worse
    is further on the bad side of the null; tested with the intervals of both (normal, as of two runs that share
    nothing), Holm over all probes that are compared. A probe that the baseline does not have, or has no interval of,
    fails as it would without one. Rules on the data are compared with nothing: they fail as they are.
    """
    found = [Failure("", _says(one, check)) for one in audit.data for check in checks if check.broken_by(one)]
    adjusted = _worse(audit, baseline) if baseline is not None else {}
    for scorer, probe in _probes(audit):
        key = (scorer.scorer, probe.kind, probe.probe)
        before = baseline.probes.get(key) if baseline is not None else None
        added = "" if baseline is None else "; the baseline does not have it"
        if key in adjusted and before is not None:
            if not adjusted[key] < alpha:
                continue
            added = f"; it was {before['estimate']['value']:.3g} before"
        elif before is not None:
            added = "; the baseline has no interval to compare it with"
        found += [Failure(scorer.scorer, _says(probe, check) + added) for check in checks if check.broken_by(probe)]
    return found


def unanswered(audit: Audit, checks: Sequence[Check]) -> list[tuple[Check, str]]:
    """Checks that nothing could answer, and of which scorer (empty: of none at all): they neither fail nor pass.

    A check of a rule on the data is answered by the data; every other check has to be answered by each scorer.
    """
    found = []
    for check in checks:
        if any(check.answered_by(one) for one in audit.data):
            continue
        silent = [one.scorer for one in audit.scorers if not any(map(check.answered_by, one.probes))]
        found += [(check, name) for name in (silent if len(silent) < len(audit.scorers) else ("",))]
    return found


def _worse(audit: Audit, baseline: Baseline) -> dict[tuple[str, str, str], float]:
    """Adjusted p that a probe is no worse than in the baseline, of those that can be compared."""
    tested = {}
    for scorer, probe in _probes(audit):
        key = (scorer.scorer, probe.kind, probe.probe)
        before = baseline.probes.get(key)
        p = _worse_p(probe, before) if before is not None and probe.estimate.defined else math.nan
        if not math.isnan(p):
            tested[key] = p
    return dict(zip(tested, holm(list(tested.values())).tolist() if tested else [], strict=True))


def _probes(audit: Audit) -> Iterator[tuple[ScorerAudit, ScorerProbe]]:
    return ((scorer, probe) for scorer in audit.scorers for probe in scorer.probes)


def _says(probe: ScorerProbe | DataProbe, check: Check) -> str:
    if isinstance(probe, DataProbe):
        where = f" in {probe.column} {probe.value}" if probe.column else ""
        what = f"{probe.probe}{where} {probe.measure}"
    else:
        what = f"{probe.probe} {probe.measure}"
    one = _tested(probe)
    return f"{check}: {what} {one.value:.3g} [{one.low:.3g}, {one.high:.3g}]"


def _badness(value: float, probe: ScorerProbe) -> float:
    away = value - probe.null
    return abs(away) if probe.bad == "either" else away if probe.bad == "greater" else -away


def _worse_p(probe: ScorerProbe, before: Mapping[str, Any]) -> float:
    """One-sided p that the probe is no worse than before; NaN where one of the two has no interval."""
    old, now = before["estimate"], probe.estimate
    ends = [old.get(name) for name in ("value", "low", "high")]
    if any(end is None for end in ends) or math.isnan(now.low):
        return math.nan
    errors = [
        (high - low) / 2 / NormalDist().inv_cdf((1 + level) / 2)
        for low, high, level in ((now.low, now.high, now.level), (ends[1], ends[2], old["level"]))
    ]
    worse = _badness(now.value, probe) - _badness(ends[0], probe)
    error = math.hypot(*errors)
    if error == 0:
        return 0.0 if worse > 0 else 1.0
    return 1 - NormalDist().cdf(worse / error)


def read_baseline(path: Path, dataset: str | None = None) -> Baseline:
    """An ``audit.json``, or the one in a folder.

    Parameters
    ----------
    dataset:
        Name of the data that it is to be an audit of; None for any. What the data holds may have changed since.

    Raises
    ------
    InputError
        If there is no such file, it is no audit, or one of other data.
    """
    path = path / "audit.json" if path.is_dir() else path
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if dataset is not None and record["dataset"]["name"] != dataset:
            raise InputError(
                f"the baseline is an audit of '{record['dataset']['name']}', and this is one of '{dataset}'",
                path=path,
                fix="Effects on other data are no better or worse: make a baseline of this data.",
            )
        probes = {
            (scorer["scorer"], probe["kind"], probe["probe"]): probe
            for scorer in record["scorers"]
            for probe in scorer["probes"]
            if probe["estimate"]["level"] and "value" in probe["estimate"]
        }
        return Baseline(probes, dict(record.get("dataset", {})))
    except OSError as error:
        raise InputError(f"the baseline could not be read: {error.strerror or error}", path=path) from error
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InputError(f"the baseline is no JSON: {error}", path=path) from error
    except (KeyError, TypeError) as error:
        raise InputError(
            "this is no audit", path=path, fix="Make one with: rewardmeter audit DATASET --scorer SPEC --json FILE"
        ) from error
