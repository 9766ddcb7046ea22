"""Scorers and data for the engine's tests; a module of its own, so that worker processes can import it."""

from __future__ import annotations

import json
import os
import signal
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from rewardmeter.dataset import Dataset
from rewardmeter.errors import MissingExtraError
from rewardmeter.scoring import Laws
from rewardmeter.types import Cost, Item, Outcome, Prompt, Response, Scores

Row = tuple[Prompt | None, tuple[str, ...], Sequence[str | None]]


def make_dataset(rows: Sequence[Row], name: str = "made") -> Dataset:
    """A dataset from (prompt, references, responses) per item; the systems are s0, s1, ..."""
    widths = [len(texts) for _, _, texts in rows]
    return Dataset(
        name,
        [f"item {i}" for i in range(len(rows))],
        np.repeat(np.arange(len(rows)), widths).astype(np.int32),
        [text for _, _, texts in rows for text in texts],
        np.concatenate([np.arange(width) for width in widths] or [[]]).astype(np.int32),
        tuple(f"s{i}" for i in range(max(widths, default=0))),
        [prompt for prompt, _, _ in rows],
        [references for _, references, _ in rows],
    )


def responses_only(texts: Sequence[str | None]) -> Dataset:
    """One item with these responses."""
    return make_dataset([(None, (), texts)])


def fingerprint(*parts: object) -> float:
    """A number that differs for nearly all different parts."""
    return float(zlib.crc32(repr(parts).encode("utf-8", "backslashreplace")))


@dataclass(frozen=True)
class Length:
    """Characters of the response; `calls` keeps what was given to it."""

    calls: list[list[Item]] = field(default_factory=list, compare=False, metadata={"moves_score": False})
    name: ClassVar[str] = "length"
    reads: ClassVar[frozenset[str]] = frozenset({"response"})
    laws: ClassVar[Laws] = Laws()

    @property
    def texts(self) -> list[str]:
        """Every text that it has scored, in order."""
        return [response.text for items in self.calls for item in items for response in item.responses]

    def __call__(self, items: Sequence[Item]) -> Scores:
        self.calls.append(list(items))
        return Scores.from_values([float(len(response.text)) for item in items for response in item.responses])


@dataclass(frozen=True)
class CpuBoundLength(Length):
    """Length that would rather have worker processes."""

    laws: ClassVar[Laws] = Laws(cpu_bound=True)


@dataclass(frozen=True)
class RandomLength(Length):
    """Length that promises nothing."""

    laws: ClassVar[Laws] = Laws(deterministic=False)


@dataclass(frozen=True)
class SeenParts:
    """A number that depends on all that the scorer gets to see, and for listwise ones on the whole item."""

    parts: tuple[str, ...]
    pointwise: bool = True
    seen: list[object] = field(default_factory=list, compare=False, metadata={"moves_score": False})

    @property
    def name(self) -> str:
        return f"seen-{'-'.join(self.parts)}"

    @property
    def reads(self) -> frozenset[str]:
        return frozenset(self.parts)

    @property
    def laws(self) -> Laws:
        return Laws(pointwise=self.pointwise, order_invariant=False)

    def __call__(self, items: Sequence[Item]) -> Scores:
        values = []
        for item in items:
            for place, response in enumerate(item.responses):
                around = tuple(item.responses) if not self.pointwise else ()
                where = place if not self.pointwise else 0
                self.seen.append((item.prompt, item.references, response, around, where))
                values.append(fingerprint(item.prompt, item.references, tuple(response), around, where, item.id))
        return Scores.from_values(values)


def naive_scores(scorer: SeenParts, dataset: Dataset) -> list[float]:
    """What `SeenParts` says of each response, one by one, the hiding written out by hand."""
    values = []
    for item in dataset.items():
        prompt = item.prompt if "prompt" in scorer.parts else None
        references = item.references if "references" in scorer.parts else ()
        hidden = tuple(Response(r.text if "response" in scorer.parts else "", None) for r in item.responses)
        for place, response in enumerate(hidden):
            around, where = ((), 0) if scorer.pointwise else (hidden, place)
            values.append(fingerprint(prompt, references, tuple(response), around, where, None))
    return values


@dataclass(frozen=True)
class Moody:
    """Raises on a response that contains "bad"; other words give other outcomes."""

    name: ClassVar[str] = "moody"
    reads: ClassVar[frozenset[str]] = frozenset({"response"})
    laws: ClassVar[Laws] = Laws(cpu_bound=True)

    def __call__(self, items: Sequence[Item]) -> Scores:
        texts = [response.text for item in items for response in item.responses]
        for text in texts:
            if "bad" in text:
                raise ValueError(f"cannot read {text}")
        special: dict[str, float | None] = {"nan": np.nan, "inf": -np.inf, "none": None}
        return Scores.from_values([special.get(text, float(len(text))) for text in texts])


@dataclass(frozen=True)
class Longest:
    """Listwise: how much shorter than the longest neighbour; raises on an item with a "bad" response."""

    calls: list[int] = field(default_factory=list, compare=False, metadata={"moves_score": False})
    name: ClassVar[str] = "longest"
    reads: ClassVar[frozenset[str]] = frozenset({"response"})
    laws: ClassVar[Laws] = Laws(pointwise=False)

    def __call__(self, items: Sequence[Item]) -> Scores:
        self.calls.append(len(items))
        if any("bad" in response.text for item in items for response in item.responses):
            raise RuntimeError("no")
        lengths = [[float(len(response.text)) for response in item.responses] for item in items]
        return Scores.from_values([length - max(row) for row in lengths for length in row])


@dataclass(frozen=True)
class Returns:
    """Returns whatever it was told to, however wrong."""

    what: object
    name: ClassVar[str] = "returns"
    reads: ClassVar[frozenset[str]] = frozenset({"response"})
    laws: ClassVar[Laws] = Laws(cpu_bound=True)

    def __call__(self, items: Sequence[Item]) -> Scores:
        return self.what  # type: ignore[return-value]


@dataclass(frozen=True)
class Inconsistent:
    """Builds `Scores` in which a failure is a number."""

    name: ClassVar[str] = "inconsistent"
    reads: ClassVar[frozenset[str]] = frozenset({"response"})
    laws: ClassVar[Laws] = Laws(cpu_bound=True)

    def __call__(self, items: Sequence[Item]) -> Scores:
        n = sum(len(item.responses) for item in items)
        return Scores(np.zeros(n), np.full(n, Outcome.FAILED, dtype=np.uint8))


@dataclass(frozen=True)
class NeedsMore:
    """Cannot work at all: an extra is missing."""

    name: ClassVar[str] = "needs-more"
    reads: ClassVar[frozenset[str]] = frozenset({"response"})
    laws: ClassVar[Laws] = Laws()

    def __call__(self, items: Sequence[Item]) -> Scores:
        raise MissingExtraError("this scorer", "models")


@dataclass(frozen=True)
class Costly:
    """States what it costs."""

    name: ClassVar[str] = "costly"
    reads: ClassVar[frozenset[str]] = frozenset({"response"})
    laws: ClassVar[Laws] = Laws()

    def __call__(self, items: Sequence[Item]) -> Scores:
        n = sum(len(item.responses) for item in items)
        return Scores.from_values(np.ones(n), cost=Cost(seconds=2.0 * n, dollars=0.5 * n, input_tokens=3 * n))


@dataclass(frozen=True)
class Slow:
    """Length, taking its time; writes every text that it has scored, with its process, to a log."""

    log: str = field(metadata={"moves_score": False})
    seconds: float = field(default=0.0, metadata={"moves_score": False})
    name: ClassVar[str] = "slow"
    reads: ClassVar[frozenset[str]] = frozenset({"response"})
    laws: ClassVar[Laws] = Laws(cpu_bound=True)

    def __call__(self, items: Sequence[Item]) -> Scores:
        values = []
        with Path(self.log).open("ab", buffering=0) as log:
            for item in items:
                for response in item.responses:
                    time.sleep(self.seconds)
                    log.write(f"{os.getpid()} {response.text}\n".encode())
                    values.append(len(response.text) / 7)
        return Scores.from_values(values)


@dataclass(frozen=True)
class Meeting(Slow):
    """`Slow`, and no process gets past its first call before another one has come as well."""

    name: ClassVar[str] = "meeting"

    def __call__(self, items: Sequence[Item]) -> Scores:
        scores = super().__call__(items)
        deadline = time.monotonic() + 120
        while len({line.split()[0] for line in Path(self.log).read_text().splitlines()}) < 2:
            if time.monotonic() > deadline:
                raise TimeoutError("nobody else came")
            time.sleep(0.01)
        return scores


@dataclass(frozen=True)
class Deadly:
    """Length; its process dies on "deadly", and on "weak" where the file ``once`` does not exist yet."""

    once: str = field(metadata={"moves_score": False})
    name: ClassVar[str] = "deadly"
    reads: ClassVar[frozenset[str]] = frozenset({"response"})
    laws: ClassVar[Laws] = Laws(cpu_bound=True)

    def __call__(self, items: Sequence[Item]) -> Scores:
        texts = [response.text for item in items for response in item.responses]
        weak = "weak" in texts and not Path(self.once).exists()
        if weak:
            Path(self.once).touch()
        if weak or "deadly" in texts:
            os.kill(os.getpid(), signal.SIGKILL)
        return Scores.from_values([float(len(text)) for text in texts])


@dataclass(frozen=True)
class OnDevice:
    """Length, bound by a device; writes its process, what it may use, and the texts of each call to a log. No process
    gets past its first call before as many have come as ``company`` says."""

    log: str = field(metadata={"moves_score": False})
    device: str = field(default="auto", metadata={"moves_score": False})
    company: int = field(default=1, metadata={"moves_score": False})
    name: ClassVar[str] = "on-device"
    reads: ClassVar[frozenset[str]] = frozenset({"response"})
    laws: ClassVar[Laws] = Laws(device_bound=True)

    def __call__(self, items: Sequence[Item]) -> Scores:
        texts = [response.text for item in items for response in item.responses]
        record = {
            "process": os.getpid(),
            "device": os.environ.get("CUDA_VISIBLE_DEVICES"),
            "threads": os.environ.get("OMP_NUM_THREADS"),
            "texts": texts,
        }
        with Path(self.log).open("ab", buffering=0) as log:
            log.write(json.dumps(record).encode() + b"\n")
        deadline = time.monotonic() + 120
        while len({call["process"] for call in self.calls()}) < self.company:
            if time.monotonic() > deadline:
                raise TimeoutError("nobody else came")
            time.sleep(0.01)
        if "deadly" in texts:
            os.kill(os.getpid(), signal.SIGKILL)
        return Scores.from_values([len(text) / 7 for text in texts])

    def calls(self) -> list[dict[str, object]]:
        """What the log says of each call."""
        return [json.loads(line) for line in Path(self.log).read_text().splitlines()]


@dataclass(frozen=True)
class Unbuildable:
    """Can be sent to a worker, but not rebuilt there."""

    name: ClassVar[str] = "unbuildable"
    reads: ClassVar[frozenset[str]] = frozenset({"response"})
    laws: ClassVar[Laws] = Laws(cpu_bound=True)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return int, ("not a number",)

    def __call__(self, items: Sequence[Item]) -> Scores:
        raise AssertionError("never called")


@dataclass
class Told:
    """A progress that remembers what it was told."""

    total: int = 0
    from_store: int = 0
    done: int = 0
    failed: int = 0
    steps: int = 0
    finished: int = 0
    notes: list[str] = field(default_factory=list)

    def start(self, total: int, label: str, from_store: int) -> None:
        self.total, self.from_store, self.done = total, from_store, from_store

    def advance(self, n: int, failed: int) -> None:
        self.done += n
        self.failed += failed
        self.steps += 1

    def note(self, text: str) -> None:
        self.notes.append(text)

    def finish(self) -> None:
        self.finished += 1
