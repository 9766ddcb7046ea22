"""Decoders run in padded batches: hidden states at the places that are asked for. Imports nothing of ours.

The last real token is known from the lengths. It is never looked for by the padding id, which may be the end token, may
occur in the text, or may not be set at all.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Body", "close", "gathered", "make_body", "padded", "probe_ids"]

IntArray = NDArray[np.int64]
Head = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Body:
    """A stack of layers that maps token ids to one vector per token.

    Attributes
    ----------
    module:
        The torch module.
    take:
        The output's attribute that holds the vectors: ``last_hidden_state``, or ``logits`` for a model taken whole.
    device:
        Where it is.
    takes_positions, takes_cache:
        Whether its forward has ``position_ids`` and ``past_key_values``.
    causal:
        Whether a token sees nothing that comes after it, so that padding on the right needs no mask.
    """

    module: Any
    take: str
    device: Any
    takes_positions: bool
    takes_cache: bool
    causal: bool

    def states(self, rows: Sequence[Sequence[int]], at: Sequence[IntArray], *, padding: str = "right") -> Any:
        """(sum of the places, hidden) vectors of the rows at the places asked for, row after row."""
        import torch

        ids, mask, starts = padded(rows, padding)
        given: dict[str, Any] = {"input_ids": torch.from_numpy(ids).to(self.device)}
        if not (self.causal and padding == "right") and not mask.all():
            given["attention_mask"] = torch.from_numpy(mask.astype(np.int64)).to(self.device)
        if padding == "left" and self.takes_positions:
            places = np.maximum(np.arange(ids.shape[1])[None, :] - starts[:, None], 0)
            given["position_ids"] = torch.from_numpy(places).to(self.device)
        if self.takes_cache:
            given["use_cache"] = False
        return gathered(getattr(self.module(**given), self.take), at, starts)


def make_body(module: Any, take: str = "last_hidden_state") -> Body:
    """A module with what is to be known of it."""
    parameters = inspect.signature(module.forward).parameters
    device = next(module.parameters()).device
    # Attentions say it themselves; where nobody says anything a mask is given, which is never wrong.
    said = [part.is_causal for part in module.modules() if hasattr(part, "is_causal")]
    causal = bool(said) and all(one is True for one in said)
    return Body(module, take, device, "position_ids" in parameters, "past_key_values" in parameters, causal)


def padded(rows: Sequence[Sequence[int]], side: str) -> tuple[IntArray, NDArray[np.bool_], IntArray]:
    """Token ids (n, longest), which of them are real, and where each row starts."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    width = int(lengths.max())
    starts = width - lengths if side == "left" else np.zeros_like(lengths)
    ids = np.zeros((len(rows), width), dtype=np.int64)
    for i, row in enumerate(rows):
        ids[i, starts[i] : starts[i] + lengths[i]] = row
    columns = np.arange(width)[None, :]
    return ids, (columns >= starts[:, None]) & (columns < (starts + lengths)[:, None]), starts


def gathered(vectors: Any, at: Sequence[IntArray], starts: IntArray) -> Any:
    """Vectors (n, length, hidden) at places counted from each row's start, as (sum of the places, hidden)."""
    import torch

    rows = np.repeat(np.arange(len(at)), [len(places) for places in at])
    columns = np.concatenate([places + start for places, start in zip(at, starts, strict=True)])
    return vectors[torch.from_numpy(rows).to(vectors.device), torch.from_numpy(columns).to(vectors.device)]


def probe_ids(config: Any, n: int = 12) -> list[int]:
    """Some ordinary token ids, none of them special, to try a model with."""
    text = config.get_text_config()
    named = (getattr(text, f"{name}_token_id", None) for name in ("pad", "bos", "eos"))
    special = {one for value in named for one in (value if isinstance(value, list) else [value])}
    size = int(text.vocab_size)
    # From the middle of the vocabulary: special tokens stand at its ends.
    return [i % size for i in range(size // 2, size // 2 + 4 * n) if i % size not in special][:n]


def close(one: Any, other: Any) -> bool:
    """Whether two results of the same computation differ by no more than the rounding of their number format."""
    import torch

    if one.shape != other.shape:
        return False
    coarse = {torch.bfloat16: 5e-2, torch.float16: 1e-2}
    allowed = max(coarse.get(one.dtype, 1e-4), coarse.get(other.dtype, 1e-4))
    one, other = one.float(), other.float()
    return bool((one - other).abs().max() <= allowed * max(1.0, float(other.abs().max())))
