"""The audit of a judge: place, order, length, kinship, scale. May import `comparison`, `dataset`, `stats`, `types` and
the files of this folder.

Every probe works on verdicts or scores as they are; nothing is asked again. What asking again would show is in
`repeats`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from rewardmeter.auditing.games import Games, follow_scores, games_of, judged_margins
from rewardmeter.auditing.pairs import judged_pairs
from rewardmeter.auditing.position import position_probe, swap_probe
from rewardmeter.auditing.result import ScorerProbe
from rewardmeter.auditing.scale import scale_probe
from rewardmeter.auditing.sides import self_preference_probe, verbosity_probe
from rewardmeter.comparison import Contender
from rewardmeter.comparison.gold import PairGold
from rewardmeter.comparison.measure import make_resampling
from rewardmeter.dataset import Dataset
from rewardmeter.stats.result import Estimate

__all__ = ["audit_judge"]


def audit_judge(
    dataset: Dataset,
    contender: Contender,
    pairs: PairGold | None = None,
    *,
    aspect: str | None = None,
    families: Mapping[str, str] | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> list[ScorerProbe]:
    """Five questions to one judge: ``position``, ``swap consistency``, ``verbosity``, ``self-preference``,
    ``scale use``.

    What does not apply says why in ``reason``. Adjusting the p-values is left to the caller, who knows all tests.

    Parameters
    ----------
    contender:
        A judge, or any scorer: the last three questions need no verdicts.
    pairs:
        What `judged_pairs` makes of the data, where it is at hand.
    aspect:
        Which ratings pairs are made from, where there are no preferences.
    families:
        Name of a judge or system to its family of models, "" for none; names not listed are looked up by `family_of`.
    resamples, level, seed:
        Of the intervals, as for `rewardmeter.comparison.compare_scores`.

    Raises
    ------
    InputError
        If no two responses of an item were judged.
    UnknownNameError
        If there is no such aspect.
    """
    pairs = judged_pairs(dataset, aspect) if pairs is None else pairs
    resampling, _ = make_resampling(dataset.n_items, resamples, level, seed)
    games = games_of(dataset, contender, pairs)
    if isinstance(games, Games) and not games.swapped and follow_scores(games, contender):
        games = "its verdicts follow from scores of single responses, which know of no place"
    margin = judged_margins(dataset, contender, pairs)
    if isinstance(games, str):
        nothing = Estimate(math.nan, level=level, method="undefined")
        order = [
            ScorerProbe("position", "judge", "share", "does the place decide?", nothing, reason=games),
            ScorerProbe(
                "swap consistency",
                "judge",
                "share",
                "does the same response win in both orders?",
                nothing,
                0.5,
                "less",
                reason=games,
            ),
        ]
    else:
        order = [position_probe(games, resampling, seed=seed), swap_probe(games, resampling, seed=seed)]
    return [
        *order,
        verbosity_probe(dataset, pairs, margin, resampling, seed=seed),
        self_preference_probe(dataset, pairs, margin, resampling, judge=contender.name, families=families, seed=seed),
        scale_probe(contender.scores.values, dataset.response_item, pairs, resampling),
    ]
