"""What is asked of scorers that can be run, beside scoring the data: edits, the same again, and which part it was.

May import `engine`, `scoring`, `dataset`, `types` and the files of this folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rewardmeter.auditing.attribution import attribute
from rewardmeter.auditing.experiment import Experiment
from rewardmeter.comparison.gold import PairGold
from rewardmeter.dataset import Dataset
from rewardmeter.scoring import Scorer
from rewardmeter.types import FloatArray, Scores

__all__ = ["Asked", "attributions", "most_wrong"]


@dataclass(frozen=True, eq=False)
class Asked:
    """Answers by scorer; a scorer that is not in a mapping was not asked.

    Attributes
    ----------
    experiment, edited:
        Of `prepare_experiment`, and the scores of its dataset.
    repeated:
        (runs, R) scores of the data, made anew each time.
    attributed:
        Records as `attributions` makes them.
    """

    experiment: Experiment | None = None
    edited: Mapping[str, Scores] = field(default_factory=dict)
    repeated: Mapping[str, FloatArray] = field(default_factory=dict)
    attributed: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)


def most_wrong(values: FloatArray, pairs: PairGold, most: int) -> list[int]:
    """The responses that a scorer puts above their rivals by most where people decided the other way, one of each
    item."""
    margin = values[pairs.a] - values[pairs.b]
    side = np.sign(pairs.probability - 0.5)
    wrong = np.flatnonzero(np.nan_to_num(margin) * side < 0)
    found: dict[int, int] = {}
    for pair in wrong[np.argsort(-np.abs(margin[wrong]), kind="stable")].tolist():
        taken = int(pairs.a[pair] if margin[pair] > 0 else pairs.b[pair])
        found.setdefault(int(pairs.item[pair]), taken)
        if len(found) == most:
            break
    return list(found.values())


def attributions(
    scorer: Scorer,
    dataset: Dataset,
    responses: list[int],
    *,
    seed: int = 0,
    score: Callable[[Scorer, Dataset], Scores],
) -> tuple[Mapping[str, Any], ...]:
    """Which sentences of these responses the scorer rewards, by occlusion."""
    made = []
    for response in responses:
        item = int(dataset.response_item[response])
        place = response - int(dataset.item_start[item])
        found = attribute(scorer, dataset.item(item), place, seed=seed, score=score)
        named = {"item": dataset.item_ids[item], "probe": "wrongly preferred by most"}
        made.append({**found.to_dict(), **named})
    return tuple(made)
