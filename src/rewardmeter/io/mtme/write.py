"""A scorer's scores as mt-metrics-eval metric files. May import `dataset`, `errors`, `files` and `types`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError
from rewardmeter.files import write_text
from rewardmeter.types import FloatArray

__all__ = ["write_metric_scores"]


def write_metric_scores(
    folder: str | Path, dataset: Dataset, metric: str, values: FloatArray, *, reference: str = "src"
) -> tuple[Path, Path]:
    """Write ``METRIC-REFERENCE.seg.score`` and ``.sys.score``, one block per system in the order of the items.

    Parameters
    ----------
    folder:
        Such as ``metric-scores/en-de``; made if it is not there.
    values:
        float64 (R,), one per response; NaN becomes ``None``. The system score is the mean of a system's finite values.
    reference:
        Names of the references that the metric read, joined by dots; ``"src"`` for none.

    Returns
    -------
    tuple
        The two files.

    Raises
    ------
    InputError
        If a system does not answer every item exactly once, the name cannot be one of a file, or a file cannot be
        written.
    """
    cells = dataset.response_system.astype(np.int64) * dataset.n_items + dataset.response_item
    if not np.array_equal(np.sort(cells), np.arange(len(dataset.systems) * dataset.n_items)):
        raise InputError(f"dataset '{dataset.name}': not every system answers every item once")
    if "/" in metric or "-" in reference:
        raise InputError(f"'{metric}-{reference}' cannot name a metric file", fix="No '/', and no '-' in references.")
    table = np.empty((len(dataset.systems), dataset.n_items))
    table.reshape(-1)[cells] = values
    segments = "".join(
        f"{system}\t{'None' if np.isnan(value) else repr(float(value))}\n"
        for system, row in zip(dataset.systems, table, strict=True)
        for value in row
    )
    means = [float(np.mean(row[np.isfinite(row)])) if np.any(np.isfinite(row)) else None for row in table]
    systems = "".join(f"{system}\t{mean!r}\n" for system, mean in zip(dataset.systems, means, strict=True))
    folder = Path(folder)
    files = folder / f"{metric}-{reference}.seg.score", folder / f"{metric}-{reference}.sys.score"
    for file, text in zip(files, (segments, systems), strict=True):
        write_text(file, text)
    return files
