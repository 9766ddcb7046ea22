"""What all scorers behind a server share: their responses in batches, many requests under way, and a batch that the
server rejects narrowed down to the guilty response. May import `endpoints`, `scoring`, `types`, `errors`."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, cast
from urllib.parse import urlsplit

from rewardmeter.endpoints import Answer, Endpoint, Request, answer_all, forecast_all
from rewardmeter.errors import ScorerError, SpecError
from rewardmeter.scorers.pointwise import Measured, changed_options, scores_of, spec_of
from rewardmeter.scorers.remote.answers import BadAnswerError
from rewardmeter.scoring import Laws, Part, Run, score_stream
from rewardmeter.types import Cost, Item, Scores, Signature, Unscored

__all__ = ["Server", "Unit"]

NO_PROMPT = Unscored("no prompt in the data")
_THE_INPUT = ("HTTP 400", "HTTP 413", "HTTP 422")  # something in the request is to blame, the others may be scored


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
    retries:
        How often a request is sent again after errors.
    price:
        Dollars per million tokens read; 0 for a server of one's own.
    api_key_env:
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
    retries: int = _does_not_move(4)
    price: float = _does_not_move(0.0)
    api_key_env: str = _does_not_move("")

    def __post_init__(self) -> None:
        if not self.url:
            raise SpecError(f"{self.family} needs a server: write {self.family}:http://HOST:PORT")
        if self.batch < 1:
            raise SpecError(f"{self.family}: batch={self.batch} must be at least 1")
        self.endpoint()

    def endpoint(self) -> Endpoint:
        """The server and how to treat it.

        Raises
        ------
        SpecError
            If the URL is none, or a number is out of range.
        """
        return Endpoint(
            self.url,
            api_key_env=self.api_key_env,
            timeout=self.timeout,
            most_concurrent=self.concurrency,
            retries=self.retries,
            input_price=self.price,
            output_price=0.0,  # the price is per token read, whatever the server says that it has written
        )

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
        ready = [unit for unit in units if _has_prompt(unit) or not self.needs_prompt()]
        if len(ready) < len(units):
            lacking = [unit.position for unit in units if not _has_prompt(unit)]
            yield lacking, scores_of([NO_PROMPT] * len(lacking))
        if ready:
            self.check_model()
        queue = _Queue(self, self.batches(ready))
        asked = answer_all(self.endpoint(), queue, Run(_Forgetful(), run.budget))
        with closing(asked) as answers:
            for place, answer in answers:
                batch = queue.sent[place]
                measured: list[Measured] = []
                if answer.status == "failed" and answer.reason.startswith(_THE_INPUT) and len(batch) > 1:
                    queue.open.extend([batch[: len(batch) // 2], batch[len(batch) // 2 :]])
                elif answer.status != "refused":
                    measured = self._measured(answer, len(batch))
                positions = [unit.position for unit in batch] if measured else []
                yield positions, dataclasses.replace(scores_of(measured), cost=answer.cost)

    def forecast(self, items: Sequence[Item], run: Run, /) -> Cost:
        """So many requests, and an estimate of their tokens."""
        units = [Unit(0, item, response.text) for item in items for response in item.responses]
        requests = _Queue(self, self.batches([unit for unit in units if _has_prompt(unit) or not self.needs_prompt()]))
        return forecast_all(self.endpoint(), requests, Run(_Forgetful(), run.budget))

    def _measured(self, answer: Answer, n: int) -> list[Measured]:
        if answer.status == "failed":
            return [Unscored(answer.reason)] * n
        served = answer.json.get("model") if isinstance(answer.json, Mapping) else None
        if isinstance(served, str):
            self.compare_model(served)
        try:
            return self.read(answer.json, n)
        except BadAnswerError as error:
            return [Unscored(str(error))] * n

    def compare_model(self, served: str) -> None:
        """Refuse another model than the one asked for.

        Raises
        ------
        ScorerError
            That names both.
        """
        if self.model and served != self.model:
            raise ScorerError(f"the server at {self.url} serves '{served}', not '{self.model}': change model=")

    def check_model(self) -> None:
        """Ask the server what it serves, where its answers do not say so."""

    def get(self, path: str) -> Any:
        """What the server answers to GET, as JSON.

        Raises
        ------
        ScorerError
            If it does not.
        """
        import httpx2

        endpoint = self.endpoint()
        secret = endpoint.key()
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        far = urlsplit(self.url).hostname not in ("localhost", "127.0.0.1", "::1")  # else no proxy stands between
        try:
            answer = httpx2.get(endpoint.address + path, headers=headers, timeout=self.timeout, trust_env=far)
            answer.raise_for_status()
            return answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise ScorerError(f"the server at {self.url} does not answer {path}: {error}") from error

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
        BadAnswerError
            If the answer cannot be trusted at all.
        """
        raise NotImplementedError


class _Queue:
    """Requests as the client takes them; it asks again after an answer, which may have added some."""

    def __init__(self, server: Server, batches: Sequence[Sequence[Unit]]) -> None:
        self._server = server
        self.open = deque(batches)
        self.sent: list[Sequence[Unit]] = []

    def __iter__(self) -> Iterator[Request]:
        return self

    def __next__(self) -> Request:
        if not self.open:
            raise StopIteration
        batch = self.open.popleft()
        self.sent.append(batch)
        return Request(self._server.path(), self._server.body(batch))


class _Forgetful:
    """The memory of requests whose scores are stored as soon as they are read: keeping the answers as well would keep
    wrong ones too, and would serve them after the server was mended."""

    def recall(self, keys: Iterable[bytes]) -> Mapping[bytes, bytes]:
        """Nothing."""
        return {}

    def keep(self, key: bytes, value: bytes) -> None:
        """Do not."""


def _has_prompt(unit: Unit) -> bool:
    return unit.item.prompt is not None


def batches_by_item(units: Sequence[Unit], most: int) -> list[Sequence[Unit]]:
    """Batches of responses to the same item, for interfaces that take one prompt and several responses."""
    batches: list[list[Unit]] = []
    for unit in units:
        if not batches or batches[-1][-1].item is not unit.item or len(batches[-1]) == most:
            batches.append([])
        batches[-1].append(unit)
    return list(batches)
