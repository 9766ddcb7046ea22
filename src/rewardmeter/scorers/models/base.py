"""What all scorers share that run a model here: their options, their identity, and the walk through sorted batches.

A subclass says how a response becomes token ids (`encode`) and how a batch of them becomes numbers (`forward`); sorting
by length, the token budget, halving a batch that does not fit into memory and remarks on inputs are done here.

May import `scoring`, `types`, `errors` and its neighbours.
"""

from __future__ import annotations

import dataclasses
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np

from rewardmeter.errors import SpecError
from rewardmeter.scorers.models.batching import token_budget_batches
from rewardmeter.scorers.models.loading import (
    DTYPES,
    choose_device,
    is_folder,
    model_identity,
    require_models,
    set_threads,
)
from rewardmeter.scorers.pointwise import Unscored, quote_option
from rewardmeter.scoring import Laws, Part, Run, score_stream
from rewardmeter.types import Cost, FloatArray, Item, Outcome, Response, Scores, Signature

__all__ = ["RUNNING", "Encoded", "ModelScorer", "in_halves", "with_remarks"]

RUNNING = {"moves_score": False}
"""Metadata of fields that say how a model runs and not what it says."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One input as the model takes it.

    Attributes
    ----------
    ids:
        Token ids, special ones included.
    remark:
        What is to be known of it: that it was truncated.
    extra:
        What else the subclass's `forward` needs.
    """

    ids: Sequence[int]
    remark: str = ""
    extra: Any = None


@dataclass(frozen=True)
class ModelScorer:
    """Base of scorers that run a transformer here.

    Parameters
    ----------
    target:
        Folder or hub name.
    model_revision:
        Commit, tag or branch of a hub model.
    dtype:
        float32, bfloat16 or float16.
    max_length:
        Most tokens of an input; 0 takes the model's own limit.
    device, threads, batch_tokens:
        Where and how it runs: none of them moves a score beyond rounding. ``threads=0`` takes OMP_NUM_THREADS, else
        half of the processors; ``batch_tokens`` is the budget of a batch, padding included.
    trust_remote_code:
        Run Python code that the checkpoint brings; off unless asked for.
    """

    family: ClassVar[str]
    reads: ClassVar[frozenset[str]] = frozenset({"prompt", "response"})
    laws: ClassVar[Laws] = Laws(device_bound=True)
    code_revision: ClassVar[str] = "1"

    target: str
    model_revision: str = ""
    dtype: str = "float32"
    max_length: int = 0
    trust_remote_code: bool = False
    device: str = field(default="auto", metadata=RUNNING)
    threads: int = field(default=0, metadata=RUNNING)
    batch_tokens: int = field(default=8_192, metadata=RUNNING)

    def __post_init__(self) -> None:
        if not self.target:
            raise SpecError(f"{self.family} needs a model: write {self.family}:ORG/MODEL or {self.family}:FOLDER")
        if self.dtype not in self.dtypes():
            raise SpecError(f"{self.family}: dtype={self.dtype} must be one of {', '.join(self.dtypes())}")
        if self.batch_tokens < 1 or self.max_length < 0 or self.threads < 0:
            raise SpecError(f"{self.family}: batch_tokens, max_length and threads must be positive (0: the default)")

    @classmethod
    def dtypes(cls) -> tuple[str, ...]:
        """The number formats that this family can run in."""
        return DTYPES

    @property
    def name(self) -> str:
        """The shortest spec that makes this scorer."""
        changed = {
            option.name: getattr(self, option.name)
            for option in dataclasses.fields(self)
            if option.name != "target" and getattr(self, option.name) != option.default
        }
        written = "&".join(f"{key}={quote_option(value)}" for key, value in changed.items())
        return f"{self.family}:{self.target}" + (f"?{written}" if written else "")

    def signature(self) -> Signature:
        """The family, the model's identity, and every option that can move a score; where it runs is left out."""
        options = {
            option.name: getattr(self, option.name)
            for option in dataclasses.fields(self)
            if option.name != "target" and option.metadata.get("moves_score", True)
        }
        # A folder's place does not matter: the identity is a hash of what is in it.
        named = f"{self.family}:{Path(self.target).name if is_folder(self.target) else self.target}"
        return Signature(named, options, f"{self.code_revision}-{self.identity()}")

    def identity(self) -> str:
        """What tells the model from any other: the commit of a hub model, a hash of a folder."""
        return model_identity(self.target, revision=self.model_revision or None)

    @abstractmethod
    def load(self, device: str) -> Any:
        """Weights, tokenizer and whatever else is needed, on the device. Called once."""

    @abstractmethod
    def encode(self, loaded: Any, item: Item, response: Response) -> Encoded | Unscored:
        """The response of an item as token ids, or why it has no score."""

    @abstractmethod
    def forward(self, loaded: Any, batch: Sequence[Encoded]) -> FloatArray:
        """(n,) scores of a batch; not finite ones become failures."""

    def tokens_of(self, loaded: Any, batch: Sequence[Encoded]) -> int:
        """Tokens that `forward` reads for a batch, padding left out."""
        return sum(len(one.ids) for one in batch)

    def loaded(self) -> Any:
        """The model, loaded when first asked for."""
        with _LOADING:
            if "_loaded" not in self.__dict__:
                require_models(f"the scorer {self.family}")
                set_threads(self.threads)
                object.__setattr__(self, "_loaded", self.load(choose_device(self.device)))
        return self.__dict__["_loaded"]

    def __getstate__(self) -> dict[str, object]:
        return {option.name: getattr(self, option.name) for option in dataclasses.fields(self)}

    def __call__(self, items: Sequence[Item], /) -> Scores:
        return score_stream(self, items)

    def stream(self, items: Sequence[Item], run: Run, /) -> Iterator[Part]:
        """Scores in batches of neighbouring lengths, longest first."""
        loaded = self.loaded()
        pairs = [(item, response) for item in items for response in item.responses]
        encoded = [self.encode(loaded, item, response) for item, response in pairs]
        unscored = [place for place, one in enumerate(encoded) if isinstance(one, Unscored)]
        if unscored:
            yield unscored, _without_value([encoded[place] for place in unscored])
        ready = [place for place, one in enumerate(encoded) if isinstance(one, Encoded)]
        yield from self.stream_encoded(loaded, ready, [encoded[place] for place in ready])  # type: ignore[misc]

    def stream_encoded(self, loaded: Any, places: Sequence[int], encoded: Sequence[Encoded]) -> Iterator[Part]:
        """Parts for the inputs, whose positions are ``places``."""
        for batch in token_budget_batches([len(one.ids) for one in encoded], self.batch_tokens):
            members = [encoded[i] for i in batch]
            values, cost = self._fitting(loaded, members)
            yield [places[i] for i in batch], with_remarks(values, members, cost)

    def _fitting(self, loaded: Any, batch: Sequence[Encoded]) -> tuple[FloatArray, Cost]:
        """Scores of the batch, in halves where it does not fit into memory."""
        values, tokens = in_halves(batch, lambda part: (self.forward(loaded, part), self.tokens_of(loaded, part)))
        return values, Cost(input_tokens=tokens)


_LOADING = threading.RLock()


T = TypeVar("T")


def in_halves(batch: Sequence[T], compute: Callable[[Sequence[T]], tuple[FloatArray, int]]) -> tuple[FloatArray, int]:
    """Scores (n,) of a batch and the tokens computed, in halves where it does not fit into memory.

    Raises
    ------
    torch.OutOfMemoryError
        If a single input does not fit.
    """
    import torch

    try:
        with torch.inference_mode():
            values, tokens = compute(batch)
    except torch.OutOfMemoryError:
        if len(batch) == 1:
            raise
        torch.cuda.empty_cache()
    else:
        return np.asarray(values, dtype=np.float64), tokens
    # Outside of the handler, so that the failed attempt's tensors are let go first.
    middle = len(batch) // 2
    left, right = (in_halves(half, compute) for half in (batch[:middle], batch[middle:]))
    return np.concatenate([left[0], right[0]]), left[1] + right[1]


def with_remarks(values: FloatArray, batch: Sequence[Encoded], cost: Cost) -> Scores:
    """Scores of a batch with the remarks of its inputs; what is not finite has failed."""
    scores = Scores.from_values(values, cost=cost)
    reasons = {place: one.remark for place, one in enumerate(batch) if one.remark}
    reasons.update(scores.reasons)
    return dataclasses.replace(scores, reasons=reasons)


def _without_value(marks: Sequence[Any]) -> Scores:
    outcomes = np.array([mark.outcome for mark in marks], dtype=np.uint8)
    assert not np.any(outcomes <= Outcome.TIE)
    return Scores(np.full(len(marks), np.nan), outcomes, {place: mark.reason for place, mark in enumerate(marks)})
