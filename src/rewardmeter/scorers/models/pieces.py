"""Responses that are scored from several model inputs: a text and its references, a sentence and the windows of a
document, two directions of one pair.

A subclass says which inputs a response needs, what the model says of a batch of inputs, and how the outputs of a
response's inputs become its score. Equal inputs go through the model once, in batches of neighbouring lengths, and a
response is yielded as soon as its last input is done. May import `scoring`, `types`, `errors` and its neighbours.
"""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from rewardmeter.scorers.models.base import RUNNING, Encoded, ModelScorer
from rewardmeter.scorers.models.batching import token_budget_batches
from rewardmeter.scorers.models.loading import is_folder, model_identity
from rewardmeter.scorers.models.minilm import MINILM, minilm_folder
from rewardmeter.scorers.pointwise import Measured, Unscored, scores_of
from rewardmeter.scoring import Part, Run
from rewardmeter.types import Cost, FloatArray, Item, Outcome, Response, Signature

__all__ = ["EMPTY_RESPONSE", "RUNNING", "PieceScorer", "Pieces", "in_halves"]

EMPTY_RESPONSE = Unscored("the response is empty", Outcome.ABSTAINED)

CPU_BATCH = 512
"""Tokens. What larger batches work on leaves a CPU's caches: all-MiniLM-L6-v2 embeds texts 1.6 times as fast with 512
tokens as with 8,192."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pieces:
    """The model inputs of one response.

    Attributes
    ----------
    inputs:
        What goes through the model, in the order in which `PieceScorer.combine` gets the outputs. Hashable: equal
        ones share an output.
    remark:
        What is to be known of the response's score.
    extra:
        What else `combine` needs.
    """

    inputs: tuple[Encoded, ...]
    remark: str = ""
    extra: Any = None


@dataclass
class _Window:
    """Responses that are under way together and the distinct inputs that they wait for."""

    places: list[int] = field(default_factory=list)
    pieces: list[Pieces] = field(default_factory=list)
    needed: dict[Encoded, None] = field(default_factory=dict)
    tokens: int = 0

    def add(self, place: int, pieces: Pieces, done: dict[Encoded, Any]) -> None:
        self.places.append(place)
        self.pieces.append(pieces)
        for one in pieces.inputs:
            if one not in self.needed and one not in done:
                self.needed[one] = None
                self.tokens += input_tokens(one)


@dataclass(frozen=True)
class PieceScorer(ModelScorer):
    """Base of scorers that need several model inputs for a response.

    Attributes
    ----------
    keeps_outputs:
        Whether an input's output is kept to the end of the stream (small ones) or for one window (large ones).
    """

    keeps_outputs: ClassVar[bool] = False

    @abstractmethod
    def pieces(self, loaded: Any, item: Item) -> list[Pieces | Unscored]:
        """Model inputs of each of the item's responses, or why it has no score."""

    @abstractmethod
    def outputs(self, loaded: Any, batch: Sequence[Encoded]) -> list[Any]:
        """What the model says of each input of a batch. Called without gradients."""

    @abstractmethod
    def combine(self, loaded: Any, outputs: list[Any], pieces: Pieces) -> Measured:
        """The score of a response from the outputs of its inputs."""

    def budget(self, loaded: Any) -> int:
        """Most tokens of a batch: `batch_tokens`, on a CPU no more than `CPU_BATCH`."""
        on_cpu = loaded.model.device.type == "cpu"
        return min(self.batch_tokens, CPU_BATCH) if on_cpu else self.batch_tokens

    def held_tokens(self, loaded: Any) -> int:
        """Most tokens of the inputs whose outputs are held at a time."""
        return 1 << 18

    @property
    def place(self) -> str:
        """Folder or hub name of the weights: what the target ``minilm`` stands for, else the target."""
        return str(minilm_folder(f"{self.family}:{MINILM}")) if self.target == MINILM else self.target

    def signature(self) -> Signature:
        """The family, the model's identity, and every option that can move a score; where it runs is left out."""
        options = {
            option.name: getattr(self, option.name)
            for option in dataclasses.fields(self)
            if option.name != "target" and option.metadata.get("moves_score", True)
        }
        identity = model_identity(self.place, revision=self.model_revision or None)
        named = f"{self.family}:{Path(self.target).name if is_folder(self.target) else self.target}"
        parts = [self.code_revision, identity, *self.files_identity()]
        return Signature(named, options, "-".join(parts))

    def files_identity(self) -> tuple[str, ...]:
        """Hashes of the files, besides the model's, that move a score."""
        return ()

    def stream(self, items: Sequence[Item], run: Run, /) -> Iterator[Part]:
        """Scores as soon as a response's inputs have been through the model."""
        loaded = self.loaded()
        done: dict[Encoded, Any] = {}
        window, limit = _Window(), self.held_tokens(loaded)
        place = 0
        for item in items:
            for pieces in self.pieces(loaded, item):
                if isinstance(pieces, Unscored):
                    yield [place], scores_of([pieces])
                else:
                    window.add(place, pieces, done)
                place += 1
            if window.tokens >= limit:
                yield from self._through(loaded, window, done)
                window = _Window()
                if not self.keeps_outputs:
                    done.clear()
        yield from self._through(loaded, window, done)

    def _through(self, loaded: Any, window: _Window, done: dict[Encoded, Any]) -> Iterator[Part]:
        """Parts of a window; ``done`` gains the outputs of its inputs."""
        waiting = [sum(one in window.needed for one in set(pieces.inputs)) for pieces in window.pieces]
        users: dict[Encoded, list[int]] = defaultdict(list)
        for index, pieces in enumerate(window.pieces):
            for one in dict.fromkeys(pieces.inputs):
                if one in window.needed:
                    users[one].append(index)
        ready = [index for index, count in enumerate(waiting) if not count]
        if ready:
            yield self._part(loaded, window, ready, done, Cost())
        needed, tokens = list(window.needed), 0
        for batch in token_budget_batches([input_tokens(one) for one in needed], self.budget(loaded)):
            members = [needed[i] for i in batch.tolist()]
            done.update(zip(members, self._fitting_outputs(loaded, members), strict=True))
            tokens += sum(input_tokens(one) for one in members)
            ready = []
            for index in (index for one in members for index in users[one]):
                waiting[index] -= 1
                if not waiting[index]:
                    ready.append(index)
            if ready:
                yield self._part(loaded, window, ready, done, Cost(input_tokens=tokens))
                tokens = 0

    def _part(self, loaded: Any, window: _Window, ready: list[int], done: dict[Encoded, Any], cost: Cost) -> Part:
        some = [window.pieces[index] for index in ready]
        scores = scores_of([self.combine(loaded, [done[one] for one in pieces.inputs], pieces) for pieces in some])
        reasons = {i: pieces.remark for i, pieces in enumerate(some) if pieces.remark}
        reasons.update(scores.reasons)
        return [window.places[index] for index in ready], dataclasses.replace(scores, reasons=reasons, cost=cost)

    def _fitting_outputs(self, loaded: Any, members: Sequence[Encoded]) -> list[Any]:
        import torch

        with torch.inference_mode():
            return in_halves(lambda some: self.outputs(loaded, some), members)

    def encode(self, loaded: Any, item: Item, response: Response) -> Encoded | Unscored:
        """Not used: a response has several inputs."""
        raise NotImplementedError

    def forward(self, loaded: Any, batch: Sequence[Encoded]) -> FloatArray:
        """Not used: an output need not be a number."""
        raise NotImplementedError


def input_tokens(one: Encoded) -> int:
    """Tokens of an input; a target of its own, ``extra`` as a tuple, counts as well."""
    return len(one.ids) + (len(one.extra) if isinstance(one.extra, tuple) else 0)


def in_halves(call: Callable[[Sequence[T]], list[Any]], members: Sequence[T]) -> list[Any]:
    """``call`` of all members, in halves where they do not fit into the device's memory."""
    import torch

    try:
        return call(members)
    except torch.OutOfMemoryError:
        if len(members) == 1:
            raise
        torch.cuda.empty_cache()
    middle = len(members) // 2
    return in_halves(call, members[:middle]) + in_halves(call, members[middle:])
