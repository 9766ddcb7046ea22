"""What all judges share: their options, their name and signature, and the requests that they make.

May import `endpoints`, `scoring`, `types`, `errors` and `scorers.pointwise` of ours.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from rewardmeter.endpoints import Endpoint, Request
from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers.judges.chat import CHAT_PATH, Reply
from rewardmeter.scorers.judges.templates import Template, load_template
from rewardmeter.scorers.judges.verdicts import Features, Question, Reading, Verdict
from rewardmeter.scorers.pointwise import NO_REFERENCE, Unscored, changed_options, spec_of, usable_references
from rewardmeter.scoring import Laws
from rewardmeter.types import Item, Signature, prompt_text

__all__ = ["JudgeOptions"]

NO_PROMPT = Unscored("no prompt; a template without {{prompt}} needs none")
_PLACES = frozenset({"prompt", "response", "references", "aspect", "form"})
_YES_NO_AUTO = ("auto", "yes", "no")
_COMBINE = ("mean", "median", "majority")


@dataclass(frozen=True)
class JudgeOptions:
    """A judge's options; the modes add theirs.

    Parameters
    ----------
    target:
        The model's name as the server knows it, or a judge file (``.toml``).
    model:
        The model's name, where the target is a file.
    template:
        A built-in template's name or the path of a file (``.txt``); empty for the mode's own.
    aspect:
        The standard to judge by, in words; fills ``{{aspect}}``.
    samples:
        How often each question is asked, where no probabilities are had.
    combine:
        What is made of the samples' values: mean, median or majority (the most frequent; ties share the mean).
    temperature:
        None for 0 with one sample and 1 with more.
    seed:
        Sent with the first sample, one more with each further one; None sends none.
    max_tokens:
        Most tokens of an answer; None for the mode's own. Where `request` removes it and sets no
        ``max_completion_tokens``, the greatest price is unknown.
    structured:
        Whether a JSON schema goes with the request: yes, no, or auto (where it helps and the server takes it).
    reasoning:
        Whether the judge is to reason before its verdict.
    request:
        JSON object merged into every request's body; null removes a field. Not for ``n``: see `samples`.
    version:
        Anything that tells apart what the model's name does not (a checkpoint behind a local server).
    base_url, api_key_env, timeout, concurrency, requests_per_minute, tokens_per_minute, retries, input_price, \
output_price:
        See `Endpoint`; none of them moves a score.
    """

    mode: ClassVar[str]
    default_template: ClassVar[str]
    needed: ClassVar[frozenset[str]] = frozenset({"response"})
    places: ClassVar[frozenset[str]] = _PLACES
    prefers_structure: ClassVar[bool] = True
    variants: ClassVar[int] = 1
    answer_tokens: ClassVar[int] = 64
    revision: ClassVar[str] = "1"
    laws: ClassVar[Laws] = Laws()

    target: str
    model: str = ""
    template: str = ""
    aspect: str = "overall quality"
    samples: int = 1
    combine: str = "mean"
    temperature: float | None = None
    seed: int | None = 0
    max_tokens: int | None = None
    structured: str = "auto"
    reasoning: bool = False
    request: str = ""
    version: str = ""
    base_url: str = dataclasses.field(default="", metadata={"moves_score": False})
    api_key_env: str = dataclasses.field(default="", metadata={"moves_score": False})
    timeout: float = dataclasses.field(default=120.0, metadata={"moves_score": False})
    concurrency: int = dataclasses.field(default=32, metadata={"moves_score": False})
    requests_per_minute: float | None = dataclasses.field(default=None, metadata={"moves_score": False})
    tokens_per_minute: float | None = dataclasses.field(default=None, metadata={"moves_score": False})
    retries: int = dataclasses.field(default=4, metadata={"moves_score": False})
    input_price: float | None = dataclasses.field(default=None, metadata={"moves_score": False})
    output_price: float | None = dataclasses.field(default=None, metadata={"moves_score": False})
    given: tuple[tuple[str, object], ...] = dataclasses.field(
        default=(), compare=False, repr=False, metadata={"moves_score": False}
    )

    def __post_init__(self) -> None:
        if not self.model_name:
            raise SpecError('a judge needs a model: write judge:MODEL, or judge:FILE.toml with model = "…" in it')
        for name, known in (("structured", _YES_NO_AUTO), ("combine", _COMBINE)):
            if getattr(self, name) not in known:
                raise UnknownNameError(f"value of the judge's option '{name}'", getattr(self, name), known)
        if self.samples < 1 or (self.max_tokens is not None and self.max_tokens < 1):
            raise SpecError(f"judge: samples={self.samples} and max_tokens={self.max_tokens} must be at least 1")
        if self.temperature is not None and not 0 <= self.temperature < math.inf:
            raise SpecError(f"judge: temperature={self.temperature} must be 0 or more")
        _ = self.endpoint, self.prompt_template, self.extra  # their errors belong here, not into the run

    @property
    def model_name(self) -> str:
        """The model as the server knows it."""
        return self.model or ("" if self.target.endswith(".toml") else self.target)

    @property
    def name(self) -> str:
        """The shortest spec that makes this judge; for a judge file, what the spec adds to it."""
        if self.target.endswith(".toml"):
            return spec_of(f"judge:{self.target}", dict(self.given))
        options = {key: value for key, value in changed_options(self).items() if key not in ("target", "given")}
        mode = {} if self.mode == "pointwise" else {"mode": self.mode}
        return spec_of(f"judge:{self.target}", mode | options)

    @property
    def reads(self) -> frozenset[str]:
        """The response, and the prompt and the references if the template has a place for them."""
        return frozenset({"response"}) | (self.prompt_template.places & {"prompt", "references"})

    def signature(self) -> Signature:
        """The model, every option that can move a score, and hashes of the files; no address, path or key."""
        options: dict[str, object] = {"mode": self.mode, "model": self.model_name}
        for option in dataclasses.fields(self):
            if option.metadata.get("moves_score", True) and option.name not in ("target", "model", "template"):
                options[option.name] = getattr(self, option.name)
        options["template"] = self.prompt_template.digest
        return Signature(f"judge:{self.model_name}", options | self.contents(), self.revision)

    def contents(self) -> dict[str, object]:
        """For the signature: what stands in files that options name, by option."""
        return {}

    @cached_property
    def endpoint(self) -> Endpoint:
        """The server and how to treat it."""
        return Endpoint(
            base_url=self.base_url,
            api_key_env=self.api_key_env,
            timeout=self.timeout,
            most_concurrent=self.concurrency,
            requests_per_minute=self.requests_per_minute,
            tokens_per_minute=self.tokens_per_minute,
            retries=self.retries,
            input_price=self.input_price,
            output_price=self.output_price,
        )

    @cached_property
    def prompt_template(self) -> Template:
        """The template in force."""
        return load_template(self.template or self.default_template, known=self.places, needed=self.needed)

    @cached_property
    def extra(self) -> Mapping[str, object]:
        """The option `request` as an object."""
        try:
            extra = json.loads(self.request) if self.request else {}
        except ValueError as error:
            raise SpecError(f"judge: request={self.request} is not JSON ({error})") from error
        if not isinstance(extra, dict) or "messages" in extra or "model" in extra or "stream" in extra:
            raise SpecError("judge: request must be a JSON object without model, messages and stream")
        if "n" in extra:
            raise SpecError("judge: several answers to a question are asked for with samples=, not with n in request")
        return extra

    # What a mode says.

    def questions(self, items: Sequence[Item]) -> Iterator[Question]:
        """One question per response."""
        position = 0
        for item in items:
            problem = self.problem(item)
            for chosen in range(len(item.responses)):
                yield Question((position,), item, (chosen,), problem)
                position += 1

    def problem(self, item: Item) -> Unscored | None:
        """Why the item cannot be put to the judge: what the template shows is not there."""
        places = self.prompt_template.places
        if "prompt" in places and not prompt_text(item.prompt).strip():
            return NO_PROMPT
        return NO_REFERENCE if "references" in places and not usable_references(item) else None

    def values(self, question: Question, variant: int, sample: int) -> dict[str, str]:
        """What fills the template's places, `form` aside."""
        item = question.item
        texts = {"prompt": prompt_text(item.prompt), "references": "\n\n".join(usable_references(item))}
        return texts | {"aspect": self.aspect, "response": item.responses[question.chosen[0]].text}

    def form(self, question: Question, *, structured: bool) -> str:
        """How the judge is asked to answer."""
        raise NotImplementedError

    def schema(self, question: Question) -> dict[str, Any]:
        """JSON schema properties of the answer, in order, reasoning aside."""
        raise NotImplementedError

    def read(self, reply: Reply, question: Question, variant: int, sample: int) -> Reading | None:
        """The verdict in a reply; None where none can be read."""
        raise NotImplementedError

    def settle(self, question: Question, by_variant: Sequence[tuple[float, ...]]) -> Verdict:
        """The final numbers from those of every variant."""
        return Verdict(by_variant[0])

    @property
    def wants_logprobs(self) -> str:
        """yes, no or auto."""
        return "no"

    # What is sent.

    @property
    def wanted(self) -> list[Features]:
        """What may be asked of the server, best first."""
        structure = {"yes": [True], "no": [False], "auto": [True, False]}[self.structured]
        if self.structured == "auto" and not (self.prefers_structure or self.reasoning):
            structure = [False]
        logprobs = {"yes": [True], "no": [False], "auto": [True, False]}[self.wants_logprobs]
        return [Features(one, other) for other in logprobs for one in structure]

    def request_for(self, question: Question, variant: int, sample: int, features: Features) -> Request:
        """The request that asks a question for the so-manieth time."""
        texts = self.values(question, variant, sample)
        texts["form"] = self.form(question, structured=features.structured)
        most = self.max_tokens or (1024 if self.reasoning else self.answer_tokens)
        hot = 0.0 if self.samples == 1 else 1.0
        body: dict[str, object] = {
            "model": self.model_name,
            "messages": self.prompt_template.messages(texts),
            "max_tokens": most,
            "temperature": hot if self.temperature is None else self.temperature,
        }
        if self.seed is not None:
            body["seed"] = self.seed + sample
        if features.logprobs:
            body |= {"logprobs": True, "top_logprobs": 20}
        if features.structured:
            body["response_format"] = {"type": "json_schema", "json_schema": self._json_schema(question)}
        body |= self.extra
        body = {key: value for key, value in body.items() if value is not None}
        return Request(CHAT_PATH, body, sample, _output_limit(body), self.version)

    def _json_schema(self, question: Question) -> dict[str, object]:
        properties = ({"reasoning": {"type": "string"}} if self.reasoning else {}) | self.schema(question)
        schema = {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
        return {"name": "verdict", "strict": True, "schema": schema}


def _output_limit(body: Mapping[str, object]) -> int | None:
    """Most tokens that the answer to a request may have; None where a limit is missing or none (−1 in llama.cpp)."""
    stated = [body[name] for name in ("max_tokens", "max_completion_tokens") if name in body]
    whole = [limit for limit in stated if isinstance(limit, int) and not isinstance(limit, bool) and limit > 0]
    return max(whole) if whole and len(whole) == len(stated) else None
