"""Any scorer behind a server that speaks plain JSON. May import the modules beside it, `types`, `errors`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rewardmeter.scorers.pointwise import Measured
from rewardmeter.scorers.remote.answers import along, list_of, number
from rewardmeter.scorers.remote.server import Server, Unit

__all__ = ["JsonEndpoint", "json_endpoint"]


@dataclass(frozen=True)
class JsonEndpoint(Server):
    """A server of one's own. POST to the URL as it is written:

    with ``batch`` above 1, ``{"inputs": [{"prompt", "response", "references"}, …]}``, and ``scores`` leads to as many
    numbers, in order; with ``batch`` 1, the one object itself, and ``scores`` leads to a number. A prompt is a string,
    a list of ``{"role", "content"}``, or null. ``model`` goes along if there is one.

    Parameters
    ----------
    scores:
        Path in the answer to the numbers: ``scores``, ``data.0.reward``, ``results.*.score``; empty where the answer is
        itself the number or the list.
    batch:
        Responses in a request.
    """

    family: ClassVar[str] = "json-endpoint"
    reads: ClassVar[frozenset[str]] = frozenset({"prompt", "response", "references"})

    scores: str = "scores"

    def needs_prompt(self) -> bool:
        """The server may do without."""
        return False

    def path(self) -> str:
        """The URL is written out."""
        return ""

    def body(self, batch: Sequence[Unit]) -> dict[str, Any]:
        """One object, or a list of them."""
        named = {"model": self.model} if self.model else {}
        if self.batch == 1:
            return {**named, **_object(batch[0])}
        return {**named, "inputs": [_object(unit) for unit in batch]}

    def read(self, answer: Any, n: int) -> list[Measured]:
        """What the path leads to."""
        found = along(answer, self.scores)
        return [number(found)] if self.batch == 1 else [number(one) for one in list_of(found, "", n)]


def _object(unit: Unit) -> dict[str, Any]:
    prompt = unit.item.prompt
    turns = prompt if prompt is None or isinstance(prompt, str) else [turn._asdict() for turn in prompt]
    return {"prompt": turns, "response": unit.text, "references": list(unit.item.references)}


def json_endpoint(
    target: str | None = None,
    model: str = "",
    scores: str = "scores",
    batch: int = 16,
    concurrency: int = 32,
    timeout: float = 120.0,
    retries: int = 4,
    price: float = 0.0,
    api_key_env: str = "",
) -> JsonEndpoint:
    """The scorer from a spec, ``json-endpoint:URL?scores=PATH``."""
    return JsonEndpoint(target or "", model, batch, concurrency, timeout, retries, price, api_key_env, scores)
