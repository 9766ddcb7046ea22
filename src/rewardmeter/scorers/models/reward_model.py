"""Reward models and other sequence classifiers, with chat templates: family `hf`.

Bradley-Terry reward models put one number on the state of a chat's last token (Ouyang et al. 2022, section 3.5). May
import `scorers.pointwise`, `types`, `errors` and its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers.models.base import Encoded
from rewardmeter.scorers.models.bodies import Body, close, make_body, probe_ids
from rewardmeter.scorers.models.chat import NO_PROMPT, ChatEncoder, checked_text, token_limit
from rewardmeter.scorers.models.decoder import Asked, DecoderScorer
from rewardmeter.scorers.models.heads import full_precision, head_weights, label_names
from rewardmeter.scorers.models.loading import load_config
from rewardmeter.scorers.pointwise import Unscored
from rewardmeter.types import FloatArray, Item, Response, prompt_text

__all__ = ["RewardModel"]

ACTIVATIONS = ("none", "sigmoid", "softmax")


@dataclass(frozen=True, slots=True)
class _Classifier:
    """A loaded classifier.

    `body` and `head` are set for a decoder whose score is its head on the last token's state, and only after that was
    tried. `masked` says that the model honours an attention mask, so that padding does no harm; other models are only
    given rows of equal length.
    """

    model: Any
    tokenizer: Any
    chat: ChatEncoder | None
    limit: int
    body: Body | None
    head: Any
    weights: Any
    masked: bool


@dataclass(frozen=True)
class RewardModel(DecoderScorer):
    """The score of a sequence classifier for a chat that ends with the response.

    Parameters
    ----------
    head:
        Which output is the score; see `head_weights`.
    activation:
        ``none`` for raw scores, ``sigmoid`` for each output by itself, ``softmax`` over all outputs, before `head`
        chooses among them.
    """

    family: ClassVar[str] = "hf"

    head: str = ""
    activation: str = "none"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.activation not in ACTIVATIONS:
            raise UnknownNameError("hf activation", self.activation, ACTIVATIONS)

    def load(self, device: str) -> _Classifier:
        """The classifier, taken apart into body and head where it can be."""
        tokenizer = self.load_words()
        model = self.load_weights(self._auto_class(), self.target, device, revision=self.model_revision)
        chat = None if self.template == "pair" else self.chat_encoder(tokenizer, model.config)
        limit = token_limit(model.config, tokenizer, self.max_length)
        logits, own_score = _tried(model)
        body, head, masked = self._taken_apart(model, logits)
        if own_score and not masked and not self.head:
            return _Classifier(model, tokenizer, chat, limit, None, None, None, False)
        if logits is None:
            raise SpecError(f"hf:{self.target}: {type(model).__name__} gives no logits, so it is no classifier")
        weights = head_weights(self.head, label_names(model.config, logits.shape[-1]))
        return _Classifier(model, tokenizer, chat, limit, body, head, weights, masked)

    def _auto_class(self) -> str:
        usual = "AutoModelForSequenceClassification"
        if not self.trust_remote_code:
            return usual
        brought = load_config(self.target, revision=self.model_revision or None, trust_remote_code=True)
        offered = getattr(brought, "auto_map", None) or {}
        return "AutoModel" if "AutoModel" in offered and usual not in offered else usual

    def _taken_apart(self, model: Any, logits: Any) -> tuple[Body | None, Any, bool]:
        """Body and head of a decoder if they give its logits for the probe, else whether a mask is honoured."""
        import torch

        inner = getattr(model, model.base_model_prefix, None)
        head = getattr(model, "score", None)
        if inner is not None and inner is not model and isinstance(head, torch.nn.Module) and logits is not None:
            body, ids = make_body(inner), probe_ids(model.config)
            with torch.inference_mode():
                apart = head(body.states([ids], [np.array([len(ids) - 1])]))
            if close(apart, logits):
                self.compact(body)
                return body, full_precision(head), True
        encoder = inner is not None and isinstance(getattr(model, "classifier", None), torch.nn.Module)
        if encoder and type(model).__module__.startswith("transformers."):
            self.compact(make_body(inner))
            full_precision(model.classifier)
            return None, None, True
        if self.dtype == "int8":
            raise SpecError(f"hf: dtype=int8 cannot be had for {type(model).__name__}, whose head is not known here")
        return None, None, False

    def bodies(self, loaded: _Classifier) -> Sequence[Body]:
        """The decoder, if it is one."""
        return () if loaded.body is None else (loaded.body,)

    def encode(self, loaded: _Classifier, item: Item, response: Response) -> Encoded | Unscored:
        """The chat with the response, or the pair of prompt and response for an encoder."""
        if loaded.chat is None:
            return self._encode_pair(loaded, item, response)
        written = loaded.chat.text(item.prompt, response.text)
        if isinstance(written, Unscored):
            return written
        cut = loaded.chat.cut(loaded.chat.ids(written[0]))
        if isinstance(cut, Unscored):
            return cut
        remark = "; ".join(filter(None, (cut.remark, written[1])))
        return Encoded(cut.ids, remark, Asked(np.array([len(cut.ids) - 1])))

    def _encode_pair(self, loaded: _Classifier, item: Item, response: Response) -> Encoded | Unscored:
        if item.prompt is None:
            return NO_PROMPT
        whole = checked_text(prompt_text(item.prompt) + response.text)
        if isinstance(whole, Unscored):
            return whole
        given = loaded.tokenizer(prompt_text(item.prompt), response.text, verbose=False)
        remark = ""
        if len(given["input_ids"]) > loaded.limit:
            if self.truncation == "fail":
                return Unscored(f"longer than {loaded.limit:,} tokens")
            loaded.tokenizer.truncation_side = self.truncation
            given = loaded.tokenizer(
                prompt_text(item.prompt), response.text, truncation="longest_first", max_length=loaded.limit
            )
            remark = f"truncated to {loaded.limit:,} tokens"
        return Encoded(given["input_ids"], remark, Asked(np.array([0]), given.get("token_type_ids")))

    def forward(self, loaded: _Classifier, batch: Sequence[Encoded]) -> FloatArray:
        """Scores of a batch: by the states of a decoder, else by the whole model."""
        if loaded.body is not None:
            return super().forward(loaded, batch)
        self._count([len(one.ids) for one in batch], rows=len(batch), bodies=1)
        if loaded.masked:
            return self._scores(loaded, self._whole(loaded, batch).logits)
        values = np.empty(len(batch))
        lengths = np.array([len(one.ids) for one in batch])
        for length in np.unique(lengths):
            chosen = np.flatnonzero(lengths == length).tolist()
            output = self._whole(loaded, [batch[i] for i in chosen])
            own = getattr(output, "score", None)
            values[chosen] = (
                self._scores(loaded, output.logits)
                if own is None or loaded.weights is not None
                else own.float().reshape(len(chosen)).cpu().numpy()
            )
        return values

    def _whole(self, loaded: _Classifier, batch: Sequence[Encoded]) -> Any:
        import torch

        width = max(len(one.ids) for one in batch)
        pad = loaded.tokenizer.pad_token_id or 0
        ids = torch.full((len(batch), width), pad)
        mask, kinds = torch.zeros_like(ids), torch.zeros_like(ids)
        for row, one in enumerate(batch):
            n = len(one.ids)
            place = slice(width - n, width) if self.padding == "left" and not loaded.masked else slice(0, n)
            ids[row, place] = torch.tensor(list(one.ids))
            mask[row, place] = 1
            if one.extra.data is not None:
                kinds[row, place] = torch.tensor(one.extra.data)
        device = next(loaded.model.parameters()).device
        given = {"input_ids": ids.to(device), "attention_mask": mask.to(device)}
        if any(one.extra.data is not None for one in batch):
            given["token_type_ids"] = kinds.to(device)
        return loaded.model(**given)

    def read(self, loaded: _Classifier, states: Sequence[Any], batch: Sequence[Encoded]) -> FloatArray:
        """The head, in float32, on the last states."""
        return self._scores(loaded, loaded.head(states[0]))

    def _scores(self, loaded: _Classifier, logits: Any) -> FloatArray:
        outputs = logits.float().cpu().numpy().astype(np.float64)
        if outputs.ndim != 2 or outputs.shape[1] != len(loaded.weights):
            raise SpecError(
                f"hf:{self.target} gives {outputs.shape[1:]} numbers per input where it gave {len(loaded.weights)}"
                " when it was tried"
            )
        if self.activation == "sigmoid":
            outputs = 1 / (1 + np.exp(-outputs))
        elif self.activation == "softmax":
            powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
            outputs = powers / powers.sum(axis=1, keepdims=True)
        return np.asarray(outputs @ loaded.weights, dtype=np.float64)


def _tried(model: Any) -> tuple[Any, bool]:
    """Logits (1, outputs) for a probe, if the model gives any, and whether it gives a finished score besides.

    Models with code of their own do: ArmoRM's gate weighs its objectives in `score`.
    """
    import torch

    ids = torch.tensor([probe_ids(model.config)], device=next(model.parameters()).device)
    with torch.inference_mode():
        output = model(input_ids=ids, attention_mask=torch.ones_like(ids))
    return getattr(output, "logits", None), getattr(output, "score", None) is not None
