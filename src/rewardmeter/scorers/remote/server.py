"""What all scorers behind a server share: their responses in batches, many requests under way, and a batch that the
server rejects narrowed down to the guilty response. May import `endpoints`, `scoring`, `types`, `errors`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, cast
from urllib.parse import urlsplit

from rewardmeter.errors import ScorerError, SpecError
from rewardmeter.scorers.pointwise import Measured, changed_options, scores_of, spec_of
from rewardmeter.scorers.remote.answers import BadAnswer
from rewardmeter.scorers.remote.sending import Rejected, Reply, Request, send
from rewardmeter.scoring import Laws, Part, Run, score_stream
from rewardmeter.types import Cost, Item, Scores, Signature, Unscored

__all__ = ["Server", "Unit"]

NO_PROMPT = Unscored("no prompt in the data")


class Unit(NamedTuple):
    """One response to be scored: its position among all, the item it belongs to, its text."""

    position: int
    item: Item
    text: str


def _does_not_move(default: Any) -> Any:
    return field(default=default, metadata={"moves_score": False})


@dataclass(frozen=True)
class Server:
    """Base of the scorers behind a server; a subclass is a frozen dataclass whose further fields are its options.

    Parameters
    ----------
    url:
        Where the server is, ``http://HOST:PORT``; no part of the scorer's signature if there is a model name.
    model:
        Name of the model as the server knows it. It is checked against what the server says, and is what scores are
        kept under: without it, they are kept under the URL.
    batch:
        Responses in a request, where the server takes more than one.
    concurrency:
        Requests under way at most.
    timeout:
        Seconds that a request may take.
    key:
        Name of the environment variable that holds the server's key; empty for none.
    """

    family: ClassVar[str]
    reads: ClassVar[frozenset[str]] = frozenset({"prompt", "response"})
    laws: ClassVar[Laws] = Laws()
    revision: ClassVar[str] = "1"

    url: str
    model: str = ""
    batch: int = _does_not_move(16)
    concurrency: int = _does_not_move(32)
    timeout: float = _does_not_move(120.0)
    key: str = _does_not_move("")

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SpecError(f"{self.family}: '{self.url}' is no address; write {self.family}:http://HOST:PORT")
        if min(self.batch, self.concurrency) < 1 or not self.timeout > 0:
            raise SpecError(f"{self.family}: batch and concurrency must be at least 1, timeout more than 0")

    @property
    def name(self) -> str:
        options = changed_options(self)
        options.pop("url")
        return spec_of(f"{self.family}:{self.url}", options)

    def signature(self) -> Signature:
        """The model, the interface and its options; the address only where there is no model name."""
        moving = {
            option.name: getattr(self, option.name)
            for option in dataclasses.fields(cast(Any, self))
            if option.metadata.get("moves_score", True) and (option.name != "url" or not self.model)
        }
        options = {"class": f"{type(self).__module__}:{type(self).__qualname__}", **moving}
        shown = {key: value for key, value in moving.items() if key in changed_options(self) and key != "url"}
        return Signature(
            spec_of(self.family if self.model else f"{self.family}:{self.url}", shown), options, self.revision
        )

    def __call__(self, items: Sequence[Item], /) -> Scores:
        return score_stream(self, items)

    def stream(self, items: Sequence[Item], run: Run, /) -> Iterator[Part]:
        """Yield the scores of a request's responses once it is answered; what the budget refuses is left out.

        Raises
        ------
        ScorerError
            If the server says that it serves another model.
        """
        units = [
            Unit(position, item, response.text)
            for position, (item, response) in enumerate((item, one) for item in items for one in item.responses)
        ]
        ready = [unit for unit in units if unit.item.prompt is not None or not self.needs_prompt()]
        if len(ready) < len(units):
            lacking = [unit.position for unit in units if unit.item.prompt is None]
            yield lacking, scores_of([NO_PROMPT] * len(lacking))
        if ready:
            self.check_model(run)
        open_batches = self.batches(ready)
        while open_batches:
            requests = [Request(self.path(), self.body(batch)) for batch in open_batches]
            again: list[Sequence[Unit]] = []
            for place, reply in send(self, requests, run):
                batch = open_batches[place]
                if isinstance(reply, Rejected) and reply.input_at_fault and len(batch) > 1:
                    again += [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
                    yield [], dataclasses.replace(Scores.from_values([]), cost=reply.cost)
                else:
                    measured = self._measured(reply, len(batch))
                    yield [unit.position for unit in batch], dataclasses.replace(scores_of(measured), cost=reply.cost)
            open_batches = again

    def forecast(self, items: Sequence[Item], run: Run, /) -> Cost:
        """So many requests; a server of one's own charges nothing."""
        units = [Unit(0, item, response.text) for item in items for response in item.responses]
        return Cost(calls=len(self.batches(units)))

    def _measured(self, reply: Reply | Rejected, n: int) -> list[Measured]:
        if isinstance(reply, Rejected):
            return [Unscored(reply.reason)] * n
        served = reply.answer.get("model") if isinstance(reply.answer, Mapping) else None
        if isinstance(served, str):
            self.compare_model(served)
        try:
            measured = self.read(reply.answer, n)
        except BadAnswer as error:
            return [Unscored(str(error))] * n
        return measured

    def compare_model(self, served: str) -> None:
        """Refuse another model than the one asked for.

        Raises
        ------
        ScorerError
            That names both.
        """
        if self.model and served != self.model:
            raise ScorerError(f"the server at {self.url} serves '{served}', not '{self.model}': change model=")

    def check_model(self, run: Run) -> None:
        """Ask the server what it serves, where its answers do not say so."""

    def needs_prompt(self) -> bool:
        """Whether a response without a prompt cannot be scored."""
        return True

    def batches(self, units: Sequence[Unit]) -> list[Sequence[Unit]]:
        """Which responses go into one request."""
        return [units[start : start + self.batch] for start in range(0, len(units), self.batch)]

    def path(self) -> str:
        """Where on the server requests go."""
        raise NotImplementedError

    def body(self, batch: Sequence[Unit]) -> dict[str, Any]:
        """A request as JSON."""
        raise NotImplementedError

    def read(self, answer: Any, n: int) -> list[Measured]:
        """The numbers of the n responses of a request.

        Raises
        ------
        BadAnswer
            If the answer cannot be trusted at all.
        """
        raise NotImplementedError


def batches_by_item(units: Sequence[Unit], most: int) -> list[Sequence[Unit]]:
    """Batches of responses to the same item, for interfaces that take one prompt and several responses."""
    batches: list[list[Unit]] = []
    for unit in units:
        if not batches or batches[-1][-1].item is not unit.item or len(batches[-1]) == most:
            batches.append([])
        batches[-1].append(unit)
    return list(batches)
