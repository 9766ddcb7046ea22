"""Does a judge lean to the longer response, or to its own family's? May import `families`, `games`, `result` of this
folder, `comparison`, `dataset`, `stats`, `types`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from rewardmeter.auditing.families import family_of
from rewardmeter.auditing.games import side_credits
from rewardmeter.auditing.result import ScorerProbe
from rewardmeter.comparison.gold import PairGold
from rewardmeter.comparison.measure import Resampling
from rewardmeter.dataset import Dataset
from rewardmeter.stats.credits import mean_estimates
from rewardmeter.stats.leaning import leaning
from rewardmeter.stats.result import Estimate
from rewardmeter.types import FloatArray

__all__ = ["self_preference_probe", "verbosity_probe"]

ONE_SIDED = "not tested: people take the same side in every pair, and leaning cannot be told from error"


def verbosity_probe(
    dataset: Dataset, pairs: PairGold, margin: FloatArray, resampling: Resampling, *, seed: int = 0
) -> ScorerProbe:
    """Share of verdicts for the longer response less the share where people prefer it, over pairs of unequal length.

    Length is in characters. Ties count half on either side; what people tied is looked at alone in
    ``longer_share_gold_ties``, where ½ is no leaning.

    Parameters
    ----------
    margin:
        (P,) what the judge says of the pairs, positive for a; NaN for nothing.
    """
    says = "does it take the longer response more often than people do?"
    lengths = np.array([math.nan if text is None else len(text) for text in dataset.response_text], dtype=np.float64)
    apart = lengths[pairs.a] - lengths[pairs.b]
    side = np.where(np.isnan(apart), 0.0, np.sign(apart))
    counts = {"pairs": len(pairs), "equal_length": int(np.sum(apart == 0)), "no_text": int(np.isnan(apart).sum())}
    if not np.any(side):
        reason = "the data has no texts" if np.all(np.isnan(apart)) else "the two responses are always equally long"
        return _undefined("verbosity", says, reason, resampling, counts)
    probe = _side_probe("verbosity", says, side, pairs, margin, resampling, ("longer", "either", counts), seed=seed)
    tied = np.where(pairs.probability == 0.5, side_credits(margin, side), np.nan)
    if np.any(~np.isnan(tied)):
        (made,) = mean_estimates(tied[None], pairs.item, weights=resampling.weights, level=resampling.level)
        probe = _with(probe, longer_share_gold_ties=made)
    return probe


def self_preference_probe(
    dataset: Dataset,
    pairs: PairGold,
    margin: FloatArray,
    resampling: Resampling,
    *,
    judge: str,
    families: Mapping[str, str] | None = None,
    seed: int = 0,
) -> ScorerProbe:
    """Share of verdicts for the judge's own family less the share where people prefer it.

    Over pairs of one response by a system of the judge's family and one by a system of another known family. Ties count
    half on either side.

    Parameters
    ----------
    margin:
        (P,) what the judge says of the pairs, positive for a; NaN for nothing.
    judge:
        Its name.
    families:
        Name of a judge or system to its family, "" for none; before the table of `family_of`.
    """
    says = "does it prefer responses by its own family of models?"
    own = family_of(judge, families)
    if own is None:
        return _undefined("self-preference", says, f"the family of '{judge}' is not known", resampling, {})
    if not dataset.systems:
        return _undefined(
            "self-preference", says, "the data does not say which system wrote a response", resampling, {}
        )
    named = [family_of(system, families) for system in dataset.systems]
    kind = np.array([0 if one is None else 1 if one == own else -1 for one in named] + [0])  # -1: unknown system
    a, b = kind[dataset.response_system[pairs.a]], kind[dataset.response_system[pairs.b]]
    side = np.where(a * b == -1, np.sign(a - b), 0).astype(np.float64)
    counts = {
        "pairs": len(pairs),
        "own_against_other": int(np.sum(side != 0)),
        "both_own": int(np.sum((a == 1) & (b == 1))),
        "neither_own": int(np.sum((a == -1) & (b == -1))),
        "family_unknown": int(np.sum((a == 0) | (b == 0))),
    }
    says = f"does it prefer responses by its own family of models ({own})?"
    if not np.any(side):
        reason = f"no response is by its own family ({own})"
        if counts["both_own"] or np.any(kind == 1):
            reason = f"no response by its own family ({own}) was compared with one by another known family"
        return _undefined("self-preference", says, reason, resampling, counts)
    return _side_probe("self-preference", says, side, pairs, margin, resampling, ("own", "greater", counts), seed=seed)


def _side_probe(
    name: str,
    says: str,
    side: FloatArray,
    pairs: PairGold,
    margin: FloatArray,
    resampling: Resampling,
    words: tuple[str, str, dict[str, int]],
    *,
    seed: int,
) -> ScorerProbe:
    """Leaning to a side, (P,) 1 for a, -1 for b, 0 for pairs that do not count."""
    short, bad, counts = words
    judge, gold = side_credits(margin, side), side_credits(pairs.probability - 0.5, side)
    counts = {**counts, "unscored": int(np.sum((side != 0) & np.isnan(judge)))}
    made = leaning(judge, gold, pairs.item, weights=resampling.weights, level=resampling.level, seed=seed)
    if not made.excess.defined:
        return _undefined(name, says, "it has judged none of the pairs in question", resampling, counts)
    others = {
        f"{short}_share": made.judge_share,
        f"gold_{short}_share": made.gold_share,
        f"accuracy_{short}_better": made.accuracy_for,
        f"accuracy_{short}_worse": made.accuracy_against,
        "accuracy_gap": made.accuracy_gap,
    }
    one_sided = not made.accuracy_for.defined or not made.accuracy_against.defined
    reasons = {ONE_SIDED: made.excess.n} if one_sided else {}
    return ScorerProbe(
        name,
        "judge",
        "share",
        says,
        made.excess,
        bad="greater" if bad == "greater" else "either",
        others=others,
        counts=counts,
        reasons=reasons,
        p=made.p,
    )


def _with(probe: ScorerProbe, **others: Estimate) -> ScorerProbe:
    return replace(probe, others={**probe.others, **others})


def _undefined(name: str, says: str, reason: str, resampling: Resampling, counts: Mapping[str, int]) -> ScorerProbe:
    nothing = Estimate(math.nan, level=resampling.level, method="undefined")
    return ScorerProbe(name, "judge", "share", says, nothing, counts=counts, reason=reason)
