"""What else is responded to than what is asked. May import `comparison`, `engine`, `scoring`, `dataset`, `stats`,
`types`, `errors`."""

from rewardmeter.auditing.data import audit_data
from rewardmeter.auditing.result import Audit, DataProbe
from rewardmeter.auditing.rules import RULES, Rule

__all__ = ["RULES", "Audit", "DataProbe", "Rule", "audit_data"]
