"""What a T5-like checkpoint's decoder says first: the logits of a few tokens at its first step.

Only the rows of the output matrix that are asked about are kept, in float32: an mT5 vocabulary has 250,112 of them, and
logits over all of them would outweigh the rest. May import `errors` and its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rewardmeter.errors import SpecError
from rewardmeter.scorers.models.loading import load_config, load_model, load_tokenizer
from rewardmeter.scorers.models.shared import Input, padded
from rewardmeter.types import FloatArray

__all__ = ["FirstToken", "asked", "load_first_token", "offsets_of", "single_token"]

_KINDS = ("t5", "mt5", "umt5")
_ROWS_AT_ONCE = 128


@dataclass(frozen=True)
class FirstToken:
    """A checkpoint whose first decoder step is read.

    Attributes
    ----------
    limit:
        Most tokens of an input.
    tokens:
        Ids of the tokens asked about.
    """

    model: Any
    tokenizer: Any
    device: str
    limit: int
    tokens: tuple[int, ...]

    def logits(self, inputs: Sequence[Input]) -> FloatArray:
        """(n, tokens) logits at the first step, in the order of `tokens`."""
        return self._steps(inputs, lambda logits: logits)

    def probabilities(self, inputs: Sequence[Input]) -> FloatArray:
        """(n, tokens) probabilities among the whole vocabulary; the model must have kept its whole head."""
        chosen = list(self.tokens)
        return self._steps(inputs, lambda logits: logits.softmax(dim=-1)[:, chosen])

    def _steps(self, inputs: Sequence[Input], read: Any) -> FloatArray:
        import torch

        parts = []
        for start in range(0, len(inputs), _ROWS_AT_ONCE):
            ids, mask = padded(inputs[start : start + _ROWS_AT_ONCE], self.model.config.pad_token_id, self.device)
            begin = torch.full((len(ids), 1), self.model.config.decoder_start_token_id, device=ids.device)
            out = self.model(input_ids=ids, attention_mask=mask, decoder_input_ids=begin, use_cache=False)
            parts.append(read(out.logits[:, 0].float()).double().cpu().numpy())
        return np.concatenate(parts)


def load_first_token(
    target: str,
    *,
    tokenizer: str,
    revision: str,
    dtype: str,
    device: str,
    limit: int,
    trust_remote_code: bool,
) -> FirstToken:
    """The checkpoint, not yet asked about any token.

    Raises
    ------
    SpecError
        If it is no T5, mT5 or umT5 model.
    """
    config = load_config(target, revision=revision or None, trust_remote_code=trust_remote_code)
    if config.model_type not in _KINDS:
        raise SpecError(f"{target} is a {config.model_type} model; this family reads {', '.join(_KINDS)}")
    own = tokenizer or target
    spoken = load_tokenizer(
        own, revision=(revision or None) if own == target else None, trust_remote_code=trust_remote_code
    )
    model = load_model(
        "AutoModelForSeq2SeqLM",
        target,
        revision=revision or None,
        dtype=dtype,
        device=device,
        trust_remote_code=trust_remote_code,
    )
    return FirstToken(model, spoken, device, limit, ())


def asked(loaded: FirstToken, tokens: Sequence[int], *, alone: bool) -> FirstToken:
    """The same model, asked about some tokens; ``alone`` drops the head's other rows."""
    whole = loaded.model.lm_head.weight
    loaded.model.lm_head = _head(whole[list(tokens)] if alone else whole)
    return FirstToken(loaded.model, loaded.tokenizer, loaded.device, loaded.limit, tuple(tokens))


def _head(rows: Any) -> Any:
    """An output matrix in float32, whatever the model runs in."""
    import torch

    class Head(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(rows.detach().float(), requires_grad=False)

        def forward(self, states: Any) -> Any:
            return torch.nn.functional.linear(states.float(), self.weight)

    return Head()


def single_token(tokenizer: Any, text: str, target: str) -> int:
    """Id of the one token that a text is written with: ``▁1`` in T5's vocabularies, ``1`` in others.

    Raises
    ------
    SpecError
        If the tokenizer writes it with several: the first of them would say nothing of the answer.
    """
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    if len(ids) == 1 and ids[0] != tokenizer.unk_token_id:
        return int(ids[0])
    marked = tokenizer.get_vocab().get(f"▁{text}")
    if marked is not None:
        return int(marked)
    raise SpecError(f"{target}: the tokenizer has no single token for '{text}'")


def offsets_of(tokenizer: Any, text: str) -> tuple[list[int], list[tuple[int, int]]]:
    """Token ids of a text, special ones included, and where each begins and ends in it."""
    made = tokenizer(text, add_special_tokens=True, truncation=False, return_offsets_mapping=True, verbose=False)
    return list(made["input_ids"]), [(int(start), int(end)) for start, end in made["offset_mapping"]]
