"""An audit from end to end: the data, then each scorer. May import the files of this folder, `comparison`, `dataset`,
`stats` and `types`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rewardmeter.auditing.baseline import baseline_probes
from rewardmeter.auditing.data import audit_data
from rewardmeter.auditing.edited import edit_probes
from rewardmeter.auditing.edits import Edit
from rewardmeter.auditing.evidence import Evidence, gather_evidence
from rewardmeter.auditing.experiment import Experiment, make_experiment
from rewardmeter.auditing.features import feature_values
from rewardmeter.auditing.grouping import grouping_probes
from rewardmeter.auditing.observed import dependence_probes, equal_gold_probe, surface_share_probe
from rewardmeter.auditing.pairs import judged_pairs
from rewardmeter.auditing.result import Audit, ScorerAudit, ScorerProbe
from rewardmeter.auditing.rules import Ruled, rule_margins
from rewardmeter.comparison import Contender, check_request, commonest
from rewardmeter.comparison.measure import make_resampling
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.significance import holm
from rewardmeter.types import Scores

__all__ = ["AuditOptions", "audit", "check_audit", "prepare_experiment"]


@dataclass(frozen=True)
class AuditOptions:
    """How an audit is made.

    Attributes
    ----------
    aspect:
        Which ratings; the data's default if None.
    slices:
        Columns of the items: every rule once more on each of their values.
    edits:
        What is tried on scorers that can be run; empty for none.
    units:
        Items on which each edit is tried, at most.
    folds, seed:
        Of what is learnt, by item; the seed is also of resampling, of the items drawn and of the edits.
    resamples, level:
        Of the intervals.
    """

    aspect: str | None = None
    slices: Sequence[str] = ()
    edits: tuple[Edit, ...] = field(default=(), repr=False)
    units: int = 200
    folds: int = 5
    resamples: int = 1000
    level: float = 0.95
    seed: int = 0


def check_audit(dataset: Dataset, options: AuditOptions) -> None:
    """Refuse what cannot be audited before anything is scored; raises as `audit`."""
    check_request(dataset, options.aspect, options.slices, None, resamples=options.resamples, level=options.level)
    if options.units < 1:
        raise InputError(f"units: {options.units} items to try edits on; at least one is needed")
    if options.folds < 2:
        raise InputError(f"folds: {options.folds}; at least two are needed to learn on some and judge on others")
    judged_pairs(dataset, options.aspect)


def prepare_experiment(dataset: Dataset, options: AuditOptions) -> Experiment | None:
    """What is to be scored for the edits; None where there are no edits or no texts."""
    if not options.edits or not dataset.has_texts:
        return None
    pairs = judged_pairs(dataset, options.aspect)
    return make_experiment(dataset, pairs, options.edits, units=options.units, seed=options.seed)


def audit(
    dataset: Dataset,
    contenders: Sequence[Contender] = (),
    experiment: Experiment | None = None,
    edited: Mapping[str, Scores] | None = None,
    options: AuditOptions | None = None,
) -> Audit:
    """Audit the data and the scorers.

    Parameters
    ----------
    contenders:
        Scorers with their scores of the data.
    experiment:
        Of `prepare_experiment`.
    edited:
        Scores of the experiment's dataset by scorer; scorers that are not in it have no probes of edits.
    options:
        How; the defaults if None.

    Raises
    ------
    InputError
        If no two responses of an item were judged, or a number makes no sense.
    UnknownNameError
        If the aspect or a column does not exist.
    """
    options = options or AuditOptions()
    pairs = judged_pairs(dataset, options.aspect)
    ruled = rule_margins(dataset, pairs, options.folds, options.seed)
    made = audit_data(
        dataset,
        ruled,
        aspect=options.aspect,
        slices=options.slices,
        folds=options.folds,
        resamples=options.resamples,
        level=options.level,
        seed=options.seed,
    )
    if not contenders:
        return made
    evidence = gather_evidence(dataset, contenders, aspect=options.aspect, level=options.level)
    scorers = _scorers(evidence, ruled, experiment, edited or {}, options)
    settings = {**made.settings, "units": experiment.units if experiment else 0}
    headline = (*made.headline, *(_sentence(one) for one in scorers))
    return replace(made, scorers=scorers, settings=settings, headline=headline)


def _scorers(
    evidence: Evidence,
    ruled: Sequence[Ruled],
    experiment: Experiment | None,
    edited: Mapping[str, Scores],
    options: AuditOptions,
) -> tuple[ScorerAudit, ...]:
    resampling, _ = make_resampling(evidence.dataset.n_items, options.resamples, options.level, options.seed)
    features = feature_values(evidence.dataset)
    columns = zip(
        baseline_probes(evidence, ruled),
        dependence_probes(evidence, features),
        equal_gold_probe(evidence, features),
        surface_share_probe(evidence, features, options.seed),
        grouping_probes(evidence, resampling),
        strict=True,
    )
    made = []
    for contender, scale, parts in zip(evidence.contenders, evidence.scales(), columns, strict=True):
        beyond, dependence, equal, share, grouping = parts
        probes = [beyond, *dependence, equal, share, *grouping]
        if experiment is not None and contender.name in edited:
            probes += edit_probes(experiment, edited[contender.name], scale, level=options.level)
        made.append(_scorer(contender, scale, probes, edited.get(contender.name)))
    return tuple(made)


def _scorer(contender: Contender, scale: Estimate, probes: Sequence[ScorerProbe], edited: Scores | None) -> ScorerAudit:
    """Holm over all tests of the scorer; alarms first."""
    tested = [one for one in probes if not math.isnan(one.p)]
    values = iter(holm([one.p for one in tested]).tolist() if tested else [])
    adjusted = [replace(one, p_adjusted=next(values)) if not math.isnan(one.p) else one for one in probes]
    adjusted.sort(key=_order)
    signature = contender.scores.signature
    fingerprint = signature.fingerprint if signature else ""
    failed = sum(one.counts().get("failed", 0) for one in (contender.scores, edited) if one is not None)
    return ScorerAudit(contender.name, fingerprint, scale, tuple(adjusted), failed=failed, note=_note(contender.scores))


def _note(scores: Scores) -> str:
    """How many responses have no score, and the commonest reason."""
    lost = int(np.sum(np.isnan(scores.values)))
    if not lost:
        return ""
    reasons = commonest(scores, scored=False)
    why = f", most often: {next(iter(reasons))}" if reasons else ""
    return f"{lost:,} of {len(scores.values):,} responses have no score{why}"


def _order(probe: ScorerProbe) -> tuple[bool, bool, float]:
    away = abs(probe.estimate.value - probe.null)
    return (not probe.alarm, not probe.estimate.defined, -away if not math.isnan(away) else 0.0)


def _sentence(audited: ScorerAudit) -> str:
    alarms = [one for one in audited.probes if one.alarm]
    tested = sum(not math.isnan(one.p) for one in audited.probes)
    if not tested:
        return f"{audited.scorer}: nothing could be tested{f' ({audited.note})' if audited.note else ''}."
    if not alarms:
        return f"{audited.scorer}: none of {tested} probes raises an alarm."
    named = ", ".join(f"{one.probe} {one.estimate.value:+.2f}" for one in alarms[:3])
    raised = "raises" if len(alarms) == 1 else "raise"
    more = " …" if len(alarms) > 3 else ""
    return f"{audited.scorer}: {len(alarms)} of {tested} probes {raised} an alarm: {named}{more}."
