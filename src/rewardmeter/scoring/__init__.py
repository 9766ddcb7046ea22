"""What a scorer is, how a function becomes one, and how a spec finds one. May import `types` and `errors`."""

from rewardmeter.scoring.derived import (
    Derived,
    Joined,
    LookedUp,
    ResponseFacts,
    facts_about,
    facts_of_items,
    paid_scorer,
    paid_scorers,
)
from rewardmeter.scoring.function import FunctionScorer, scorer
from rewardmeter.scoring.negated import Negated
from rewardmeter.scoring.pairwise import Compared, PairRequest, PairwiseJudge, Verdict
from rewardmeter.scoring.protocol import PARTS, Laws, Scorer
from rewardmeter.scoring.registry import Checkpoint, Family, families, make_scorer, register
from rewardmeter.scoring.run import Budget, Forecasting, Memory, Part, Run, RunMemory, Streaming, score_stream
from rewardmeter.scoring.signature import signature_of, source_revision
from rewardmeter.scoring.spec import Spec, convert_options, parse_spec, without_calibrator

__all__ = [
    "PARTS",
    "Budget",
    "Checkpoint",
    "Compared",
    "Derived",
    "Family",
    "Forecasting",
    "FunctionScorer",
    "Joined",
    "Laws",
    "LookedUp",
    "Memory",
    "Negated",
    "PairRequest",
    "PairwiseJudge",
    "Part",
    "ResponseFacts",
    "Run",
    "RunMemory",
    "Scorer",
    "Spec",
    "Streaming",
    "Verdict",
    "convert_options",
    "facts_about",
    "facts_of_items",
    "families",
    "make_scorer",
    "paid_scorer",
    "paid_scorers",
    "parse_spec",
    "register",
    "score_stream",
    "scorer",
    "signature_of",
    "source_revision",
    "without_calibrator",
]
