"""The likelihood of a text under a language model as its score: BARTScore (Yuan et al. 2021, "BARTScore: Evaluating
Generated Text as Text Generation") and GPTScore (Fu et al. 2023, "GPTScore: Evaluate as You Desire"). May import
`errors`, `types` and its neighbours."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rewardmeter.errors import MissingDataError, SpecError, UnknownNameError
from rewardmeter.scorers.models.base import Encoded
from rewardmeter.scorers.models.loading import load_model, load_tokenizer
from rewardmeter.scorers.models.pieces import EMPTY_RESPONSE, Pieces, PieceScorer
from rewardmeter.scorers.models.texts import Texts, length_limit, padded, plain
from rewardmeter.scorers.pointwise import NO_REFERENCE, Measured, Unscored, usable_references
from rewardmeter.types import Item, Outcome, prompt_text

__all__ = ["BartScore", "GptScore", "token_log_likelihoods"]

DIRECTIONS = ("faithfulness", "precision", "recall", "f")
SEVERAL = ("max", "mean")
NORMALISE = ("mean", "sum")
LOGITS = 1 << 28
"""Logits of a batch at a time: 1 GiB in float32."""
TEMPLATE = "{prompt}\n\n{response}"


@dataclass(frozen=True)
class LanguageModel:
    """A loaded model and its tokenizer."""

    model: Any
    texts: Texts


@dataclass(frozen=True)
class Likelihood(PieceScorer):
    """What both families share: the size of a batch follows the vocabulary."""

    auto_class: ClassVar[str]

    def load(self, device: str) -> LanguageModel:
        """Weights and tokenizer."""
        where: dict[str, Any] = {
            "revision": self.model_revision or None,
            "trust_remote_code": self.trust_remote_code,
        }
        model = load_model(self.auto_class, self.place, dtype=self.dtype, device=device, **where)
        tokenizer = load_tokenizer(self.place, **where)
        return LanguageModel(model, Texts(tokenizer, length_limit(model.config, tokenizer, self.max_length)))

    def budget(self, loaded: LanguageModel) -> int:
        """Most tokens of a batch: as for others, and no more than `LOGITS` allows."""
        return int(max(1, min(super().budget(loaded), LOGITS // loaded.model.get_output_embeddings().weight.shape[0])))


@dataclass(frozen=True)
class BartScore(Likelihood):
    """Mean log-probability of the tokens of one text given another, at most 0, by an encoder-decoder.

    All tokens of the target count, the special ones that the tokenizer adds included, as in the authors' program.

    Parameters
    ----------
    direction:
        ``faithfulness``: of the response given the prompt. ``precision``: of the response given a reference.
        ``recall``: of a reference given the response. ``f``: the mean of precision and recall.
    several:
        What becomes of several references: ``max`` or ``mean``.
    max_length:
        Most tokens of a text; what is longer is cut, and the score's remark says so.
    """

    family: ClassVar[str] = "bartscore"
    auto_class: ClassVar[str] = "AutoModelForSeq2SeqLM"

    direction: str = "faithfulness"
    several: str = "max"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.direction not in DIRECTIONS:
            raise UnknownNameError("direction of bartscore", self.direction, DIRECTIONS)
        if self.several not in SEVERAL:
            raise UnknownNameError("treatment of several references", self.several, SEVERAL)

    @property
    def reads(self) -> frozenset[str]:  # type: ignore[override]
        """The response and what is on the other side."""
        return frozenset({"response", "prompt" if self.direction == "faithfulness" else "references"})

    def load(self, device: str) -> LanguageModel:
        """Weights and tokenizer.

        Raises
        ------
        SpecError
            If the model does not say with which token the decoder starts.
        """
        loaded = super().load(device)
        if loaded.model.config.decoder_start_token_id is None:
            raise SpecError(f"bartscore: {self.target} states no decoder_start_token_id")
        return loaded

    def pieces(self, loaded: LanguageModel, item: Item) -> list[Pieces | Unscored]:
        """Source and target of each direction."""
        if self.direction == "faithfulness":
            others: Sequence[str] = [text for text in [prompt_text(item.prompt)] if text.strip()]
            missing = Unscored("the prompt is empty", Outcome.ABSTAINED)
        else:
            others, missing = usable_references(item), NO_REFERENCE
        encoded = [loaded.texts.ids(text) for text in others]
        made: list[Pieces | Unscored] = []
        for response in item.responses:
            if not encoded:
                made.append(missing)
                continue
            if not response.text.strip():
                made.append(EMPTY_RESPONSE)
                continue
            mine, cut = loaded.texts.ids(response.text)
            cut = cut or any(was_cut for _, was_cut in encoded)
            inputs: list[Encoded] = []
            for other, _ in encoded:
                if self.direction != "recall":
                    inputs.append(Encoded(other, extra=mine))
                if self.direction in ("recall", "f"):
                    inputs.append(Encoded(mine, extra=other))
            made.append(Pieces(tuple(inputs), f"text truncated to {loaded.texts.limit} tokens" if cut else ""))
        return made

    def outputs(self, loaded: LanguageModel, batch: Sequence[Encoded]) -> list[Any]:
        """Mean log-probability of each target."""
        model, config = loaded.model, loaded.model.config
        fill = config.pad_token_id or 0
        sources, source_mask = padded([one.ids for one in batch], fill, model.device)
        # The decoder reads the target moved by one; what stands under the padding is never read.
        starts = [(config.decoder_start_token_id, *one.extra[:-1]) for one in batch]
        moved, moved_mask = padded(starts, fill, model.device)
        logits = model(
            input_ids=sources, attention_mask=source_mask, decoder_input_ids=moved, decoder_attention_mask=moved_mask,
            use_cache=False,
        ).logits  # fmt: skip
        return [token_log_likelihoods(row, one.extra).mean() for row, one in zip(logits, batch, strict=True)]

    def combine(self, loaded: LanguageModel, outputs: list[Any], pieces: Pieces) -> Measured:
        """Both directions' mean, then the best or the mean of the references."""
        values = np.array(outputs).reshape(-1, 2 if self.direction == "f" else 1).mean(axis=1)
        return float(values.max() if self.several == "max" else values.mean())


@dataclass(frozen=True)
class GptScore(Likelihood):
    """Log-probability of the response's tokens after the prompt, at most 0, by a language model.

    The text is tokenized as a whole; the tokens that hold a character of the response count, and no other.

    Parameters
    ----------
    normalise:
        ``mean`` over the response's tokens, or ``sum``.
    template:
        File of text with ``{response}`` at its end and, before it, ``{prompt}`` and what the response should be.
        Without one: the prompt, an empty line, the response.
    max_length:
        Most tokens; what is longer loses its beginning, then the response its end, and the score's remark says so.
    """

    family: ClassVar[str] = "gptscore"
    auto_class: ClassVar[str] = "AutoModelForCausalLM"

    normalise: str = "mean"
    template: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.normalise not in NORMALISE:
            raise UnknownNameError("normalisation of gptscore", self.normalise, NORMALISE)
        written = self._written()
        if written.count("{response}") != 1 or not written.endswith("{response}"):
            raise SpecError(f"gptscore: the template {self.template} must end with {{response}} and hold it once")
        if "{prompt}" not in written:
            raise SpecError(f"gptscore: the template {self.template} must hold {{prompt}}")

    def _written(self) -> str:
        if not self.template:
            return TEMPLATE
        file = Path(self.template).expanduser()
        if not file.is_file():
            raise MissingDataError(f"gptscore: there is no template {self.template}")
        return file.read_text(encoding="utf-8").rstrip("\n")

    def files_identity(self) -> tuple[str, ...]:
        """The hash of the template."""
        return (hashlib.blake2b(self._written().encode(), digest_size=8).hexdigest(),)

    def load(self, device: str) -> LanguageModel:
        """Weights and tokenizer.

        Raises
        ------
        SpecError
            If the tokenizer does not say which characters a token holds.
        """
        loaded = super().load(device)
        if not getattr(loaded.texts.tokenizer, "is_fast", False):
            raise SpecError(f"gptscore: the tokenizer of {self.target} is not a fast one")
        return loaded

    def pieces(self, loaded: LanguageModel, item: Item) -> list[Pieces | Unscored]:
        """The filled template, and where in it the response's tokens begin."""
        before = plain(self._written().removesuffix("{response}").replace("{prompt}", prompt_text(item.prompt)))
        made: list[Pieces | Unscored] = []
        for response in item.responses:
            if not response.text.strip():
                made.append(EMPTY_RESPONSE)
            else:
                made.append(self._piece(loaded.texts, before, plain(response.text)))
        return made

    def _piece(self, texts: Texts, before: str, response: str) -> Pieces | Unscored:
        encoded = texts.tokenizer(
            before + response, return_offsets_mapping=True, return_special_tokens_mask=True, verbose=False
        )
        ids, special = list(encoded["input_ids"]), list(encoded["special_tokens_mask"])
        ends = [end for _, end in encoded["offset_mapping"]]
        while special and special[-1]:  # an end token that the tokenizer adds unasked
            ids, special, ends = ids[:-1], special[:-1], ends[:-1]
        start = next((i for i, end in enumerate(ends) if not special[i] and end > len(before)), len(ids))
        if start == len(ids):
            return Unscored("the response has no tokens", Outcome.ABSTAINED)
        if start == 0:  # nothing stands before it that could predict its first token
            first = next((t for t in (texts.tokenizer.bos_token_id, texts.tokenizer.eos_token_id) if t is not None), 0)
            ids, start = [first, *ids], 1
        remark = ""
        if len(ids) > texts.limit:
            most = texts.limit - 1
            if len(ids) - start > most:
                ids, remark = ids[: start + most], f"the response was truncated to {most} tokens"
            else:
                remark = f"the prompt lost its beginning: {texts.limit} tokens at most"
            dropped = max(0, len(ids) - texts.limit)
            ids, start = ids[dropped:], start - dropped
        return Pieces((Encoded(tuple(ids), extra=start),), remark)

    def outputs(self, loaded: LanguageModel, batch: Sequence[Encoded]) -> list[Any]:
        """Log-probabilities of each response's tokens, joined."""
        fill = loaded.texts.tokenizer.pad_token_id or 0
        ids, mask = padded([one.ids for one in batch], fill, loaded.model.device)
        logits = loaded.model(input_ids=ids, attention_mask=mask, use_cache=False).logits
        found = []
        for row, one in zip(logits, batch, strict=True):
            values = token_log_likelihoods(row[one.extra - 1 :], one.ids[one.extra :])
            found.append(values.mean() if self.normalise == "mean" else values.sum())
        return found

    def combine(self, loaded: LanguageModel, outputs: list[Any], pieces: Pieces) -> Measured:
        """The value as it is."""
        return float(outputs[0])


def token_log_likelihoods(logits: Any, targets: Sequence[int]) -> np.ndarray:
    """float64 (L,) log-probabilities of the targets from (≥ L, V) logits, the first of which predicts the first."""
    import torch

    wanted = torch.tensor(list(targets), device=logits.device).unsqueeze(-1)
    found = torch.log_softmax(logits[: len(targets)].float(), dim=-1).gather(-1, wanted).squeeze(-1)
    return np.asarray(found.double().cpu().numpy())
