"""Responses to one prompt share its computation: the common start once, then the rests against its keys and values.

May import its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from rewardmeter.scorers.models.batching import token_budget_batches
from rewardmeter.scorers.models.bodies import Body, IntArray, close, gathered, padded

__all__ = ["Group", "Prefixes", "can_share", "pack_groups", "share_plan", "sliding_window"]

SMALLEST = 32
"""Common starts below this are not looked at."""

OVERHEAD = 256.0
"""What another pass through the model costs, in tokens."""

SLOWER = 1.2
"""How much more a token costs that reads a cache: the copy of the keys and values, and padding between rows."""


@dataclass(frozen=True, slots=True)
class Group:
    """Inputs with a common start.

    Attributes
    ----------
    prefix:
        How many tokens are common; 0 for an input that goes by itself.
    members:
        Positions of the inputs.
    """

    prefix: int
    members: tuple[int, ...]


@dataclass(slots=True)
class _Interval:
    """Neighbours in sorted order whose common start is at least `depth` long."""

    depth: int
    tokens: int = 0
    count: int = 0
    cost: float = 0.0
    pieces: list[tuple[int, int, int]] = field(default_factory=list)

    def absorb(self, other: _Interval) -> None:
        self.tokens += other.tokens
        self.count += other.count
        self.cost += other.cost
        self.pieces.extend(other.pieces)

    def settled(self) -> _Interval:
        """As one group, or as the pieces that it is made of: whatever costs less."""
        whole = (self.tokens - self.depth * (self.count - 1)) * SLOWER + OVERHEAD
        if self.depth >= SMALLEST and whole < self.cost:
            first = self.pieces[0][0]
            self.cost, self.pieces = whole, [(first, first + self.count, self.depth)]
        return self


def share_plan(rows: Sequence[Sequence[int]], firsts: Sequence[int]) -> list[Group]:
    """Groups of inputs that are cheapest to compute together, by the tokens to be computed.

    Parameters
    ----------
    rows:
        Token ids of each input.
    firsts:
        The first place of each input whose state is needed: a common start must end before it.

    Returns
    -------
    list
        Each input in one group. Sorted inputs form a tree of common starts; from its leaves upwards, a node becomes a
        group where that costs fewer tokens than the best grouping of its children.
    """
    if not rows:
        return []
    keys = [np.asarray(row[:first], dtype=">u4") for row, first in zip(rows, firsts, strict=True)]
    order = sorted(range(len(rows)), key=lambda i: keys[i].tobytes())
    stack = [_Interval(0)]
    for place, i in enumerate(order):
        common = _common(keys[i], keys[order[place + 1]]) if place + 1 < len(order) else 0
        length = len(rows[i])
        current = _Interval(length, length, 1, float(length), [(place, place + 1, 0)])
        while stack[-1].depth > common:
            stack[-1].absorb(current)
            current = stack.pop().settled()
        if stack[-1].depth < common:
            stack.append(_Interval(common))
        stack[-1].absorb(current)
    return [Group(prefix, tuple(order[start:stop])) for start, stop, prefix in stack[0].pieces]


def _common(one: Any, other: Any) -> int:
    n = min(len(one), len(other))
    differing = one[:n] != other[:n]
    return int(differing.argmax()) if differing.any() else n


def pack_groups(groups: Sequence[Group], budget: int) -> list[list[Group]]:
    """Groups whose common starts are computed together: half of the budget for them, padding included."""
    ready = sorted(groups, key=lambda group: -group.prefix)
    return [[ready[i] for i in batch] for batch in token_budget_batches([g.prefix for g in ready], max(1, budget // 2))]


class Prefixes:
    """Keys and values of some common starts, computed once, for batches of the rests.

    Parameters
    ----------
    body:
        The decoder.
    starts:
        Token ids of each common start.
    """

    def __init__(self, body: Body, starts: Sequence[Sequence[int]]) -> None:
        import torch
        from transformers import DynamicCache

        self.body = body
        self.lengths = np.array([len(start) for start in starts], dtype=np.int64)
        ids, _, _ = padded(starts, "right")
        # Without a config every layer keeps all that it is given; tokens to the right of a start's end are never seen.
        cache = DynamicCache()
        body.module(input_ids=torch.from_numpy(ids).to(body.device), past_key_values=cache, use_cache=True)
        self.layers: list[tuple[Any, Any]] = [(layer.keys, layer.values) for layer in cast(Any, cache.layers)]

    def states(self, rows: Sequence[Sequence[int]], whose: IntArray, at: Sequence[IntArray]) -> Any:
        """(sum of the places, hidden) vectors of the rests, each behind the start that it belongs to.

        Parameters
        ----------
        rows:
            Token ids after the common start.
        whose:
            (n,) which start each row belongs to.
        at:
            Places counted from the end of the start.
        """
        import torch
        from transformers import DynamicCache

        device = self.body.device
        before = self.lengths[whose]
        longest = int(before.max())
        index = torch.from_numpy(whose).to(device)
        cache = DynamicCache()
        for i, (keys, values) in enumerate(self.layers):
            # The longest of these starts decides; what is cut off here is padding.
            cache.update(keys[index, :, :longest], values[index, :, :longest], i)
        ids, real, starts = padded(rows, "right")
        mask = np.concatenate([np.arange(longest)[None, :] < before[:, None], real], axis=1)
        output = self.body.module(
            input_ids=torch.from_numpy(ids).to(device),
            attention_mask=torch.from_numpy(mask.astype(np.int64)).to(device),
            position_ids=torch.from_numpy(before[:, None] + np.arange(ids.shape[1])[None, :]).to(device),
            past_key_values=cache,
            use_cache=True,
        )
        return gathered(getattr(output, self.body.take), at, starts)


def sliding_window(config: Any) -> int:
    """The shortest attention window of the layers; 0 where all see everything."""
    text = config.get_text_config()
    window = getattr(text, "sliding_window", None)
    kinds = getattr(text, "layer_types", None)
    if not window or getattr(text, "use_sliding_window", True) is False:
        return 0
    return 0 if kinds and all(kind == "full_attention" for kind in kinds) else int(window)


def can_share(body: Body, config: Any, ids: Sequence[int]) -> bool:
    """Whether the decoder computes the same with a shared start: by its kinds of layers, then by trying.

    Parameters
    ----------
    ids:
        At least eight token ids to try it with.
    """
    kinds = getattr(config.get_text_config(), "layer_types", None) or ()
    if not (body.causal and body.takes_cache and body.takes_positions and body.take == "last_hidden_state"):
        return False
    if set(kinds) - {"full_attention", "sliding_attention"}:
        return False
    import torch

    # Two starts of different lengths and rests of different lengths: padding in every place where it can be.
    one, other = list(ids), list(ids[::-1])[: len(ids) - 1]
    at = [np.array([len(one) - 1]), np.array([len(other) - 1])]
    try:
        with torch.inference_mode():
            alone = body.states([one, other], at)
            shared = Prefixes(body, [one[:5], other[:3]]).states(
                [one[5:], other[3:]], np.array([0, 1]), [at[0] - 5, at[1] - 3]
            )
    except (TypeError, ValueError, AttributeError, RuntimeError, NotImplementedError):
        return False
    return close(shared, alone)
