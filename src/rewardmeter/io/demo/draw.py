"""Draws that are the same on every machine and Python version: hashes of what is drawn. Imports nothing of ours."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["chance", "one_of", "order", "uniform"]

T = TypeVar("T")


def uniform(*key: object) -> float:
    """A number in [0, 1) that depends on the key alone."""
    text = "/".join(map(str, key)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=6).digest(), "big") / 2**48


def chance(probability: float, *key: object) -> bool:
    """True with the given probability."""
    return uniform(*key) < probability


def one_of(choices: Sequence[T], *key: object) -> T:
    """One of the choices, each as likely as the others."""
    return choices[int(uniform(*key) * len(choices))]


def order(choices: Sequence[T], *key: object) -> list[T]:
    """The choices in an order that depends on the key."""
    positions = sorted(range(len(choices)), key=lambda position: uniform(*key, position))
    return [choices[position] for position in positions]
