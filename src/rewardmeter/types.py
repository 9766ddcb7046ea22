"""The frozen core types: what is scored and what comes back. Imports only `errors` and `paired`.

A newcomer who knows `Item`, `Response`, `Outcome`, `Scores` and `Signature` can write a scorer.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rewardmeter.errors import ScorerError
from rewardmeter.paired import Comparisons

__all__ = [
    "Comparisons",
    "Cost",
    "Item",
    "Message",
    "Outcome",
    "Prompt",
    "Response",
    "Scores",
    "Signature",
    "Unscored",
    "prompt_text",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]


class Message(NamedTuple):
    """One chat turn."""

    role: str
    content: str


Prompt = str | tuple[Message, ...]
"""A prompt is plain text (an instruction, a source segment, a document) or a chat."""


def prompt_text(prompt: Prompt | None) -> str:
    """The prompt as one string: a chat becomes ``role: content`` lines; None becomes the empty string."""
    if prompt is None:
        return ""
    if isinstance(prompt, str):
        return prompt
    return "\n\n".join(f"{message.role}: {message.content}" for message in prompt)


class Response(NamedTuple):
    """One candidate text and the system that wrote it (None where unknown or hidden from the scorer)."""

    text: str
    system: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One prompt with its k responses and optional references.

    A scorer sees only the parts that it declares in `reads`: the others are None or empty.
    """

    responses: tuple[Response, ...]
    prompt: Prompt | None = None
    references: tuple[str, ...] = ()
    id: str | None = None


class Outcome(IntEnum):
    """What happened when a response was to be scored. Only `SCORED` and `TIE` come with a number."""

    SCORED = 0
    TIE = 1
    ABSTAINED = 2
    FAILED = 3
    MISSING = 4

    @property
    def has_value(self) -> bool:
        """Whether a finite number belongs to this outcome."""
        return self in (Outcome.SCORED, Outcome.TIE)


@dataclass(frozen=True, slots=True)
class Unscored:
    """A response, or a comparison, without a number: what became of it and why."""

    reason: str
    outcome: Outcome = Outcome.FAILED


@dataclass(frozen=True, slots=True)
class Cost:
    """What scoring has cost; all fields add up.

    Attributes
    ----------
    seconds:
        Working time of this machine, waiting for servers included, as a clock on the wall measures it.
    dollars:
        Paid to others; NaN where nobody knows the price.
    input_tokens, output_tokens:
        Tokens that a model read and wrote.
    calls:
        Requests to servers, failed ones included.
    latency:
        Seconds that the calls took, summed; greater than `seconds` where calls ran side by side.
    """

    seconds: float = 0.0
    dollars: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    calls: int = 0
    latency: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.seconds + other.seconds,
            self.dollars + other.dollars,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.calls + other.calls,
            self.latency + other.latency,
        )

    def per(self, n: float, responses: int) -> Cost | None:
        """What ``n`` responses cost where this is the cost of ``responses``; None where nothing was scored."""
        if responses < 1:
            return None
        share = n / responses
        return Cost(
            self.seconds * share,
            self.dollars * share,
            round(self.input_tokens * share),
            round(self.output_tokens * share),
            round(self.calls * share),
            self.latency * share,
        )

    def to_dict(self) -> dict[str, float | int | None]:
        """The cost as plain JSON values; an unknown price is None."""
        return {
            "seconds": self.seconds,
            "dollars": None if math.isnan(self.dollars) else self.dollars,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "calls": self.calls,
            "latency": self.latency,
        }


@dataclass(frozen=True, slots=True)
class Signature:
    """What must match for two scores to be comparable: the scorer, its options, its revision.

    Attributes
    ----------
    name:
        The scorer's name as the board shows it.
    options:
        Every option that can move a score, as plain JSON values.
    revision:
        Version of the implementation, model revision or source hash.
    storable:
        False for scorers that cannot be told apart from an edited version of themselves (a lambda): their scores
        are never stored.
    """

    name: str
    options: Mapping[str, object] = field(default_factory=dict)
    revision: str = ""
    storable: bool = True

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that change when, and only when, the signature does."""
        record = {"name": self.name, "options": dict(self.options), "revision": self.revision}
        canonical = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.blake2b(canonical.encode(), digest_size=16).hexdigest()

    def __str__(self) -> str:
        parts = [f"{key}:{value}" for key, value in sorted(self.options.items())]
        if self.revision:
            parts.append(f"version:{self.revision}")
        return "|".join([self.name, *parts])


@dataclass(frozen=True, eq=False)
class Scores:
    """One number and one outcome per response, in the order of the responses.

    Attributes
    ----------
    values:
        float64 (n,); finite where the outcome has a value, NaN elsewhere. Greater is better.
    outcomes:
        uint8 (n,) of `Outcome`.
    reasons:
        Why a response has no value, by position; for one that has a value, what to know of it ("truncated to 512
        tokens"). Keep the wordings few, so that they can be counted. Absent positions have none to give.
    signature:
        Of the scorer that made them; None for anonymous arrays.
    cost:
        What making them has cost.
    comparisons:
        The comparisons behind them, where they come from a tournament.

    Raises
    ------
    ScorerError
        If shapes differ, a value is not finite where the outcome says that it is scored, or a number stands where
        the outcome says that there is none.
    """

    values: FloatArray
    outcomes: NDArray[np.uint8]
    reasons: Mapping[int, str] = field(default_factory=dict)
    signature: Signature | None = None
    cost: Cost = field(default_factory=Cost)
    comparisons: Comparisons | None = None

    def __post_init__(self) -> None:
        values = np.asarray(self.values, dtype=np.float64)
        outcomes = np.asarray(self.outcomes, dtype=np.uint8)
        if values.ndim != 1 or values.shape != outcomes.shape:
            raise ScorerError(f"values {values.shape} and outcomes {outcomes.shape} must be two equal-length vectors")
        finite = np.isfinite(values)
        if not np.array_equal(finite, outcomes <= Outcome.TIE):
            position = int(np.flatnonzero(finite != (outcomes <= Outcome.TIE))[0])
            raise ScorerError(
                f"response {position}: value {values[position]} does not go with outcome"
                f" {Outcome(int(outcomes[position])).name.lower()}; a failure must not be a number"
            )
        compared = values.shape if self.comparisons is None else self.comparisons.strengths.shape
        if compared != values.shape:
            raise ScorerError(f"{len(values):,} scores with comparisons of {compared[0]:,} responses")
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "outcomes", outcomes)

    @classmethod
    def from_values(
        cls,
        values: Sequence[float | None] | FloatArray,
        *,
        signature: Signature | None = None,
        cost: Cost | None = None,
    ) -> Scores:
        """Scores from plain numbers: None means abstained; NaN and infinities are failures, counted as such."""
        if not isinstance(values, np.ndarray) and None in values:
            numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
            abstained = np.array([value is None for value in values])
        else:
            numbers = np.array(values, dtype=np.float64)
            abstained = np.zeros(len(numbers), dtype=bool)
        bad = ~np.isfinite(numbers) & ~abstained
        outcomes = np.zeros(len(numbers), dtype=np.uint8)
        outcomes[abstained] = Outcome.ABSTAINED
        outcomes[bad] = Outcome.FAILED
        reasons = {int(i): f"the scorer returned {numbers[i]}" for i in np.flatnonzero(bad)}
        numbers[bad] = np.nan
        return cls(numbers, outcomes, reasons, signature, cost or Cost())

    @classmethod
    def missing(cls, n: int) -> Scores:
        """``n`` responses without a score."""
        return cls(np.full(n, np.nan), np.full(n, Outcome.MISSING, dtype=np.uint8))

    @classmethod
    def concatenate(cls, parts: Iterable[Scores], *, signature: Signature | None = None) -> Scores:
        """Scores of consecutive runs of responses as one; costs add up."""
        parts = list(parts)
        if not parts:
            return cls(np.empty(0), np.empty(0, dtype=np.uint8), signature=signature)
        reasons: dict[int, str] = {}
        compared: list[tuple[NDArray[np.int64], Comparisons]] = []
        offset, cost = 0, Cost()
        for part in parts:
            if part.comparisons is not None:
                compared.append((offset + np.arange(len(part)), part.comparisons))
            reasons.update({offset + position: reason for position, reason in part.reasons.items()})
            offset += len(part)
            cost = cost + part.cost
        return cls(
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.outcomes for part in parts]),
            reasons,
            signature or parts[0].signature,
            cost,
            Comparisons.placed(compared, offset) if compared else None,
        )

    def __len__(self) -> int:
        return len(self.values)

    @property
    def coverage(self) -> float:
        """Share of responses with a value, in [0, 1]; NaN for no responses."""
        return float(np.mean(self.outcomes <= Outcome.TIE)) if len(self) else float("nan")

    def counts(self) -> dict[str, int]:
        """How many responses ended in each outcome, zero counts left out."""
        tally = np.bincount(self.outcomes, minlength=len(Outcome))
        return {Outcome(i).name.lower(): int(count) for i, count in enumerate(tally) if count}
