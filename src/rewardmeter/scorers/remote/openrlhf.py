"""Reward models behind OpenRLHF's reward server. May import the modules beside it, `types`, `errors`.

Contract: ``--reward.remote_url`` of OpenRLHF, POST ``{"query", "prompts", "labels"}``, answer ``{"rewards"}``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlsplit

from rewardmeter.errors import SpecError
from rewardmeter.scorers.pointwise import Measured
from rewardmeter.scorers.remote.answers import list_of, number
from rewardmeter.scorers.remote.rendering import check_template, rendered
from rewardmeter.scorers.remote.server import Server, Unit
from rewardmeter.types import prompt_text

__all__ = ["OpenRlhf", "openrlhf"]


@dataclass(frozen=True)
class OpenRlhf(Server):
    """A reward server that OpenRLHF can train against; ``/get_reward`` unless the URL has a path.

    The server is given the full text in the model's own format, special tokens included, as the trainer gives it; an
    item's first reference goes with it as the label.

    Parameters
    ----------
    template:
        The model's format: a text with {prompt} and {response}, or ``chat:TOKENIZER``. There is no default, because
        no text is right for more than one model.
    """

    family: ClassVar[str] = "openrlhf"
    reads: ClassVar[frozenset[str]] = frozenset({"prompt", "response", "references"})

    template: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.template:
            raise SpecError(
                "openrlhf: say in which format the reward model reads prompt and response: template=chat:TOKENIZER, or"
                " a text with {prompt} and {response}"
            )
        check_template("openrlhf", self.template)

    def path(self) -> str:
        """``/get_reward`` unless the URL has a path of its own."""
        return "" if urlsplit(self.url).path.strip("/") else "/get_reward"

    def body(self, batch: Sequence[Unit]) -> dict[str, Any]:
        """Full texts, prompts and labels."""
        return {
            "query": [rendered(self.template, unit.item.prompt or "", unit.text) for unit in batch],
            "prompts": [prompt_text(unit.item.prompt) for unit in batch],
            "labels": [unit.item.references[0] if unit.item.references else "" for unit in batch],
        }

    def read(self, answer: Any, n: int) -> list[Measured]:
        """The rewards."""
        return [number(reward) for reward in list_of(answer, "rewards", n)]


def openrlhf(
    target: str | None = None,
    model: str = "",
    template: str = "",
    batch: int = 16,
    concurrency: int = 32,
    timeout: float = 120.0,
    retries: int = 4,
    price: float = 0.0,
    api_key_env: str = "",
) -> OpenRlhf:
    """The scorer from a spec, ``openrlhf:URL?template=…``."""
    return OpenRlhf(target or "", model, batch, concurrency, timeout, retries, price, api_key_env, template)
