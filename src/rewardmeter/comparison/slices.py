"""Slices: parts of the data by a column of its items. May import `dataset` and `errors`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rewardmeter.dataset import Dataset, cell_label
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.types import IntArray

__all__ = ["SliceColumn", "slice_column"]

MOST_VALUES = 200
QUARTILES_FROM = 12


@dataclass(frozen=True, eq=False)
class SliceColumn:
    """One column of slice values.

    Attributes
    ----------
    name:
        The column.
    values:
        Labels of the slices, in order.
    index:
        int32 (N,): which value each item has; -1 for none.
    quartiles:
        Whether the values are ranges of a number.
    """

    name: str
    values: tuple[str, ...]
    index: IntArray
    quartiles: bool = False


def slice_column(dataset: Dataset, name: str) -> SliceColumn:
    """The slices of a column: its values in order of appearance, or quartiles of a number with many values.

    Raises
    ------
    UnknownNameError
        If the data has no such column.
    InputError
        If it has more than 200 distinct text values.
    """
    if name not in dataset.columns:
        raise UnknownNameError("slice column", name, dataset.columns)
    cells = dataset.columns[name]
    present = [cell for cell in cells if cell is not None]
    distinct = list(dict.fromkeys(present))
    numeric = all(isinstance(cell, (int, float)) and not isinstance(cell, bool) for cell in distinct)
    if numeric and len(distinct) > QUARTILES_FROM:
        return _quartiles(name, np.array([np.nan if cell is None else float(cell) for cell in cells]))
    if len(distinct) > MOST_VALUES:
        raise InputError(
            f"slice column '{name}' has {len(distinct):,} values",
            fix=f"Slice by a column with at most {MOST_VALUES}.",
        )
    if numeric:
        distinct.sort(key=float)
    labels = [cell_label(cell) for cell in distinct]
    lookup: Mapping[object, int] = {cell: i for i, cell in enumerate(distinct)}
    index = np.array([lookup.get(cell, -1) for cell in cells], dtype=np.int32)
    return SliceColumn(name, tuple(labels), index)


def _quartiles(name: str, numbers: np.ndarray[tuple[int], np.dtype[np.float64]]) -> SliceColumn:
    edges = np.unique(np.nanquantile(numbers, [0, 0.25, 0.5, 0.75, 1]))
    index = np.clip(np.searchsorted(edges, numbers, side="left") - 1, 0, len(edges) - 2).astype(np.int32)
    index[np.isnan(numbers)] = -1
    labels = [f"{low:g}–{high:g}" for low, high in pairwise(edges)]
    return SliceColumn(name, tuple(labels), index, quartiles=True)
