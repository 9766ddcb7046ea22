"""Calibration under shift: fitted on one part of the data, tested on the others.

May import `comparison`, `types`, `stats` and the files of this folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmeter.calibration.evidence import Human
from rewardmeter.calibration.held_out import HeldOut, raw_losses
from rewardmeter.calibration.methods import Method, losses, methods_for
from rewardmeter.comparison.slices import SliceColumn
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.scaling import applied, cross_fit, gain
from rewardmeter.types import FloatArray, IntArray

__all__ = ["Shift", "shifted"]

MOST_PARTS = 12


@dataclass(frozen=True, eq=False)
class Shift:
    """What a calibrator of one part of the data is worth on every part.

    Attributes
    ----------
    method:
        The way that was chosen on all data; the simplest that looks at the score where none was.
    values, items:
        The parts, largest first, and how many judged items each has.
    raw:
        Loss of the raw scores in each part.
    loss:
        ``loss[i][j]``: fitted on part i, tested on part j, on the diagonal on held-out items; undefined where part i
        allows no fit.
    """

    method: str
    values: tuple[str, ...]
    items: tuple[int, ...]
    raw: tuple[Estimate, ...]
    loss: tuple[tuple[Estimate, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "method": self.method,
            "values": list(self.values),
            "items": list(self.items),
            "raw": [estimate.to_dict() for estimate in self.raw],
            "loss": [[estimate.to_dict() for estimate in row] for row in self.loss],
        }


def shifted(
    human: Human,
    scores: FloatArray,
    held_out: HeldOut,
    column: SliceColumn,
    *,
    folds: int = 5,
    seed: int = 0,
    level: float = 0.95,
) -> Shift | None:
    """Fit on each of the 12 largest parts by a column of the items, test on all; None where no way could be tried.

    Parts share no items, so that nothing but the kind of the items is known beforehand.
    """
    target = held_out.target
    judged = human.judged(scores, target)
    rows, item, truth = judged.rows, judged.item, judged.truth
    method = held_out.looking
    found = methods_for(target, (method,), rows) if method else {}
    if method not in found:
        return None
    part = column.index[item]
    size = np.array([len(np.unique(item[part == number])) for number in range(len(column.values))])
    order = [int(number) for number in np.argsort(-size, kind="stable")[:MOST_PARTS] if size[number]]
    raw = raw_losses(target, judged.raw, truth).happened
    table = []
    for one in order:
        values = _values(found[method], found[method].rows(rows), item, part == one, folds, seed)
        lost = None if values is None else losses(target, values, truth)
        table.append(tuple(_mean(lost, item, part == other, level) for other in order))
    return Shift(
        method,
        tuple(column.values[number] for number in order),
        tuple(int(size[number]) for number in order),
        tuple(_mean(raw, item, part == number, level) for number in order),
        tuple(table),
    )


def _values(
    method: Method, rows: dict[str, FloatArray], item: IntArray, inside: NDArray[np.bool_], folds: int, seed: int
) -> FloatArray | None:
    """Values of all rows under the fit on those inside, which get theirs from the other folds; None without a fit."""
    own = {name: values[inside] for name, values in rows.items()}
    try:
        values = applied(method.fit(**own), rows)
        values[inside] = cross_fit(method.fit, own, item[inside], folds, np.random.default_rng(seed))
    except ValueError:
        return None
    return values


def _mean(lost: FloatArray | None, item: IntArray, inside: NDArray[np.bool_], level: float) -> Estimate:
    if lost is None:
        return Estimate(float("nan"), level=level, method="no fit")
    return gain(lost[inside], np.zeros(int(inside.sum())), item[inside], level=level).estimate
