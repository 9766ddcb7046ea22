"""Scorers whose responses need several inputs, and share them: a source embedded once, three readings of one pair.

A response is a set of inputs and a rule that joins what the model says of them. Equal inputs are computed once in a
stream: the source of eight translations, the reference of all systems, a response that two systems gave. May import
`scoring`, `types`, `errors` and its neighbours.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rewardmeter.errors import UnknownNameError
from rewardmeter.scorers.models.base import Encoded, ModelScorer, with_remarks
from rewardmeter.scorers.models.batching import token_budget_batches
from rewardmeter.scorers.models.loading import is_folder, model_identity
from rewardmeter.scorers.models.pieces import in_halves
from rewardmeter.scoring import Part
from rewardmeter.types import Cost, FloatArray, Signature

__all__ = [
    "SEVERAL",
    "Input",
    "SharedInputs",
    "check_several",
    "encoded",
    "join_references",
    "padded",
    "plain",
    "with_companion",
]

_JOINED_AT_ONCE = 1_024

SEVERAL: Mapping[str, Callable[[Sequence[float]], float]] = {
    "best": max,
    "mean": lambda values: float(np.mean(values)),
    "first": lambda values: values[0],
}
"""What becomes of the scores against several references."""


class Input(NamedTuple):
    """One sequence for the model; equal ones are computed once.

    Attributes
    ----------
    ids:
        Token ids, special ones included.
    marked:
        How many tokens at its beginning the model is asked about one by one; 0 where only the whole counts.
    """

    ids: tuple[int, ...]
    marked: int = 0


def encoded(inputs: Sequence[Input], remark: str = "") -> Encoded:
    """A response as its inputs; its length is that of the longest."""
    longest = max(inputs, key=lambda one: len(one.ids))
    return Encoded(longest.ids, remark, tuple(inputs))


@dataclass(frozen=True)
class SharedInputs(ModelScorer):
    """Base of scorers that compute equal inputs once; `Encoded.extra` holds a response's inputs."""

    @abstractmethod
    def compute(self, loaded: Any, inputs: Sequence[Input]) -> Sequence[Any]:
        """What the model says of each input of a batch."""

    @abstractmethod
    def join(self, loaded: Any, batch: Sequence[Encoded], known: Mapping[Input, Any]) -> FloatArray:
        """(n,) scores of responses all of whose inputs are known."""

    def forward(self, loaded: Any, batch: Sequence[Encoded]) -> FloatArray:
        """(n,) scores of a batch by itself."""
        inputs = list(dict.fromkeys(one for member in batch for one in member.extra))
        return self.join(loaded, batch, dict(zip(inputs, self.compute(loaded, inputs), strict=True)))

    def stream_encoded(self, loaded: Any, places: Sequence[int], encoded: Sequence[Encoded]) -> Iterator[Part]:
        """Parts as soon as the last input of their responses is computed; inputs go longest first."""
        users: dict[Input, list[int]] = defaultdict(list)
        for i, one in enumerate(encoded):
            for each in dict.fromkeys(one.extra):
                users[each].append(i)
        missing = [len(set(one.extra)) for one in encoded]
        needed = {each: len(readers) for each, readers in users.items()}
        inputs, known, cost = list(users), dict[Input, Any](), Cost()
        for batch in token_budget_batches([len(one.ids) for one in inputs], self.batch_tokens):
            members = [inputs[i] for i in batch]
            known.update(zip(members, self._computed(loaded, members), strict=True))
            cost += Cost(input_tokens=sum(len(one.ids) for one in members))
            ready = []
            for each in members:
                for i in users[each]:
                    missing[i] -= 1
                    if not missing[i]:
                        ready.append(i)
            for start in range(0, len(ready), _JOINED_AT_ONCE):
                joined = ready[start : start + _JOINED_AT_ONCE]
                responses = [encoded[i] for i in joined]
                yield [places[i] for i in joined], with_remarks(self._joined(loaded, responses, known), responses, cost)
                cost = Cost()
            for i in ready:
                _forget(known, needed, encoded[i])

    def _joined(self, loaded: Any, responses: Sequence[Encoded], known: Mapping[Input, Any]) -> FloatArray:
        import torch

        with torch.inference_mode():
            return np.asarray(self.join(loaded, responses, known), dtype=np.float64)

    def _computed(self, loaded: Any, inputs: Sequence[Input]) -> Sequence[Any]:
        """What the model says of the batch, in halves where it does not fit into memory."""
        import torch

        with torch.inference_mode():
            return in_halves(lambda some: [*self.compute(loaded, some)], inputs)


def _forget(known: dict[Input, Any], needed: dict[Input, int], response: Encoded) -> None:
    """Drop what no later response needs, so that memory follows what is open and not what has been scored."""
    for each in dict.fromkeys(response.extra):
        needed[each] -= 1
        if not needed[each]:
            del known[each]


def join_references(several: str, values: Sequence[float]) -> float:
    """One score from the scores against several references."""
    return float(SEVERAL[several](values))


def check_several(family: str, several: str) -> None:
    """Refuse a way to treat several references that does not exist."""
    if several not in SEVERAL:
        raise UnknownNameError(f"treatment of several references in {family}", several, tuple(SEVERAL))


def padded(inputs: Sequence[Input], pad: int, device: str) -> tuple[Any, Any]:
    """Token ids and attention mask, both (n, longest), padded on the right."""
    import torch

    ids = torch.full((len(inputs), max(len(one.ids) for one in inputs)), pad, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, one in enumerate(inputs):
        ids[row, : len(one.ids)] = torch.tensor(one.ids, dtype=torch.long)
        mask[row, : len(one.ids)] = 1
    return ids.to(device), mask.to(device)


def plain(text: str) -> str:
    """The text without lone surrogates, which no tokenizer takes; each becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def with_companion(signature: Signature, **companions: str) -> Signature:
    """The signature with a second folder or hub name (an encoder, a tokenizer) told by what is in it, not its place."""
    options = dict(signature.options)
    for option, target in companions.items():
        if target and is_folder(target):
            options[option] = f"{Path(target).name}@{model_identity(target)}"
    return Signature(signature.name, options, signature.revision, signature.storable)
