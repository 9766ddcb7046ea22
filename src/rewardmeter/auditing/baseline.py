"""Whether a scorer does better than the best rule that reads nothing.

May import `stats`, `types` and `evidence`, `result`, `rules` of this folder.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rewardmeter.auditing.evidence import Evidence
from rewardmeter.auditing.result import ScorerProbe
from rewardmeter.auditing.rules import Ruled
from rewardmeter.auditing.shares import shares
from rewardmeter.stats.credits import stretched
from rewardmeter.stats.preference import pair_credits
from rewardmeter.stats.result import undefined
from rewardmeter.stats.significance import preference_tests
from rewardmeter.types import FloatArray

__all__ = ["baseline_probes"]

_SAYS = "accuracy (ties half) less that of the best content-blind rule on the same pairs"


def baseline_probes(evidence: Evidence, ruled: Sequence[Ruled]) -> list[ScorerProbe]:
    """For each scorer its accuracy less that of the strongest rule, ties half for both, on the pairs that it judges.

    Only rules that learn nothing take part: one that was taught on this very data has seen what the scorer has not. The
    rule is chosen on the same pairs, which favours the rule a little: what is left above 0 is no luck of choice. What
    is below 0 may be; its p is multiplied by how many rules there were to choose from (Bonferroni).
    """
    name, best, tried = _strongest(evidence, ruled)
    made = []
    for credit in evidence.credits:
        if best is None:
            reason, p, others = "no rule applies that learns nothing", np.nan, {}
            estimate = undefined(level=evidence.level)
        else:
            item, level = evidence.pairs.item, evidence.level
            estimate = stretched(shares((credit - best + 1)[None] / 2, item, level=level)[0])
            own, rule = shares(np.stack([credit, np.where(np.isnan(credit), np.nan, best)]), item, level=level)
            reason = "" if estimate.defined else "the scorer judged no decided pair"
            rng = np.random.default_rng(0)
            p = float(preference_tests(np.stack([credit, best]), evidence.pairs.item, rng=rng).p[0, 1])
            p = min(1.0, p * tried) if estimate.value < 0 else p
            others = {"accuracy": own, f"accuracy_of_{name.replace(' ', '_')}": rule}
        made.append(
            ScorerProbe(
                "beyond the best rule",
                "observational",
                "gap",
                _SAYS,
                estimate,
                bad="less",
                others=others,
                p=p if estimate.defined else np.nan,
                reason=reason,
            )
        )
    return made


def _strongest(evidence: Evidence, ruled: Sequence[Ruled]) -> tuple[str, FloatArray | None, int]:
    """Name and credits (P,) of the rule that wins most, in whichever direction, and of how many; a pair that it knows
    nothing of is a tie."""
    name, best, most, tried = "", None, -1.0, 0
    for one in ruled:
        if one.reason or not one.rule.less:
            continue
        for label, sign in ((one.rule.more, 1.0), (one.rule.less, -1.0)):
            margins = np.nan_to_num(sign * one.margins)[None]
            credit = pair_credits(margins, evidence.pairs.probability, ties="half")[0]
            tried += 1
            won = float(np.nanmean(credit)) if np.any(~np.isnan(credit)) else -1.0
            if won > most:
                name, best, most = label, credit, won
    return name, best, tried
