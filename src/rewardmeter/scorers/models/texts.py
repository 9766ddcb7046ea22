"""Texts as token ids and as hidden states: what the scorers of texts by encoders share. May import its neighbours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rewardmeter.errors import SpecError
from rewardmeter.scorers.models.loading import load_config, load_model

__all__ = ["Texts", "hidden_states", "length_limit", "load_encoder", "padded", "plain"]

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
NO_LIMIT = 1_000_000
"""Tokenizers that know no limit state a number above this one."""
ENCODERS = {"t5": "T5EncoderModel", "mt5": "MT5EncoderModel", "umt5": "UMT5EncoderModel"}
"""The class that reads the encoder alone, by model type."""


def plain(text: str) -> str:
    """The text with the replacement character for lone surrogates, which no tokenizer takes."""
    return LONE_SURROGATE.sub("\ufffd", text)


@dataclass(frozen=True)
class Texts:
    """A tokenizer with a limit.

    Attributes
    ----------
    tokenizer:
        From the checkpoint.
    limit:
        Most tokens of a text, special ones included.
    """

    tokenizer: Any
    limit: int

    def ids(self, text: str) -> tuple[tuple[int, ...], bool]:
        """Token ids with special tokens, cut at the limit, and whether they had to be cut."""
        encoded = self.tokenizer(plain(text), verbose=False)["input_ids"]
        if len(encoded) <= self.limit:
            return tuple(encoded), False
        cut = self.tokenizer(plain(text), truncation=True, max_length=self.limit, verbose=False)["input_ids"]
        return tuple(cut), True

    def bare(self, text: str) -> list[int]:
        """Token ids without special tokens, however many."""
        return list(self.tokenizer(plain(text), add_special_tokens=False, verbose=False)["input_ids"])


def length_limit(config: Any, tokenizer: Any, asked: int = 0) -> int:
    """Most tokens of an input: ``asked``, where it is not 0, else what tokenizer and position embeddings allow.

    Raises
    ------
    SpecError
        If more is asked for than the model has positions.
    """
    limits = [limit for limit in (getattr(tokenizer, "model_max_length", None),) if limit and limit < NO_LIMIT]
    positions = getattr(config, "max_position_embeddings", None)
    learned = positions if positions and positions > 0 else None
    if learned and getattr(config, "model_type", "") in _POSITIONS_AFTER_PAD:
        learned -= (config.pad_token_id or 0) + 1
    if learned:
        limits.append(learned)
    if not asked:
        return int(min(limits, default=NO_LIMIT))
    if learned and asked > learned:
        raise SpecError(f"max_length={asked} is more than the {learned} positions of the model")
    return asked


_POSITIONS_AFTER_PAD = frozenset(
    {"roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "longformer", "mpnet", "bertweet"}
)
"""Models whose first position is numbered one above the padding token, as RoBERTa's is."""


def load_encoder(
    target: str, *, revision: str | None, dtype: str, device: str, trust_remote_code: bool, **options: Any
) -> Any:
    """The encoder of a checkpoint, without heads; of an encoder-decoder, its encoder."""
    config = load_config(target, revision=revision, trust_remote_code=trust_remote_code, **options)
    model = load_model(
        ENCODERS.get(config.model_type, "AutoModel"),
        target,
        revision=revision,
        dtype=dtype,
        device=device,
        trust_remote_code=trust_remote_code,
        unused=("pooler.",),
        **options,
    )
    return model.get_encoder() if getattr(config, "is_encoder_decoder", False) else model


def padded(rows: Sequence[Sequence[int]], fill: int, device: Any) -> tuple[Any, Any]:
    """int64 (n, L) ids filled up on the right, and their mask."""
    import torch

    width = max(1, *map(len, rows))
    ids = torch.full((len(rows), width), fill, dtype=torch.int64)
    mask = torch.zeros((len(rows), width), dtype=torch.int64)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = torch.tensor(row, dtype=torch.int64)
        mask[place, : len(row)] = 1
    return ids.to(device), mask.to(device)


def hidden_states(model: Any, rows: Sequence[Sequence[int]], fill: int) -> tuple[Any, Any]:
    """float32 (n, L, d) last hidden states and int64 (n, L) mask."""
    ids, mask = padded(rows, fill, model.device)
    return model(input_ids=ids, attention_mask=mask).last_hidden_state.float(), mask


def windows(ids: Sequence[int], width: int, overlap: int) -> Iterator[Sequence[int]]:
    """Windows of at most ``width`` ids that share ``overlap`` ids with the one before; the last one ends at the end."""
    step = max(1, width - overlap)
    start = 0
    while True:
        yield ids[start : start + width]
        if start + width >= len(ids):
            return
        start += step
