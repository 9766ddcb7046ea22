"""Scores that the data itself carries: published outputs of metrics, judges and reward models join the board this way.

May import `dataset`, `types` and `errors` of ours. Recorded scores are looked up, not computed: whoever holds the
dataset resolves the specs ``recorded`` (all of them) and ``recorded:NAME`` with the two functions here.
"""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from rewardmeter.dataset import Dataset
from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.types import Outcome, Scores, Signature

__all__ = ["needs_dataset", "recorded_names", "recorded_scores", "recorded_signature"]


def recorded_names(dataset: Dataset, target: str | None = None) -> tuple[str, ...]:
    """The recorded scorers that ``recorded`` (target None) or ``recorded:TARGET`` means, in the order of the data.

    Raises
    ------
    SpecError
        If all are asked for and the data has none.
    UnknownNameError
        If the data has none of that name.
    """
    if not target:
        if not dataset.recorded:
            raise SpecError(f"'recorded': dataset '{dataset.name}' carries no recorded scores; name another scorer")
        return tuple(dataset.recorded)
    if target not in dataset.recorded:
        hint = None if dataset.recorded else f"Dataset '{dataset.name}' carries no recorded scores."
        raise UnknownNameError("recorded scorer", target, dataset.recorded, hint=hint)
    return (target,)


def recorded_scores(dataset: Dataset, name: str) -> Scores:
    """One recorded scorer's scores, (R,); outcomes as the data has them.

    A response without a score is missing. So are all of them where the data has a judge's verdicts on pairs only.

    Raises
    ------
    UnknownNameError
        If the data has no recorded scorer of that name.
    """
    (name,) = recorded_names(dataset, name)
    recorded = dataset.recorded[name]
    if recorded.values is None:
        values = np.full(dataset.n_responses, np.nan)
    else:
        values = np.asarray(recorded.values, dtype=np.float64)
    outcomes = recorded.outcomes
    if outcomes is None:
        outcomes = np.where(np.isnan(values), Outcome.MISSING, Outcome.SCORED).astype(np.uint8)
    return Scores(values, outcomes, signature=recorded_signature(name))


def recorded_signature(name: str) -> Signature:
    """What is known of a recorded scorer: its name, the same in every dataset that carries it."""
    return Signature(name, {"recorded": name}, storable=False)  # twice: -x may be a name, or x upside down


def needs_dataset(target: str | None = None) -> NoReturn:
    """Stands in the catalogue for the recorded family, which is no scorer of its own.

    Raises
    ------
    SpecError
        Always.
    """
    spec = f"recorded:{target}" if target else "recorded"
    raise SpecError(
        f"'{spec}' means scores that a dataset carries; ask for it where the dataset is named, as in compare"
    )
