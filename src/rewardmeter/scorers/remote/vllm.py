"""Reward models behind vLLM's pooling server. May import the modules beside it, `scoring`, `types`, `errors`.

Contracts: vLLM's ``/classify``, ``/pooling`` and ``/score`` (https://docs.vllm.ai, "Pooling models"). Its server
applies an activation unless it is told not to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers.pointwise import Measured
from rewardmeter.scorers.remote.answers import LEFT_OUT, BadAnswerError, by_index, entry_of, looks_activated, number
from rewardmeter.scorers.remote.rendering import CHAT, as_messages, check_template, rendered
from rewardmeter.scorers.remote.server import Server, Unit, batches_by_item
from rewardmeter.types import Unscored, prompt_text

__all__ = ["Vllm", "vllm"]

APIS = ("classify", "pooling", "score")
STEPS = ("", "last", "min", "mean")
ACTIVATED = "the server returned probabilities although logits were asked for (use_activation=false): too old a vLLM?"
PER_TOKEN = Unscored("the server returned a value for each token or step; say which counts: steps=last, min or mean")


@dataclass(frozen=True)
class Vllm(Server):
    """A reward model behind ``vllm serve MODEL --runner pooling``; raw logits, activation off.

    Parameters
    ----------
    api:
        ``classify``, ``pooling``, or ``score`` for cross-encoders, which read prompt and response as a pair.
    template:
        ``messages`` (for classify and pooling, the default) leaves the chat template to the server, one response in a
        request; else a text with {prompt} and {response}, or ``chat:TOKENIZER``, and requests hold a whole batch.
    output:
        Which of the model's outputs is the reward; -1 for the last.
    steps:
        For pooling of process reward models, whose answer has a vector for each step: ``last``, ``min`` or ``mean``.
    special_tokens:
        Whether the server adds special tokens (BOS and the like). None: not to messages and to ``chat:`` texts, whose
        template writes its own; to other texts, where a template that writes its own wants false.
    truncate:
        Tokens at most; None lets the server refuse what is longer than its model reads.
    """

    family: ClassVar[str] = "vllm"

    api: str = "classify"
    template: str = ""
    output: int = -1
    steps: str = ""
    special_tokens: bool | None = None
    truncate: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.api not in APIS:
            raise UnknownNameError("interface of vllm", self.api, APIS)
        if self.steps not in STEPS:
            raise UnknownNameError("aggregation of steps", self.steps, STEPS[1:])
        if self.api == "score" and self.template:
            raise SpecError("vllm: api=score takes prompt and response apart, without a template")
        if self.template not in ("", "messages"):
            check_template("vllm", self.template)

    @property
    def _chats(self) -> bool:
        return self.api != "score" and self.template in ("", "messages")

    def batches(self, units: Sequence[Unit]) -> list[Sequence[Unit]]:
        """One response for messages, one item's responses for pairs, else any."""
        if self._chats:
            return [[unit] for unit in units]
        return batches_by_item(units, self.batch) if self.api == "score" else super().batches(units)

    def path(self) -> str:
        """The interface's own."""
        return f"/{self.api}"

    def body(self, batch: Sequence[Unit]) -> dict[str, Any]:
        """A request with the activation off."""
        body: dict[str, Any] = {"use_activation": False}
        if self.model:
            body["model"] = self.model
        if self.special_tokens is not None or self.template.startswith(CHAT):
            body["add_special_tokens"] = bool(self.special_tokens)
        if self.truncate is not None:
            body["truncate_prompt_tokens"] = self.truncate
        if self.api == "score":
            return {**body, "text_1": prompt_text(batch[0].item.prompt), "text_2": [unit.text for unit in batch]}
        if self.api == "pooling":
            body["task"] = "token_classify" if self.steps else "classify"
        if self._chats:
            return {**body, "messages": as_messages(batch[0].item.prompt or "", batch[0].text)}
        return {**body, "input": [rendered(self.template, unit.item.prompt or "", unit.text) for unit in batch]}

    def read(self, answer: Any, n: int) -> list[Measured]:
        """Each entry's logit."""
        entries = by_index(answer, "data", n)
        field = {"classify": "probs", "pooling": "data", "score": "score"}[self.api]
        values = [None if entry is None else entry.get(field) for entry in entries]
        if self.api == "score":
            return [LEFT_OUT if entry is None else number(entry.get(field)) for entry in entries]
        if looks_activated([vector for value in values for vector in _vectors(value)]):
            raise BadAnswerError(ACTIVATED)
        return [LEFT_OUT if entries[i] is None else self._reward(values[i]) for i in range(n)]

    def _reward(self, value: Any) -> Measured:
        rewards = [entry_of(vector, self.output) for vector in _vectors(value)]
        wrong = next((one for one in rewards if isinstance(one, Unscored)), None)
        if wrong is not None or (len(rewards) > 1 and not self.steps):
            return wrong or PER_TOKEN
        numbers = [one for one in rewards if isinstance(one, float)]
        return {"min": min(numbers), "mean": sum(numbers) / len(numbers)}.get(self.steps, numbers[-1])


def _vectors(value: object) -> list[object]:
    """A model's outputs for each step; one vector for the whole text is one step."""
    return value if isinstance(value, list) and value and isinstance(value[0], list) else [value]


def vllm(
    target: str | None = None,
    model: str = "",
    api: str = "classify",
    template: str = "",
    output: int = -1,
    steps: str = "",
    special_tokens: bool | None = None,
    truncate: int | None = None,
    batch: int = 16,
    concurrency: int = 32,
    timeout: float = 120.0,
    retries: int = 4,
    price: float = 0.0,
    api_key_env: str = "",
) -> Vllm:
    """The scorer from a spec, ``vllm:URL?model=NAME``."""
    return Vllm(
        target or "",
        model,
        batch,
        concurrency,
        timeout,
        retries,
        price,
        api_key_env,
        api,
        template,
        output,
        steps,
        special_tokens,
        truncate,
    )
