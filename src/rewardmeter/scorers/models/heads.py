"""Which of a classifier's outputs is the score: one label, or a weighted sum of several. May import `errors`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.types import FloatArray

__all__ = ["full_precision", "head_weights", "label_names"]


def label_names(config: Any, outputs: int) -> list[str]:
    """The labels of a classifier in order of its outputs; numbered where the configuration names another number."""
    known = getattr(config, "id2label", None) or {}
    named = {int(i): str(label) for i, label in known.items()} if len(known) == outputs else {}
    return [named.get(i, f"LABEL_{i}") for i in range(outputs)]


def head_weights(head: str, labels: Sequence[str]) -> FloatArray:
    """(outputs,) weights of the outputs.

    Parameters
    ----------
    head:
        A label, an index, ``LABEL:WEIGHT,LABEL:WEIGHT`` (indices will do), or one number for each output, with commas.
        Empty for a classifier with one output.
    labels:
        The outputs' names.

    Raises
    ------
    SpecError
        If there are several outputs and no choice, or as many weights as there are not outputs.
    UnknownNameError
        If there is no such label.
    """
    weights = np.zeros(len(labels))
    if not head:
        if len(labels) != 1:
            raise SpecError(
                f"this model has {len(labels)} outputs ({', '.join(labels)}): choose one with head=NAME or head=INDEX,"
                " or weigh several with head=NAME:WEIGHT,NAME:WEIGHT"
            )
        return np.ones(1)
    if head in labels or ("," not in head and ":" not in head):
        weights[_index(head, labels)] = 1.0
        return weights
    parts = head.split(",")
    try:
        if all(":" in part for part in parts):
            for part in parts:
                name, _, weight = part.rpartition(":")
                weights[_index(name.strip(), labels)] = float(weight)
            return weights
        numbers = np.array([float(part) for part in parts])
    except ValueError as error:
        if isinstance(error, SpecError):
            raise
        raise SpecError(
            f"head={head}: weights are written NAME:WEIGHT,NAME:WEIGHT or as one number per output"
        ) from error
    if len(numbers) != len(labels):
        raise SpecError(f"head={head} has {len(numbers)} weights for {len(labels)} outputs ({', '.join(labels)})")
    return numbers


def _index(name: str, labels: Sequence[str]) -> int:
    if name in labels:
        return list(labels).index(name)
    if name.isdigit() and int(name) < len(labels):
        return int(name)
    raise UnknownNameError("output of this model", name, labels)


def full_precision(module: Any) -> Any:
    """The module in float32, made to take inputs of any number format; changed in place."""

    def widened(_: Any, given: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            one.float() if hasattr(one, "is_floating_point") and one.is_floating_point() else one for one in given
        )

    module.float().register_forward_pre_hook(widened)
    return module
