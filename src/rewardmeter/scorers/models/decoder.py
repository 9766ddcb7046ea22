"""What reward models on top of decoders share: how chats are written, and batches with and without a shared start.

A subclass says which states it needs of an input (`Asked`) and what it reads from them (`read`). May import
`scorers.pointwise`, `scoring`, `types`, `errors` and its neighbours.
"""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers.models.base import RUNNING, Encoded, ModelScorer, in_halves, with_remarks
from rewardmeter.scorers.models.batching import token_budget_batches
from rewardmeter.scorers.models.bodies import Body, IntArray, probe_ids
from rewardmeter.scorers.models.chat import BOS, TRUNCATION, ChatEncoder, template_identity, token_limit
from rewardmeter.scorers.models.int8 import quantise
from rewardmeter.scorers.models.loading import DTYPES, load_model, load_tokenizer
from rewardmeter.scorers.models.prefix import Group, Prefixes, can_share, pack_groups, share_plan, sliding_window
from rewardmeter.scoring import Part
from rewardmeter.types import Cost, FloatArray, Signature

__all__ = ["Asked", "DecoderScorer", "TokenCount"]

DECODER_DTYPES = (*DTYPES, "int8")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is needed of an input: the states at these places, increasing; and what belongs to them."""

    at: IntArray
    data: Any = None


@dataclass(slots=True)
class TokenCount:
    """Tokens that went through a model, counted up over a scorer's life.

    Attributes
    ----------
    read:
        Tokens of the inputs, as if each were computed alone.
    computed:
        Tokens that were computed, padding left out: less than `read` where a start was shared.
    padded:
        The same with padding.
    starts:
        Of those computed, tokens of shared starts.
    """

    read: int = 0
    computed: int = 0
    padded: int = 0
    starts: int = 0


@dataclass(frozen=True)
class DecoderScorer(ModelScorer):
    """Base of scorers that read the states of a decoder.

    Parameters
    ----------
    template, bos, truncation, system_prompt:
        How a chat is written; see `ChatEncoder`.
    padding:
        Side of the padding, ``right`` or ``left``: does not move a score.
    prefix:
        ``auto`` computes the common start of inputs once where that pays and the model allows it; ``off`` never.
    """

    template: str = ""
    bos: str = "auto"
    truncation: str = "left"
    system_prompt: str = ""
    padding: str = field(default="right", metadata=RUNNING)
    prefix: str = field(default="auto", metadata=RUNNING)

    def __post_init__(self) -> None:
        super().__post_init__()
        allowed = {"bos": BOS, "truncation": TRUNCATION, "padding": ("right", "left"), "prefix": ("auto", "off")}
        for option, values in allowed.items():
            if getattr(self, option) not in values:
                raise UnknownNameError(f"{self.family} {option}", getattr(self, option), values)
        if self.template == "pair" and self.family != "hf":
            raise SpecError(f"{self.family}: template=pair is for encoders (family hf)")
        template_identity(self.template)

    @classmethod
    def dtypes(cls) -> tuple[str, ...]:
        """The number formats that decoders can run in; ``int8`` is for the weights, with bfloat16 activations."""
        return DECODER_DTYPES

    def signature(self) -> Signature:
        """As for every model, with the hash of a template file in place of its name."""
        plain = super().signature()
        return dataclasses.replace(plain, options={**plain.options, "template": template_identity(self.template)})

    @property
    def tokens(self) -> TokenCount:
        """What this scorer has computed so far."""
        if "_tokens" not in self.__dict__:
            object.__setattr__(self, "_tokens", TokenCount())
        count: TokenCount = self.__dict__["_tokens"]
        return count

    @abstractmethod
    def bodies(self, loaded: Any) -> Sequence[Body]:
        """The decoders whose states are read; none for a model that can only be taken whole."""

    @abstractmethod
    def read(self, loaded: Any, states: Sequence[Any], batch: Sequence[Encoded]) -> FloatArray:
        """(n,) scores from the states of each body, (sum of the places, hidden), input after input."""

    def forward(self, loaded: Any, batch: Sequence[Encoded]) -> FloatArray:
        """Scores of a batch, each input by itself."""
        rows, at = [one.ids for one in batch], [one.extra.at for one in batch]
        states = [body.states(rows, at, padding=self.padding) for body in self.bodies(loaded)]
        self._count([len(row) for row in rows], rows=len(rows), bodies=len(states))
        return self.read(loaded, states, batch)

    def tokens_of(self, loaded: Any, batch: Sequence[Encoded]) -> int:
        """Tokens of a batch over all bodies."""
        return super().tokens_of(loaded, batch) * max(1, len(self.bodies(loaded)))

    def stream_encoded(self, loaded: Any, places: Sequence[int], encoded: Sequence[Encoded]) -> Iterator[Part]:
        """Groups that share a start first, then the others by themselves."""
        groups = self._plan(loaded, encoded)
        shared = [group for group in groups if group.prefix]
        for pack in pack_groups(shared, self.batch_tokens):
            yield from self._stream_pack(loaded, pack, places, encoded)
        alone = sorted(i for group in groups if not group.prefix for i in group.members)
        yield from super().stream_encoded(loaded, [places[i] for i in alone], [encoded[i] for i in alone])

    def _plan(self, loaded: Any, encoded: Sequence[Encoded]) -> list[Group]:
        bodies = self.bodies(loaded) if self.prefix == "auto" else ()
        if not bodies or not all(self._shares(loaded, number) for number in range(len(bodies))):
            return [Group(0, (i,)) for i in range(len(encoded))]
        windows = [sliding_window(body.module.config) for body in bodies]
        window = min([window for window in windows if window], default=0)
        fits = [i for i, one in enumerate(encoded) if not window or len(one.ids) <= window]
        plan = share_plan([encoded[i].ids for i in fits], [int(encoded[i].extra.at[0]) for i in fits])
        long = [Group(0, (i,)) for i, one in enumerate(encoded) if window and len(one.ids) > window]
        return [*(Group(group.prefix, tuple(fits[i] for i in group.members)) for group in plan), *long]

    def _shares(self, loaded: Any, number: int) -> bool:
        known = self.__dict__.setdefault("_sharing", {})
        if number not in known:
            body = self.bodies(loaded)[number]
            known[number] = can_share(body, body.module.config, probe_ids(body.module.config))
        return bool(known[number])

    def _stream_pack(
        self, loaded: Any, pack: Sequence[Group], places: Sequence[int], encoded: Sequence[Encoded]
    ) -> Iterator[Part]:
        """The starts of a pack of groups in one batch, then the rests by length within what the budget leaves."""
        import torch

        starts = [list(encoded[group.members[0]].ids[: group.prefix]) for group in pack]
        try:
            with torch.inference_mode():
                prefixes = [Prefixes(body, starts) for body in self.bodies(loaded)]
        except torch.OutOfMemoryError:
            prefixes = []
        if not prefixes:  # their keys and values do not fit into memory: each input by itself
            members = [i for group in pack for i in group.members]
            yield from super().stream_encoded(loaded, [places[i] for i in members], [encoded[i] for i in members])
            return
        sizes = [len(start) for start in starts]
        new_tokens = self._count(sizes, rows=len(starts), bodies=len(prefixes), starts=True)
        whose = {i: number for number, group in enumerate(pack) for i in group.members}
        members = list(whose)
        rests = [len(encoded[i].ids) - pack[whose[i]].prefix for i in members]
        # A row takes up room for its rest and for its copy of the longest start.
        left = max(1, self.batch_tokens - len(starts) * max(sizes))
        for chosen in token_budget_batches(rests, left, beside=max(sizes)):
            batch = [members[i] for i in chosen]
            values, tokens = in_halves(batch, lambda part: self._rests(loaded, prefixes, part, whose, encoded))
            cost = Cost(input_tokens=tokens + new_tokens)
            new_tokens = 0
            yield [places[i] for i in batch], with_remarks(values, [encoded[i] for i in batch], cost)

    def _rests(
        self,
        loaded: Any,
        prefixes: Sequence[Prefixes],
        batch: Sequence[int],
        whose: dict[int, int],
        encoded: Sequence[Encoded],
    ) -> tuple[FloatArray, int]:
        owner = np.array([whose[i] for i in batch], dtype=np.int64)
        cuts = prefixes[0].lengths[owner]
        rows = [encoded[i].ids[cut:] for i, cut in zip(batch, cuts.tolist(), strict=True)]
        at = [encoded[i].extra.at - cut for i, cut in zip(batch, cuts, strict=True)]
        states = [one.states(rows, owner, at) for one in prefixes]
        tokens = self._count([len(row) for row in rows], rows=len(rows), bodies=len(states))
        self.tokens.read += int(cuts.sum()) * len(states)
        return self.read(loaded, states, [encoded[i] for i in batch]), tokens

    def _count(self, lengths: Sequence[int], *, rows: int, bodies: int, starts: bool = False) -> int:
        real = sum(lengths) * bodies
        self.tokens.computed += real
        self.tokens.padded += max(lengths) * rows * bodies
        if starts:
            self.tokens.starts += real
        else:
            self.tokens.read += real
        return real

    def chat_encoder(self, tokenizer: Any, config: Any) -> ChatEncoder:
        """The writer of chats for this model, as the options say."""
        return ChatEncoder(
            tokenizer,
            template=self.template,
            bos=self.bos,
            truncation=self.truncation,
            system_prompt=self.system_prompt,
            limit=token_limit(config, tokenizer, self.max_length),
            model=self.target,
        )

    def load_weights(self, auto_class: str, target: str, device: str, *, revision: str = "") -> Any:
        """The model in this scorer's number format; its linear layers are in 8 bits once `compact` was called."""
        return load_model(
            auto_class,
            target,
            revision=revision or None,
            dtype="bfloat16" if self.dtype == "int8" else self.dtype,
            device=device,
            trust_remote_code=self.trust_remote_code,
        )

    def compact(self, body: Body) -> Body:
        """The body with 8-bit weights where ``dtype=int8``."""
        if self.dtype == "int8":
            quantise(body.module)
        return body

    def load_words(self) -> Any:
        """The model's tokenizer."""
        return load_tokenizer(
            self.target, revision=self.model_revision or None, trust_remote_code=self.trust_remote_code
        )
