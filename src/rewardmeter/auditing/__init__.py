"""What else is responded to than what is asked. May import `comparison`, `engine`, `scoring`, `dataset`, `stats`,
`types`, `errors`."""

from rewardmeter.auditing.data import audit_data
from rewardmeter.auditing.edits import EDITS, Edit, edits_named
from rewardmeter.auditing.experiment import Experiment
from rewardmeter.auditing.gate import Check, Failure, failures, parse_checks, read_baseline
from rewardmeter.auditing.result import Audit, DataProbe, ScorerAudit, ScorerProbe
from rewardmeter.auditing.rules import RULES, Rule
from rewardmeter.auditing.run import AuditOptions, audit, check_audit, prepare_experiment

__all__ = [
    "EDITS",
    "RULES",
    "Audit",
    "AuditOptions",
    "Check",
    "DataProbe",
    "Edit",
    "Experiment",
    "Failure",
    "Rule",
    "ScorerAudit",
    "ScorerProbe",
    "audit",
    "audit_data",
    "check_audit",
    "edits_named",
    "failures",
    "parse_checks",
    "prepare_experiment",
    "read_baseline",
]
