"""Human judgments as the arrays that statistics take. May import `types`, `dataset`, `errors` and `stats`.

Ratings become matrices (systems x items), preferences become one row per distinct pair, and each can be turned into
the other kind of gold, explicitly: `preferences_from_ratings`, `system_strengths`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rewardmeter.dataset import Dataset, Preferences, Ratings
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.types import FloatArray, IntArray

__all__ = [
    "CellLayout",
    "PairGold",
    "RatingGold",
    "pair_gold",
    "preferences_from_ratings",
    "rating_gold",
    "system_strengths",
]


@dataclass(frozen=True, eq=False)
class CellLayout:
    """Where each response sits in a matrix of rows x items.

    Attributes
    ----------
    row:
        int32 (R,): row of each response.
    column:
        int32 (R,): column (the item) of each response.
    shape:
        (rows, items).
    """

    row: IntArray
    column: IntArray
    shape: tuple[int, int]

    def spread(self, values: FloatArray) -> FloatArray:
        """(..., R) per response as (..., rows, items), NaN where an item has no response in that row."""
        matrix = np.full((*values.shape[:-1], *self.shape), np.nan)
        matrix[..., self.row, self.column] = values
        return matrix


@dataclass(frozen=True, eq=False)
class RatingGold:
    """Mean human ratings of one aspect.

    Attributes
    ----------
    aspect:
        Which aspect.
    value:
        float64 (R,) mean rating per response; NaN where nobody rated.
    raters:
        How many raters there are; 0 where the data does not name them.
    cells:
        Layout for what needs no systems: slots within an item where each system answers few items, so that it stays
        compact; the same object as `systems` where systems answer most items.
    systems:
        Layout whose rows are the dataset's systems; None where systems are unknown.
    system_values:
        float64 (S,) published human system scores in the order of the dataset's systems, NaN where absent; None where
        the data has none.
    """

    aspect: str
    value: FloatArray
    raters: int
    cells: CellLayout
    systems: CellLayout | None
    system_values: FloatArray | None

    @property
    def binary(self) -> bool:
        """Whether every gold value is 0 or 1, and both occur."""
        seen = np.unique(self.value[~np.isnan(self.value)])
        return len(seen) == 2 and bool(np.all(seen == [0.0, 1.0]))

    def tie_share(self) -> float:
        """Share of the judged within-item pairs whose two gold values are equal; NaN where there are no pairs."""
        matrix = self.cells.spread(self.value)
        ordered = np.sort(matrix, axis=0)
        judged = np.sum(~np.isnan(ordered), axis=0)
        pairs = int(np.sum(judged * (judged - 1) // 2))
        if pairs == 0:
            return float("nan")
        run_start = np.ones(ordered.shape, dtype=bool)
        run_start[1:] = ordered[1:] != ordered[:-1]
        run = np.cumsum(run_start.T.ravel())[~np.isnan(ordered.T.ravel())]
        sizes = np.bincount(run)
        return float(np.sum(sizes * (sizes - 1) // 2) / pairs)


def choose_aspect(dataset: Dataset, aspect: str | None) -> str:
    """The aspect to judge against: the one asked for, else the data's default, else its first.

    Raises
    ------
    UnknownNameError
        If the data has no such aspect.
    """
    ratings = dataset.ratings
    if ratings is None:
        raise InputError(f"dataset '{dataset.name}' has no ratings, so it has no aspects")
    if aspect is not None:
        if aspect not in ratings.aspects:
            raise UnknownNameError("aspect", aspect, ratings.aspects)
        return aspect
    default = dataset.origin.default_aspect
    if default in ratings.aspects:
        return str(default)
    return "overall" if "overall" in ratings.aspects else ratings.aspects[0]


def rating_gold(dataset: Dataset, aspect: str | None = None) -> RatingGold:
    """The mean rating of each response and where it sits.

    Raises
    ------
    InputError
        If the dataset has no ratings.
    UnknownNameError
        If it has none of that aspect.
    """
    chosen = choose_aspect(dataset, aspect)
    ratings = dataset.ratings
    assert ratings is not None
    value = ratings.mean(dataset.n_responses, chosen)
    raters = np.unique(ratings.rater[ratings.rows(chosen)])
    published = ratings.system_values.get(chosen)
    system_values = None
    if published:
        system_values = np.array([published.get(system, np.nan) for system in dataset.systems], dtype=np.float64)
    systems = system_layout(dataset)
    dense = systems is not None and 2 * dataset.n_responses >= systems.shape[0] * systems.shape[1]
    cells = systems if systems is not None and dense else slot_layout(dataset)
    return RatingGold(chosen, value, int(np.sum(raters >= 0)), cells, systems, system_values)


def slot_layout(dataset: Dataset) -> CellLayout:
    """Rows are positions within the item."""
    start = dataset.item_start[dataset.response_item]
    row = (np.arange(dataset.n_responses) - start).astype(np.int32)
    return CellLayout(row, dataset.response_item, (int(row.max(initial=-1)) + 1, dataset.n_items))


def system_layout(dataset: Dataset) -> CellLayout | None:
    """Rows are systems; None where a response has no system or a system answers an item twice."""
    if dataset.n_responses == 0 or np.any(dataset.response_system < 0):
        return None
    cell = dataset.response_system.astype(np.int64) * dataset.n_items + dataset.response_item
    if len(np.unique(cell)) != len(cell):
        return None
    return CellLayout(dataset.response_system, dataset.response_item, (len(dataset.systems), dataset.n_items))


@dataclass(frozen=True, eq=False)
class PairGold:
    """Human preferences, one row per distinct pair of responses.

    Attributes
    ----------
    a, b:
        int32 (P,) response indices.
    probability:
        float64 (P,) that a is better: 1, 0, 0.5 = tie; see `pair_gold` for how raters are joined.
    item:
        int32 (P,) item of the pair.
    raters:
        How many raters there are; 0 where the data does not name them.
    row, flipped:
        int64 (M,) pair of each preference row of the dataset, and bool (M,) whether that row names the pair as (b, a).
    """

    a: IntArray
    b: IntArray
    probability: FloatArray
    item: IntArray
    raters: int
    row: NDArray[np.int64]
    flipped: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.a)

    @cached_property
    def best_first(self) -> bool:
        """Whether the better response always comes first, or always second: the order of the pairs is then the
        judgment, and no order."""
        decided = self.probability[self.probability != 0.5]
        return bool(decided.size) and bool(np.all(decided == 1.0) or np.all(decided == 0.0))

    def per_pair(self, verdicts: FloatArray) -> FloatArray:
        """Verdicts per preference row, (M,) of +1/-1/0/NaN, as verdicts per distinct pair, (P,): the first that is
        not NaN, turned round where the row was."""
        turned = np.where(self.flipped, -verdicts, verdicts)
        out = np.full(len(self), np.nan)
        known = np.flatnonzero(~np.isnan(turned))[::-1]
        out[self.row[known]] = turned[known]
        return out


def pair_gold(dataset: Dataset) -> PairGold:
    """One judgment per distinct pair: the raters' plurality among a, b and tie (a tie where a and b are level), or
    the mean where the data holds probabilities. Rows that name no rater are not joined: each is a judgment.

    Raises
    ------
    InputError
        If the dataset has no preferences.
    """
    pairs = dataset.preferences
    if pairs is None or not len(pairs):
        raise InputError(f"dataset '{dataset.name}' has no preferences")
    flipped = pairs.a > pairs.b
    low, high = np.where(flipped, pairs.b, pairs.a), np.where(flipped, pairs.a, pairs.b)
    key = low.astype(np.int64) * dataset.n_responses + high
    unnamed = pairs.rater < 0
    key[unnamed] = -1 - np.flatnonzero(unnamed)
    _, first, row = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first, kind="stable"), kind="stable")
    row = order[row.reshape(-1)]
    first = np.sort(first)
    turned = flipped != flipped[first][row]
    probability = np.where(turned, 1 - pairs.probability, pairs.probability)
    joined = _join_raters(probability, row, len(first))
    a, b = pairs.a[first], pairs.b[first]
    raters = int(np.sum(np.unique(pairs.rater) >= 0))
    return PairGold(a, b, joined, dataset.response_item[a], raters, row, turned)


def _join_raters(probability: FloatArray, row: NDArray[np.int64], n: int) -> FloatArray:
    count = np.bincount(row, minlength=n)
    mean = np.bincount(row, weights=probability, minlength=n) / count
    if not np.all(np.isin(probability, (0.0, 0.5, 1.0))):
        return np.asarray(mean)
    for_a = np.bincount(row, weights=probability == 1.0, minlength=n)
    for_b = np.bincount(row, weights=probability == 0.0, minlength=n)
    tied = count - for_a - for_b
    out = np.full(n, 0.5)
    out[(for_a > for_b) & (for_a >= tied)] = 1.0
    out[(for_b > for_a) & (for_b >= tied)] = 0.0
    return out


def preferences_from_ratings(dataset: Dataset, *, aspect: str | None = None, tie_margin: float = 0.0) -> Dataset:
    """The same data with preferences made from mean ratings: every pair of rated responses of an item.

    Parameters
    ----------
    aspect:
        Which ratings; see `choose_aspect`.
    tie_margin:
        Pairs whose ratings differ by at most this much are ties; not negative, in units of the rating.

    Raises
    ------
    InputError
        If the margin is negative or there are no ratings.
    """
    if not tie_margin >= 0:
        raise InputError(f"tie margin {tie_margin} must not be negative")
    gold = rating_gold(dataset, aspect)
    starts = dataset.item_start
    sizes = np.diff(starts)
    left: list[NDArray[np.int64]] = []
    right: list[NDArray[np.int64]] = []
    for size in np.unique(sizes):
        i, j = np.triu_indices(int(size), 1)
        base = starts[:-1][sizes == size]
        left.append((base[:, None] + i).ravel())
        right.append((base[:, None] + j).ravel())
    a, b = np.concatenate(left or [np.empty(0, np.int64)]), np.concatenate(right or [np.empty(0, np.int64)])
    order = np.lexsort((b, a))
    a, b = a[order], b[order]
    gap = gold.value[a] - gold.value[b]
    judged = ~np.isnan(gap)
    a, b, gap = a[judged], b[judged], gap[judged]
    probability = np.where(np.abs(gap) <= tie_margin, 0.5, (gap > 0).astype(np.float64))
    note = (
        f"{len(a):,} preferences made from mean {gold.aspect} ratings; a difference of at most {tie_margin:g} is a tie"
    )
    return replace(
        dataset,
        preferences=Preferences(
            a.astype(np.int32), b.astype(np.int32), probability, np.full(len(a), -1, dtype=np.int32)
        ),
        origin=replace(dataset.origin, notes=(*dataset.origin.notes, note)),
    )


def system_strengths(dataset: Dataset) -> Mapping[str, float]:
    """Bradley–Terry strengths (log-odds, mean 0) of the systems from the dataset's preferences; ties count half.

    Raises
    ------
    InputError
        If a judged response has no system, or the comparisons do not connect all systems.
    """
    from rewardmeter.stats.ranking import bradley_terry

    gold = pair_gold(dataset)
    a, b = dataset.response_system[gold.a], dataset.response_system[gold.b]
    if np.any(a < 0) or np.any(b < 0):
        raise InputError(f"dataset '{dataset.name}': a judged response has no system, so systems have no strengths")
    apart = a != b
    seen, index = np.unique(np.concatenate([a[apart], b[apart]]), return_inverse=True)
    first, second = np.split(index.reshape(-1), 2)
    try:
        fit = bradley_terry(first, second, gold.probability[apart])
    except ValueError as error:
        raise InputError(f"dataset '{dataset.name}': {error}") from error
    return {dataset.systems[int(s)]: float(v) for s, v in zip(seen, fit.strengths, strict=True)}


def rated(ratings: Ratings | None) -> bool:
    """Whether there is any rating."""
    return ratings is not None and len(ratings) > 0
