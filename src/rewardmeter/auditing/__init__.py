"""What else is responded to than what is asked. May import `comparison`, `engine`, `scoring`, `dataset`, `stats`,
`types`, `errors`."""

from rewardmeter.auditing.asked import Asked, attributions, most_wrong
from rewardmeter.auditing.attribution import Attribution, attribute
from rewardmeter.auditing.data import audit_data
from rewardmeter.auditing.duplicates import Duplicates, find_duplicates
from rewardmeter.auditing.edits import EDITS, Edit, edits_named
from rewardmeter.auditing.experiment import Experiment
from rewardmeter.auditing.gate import Check, Failure, failures, parse_checks, read_baseline
from rewardmeter.auditing.judges import audit_judge
from rewardmeter.auditing.pairs import judged_pairs
from rewardmeter.auditing.repeats import repeat_probe, repeat_scores
from rewardmeter.auditing.result import Audit, DataProbe, ScorerAudit, ScorerProbe
from rewardmeter.auditing.rules import RULES, Rule
from rewardmeter.auditing.run import AuditOptions, audit, check_audit, prepare_experiment

__all__ = [
    "EDITS",
    "RULES",
    "Asked",
    "Attribution",
    "Audit",
    "AuditOptions",
    "Check",
    "DataProbe",
    "Duplicates",
    "Edit",
    "Experiment",
    "Failure",
    "Rule",
    "ScorerAudit",
    "ScorerProbe",
    "attribute",
    "attributions",
    "audit",
    "audit_data",
    "audit_judge",
    "check_audit",
    "edits_named",
    "failures",
    "find_duplicates",
    "judged_pairs",
    "most_wrong",
    "parse_checks",
    "prepare_experiment",
    "read_baseline",
    "repeat_probe",
    "repeat_scores",
]
