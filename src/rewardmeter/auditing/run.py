"""An audit from end to end: the data, then each scorer. May import the files of this folder, `comparison`, `dataset`,
`stats` and `types`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rewardmeter.auditing.answer import answers
from rewardmeter.auditing.asked import Asked
from rewardmeter.auditing.baseline import baseline_probes
from rewardmeter.auditing.data import audit_data
from rewardmeter.auditing.duplicates import Duplicates, find_duplicates
from rewardmeter.auditing.edited import edit_probes
from rewardmeter.auditing.edits import Edit
from rewardmeter.auditing.evidence import Evidence, gather_evidence
from rewardmeter.auditing.experiment import Experiment, make_experiment
from rewardmeter.auditing.features import feature_values
from rewardmeter.auditing.grouping import grouping_probes
from rewardmeter.auditing.judges import audit_judge
from rewardmeter.auditing.observed import dependence_probes, equal_gold_probe, surface_share_probe
from rewardmeter.auditing.pairs import judged_pairs
from rewardmeter.auditing.repeats import repeat_probe
from rewardmeter.auditing.result import Audit, ScorerAudit, ScorerProbe
from rewardmeter.auditing.rules import Ruled, rule_margins
from rewardmeter.comparison import Contender, check_request, commonest
from rewardmeter.comparison.measure import make_resampling
from rewardmeter.comparison.run import in_sample
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.significance import holm
from rewardmeter.types import Scores

__all__ = ["AuditOptions", "audit", "check_audit", "check_contenders", "prepare_experiment"]


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
    runs:
        How often the data is scored anew, to see whether a scorer says the same again; 1 for not.
    attributed:
        Of how many responses, of those that each scorer wrongly prefers by most, the sentences are told apart.
    families:
        Name of a judge or system to its family of models; others are known by name.
    folds, seed:
        Of what is learnt, by item; the seed is also of resampling, of the items drawn and of the edits.
    resamples, level:
        Of the intervals.
    """

    aspect: str | None = None
    slices: Sequence[str] = ()
    edits: tuple[Edit, ...] = field(default=(), repr=False)
    units: int = 200
    runs: int = 1
    attributed: int = 0
    families: Mapping[str, str] = field(default_factory=dict)
    folds: int = 5
    resamples: int = 1000
    level: float = 0.95
    seed: int = 0


def check_audit(dataset: Dataset, options: AuditOptions) -> None:
    """Refuse what cannot be audited before anything is scored; raises as `audit`."""
    check_request(dataset, options.aspect, options.slices, None, resamples=options.resamples, level=options.level)
    if options.units < 1:
        raise InputError(f"units: {options.units} items to try edits on; at least one is needed")
    if options.runs < 1 or options.attributed < 0:
        raise InputError(
            f"runs: {options.runs}, attributed: {options.attributed}; at least 1 run, and no less than none"
        )
    if options.seed < 0:
        raise InputError(f"seed {options.seed}: a seed is a whole number from 0")
    if options.folds < 2:
        raise InputError(f"folds: {options.folds}; at least two are needed to learn on some and judge on others")
    judged_pairs(dataset, options.aspect)


def check_contenders(contenders: Sequence[Contender]) -> None:
    """Refuse two scorers of one name: what else they are asked is known by it; raises as `audit`."""
    names = [one.name for one in contenders]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"scorer '{twice}' is audited twice", fix="Name it once, or give each its own name.")


def prepare_experiment(dataset: Dataset, options: AuditOptions) -> Experiment | None:
    """What is to be scored for the edits; None where there are no edits or no texts."""
    if not options.edits or not dataset.has_texts:
        return None
    pairs = judged_pairs(dataset, options.aspect)
    return make_experiment(dataset, pairs, options.edits, units=options.units, seed=options.seed)


def audit(
    dataset: Dataset,
    contenders: Sequence[Contender] = (),
    asked: Asked | None = None,
    options: AuditOptions | None = None,
    *,
    train: Dataset | None = None,
) -> Audit:
    """Audit the data and the scorers.

    Parameters
    ----------
    contenders:
        Scorers with their scores of the data.
    asked:
        What else the scorers were asked; nothing if None.
    options:
        How; the defaults if None.
    train:
        Data that scorers were trained on: what of it stands in this data, too?

    Raises
    ------
    InputError
        If no two responses of an item were judged, a number makes no sense, or two scorers have one name.
    UnknownNameError
        If the aspect or a column does not exist.
    """
    options = options or AuditOptions()
    check_contenders(contenders)
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
    duplicates = () if train is None else find_duplicates(dataset, train, level=options.level)
    duplicates = (*find_duplicates(dataset, level=options.level), *duplicates)
    said = tuple(_stands_twice(one) for one in duplicates if one.against and one.near)
    made = replace(made, duplicates=duplicates, headline=(*made.headline, *said))
    if not contenders:
        return made
    asked = asked or Asked()
    evidence = gather_evidence(dataset, contenders, aspect=options.aspect, level=options.level)
    scorers = _scorers(evidence, ruled, asked, options)
    settings = {
        **made.settings,
        "edits": [one.edit.name for one in asked.experiment.trials] if asked.experiment else [],
        "units": asked.experiment.units if asked.experiment else 0,
        "runs": options.runs,
        "attributed": options.attributed,
    }
    headline = (*answers(scorers), *made.headline, *in_sample(dataset, contenders))
    return replace(made, scorers=scorers, settings=settings, headline=headline)


def _scorers(
    evidence: Evidence, ruled: Sequence[Ruled], asked: Asked, options: AuditOptions
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
        probes = [beyond, *dependence, equal, share, *grouping, *_as_judge(evidence, contender, options)]
        probes += _asked_probes(evidence, contender.name, scale, asked, options)
        made.append(_scorer(contender, scale, probes, asked))
    return tuple(made)


def _as_judge(evidence: Evidence, contender: Contender, options: AuditOptions) -> list[ScorerProbe]:
    """What is asked of judges; of a scorer that gives no verdicts, what applies to it."""
    probes = audit_judge(
        evidence.dataset,
        contender,
        evidence.pairs,
        families=options.families,
        resamples=options.resamples,
        level=options.level,
        seed=options.seed,
    )
    judges = contender.recorded is not None and contender.recorded.first is not None
    return probes if judges else [one for one in probes if not one.reason or one.probe == "scale use"]


def _asked_probes(
    evidence: Evidence, name: str, scale: Estimate, asked: Asked, options: AuditOptions
) -> list[ScorerProbe]:
    probes: list[ScorerProbe] = []
    if name in asked.repeated:
        probes.append(
            repeat_probe(
                evidence.dataset,
                asked.repeated[name],
                evidence.pairs,
                scale=scale.value,
                resamples=options.resamples,
                level=options.level,
                seed=options.seed,
            )
        )
    if asked.experiment is not None and name in asked.edited:
        probes += edit_probes(asked.experiment, asked.edited[name], scale, level=options.level)
    return probes


def _scorer(contender: Contender, scale: Estimate, probes: Sequence[ScorerProbe], asked: Asked) -> ScorerAudit:
    """Holm over all tests of the scorer; alarms first."""
    tested = [one for one in probes if not math.isnan(one.p)]
    values = iter(holm([one.p for one in tested]).tolist() if tested else [])
    adjusted = [replace(one, p_adjusted=next(values)) if not math.isnan(one.p) else one for one in probes]
    adjusted.sort(key=_order)
    signature = contender.scores.signature
    fingerprint = signature.fingerprint if signature else ""
    failed = sum(one.counts().get("failed", 0) for one in (contender.scores, asked.edited.get(contender.name)) if one)
    return ScorerAudit(
        contender.name,
        fingerprint,
        scale,
        tuple(adjusted),
        attributions=asked.attributed.get(contender.name, ()),
        failed=failed,
        note=_note(contender, asked.edited.get(contender.name)),
    )


def _stands_twice(one: Duplicates) -> str:
    return f"{one.near:,} of {one.texts:,} {one.part} stand in {one.against}, too ({one.exact:,} word for word)."


def _note(contender: Contender, edited: Scores | None) -> str:
    """How many responses have no score, and the commonest reason; nothing of a judge of pairs, which gives none."""
    judges = contender.recorded is not None and contender.recorded.first is not None
    silent = judges and bool(np.all(np.isnan(contender.scores.values)))
    said = ["" if silent else _lost(contender.scores, "responses")]
    said.append("" if edited is None else _lost(edited, "responses beside or with an edit"))
    return "; ".join(one for one in said if one)


def _lost(scores: Scores, what: str) -> str:
    lost = int(np.sum(np.isnan(scores.values)))
    if not lost:
        return ""
    reasons = commonest(scores, scored=False)
    why = f", most often: {next(iter(reasons))}" if reasons else ""
    return f"{lost:,} of {len(scores.values):,} {what} have no score{why}"


def _order(probe: ScorerProbe) -> tuple[bool, bool, float]:
    away = abs(probe.estimate.value - probe.null)
    return (not probe.alarm, not probe.estimate.defined, -away if not math.isnan(away) else 0.0)
