"""What is to be scored: the inputs that a scorer may see, each once, and who gets its score. May import `scorer`,
`dataset`, `types`, `errors`.

An *input* is what decides one score: for a pointwise scorer the read parts of one response, for others the read parts
of a whole item together with a position. Equal inputs have equal keys and are scored once.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from rewardmeter.dataset import Dataset
from rewardmeter.engine.protocols import KeyArray
from rewardmeter.errors import InputError, ScorerError
from rewardmeter.scoring import PARTS, Scorer
from rewardmeter.types import Item, Outcome, Prompt, Response, Scores, Signature

__all__ = ["KEY_BYTES", "IndexArray", "Plan", "make_plan"]

KEY_BYTES = 16
_NEW_HASHER = blake2b(digest_size=KEY_BYTES, person=b"rewardmeter-1")
"""Copied for every key. The number is to be raised whenever the framing below changes."""

IndexArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Plan:
    """The distinct inputs of one scorer on one dataset.

    Attributes
    ----------
    dataset, reads:
        Where the texts are, and which parts of them the scorer sees.
    pointwise:
        Whether each response is scored by itself.
    keys:
        uint8 (U, 16): key of each distinct input, in order of first appearance.
    source:
        int64 (U,): the dataset's response that each input is taken from.
    input_of:
        int64 (R,): the input of each response; -1 where there is nothing to score.
    unit_start:
        int64 (n_units + 1,): a unit, the least that can be given to the scorer, is the inputs
        ``unit_start[u]:unit_start[u + 1]``: one input for a pointwise scorer, a whole item for others.
    refusals:
        Why a response has no input, by response.
    """

    dataset: Dataset
    reads: frozenset[str]
    pointwise: bool
    keys: KeyArray
    source: IndexArray
    input_of: IndexArray
    unit_start: IndexArray
    refusals: dict[int, str]

    @property
    def n_units(self) -> int:
        """How many units."""
        return len(self.unit_start) - 1

    def inputs_of(self, units: IndexArray) -> IndexArray:
        """The inputs of the units, in order."""
        if self.pointwise:
            return units
        start, stop = self.unit_start[units], self.unit_start[units + 1]
        width = stop - start
        return np.repeat(start - np.cumsum(width) + width, width) + np.arange(int(width.sum()))

    def items(self, units: IndexArray) -> list[Item]:
        """The units as the scorer sees them: unread parts, systems and ids are hidden.

        Neighbouring inputs of one item share an `Item`, so that a scorer can share the work on its prompt. Where only
        responses are read there is nothing to share: all inputs are in one `Item`.
        """
        source = self.source[self.inputs_of(units)]
        if "response" in self.reads:
            texts = self.dataset.response_text
            responses = [Response(texts[j] or "") for j in source.tolist()]
        else:
            responses = [Response("")] * len(source)
        item_of = self.dataset.response_item[source]
        if self.pointwise and not self.reads & {"prompt", "references"}:
            return [Item(tuple(responses))]
        bounds = [0, *(np.flatnonzero(np.diff(item_of)) + 1).tolist(), len(source)]
        prompts = self.dataset.prompts if "prompt" in self.reads else ()
        references = self.dataset.references if "references" in self.reads else ()
        return [
            Item(tuple(responses[a:b]), prompts[i] if prompts else None, references[i] if references else ())
            for a, b, i in zip(bounds, bounds[1:], item_of[bounds[:-1]].tolist(), strict=False)
        ]

    def responses_per_input(self) -> IndexArray:
        """int64 (U,): how many responses get each input's score."""
        return np.bincount(self.input_of[self.input_of >= 0], minlength=len(self.keys))

    def fan_out(self, scores: Scores, signature: Signature) -> Scores:
        """The scores of the inputs as scores of the dataset's responses, (U,) to (R,)."""
        known = self.input_of >= 0
        values = np.full(len(self.input_of), np.nan)
        outcomes = np.full(len(self.input_of), Outcome.FAILED, dtype=np.uint8)
        values[known] = scores.values[self.input_of[known]]
        outcomes[known] = scores.outcomes[self.input_of[known]]
        reasons = dict(self.refusals)
        if scores.reasons:
            explained = np.zeros(len(self.keys), dtype=bool)
            explained[list(scores.reasons)] = True
            for response in np.flatnonzero(known & explained[self.input_of]).tolist():
                reasons[response] = scores.reasons[int(self.input_of[response])]
        return Scores(values, outcomes, dict(sorted(reasons.items())), signature, scores.cost)


def make_plan(scorer: Scorer, dataset: Dataset) -> Plan:
    """Find the distinct inputs of a scorer on a dataset.

    Raises
    ------
    InputError
        If the scorer reads responses or prompts and the data carries none at all.
    ScorerError
        If the scorer declares to read something that does not exist.
    """
    reads = frozenset(scorer.reads)
    if not reads <= PARTS:
        raise ScorerError(f"scorer '{scorer.name}' reads {sorted(reads - PARTS)}; it may read {sorted(PARTS)}")
    refusals = _refusals(scorer.name, dataset, reads)
    usable = np.ones(dataset.n_responses, dtype=bool)
    usable[list(refusals)] = False
    if scorer.laws.pointwise:
        responses = np.flatnonzero(usable)
        digests = _response_digests(dataset, reads, responses)
        first, inverse = _first_seen(digests)
        input_of = np.full(dataset.n_responses, -1, dtype=np.int64)
        input_of[responses] = inverse
        unit_start = np.arange(len(first) + 1)
        return Plan(dataset, reads, True, digests[first], responses[first], input_of, unit_start, refusals)
    return _plan_whole_items(dataset, reads, usable, refusals)


def _refusals(name: str, dataset: Dataset, reads: frozenset[str]) -> dict[int, str]:
    refusals: dict[int, str] = {}
    if not dataset.n_responses:
        return refusals
    if "prompt" in reads:
        empty = [i for i, prompt in enumerate(dataset.prompts) if prompt is None]
        if len(empty) == len(dataset.prompts):
            raise InputError(
                f"scorer '{name}' reads prompts, and {dataset.name} carries none",
                fix="Name the column that holds the prompts (prompt), or choose a scorer that does without.",
            )
        for i in empty:
            start, stop = int(dataset.item_start[i]), int(dataset.item_start[i + 1])
            refusals.update(dict.fromkeys(range(start, stop), "no prompt in the data"))
    if "response" in reads:
        silent = [j for j, text in enumerate(dataset.response_text) if text is None]
        if len(silent) == dataset.n_responses:
            raise InputError(
                f"scorer '{name}' reads responses, and {dataset.name} carries no texts",
                fix="Name the column that holds the texts (response), or use the scores that the data carries:"
                " --scorer recorded.",
            )
        refusals.update(dict.fromkeys(silent, "no text in the data"))
    return refusals


def _plan_whole_items(
    dataset: Dataset, reads: frozenset[str], usable: NDArray[np.bool_], refusals: dict[int, str]
) -> Plan:
    responses = np.flatnonzero(usable)
    item_of = dataset.response_item[responses]
    starts = np.flatnonzero(np.diff(item_of, prepend=-1))
    bounds = np.append(starts, len(responses))
    digests = _item_digests(dataset, reads, responses, bounds)
    first, inverse = _first_seen(digests)
    width = np.diff(bounds)
    unit_start = np.concatenate([[0], np.cumsum(width[first])])
    position = np.arange(len(responses)) - np.repeat(starts, width)
    input_of = np.full(dataset.n_responses, -1, dtype=np.int64)
    input_of[responses] = np.repeat(unit_start[inverse], width) + position
    source = np.concatenate([responses[bounds[i] : bounds[i + 1]] for i in first] or [np.empty(0, dtype=np.int64)])
    keys = bytearray()
    for i in first.tolist():
        for place in range(int(width[i])):
            hasher = _NEW_HASHER.copy()
            hasher.update(digests[i].tobytes() + place.to_bytes(8, "little"))
            keys += hasher.digest()
    return Plan(dataset, reads, False, _as_keys(keys), source, input_of, unit_start, refusals)


def _response_digests(dataset: Dataset, reads: frozenset[str], responses: IndexArray) -> KeyArray:
    """uint8 (n, 16): digest of the read parts of each of the responses, which must be ascending."""
    digests = bytearray()
    texts = dataset.response_text
    reads_response, has_context = "response" in reads, bool(reads & {"prompt", "references"})
    hasher, last = _context_hasher(dataset, frozenset(), 0), -1
    for j, i in zip(responses.tolist(), dataset.response_item[responses].tolist(), strict=True):
        if has_context and i != last:
            hasher, last = _context_hasher(dataset, reads, i), i
        if reads_response:
            whole = hasher.copy()
            whole.update(b"t" + (texts[j] or "").encode("utf-8", "surrogatepass"))
            digests += whole.digest()
        else:
            digests += hasher.digest()
    return _as_keys(digests)


def _item_digests(dataset: Dataset, reads: frozenset[str], responses: IndexArray, bounds: IndexArray) -> KeyArray:
    """uint8 (n, 16): digest of the read parts of the items whose responses are ``bounds[i]:bounds[i + 1]``."""
    digests = bytearray()
    for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        hasher = _context_hasher(dataset, reads, int(dataset.response_item[responses[start]]))
        hasher.update(b"n" + (stop - start).to_bytes(8, "little"))
        if "response" in reads:
            for j in responses[start:stop].tolist():
                hasher.update(_framed(b"t", dataset.response_text[j] or ""))
        digests += hasher.digest()
    return _as_keys(digests)


def _context_hasher(dataset: Dataset, reads: frozenset[str], item: int) -> blake2b:
    """A hasher that has taken in the read ones of prompt and references; every part is tagged and carries its length,
    so that no two different contexts feed it the same bytes."""
    prompt = _framed_prompt(dataset.prompts[item]) if "prompt" in reads else b"-"
    references = b"-"
    if "references" in reads:
        texts = dataset.references[item] if dataset.references else ()
        references = b"r" + len(texts).to_bytes(8, "little") + b"".join(_framed(b"s", text) for text in texts)
    hasher = _NEW_HASHER.copy()
    hasher.update(prompt + references)
    return hasher


def _framed_prompt(prompt: Prompt | None) -> bytes:
    if prompt is None:
        return b"0"
    if isinstance(prompt, str):
        return _framed(b"p", prompt)
    turns = b"".join(_framed(b"a", message.role) + _framed(b"m", message.content) for message in prompt)
    return b"c" + len(prompt).to_bytes(8, "little") + turns


def _framed(tag: bytes, text: str) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    return tag + len(raw).to_bytes(8, "little") + raw


def _as_keys(digests: bytearray) -> KeyArray:
    return np.frombuffer(digests, dtype=np.uint8).reshape(-1, KEY_BYTES)


def _first_seen(keys: KeyArray) -> tuple[IndexArray, IndexArray]:
    """Rows of ``keys`` without repetition: (U,) index of each distinct row's first appearance, ascending, and (n,)
    which distinct row each row is."""
    if not len(keys):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    words = keys.view(np.uint64)
    order = np.lexsort((words[:, 1], words[:, 0]))
    ranked = words[order]
    new = np.ones(len(keys), dtype=bool)
    new[1:] = np.any(ranked[1:] != ranked[:-1], axis=1)
    first = order[new]
    by_appearance = np.argsort(first)
    rank = np.empty(len(first), dtype=np.int64)
    rank[by_appearance] = np.arange(len(first))
    inverse = np.empty(len(keys), dtype=np.int64)
    inverse[order] = rank[np.cumsum(new) - 1]
    return first[by_appearance], inverse
