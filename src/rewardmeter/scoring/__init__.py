"""What a scorer is, how a function becomes one, and how a spec finds one. May import `types` and `errors`."""

from rewardmeter.scoring.function import FunctionScorer, scorer
from rewardmeter.scoring.negated import Negated
from rewardmeter.scoring.protocol import PARTS, Laws, Scorer
from rewardmeter.scoring.registry import Family, families, make_scorer, register
from rewardmeter.scoring.signature import signature_of, source_revision
from rewardmeter.scoring.spec import Spec, convert_options, parse_spec

__all__ = [
    "PARTS",
    "Family",
    "FunctionScorer",
    "Laws",
    "Negated",
    "Scorer",
    "Spec",
    "convert_options",
    "families",
    "make_scorer",
    "parse_spec",
    "register",
    "scorer",
    "signature_of",
    "source_revision",
]
