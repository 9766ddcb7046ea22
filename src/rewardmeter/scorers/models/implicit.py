"""Rewards that a preference-tuned language model implies: family `dpo`.

Rafailov et al. 2023, equation 5 without the prompt's constant: r(x, y) = beta (log pi(y | x) - log pi_ref(y | x)).
Without a reference, and divided by the length, it is SimPO's reward (Meng et al. 2024, equation 4). May import
`scorers.pointwise`, `types`, `errors` and its neighbours.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers.models.base import Encoded
from rewardmeter.scorers.models.bodies import Body
from rewardmeter.scorers.models.chat import ChatEncoder
from rewardmeter.scorers.models.decoder import Asked, DecoderScorer
from rewardmeter.scorers.models.language import LanguageModel, take_apart
from rewardmeter.scorers.models.loading import is_folder, load_tokenizer, model_identity
from rewardmeter.scorers.pointwise import Unscored
from rewardmeter.types import FloatArray, Item, Response, Signature

__all__ = ["ImplicitReward"]

NO_RESPONSE = Unscored("the response has no tokens")
RESPONSE_CUT = Unscored("truncation leaves nothing of the response")


@dataclass(frozen=True, slots=True)
class _Models:
    chat: ChatEncoder
    models: tuple[LanguageModel, ...]


@dataclass(frozen=True)
class ImplicitReward(DecoderScorer):
    """beta times the log-ratio of policy and reference over the response's tokens.

    The response's tokens are those of the whole chat that are not of the prompt as the template writes it up to the
    opening of the answer; a token across that border is the response's. The closing tokens of the turn count, as they
    do in training.

    Parameters
    ----------
    reference:
        Folder or hub name of the reference model, with the same tokenizer; ``none`` for the policy's log-probability
        alone.
    reference_revision:
        Commit, tag or branch of a reference on the hub.
    beta:
        Strength of the penalty that the policy was trained with; it scales the reward and reorders nothing.
    normalise:
        ``none`` for the sum over the response's tokens, ``length`` for their mean.
    closing:
        Whether what the template writes after the response counts.
    """

    family: ClassVar[str] = "dpo"

    reference: str = ""
    reference_revision: str = ""
    beta: float = 0.1
    normalise: str = "none"
    closing: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.reference:
            raise SpecError("dpo needs reference=MODEL, the model that the policy was trained from, or reference=none")
        if self.normalise not in ("none", "length"):
            raise UnknownNameError("dpo normalise", self.normalise, ("none", "length"))
        if not 0 < self.beta < float("inf"):
            raise SpecError(f"dpo: beta={self.beta} must be a positive number")

    def signature(self) -> Signature:
        """With the reference's identity in place of its path."""
        plain = super().signature()
        if self.reference == "none":
            return plain
        named = Path(self.reference).name if is_folder(self.reference) else self.reference
        identity = model_identity(self.reference, revision=self.reference_revision or None)
        return dataclasses.replace(plain, options={**plain.options, "reference": f"{named}@{identity}"})

    def load(self, device: str) -> _Models:
        """Policy and reference.

        Raises
        ------
        SpecError
            If they have different vocabularies.
        """
        tokenizer = self.load_words()
        wanted = [(self.target, self.model_revision)]
        if self.reference != "none":
            other = load_tokenizer(self.reference, revision=self.reference_revision or None)
            if other.get_vocab() != tokenizer.get_vocab():
                raise SpecError(f"{self.target} and its reference {self.reference} have different vocabularies")
            wanted.append((self.reference, self.reference_revision))
        models, config = [], None
        for target, revision in wanted:
            model = self.load_weights("AutoModelForCausalLM", target, device, revision=revision)
            config = config or model.config
            taken = take_apart(model)
            self.compact(taken.body)
            models.append(taken)
        return _Models(self.chat_encoder(tokenizer, config), tuple(models))

    def bodies(self, loaded: _Models) -> Sequence[Body]:
        """Of the policy and of the reference."""
        return [model.body for model in loaded.models]

    def encode(self, loaded: _Models, item: Item, response: Response) -> Encoded | Unscored:
        """The chat, and the places whose states say how likely each of the response's tokens is."""
        chat = loaded.chat
        written = chat.text(item.prompt, response.text)
        if isinstance(written, Unscored):
            return written
        assert item.prompt is not None
        text, remark = written
        if not self.closing:
            end = text.rfind(response.text.strip()) + len(response.text.strip())
            text = text[:end] if response.text.strip() else text
        ids = chat.ids(text)
        start = max(1, chat.response_start(item.prompt, response.text, text, ids))
        if start >= len(ids) or (not self.closing and not response.text.strip()):
            return NO_RESPONSE
        cut = chat.cut(ids)
        if isinstance(cut, Unscored):
            return cut
        # Nothing stands before the first token that could make it likely or not.
        kept = [place for place in map(cut.moved, range(start, len(ids))) if place]
        if not kept:
            return RESPONSE_CUT
        targets = np.array([cut.ids[place] for place in kept], dtype=np.int64)
        return Encoded(
            cut.ids, "; ".join(filter(None, (cut.remark, remark))), Asked(np.array(kept, dtype=np.int64) - 1, targets)
        )

    def read(self, loaded: _Models, states: Sequence[Any], batch: Sequence[Encoded]) -> FloatArray:
        """Sums (or means) of log-probabilities, the reference's taken off."""
        import torch

        sizes = [len(one.extra.at) for one in batch]
        targets = np.concatenate([one.extra.data for one in batch])
        sums = []
        for model, vectors in zip(loaded.models, states, strict=True):
            where = torch.from_numpy(targets).to(vectors.device)
            each = model.log_probabilities(vectors, where).cpu().numpy().astype(np.float64)
            sums.append(np.add.reduceat(each, np.concatenate([[0], np.cumsum(sizes)[:-1]])))
        total = sums[0] - sums[1] if len(sums) > 1 else sums[0]
        if self.normalise == "length":
            total = total / np.array(sizes)
        return np.asarray(self.beta * total, dtype=np.float64)
