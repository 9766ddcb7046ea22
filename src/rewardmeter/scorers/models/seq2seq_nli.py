"""Entailment by a sequence-to-sequence model that answers 1 or 0: TRUE's T5 and SEAHORSE's mT5 metrics.

Honovich et al. 2022 (TRUE), Clark et al. 2023 (SEAHORSE). May import `errors`, `pointwise` and its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers.models.base import Encoded
from rewardmeter.scorers.models.first_token import FirstToken, asked, load_first_token, offsets_of, single_token
from rewardmeter.scorers.models.shared import (
    Input,
    SharedInputs,
    check_several,
    encoded,
    join_references,
    plain,
    with_companion,
)
from rewardmeter.scorers.pointwise import NO_REFERENCE, Unscored, usable_references
from rewardmeter.types import FloatArray, Item, Response, Signature, prompt_text

__all__ = ["Seq2SeqNLI"]

_LIMIT = 2_048  # what SEAHORSE's metrics were trained with (Clark et al. 2023, appendix A)
_BEFORE, _BETWEEN = "premise: ", " hypothesis: "
_NO_PREMISE = Unscored("no prompt to be the premise")


@dataclass(frozen=True)
class Seq2SeqNLI(SharedInputs):
    """Probability in [0, 1] that the model answers ``1`` to ``premise: ... hypothesis: ...``, the response being the
    hypothesis.

    A pair that is too long loses the end of its premise, never of its hypothesis, and says so.

    Parameters
    ----------
    premise:
        ``prompt`` or ``reference``: what the response is to follow from.
    among:
        ``vocabulary``: the probability of ``1`` among all tokens. ``labels``: among ``1`` and ``0`` alone. A trained
        checkpoint says little else, so that the two hardly differ.
    several:
        ``best``, ``mean`` or ``first`` of the scores against several references (with ``premise=reference``).
    tokenizer:
        Folder or hub name of the tokenizer, where the checkpoint has none.
    """

    family: ClassVar[str] = "seq2seq-nli"

    premise: str = "prompt"
    among: str = "vocabulary"
    several: str = "best"
    tokenizer: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_several(self.family, self.several)
        for kind, value, known in (
            ("premise", self.premise, ("prompt", "reference")),
            ("set of answers", self.among, ("vocabulary", "labels")),
        ):
            if value not in known:
                raise UnknownNameError(f"{kind} in {self.family}", value, known)

    @classmethod
    def dtypes(cls) -> tuple[str, ...]:
        """T5's activations overflow in float16."""
        return ("float32", "bfloat16")

    @property
    def reads(self) -> frozenset[str]:  # type: ignore[override]
        """The response and its premise."""
        return frozenset({"response", "prompt" if self.premise == "prompt" else "references"})

    def signature(self) -> Signature:
        """As of every model; a tokenizer's folder is told by its content."""
        return with_companion(super().signature(), tokenizer=self.tokenizer)

    def load(self, device: str) -> FirstToken:
        """The checkpoint, asked about ``1`` and ``0``."""
        loaded = load_first_token(
            self.target,
            tokenizer=self.tokenizer,
            revision=self.model_revision,
            dtype=self.dtype,
            device=device,
            limit=self.max_length or _LIMIT,
            trust_remote_code=self.trust_remote_code,
        )
        yes, no = (single_token(loaded.tokenizer, answer, self.target) for answer in ("1", "0"))
        if yes == no:
            raise SpecError(f"{self.target}: the tokenizer writes 1 and 0 with the same token")
        return asked(loaded, (yes, no), alone=self.among == "labels")

    def encode(self, loaded: FirstToken, item: Item, response: Response) -> Encoded | Unscored:
        """Premise and hypothesis as one text, for every premise."""
        premises: Sequence[str]
        if self.premise == "prompt":
            if item.prompt is None:
                return _NO_PREMISE
            premises = (prompt_text(item.prompt),)
        else:
            premises = usable_references(item)[: 1 if self.several == "first" else None]
            if not premises:
                return NO_REFERENCE
        pairs = [_pair(loaded, plain(premise), plain(response.text)) for premise in premises]
        return encoded([Input(ids) for ids, _ in pairs], max(remark for _, remark in pairs))

    def compute(self, loaded: FirstToken, inputs: Sequence[Input]) -> Sequence[float]:
        """The probability of ``1`` for each pair."""
        if self.among == "vocabulary":
            return [float(row[0]) for row in loaded.probabilities(inputs)]
        yes, no = loaded.logits(inputs).T
        return [float(one) for one in 1 / (1 + np.exp(np.clip(no - yes, -700, 700)))]

    def join(self, loaded: FirstToken, batch: Sequence[Encoded], known: Mapping[Input, Any]) -> FloatArray:
        """(n,) probabilities."""
        return np.array([join_references(self.several, [known[each] for each in one.extra]) for one in batch])


def _pair(loaded: FirstToken, premise: str, hypothesis: str) -> tuple[tuple[int, ...], str]:
    """Token ids of a pair within the limit, and a remark if it was cut."""
    text = f"{_BEFORE}{premise}{_BETWEEN}{hypothesis}"
    ids, offsets = offsets_of(loaded.tokenizer, text)
    excess = len(ids) - loaded.limit
    if excess <= 0:
        return tuple(ids), ""
    # The premise's tokens begin after "premise:" and end before " hypothesis:".
    end = len(_BEFORE) + len(premise)
    inside = [i for i, (start, stop) in enumerate(offsets) if start >= len(_BEFORE) - 1 and start < stop <= end]
    dropped = set(inside[max(0, len(inside) - excess) :])
    kept = [token for i, token in enumerate(ids) if i not in dropped]
    if len(kept) <= loaded.limit:
        return tuple(kept), f"premise truncated to fit {loaded.limit} tokens"
    # No premise is left and the hypothesis is still too long: its end goes, the closing token stays.
    return (*kept[: loaded.limit - 1], kept[-1]), f"truncated to {loaded.limit} tokens, hypothesis included"
