"""Do texts stand in the data twice, or in the data that a scorer was trained on? May import `part_texts`,
`shingles` of this folder, `dataset`, `errors`, `stats`.

What is in two items is in two folds: a scorer fitted on one of them has seen the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from rewardmeter.auditing.part_texts import PARTS, PartTexts
from rewardmeter.auditing.shingles import ShingleKind, shingle_sets
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError, SpecError
from rewardmeter.stats.binomial import binomial_share
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.set_join import SimilarPairs, TooManyPairsError, similar_sets

__all__ = ["DuplicatePair", "Duplicates", "find_duplicates"]

Mask = NDArray[np.bool_]

MOST_CHARACTERS = 100_000_000
"""Texts of more together are not compared: each character stands for a shingle of 8 bytes, a few times over."""


@dataclass(frozen=True)
class DuplicatePair:
    """Two texts that are alike.

    Attributes
    ----------
    first:
        Where it stands: the id of its item, for a response with its number in the item from 0 (``q7#1``).
    second:
        The same of the other text, which is in another item or in the training data.
    similarity:
        Jaccard similarity of their shingles; 1 for what is the same once normalised.
    exact:
        Whether they are the same once normalised.
    """

    first: str
    second: str
    similarity: float
    exact: bool


@dataclass(frozen=True, eq=False)
class Duplicates:
    """How often one part of the data stands elsewhere.

    Attributes
    ----------
    part:
        ``"prompts"`` or ``"responses"``.
    against:
        Name of the training data; empty for other items of the same data.
    texts, skipped:
        How many texts were looked at, and how many were not, being shorter than asked for.
    exact, near:
        How many have an equal text elsewhere, and how many one that is alike, equal ones included.
    items, items_exact:
        Share of the items of which a text has one that is alike, or equal, elsewhere.
    examples:
        The most alike, longer ones first; equal texts before others.
    settings:
        ``threshold``, ``shingles``, ``size``, ``shortest``.
    reason:
        Why there is nothing; empty where there is something.
    """

    part: str
    against: str
    texts: int
    skipped: int
    exact: int
    near: int
    items: Estimate
    items_exact: Estimate
    examples: tuple[DuplicatePair, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "part": self.part,
            "against": self.against or None,
            "texts": self.texts,
            "skipped": self.skipped,
            "exact": self.exact,
            "near": self.near,
            "items": self.items.to_dict(),
            "items_exact": self.items_exact.to_dict(),
            "examples": [vars(one) for one in self.examples],
            "settings": dict(self.settings),
            "reason": self.reason,
        }


def find_duplicates(
    dataset: Dataset,
    train: Dataset | None = None,
    *,
    threshold: float = 0.8,
    shingles: ShingleKind = "characters",
    size: int | None = None,
    shortest: int = 1,
    examples: int = 10,
    level: float = 0.95,
) -> tuple[Duplicates, ...]:
    """Prompts and responses that stand in another item, or, with training data, there: equal ones and near ones.

    Texts are compared as `normalised`. Near are those with a Jaccard similarity of their shingles of at least the
    threshold; all of them are found, nothing is estimated (`similar_sets`). Copies within one item are none.

    Parameters
    ----------
    train:
        Data that a scorer was trained on; None looks for texts in several items of the data itself.
    threshold:
        In (0, 1]; 0.8 is the usual one (Lee et al. 2022).
    shingles, size:
        Runs of ``"characters"``, 5 if not said otherwise, or of ``"words"``, 3.
    shortest:
        Texts of fewer characters are left out: that many answers are "Yes" is no leak.
    examples:
        How many to name.
    level:
        Of the intervals, which are those of a share of independent items. Items that are copies of each other are not
        quite that.

    Returns
    -------
    One for the prompts and one for the responses.

    Raises
    ------
    InputError
        If a number makes no sense.
    SpecError
        If there is no such kind of shingles.
    """
    if not 0 < threshold <= 1 or shortest < 1 or examples < 0 or (size is not None and size < 1):
        raise InputError(
            f"threshold {threshold}, shingles of {size}, texts from {shortest} characters and {examples} examples"
            " make no sense together",
            fix="The threshold lies above 0 and up to 1; the others count.",
        )
    if shingles not in get_args(ShingleKind):
        raise SpecError(f"shingles must be one of {', '.join(get_args(ShingleKind))}, not '{shingles}'")
    settings = {"threshold": threshold, "shingles": shingles, "size": size, "shortest": shortest}
    return tuple(_of_part(part, dataset, train, settings, examples=examples, level=level) for part in PARTS)


def _of_part(
    part: str, dataset: Dataset, train: Dataset | None, settings: Mapping[str, Any], *, examples: int, level: float
) -> Duplicates:
    here = PartTexts.of(dataset, part, settings["shortest"])
    there = None if train is None else PartTexts.of(train, part, settings["shortest"])
    against = "" if train is None else train.name
    nothing = Estimate(math.nan, level=level, method="undefined")
    undefined = Duplicates(part, against, here.n, here.skipped, 0, 0, nothing, nothing, (), settings)
    for texts, name in ((here, dataset.name), (there, against)):
        if texts is not None and not texts.n:
            return replace(undefined, reason=f"dataset '{name}' has no {part} that are long enough")
        if texts is not None and sum(map(len, texts.distinct)) > MOST_CHARACTERS:
            reason = f"the {part} of '{name}' are more than {MOST_CHARACTERS:,} characters: look at a part"
            return replace(undefined, reason=reason)
    left, right = (
        None if texts is None else shingle_sets(texts.distinct, settings["shingles"], settings["size"])
        for texts in (here, there)
    )
    assert left is not None
    try:
        pairs = similar_sets(left, right, threshold=settings["threshold"])
    except TooManyPairsError:
        reason = f"too many {part} are alike, as if made from one template: raise the threshold, or look at a part"
        return replace(undefined, reason=reason)
    exact, near = _affected(here, there, pairs)
    shares = [binomial_share(len(np.unique(here.item[rows])), here.items, level=level) for rows in (near, exact)]
    counts = (here.n, here.skipped, int(exact.sum()), int(near.sum()))
    shown = _examples(here, there, pairs, examples)
    return Duplicates(part, against, *counts, shares[0], shares[1], shown, settings)


def _affected(here: PartTexts, there: PartTexts | None, pairs: SimilarPairs) -> tuple[Mask, Mask]:
    """(n,) which texts have an equal one, and which one that is alike, elsewhere."""
    if there is not None:
        known = set(there.distinct)
        exact = np.array([text in known for text in here.distinct], dtype=bool)
        near = exact.copy()
        near[pairs.left] = True
        return exact[here.text], near[here.text]
    count, first = here.owners
    exact = count[here.text] > 1
    # A text alike stands in another item if it stands in two, or in one that is not the text's own.
    many = np.zeros(len(count), dtype=bool)
    single: dict[int, set[int]] = {}
    for one, other in ((pairs.left, pairs.right), (pairs.right, pairs.left)):
        many[one[count[other] > 1]] = True
        for text, item in zip(one.tolist(), first[other].tolist(), strict=True):
            single.setdefault(text, set()).add(item)
    rows = zip(here.text.tolist(), here.item.tolist(), strict=True)
    elsewhere = [bool(single.get(text, set()) - {item}) for text, item in rows]
    return exact, exact | many[here.text] | np.array(elsewhere, dtype=bool)


def _examples(here: PartTexts, there: PartTexts | None, pairs: SimilarPairs, most: int) -> tuple[DuplicatePair, ...]:
    """The first of each distinct text stands for it; equal ones first, then by similarity and length."""
    other = here if there is None else there
    found: list[tuple[int, float, int, int, int]] = []  # inexact, -similarity, -length, a row here, a row there
    first_here, first_there = (_first_rows(texts) for texts in (here, other))
    if there is None:
        for row, text in enumerate(here.text.tolist()):
            before = first_here[text]
            if here.item[row] != here.item[before]:
                found.append((0, -1.0, -len(here.distinct[text]), before, row))
    else:
        place = {text: number for number, text in enumerate(there.distinct)}
        for number, text in enumerate(here.distinct):
            if text in place:
                found.append((0, -1.0, -len(text), first_here[number], first_there[place[text]]))
    for a, b, similarity in zip(pairs.left.tolist(), pairs.right.tolist(), pairs.similarity.tolist(), strict=True):
        row, match = first_here[a], first_there[b]
        alike = here.distinct[a] == other.distinct[b] if there is not None else here.item[row] == here.item[match]
        if not alike:
            found.append((1, -similarity, -len(here.distinct[a]), row, match))
    return tuple(
        DuplicatePair(here.labels[row], other.labels[match], -similarity, not inexact)
        for inexact, similarity, _, row, match in sorted(found)[:most]
    )


def _first_rows(texts: PartTexts) -> list[int]:
    return [int(row) for row in np.unique(texts.text, return_index=True)[1]]
