"""What can be said of a response without reading it. May import `engine`, `scoring`, `dataset`, `types` and `pairs`,
`partial_input` of this folder.

A content-blind rule gives every pair a margin. Where the data has not what it looks at, or it cannot tell any two
responses apart, it does not apply, and the reason says why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rewardmeter.auditing.pairs import without_texts
from rewardmeter.auditing.partial_input import (
    cross_fitted_margins,
    identity_features,
    too_long_to_learn,
    word_features,
)
from rewardmeter.comparison.gold import PairGold
from rewardmeter.dataset import Dataset
from rewardmeter.engine import score
from rewardmeter.scoring import make_scorer
from rewardmeter.types import FloatArray

__all__ = ["RULES", "Rule", "Ruled", "rule_margins"]

_LEARNT_NOTHING = "too little to learn from: what is learnt on some items says nothing of the others"

Margins = Callable[[Dataset, PairGold, int, int], "FloatArray | str"]


@dataclass(frozen=True)
class Rule:
    """One content-blind rule.

    Attributes
    ----------
    more, less:
        What it is called when the greater margin wins, and when the smaller one does; no ``less`` for trained ones.
    says:
        What it looks at, in a few words.
    margins:
        Of the pairs of a dataset, (P,), given folds and a seed; or why it does not apply.
    """

    more: str
    less: str
    says: str
    margins: Margins


def _surface(more: str, less: str, says: str, spec: str) -> Rule:
    def margins(dataset: Dataset, pairs: PairGold, folds: int, seed: int) -> FloatArray | str:
        if not dataset.has_texts:
            return without_texts(dataset)
        values = score(make_scorer(spec), dataset).values
        return values[pairs.a] - values[pairs.b]

    return Rule(more, less, says, margins)


def _position(dataset: Dataset, pairs: PairGold, folds: int, seed: int) -> FloatArray | str:
    if dataset.preferences is None:
        return "the judgments are no comparisons of two responses that were shown in an order"
    if pairs.best_first:
        return "the data lists the better response always in the same place: that is no order of showing"
    return np.ones(len(pairs))


def _system(dataset: Dataset, pairs: PairGold, folds: int, seed: int) -> FloatArray | str:
    if not dataset.systems:
        return "the data does not say which system wrote a response"
    if dataset.origin.systems_from_gold:
        return "the names of the systems are made from the gold, and do not say who wrote a response"
    system = dataset.response_system
    if not np.any(system[pairs.a] != system[pairs.b]):
        return "the responses of an item are by one system"
    return cross_fitted_margins(identity_features(system), pairs, folds=folds, seed=seed)


def _words(dataset: Dataset, pairs: PairGold, folds: int, seed: int) -> FloatArray | str:
    if not dataset.has_texts:
        return without_texts(dataset)
    too_long = too_long_to_learn(dataset.response_text)
    if too_long:
        return too_long
    return cross_fitted_margins(word_features(dataset.response_text), pairs, folds=folds, seed=seed)


RULES: tuple[Rule, ...] = (
    _surface("longer", "shorter", "characters of the response", "length"),
    _surface("more steps", "fewer steps", "lines that are not blank", "steps"),
    _surface("more sentences", "fewer sentences", "sentences", "sentences"),
    _surface("more markdown", "less markdown", "Markdown marks of all kinds", "markdown"),
    _surface("more list entries", "fewer list entries", "entries of lists", "lists"),
    _surface("more headings", "fewer headings", "Markdown headings", "headings"),
    _surface("more emoji", "fewer emoji", "emoji", "emoji"),
    _surface("more varied words", "less varied words", "distinct words over words", "type-token-ratio"),
    Rule("shown first", "shown second", "the place in the pair", _position),
    Rule("system", "", "who wrote it, learnt on other items", _system),
    Rule("response only", "", "words of the response without the prompt, learnt on other items", _words),
)
"""Every rule that an audit of the data tries."""


@dataclass(frozen=True, eq=False)
class Ruled:
    """A rule on the pairs of some data.

    Attributes
    ----------
    rule:
        The rule.
    margins:
        (P,), NaN where it is undefined; empty where it does not apply.
    reason:
        Why it does not apply; empty where it does.
    """

    rule: Rule
    margins: FloatArray
    reason: str = ""


def rule_margins(dataset: Dataset, pairs: PairGold, folds: int, seed: int) -> tuple[Ruled, ...]:
    """Every rule on the pairs; ``folds`` and ``seed`` are of those that are learnt."""
    made: list[Ruled] = []
    for rule in RULES:
        found = rule.margins(dataset, pairs, folds, seed)
        if not isinstance(found, str) and not np.any(np.nan_to_num(found)):
            found = _LEARNT_NOTHING if not rule.less else "the two responses of a pair never differ in it"
        made.append(Ruled(rule, np.empty(0), found) if isinstance(found, str) else Ruled(rule, found))
    return tuple(made)
