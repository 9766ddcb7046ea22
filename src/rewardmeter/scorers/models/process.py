"""Process reward models, which score a response step by step: family `prm`.

Two kinds: a token classifier read at the tag that ends each step (Zhang et al. 2025, Qwen2.5-Math-PRM: probability of
the second class at ``<extra_0>``), or a language model read there for the odds of a good and a bad token (Wang et al.
2024, Math-Shepherd: ``+`` against ``-``). May import `scorers.pointwise`, `types`, `errors` and its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers.models.base import Encoded
from rewardmeter.scorers.models.bodies import Body, close, make_body, probe_ids
from rewardmeter.scorers.models.chat import ChatEncoder
from rewardmeter.scorers.models.decoder import Asked, DecoderScorer
from rewardmeter.scorers.models.heads import full_precision
from rewardmeter.scorers.models.language import take_apart
from rewardmeter.scorers.models.loading import load_config
from rewardmeter.scorers.pointwise import Unscored
from rewardmeter.types import FloatArray, Item, Response

__all__ = ["AGGREGATIONS", "ProcessReward", "aggregate"]

AGGREGATIONS = ("product", "min", "mean", "last", "geometric-mean")
NO_STEP = Unscored("the response has no step")
TAG_IN_TEXT = Unscored("the step tags cannot be told from the text: a step holds the tag, or the tag melts into a step")
STEPS_CUT = Unscored("truncation cuts steps off")


def aggregate(steps: FloatArray, how: str) -> float:
    """One number for the scores (k,) of a response's steps, k >= 1.

    ``product`` is the probability that all steps are right if they were independent (Lightman et al. 2024);
    ``geometric-mean`` the same without its dependence on k.
    """
    if how == "product":
        return float(np.prod(steps))
    if how == "min":
        return float(np.min(steps))
    if how == "mean":
        return float(np.mean(steps))
    if how == "last":
        return float(steps[-1])
    return float(np.exp(np.mean(np.log(steps)))) if np.all(steps > 0) else 0.0


@dataclass(frozen=True, slots=True)
class _Judge:
    chat: ChatEncoder
    body: Body
    outputs: Any
    good: int
    bad: int | None
    tag: int


@dataclass(frozen=True)
class ProcessReward(DecoderScorer):
    r"""The step scores of a process reward model, aggregated.

    Parameters
    ----------
    aggregate:
        ``product``, ``min``, ``mean``, ``last`` or ``geometric-mean`` of the steps' probabilities.
    split:
        What steps are parted by in the response; ``\n`` and ``\t`` are understood. Blank steps are dropped.
    step_tag:
        What is written after each step; the state of its last token is read.
    join:
        What is written between a tag and the next step.
    good, bad:
        The tokens whose logits are compared, for a language model; both empty for a token classifier.
    positive:
        The class of a token classifier that means right.
    """

    family: ClassVar[str] = "prm"

    aggregate: str = "product"
    split: str = "\\n\\n"
    step_tag: str = "<extra_0>"
    join: str = ""
    good: str = ""
    bad: str = ""
    positive: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.aggregate not in AGGREGATIONS:
            raise UnknownNameError("aggregation of steps", self.aggregate, AGGREGATIONS)
        if bool(self.good) != bool(self.bad):
            raise SpecError("prm: good= and bad= go together")
        if not self.split or not self.step_tag:
            raise SpecError("prm: split= and step_tag= must not be empty")
        if self.positive < 0:
            raise SpecError(f"prm: positive={self.positive} must be the number of a class, counted from 0")

    def load(self, device: str) -> _Judge:
        """The model and the ids of tag, good and bad token."""
        tokenizer = self.load_words()
        tag = tokenizer(_plain(self.step_tag), add_special_tokens=False)["input_ids"]
        if not tag or tag[-1] == tokenizer.unk_token_id:
            raise SpecError(f"prm: the tokenizer of {self.target} does not know the step_tag {self.step_tag}")
        if self.good:
            model = self.load_weights("AutoModelForCausalLM", self.target, device, revision=self.model_revision)
            taken = take_apart(model)
            body, outputs = taken.body, taken.logits
            good, bad = (_single(tokenizer, token, self.target) for token in (self.good, self.bad))
        else:
            model = self.load_weights(self._auto_class(), self.target, device, revision=self.model_revision)
            body, outputs = self._token_classifier(model)
            good, bad = self.positive, None
        self.compact(body)
        return _Judge(self.chat_encoder(tokenizer, model.config), body, outputs, good, bad, tag[-1])

    def _auto_class(self) -> str:
        config = load_config(
            self.target, revision=self.model_revision or None, trust_remote_code=self.trust_remote_code
        )
        named = " ".join(getattr(config, "architectures", None) or ())
        if named.endswith("ForTokenClassification"):
            return "AutoModelForTokenClassification"
        if self.trust_remote_code and "AutoModel" in (getattr(config, "auto_map", None) or {}):
            return "AutoModel"
        raise SpecError(
            f"{self.target} ({named or 'unknown architecture'}) is no token classifier: give good= and bad= for a"
            " language model that answers at the step tag, or trust_remote_code=true for a model with code of its own"
        )

    def _token_classifier(self, model: Any) -> tuple[Body, Any]:
        """Body and head if these give the model's own logits, else the model as a whole."""
        import torch

        inner, head = getattr(model, model.base_model_prefix, None), getattr(model, "score", None)
        ids = probe_ids(model.config)
        device = next(model.parameters()).device
        with torch.inference_mode():
            whole = model(input_ids=torch.tensor([ids], device=device)).logits[0]
        if self.positive >= whole.shape[-1] or whole.shape[-1] < 2 or whole.shape[0] != len(ids):
            raise SpecError(
                f"prm: {self.target} gives {whole.shape[-1]} numbers at each token; positive={self.positive} needs"
                " one for each of at least two classes"
            )
        if isinstance(inner, torch.nn.Module) and inner is not model and isinstance(head, torch.nn.Module):
            body = make_body(inner)
            with torch.inference_mode():
                apart = head(body.states([ids], [np.arange(len(ids))]))
            if close(apart, whole):
                return body, full_precision(head)
        return make_body(model, "logits"), lambda logits: logits

    def bodies(self, loaded: _Judge) -> Sequence[Body]:
        """The model's."""
        return (loaded.body,)

    def encode(self, loaded: _Judge, item: Item, response: Response) -> Encoded | Unscored:
        """The chat with a tag after each step, and where the tags are."""
        steps = [step.strip() for step in response.text.split(_plain(self.split)) if step.strip()]
        if not steps:
            return NO_STEP
        tag = _plain(self.step_tag)
        tagged = _plain(self.join).join(step + tag for step in steps)
        chat = loaded.chat
        written = chat.text(item.prompt, tagged)
        if isinstance(written, Unscored):
            return written
        assert item.prompt is not None
        ids = chat.ids(written[0])
        start = chat.response_start(item.prompt, tagged, written[0], ids)
        tags = [place for place in range(start, len(ids)) if ids[place] == loaded.tag]
        if len(tags) != len(steps):
            return TAG_IN_TEXT
        cut = chat.cut(ids)
        if isinstance(cut, Unscored):
            return cut
        moved = [cut.moved(place) for place in tags]
        at = [place for place in moved if place is not None]
        if len(at) != len(steps):
            return STEPS_CUT
        remark = "; ".join(filter(None, (cut.remark, written[1])))
        return Encoded(cut.ids, remark, Asked(np.array(at, dtype=np.int64)))

    def read(self, loaded: _Judge, states: Sequence[Any], batch: Sequence[Encoded]) -> FloatArray:
        """The aggregated steps of each response."""
        return np.array([aggregate(steps, self.aggregate) for steps in self._steps(loaded, states[0], batch)])

    def _steps(self, loaded: _Judge, states: Any, batch: Sequence[Encoded]) -> list[FloatArray]:
        logits = loaded.outputs(states).float().cpu().numpy().astype(np.float64)
        if loaded.bad is not None:
            logits = logits[:, [loaded.good, loaded.bad]]
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        chosen = powers[:, 0 if loaded.bad is not None else loaded.good] / powers.sum(axis=1)
        ends = np.cumsum([len(one.extra.at) for one in batch])
        return np.split(chosen, ends[:-1])

    def step_scores(self, items: Sequence[Item]) -> list[FloatArray | Unscored]:
        """(k,) probabilities of each response's steps, in order, or why it has none: a look behind the aggregate."""
        import torch

        loaded = self.loaded()
        found: list[FloatArray | Unscored] = []
        for item in items:
            for response in item.responses:
                encoded = self.encode(loaded, item, response)
                if isinstance(encoded, Unscored):
                    found.append(encoded)
                    continue
                with torch.inference_mode():
                    states = loaded.body.states([encoded.ids], [encoded.extra.at], padding=self.padding)
                    found.extend(self._steps(loaded, states, [encoded]))
        return found


def _plain(text: str) -> str:
    """An option's text with ``\\n`` and ``\\t`` as the characters that they stand for."""
    return text.replace("\\n", "\n").replace("\\t", "\t")


def _single(tokenizer: Any, token: str, model: str) -> int:
    ids = tokenizer(token, add_special_tokens=False)["input_ids"]
    if len(ids) != 1:
        raise SpecError(f"prm: '{token}' is {len(ids)} tokens for {model}; good= and bad= must be one token each")
    return int(ids[0])
