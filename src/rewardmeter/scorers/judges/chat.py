"""Chat completions: what is posted, and what came back. May import `endpoints`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["CHAT_PATH", "Reply", "Token", "check_chat", "read_chat"]

CHAT_PATH = "/chat/completions"


@dataclass(frozen=True, slots=True)
class Token:
    """One token of an answer and what might have stood in its place: text to log-probability, itself included."""

    text: str
    logprobs: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model has said.

    Attributes
    ----------
    text:
        Empty where it said nothing.
    refused:
        The server states a refusal, or its filter stopped the answer.
    cut:
        The answer was stopped at ``max_tokens``.
    tokens:
        With log-probabilities; None where the server gave none, asked for or not.
    """

    text: str
    refused: bool = False
    cut: bool = False
    tokens: Sequence[Token] | None = None


def check_chat(answer: object) -> str | None:
    """What is wrong with the JSON of a chat completion; see `endpoints.Check`."""
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list):
        return "the answer is no chat completion"
    if not choices:
        return "the answer has no choices"
    message = choices[0].get("message") if isinstance(choices[0], dict) else None
    if not isinstance(message, dict):
        return "the answer has no message"
    if _text(message.get("content")) is None:
        return "the answer's content is not text"
    return None


def read_chat(answer: object) -> Reply:
    """The reply in a chat completion that `check_chat` has found nothing wrong with."""
    assert isinstance(answer, dict)
    choice = answer["choices"][0]
    message, reason = choice["message"], choice.get("finish_reason")
    refused = bool(message.get("refusal")) or reason == "content_filter"
    return Reply(_text(message.get("content")) or "", refused, reason == "length", _tokens(choice.get("logprobs")))


def _text(content: object) -> str | None:
    """A message's content as text: a string, nothing at all, or a list of parts; None for anything else."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
    return "".join(parts) if all(isinstance(part, str) for part in parts) else None  # type: ignore[arg-type]


def _tokens(logprobs: object) -> list[Token] | None:
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(content, list) or not content:
        return None
    tokens = []
    for one in content:
        if not isinstance(one, dict) or not isinstance(one.get("token"), str):
            return None
        others = one.get("top_logprobs")
        known: dict[str, float] = {}
        for other in [*(others if isinstance(others, list) else []), one]:
            if isinstance(other, dict) and isinstance(other.get("token"), str) and _is_logprob(other.get("logprob")):
                known.setdefault(other["token"], float(other["logprob"]))
        tokens.append(Token(one["token"], known))
    return tokens if any(len(token.logprobs) > 1 for token in tokens) else None


def _is_logprob(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -1e9 <= value <= 1e-3  # NaN is neither
