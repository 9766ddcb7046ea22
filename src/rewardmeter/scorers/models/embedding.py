"""Embedding similarity: the cosine of the response's and the references' (or the prompt's) sentence embeddings
(Reimers and Gurevych 2019). May import `errors`, `types` and its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers.models.base import Encoded
from rewardmeter.scorers.models.loading import load_tokenizer
from rewardmeter.scorers.models.pieces import EMPTY_RESPONSE, Pieces, PieceScorer
from rewardmeter.scorers.models.sentence_layout import POOLINGS, Dense, Layout, pool, read_layout
from rewardmeter.scorers.models.texts import Texts, hidden_states, length_limit, load_encoder
from rewardmeter.scorers.pointwise import NO_REFERENCE, Measured, Unscored, usable_references
from rewardmeter.types import Item, prompt_text

__all__ = ["Embedder", "Embedding"]

AGAINST = ("references", "prompt")
SEVERAL = ("max", "mean")


@dataclass(frozen=True)
class Embedder:
    """A loaded sentence-embedding model."""

    model: Any
    texts: Texts
    layout: Layout
    prefix: str

    def encode(self, text: str) -> Encoded:
        """Token ids of a text, cut at the limit."""
        text = self.prefix + text
        ids, cut = self.texts.ids(text.lower() if self.layout.lower else text)
        return Encoded(ids, f"text truncated to {self.texts.limit} tokens" if cut else "")

    def embed(self, batch: Sequence[Encoded]) -> Any:
        """float32 (n, d) embeddings of length 1."""
        import torch

        fill = self.texts.tokenizer.pad_token_id or 0
        hidden, mask = hidden_states(self.model, [one.ids for one in batch], fill)
        vectors = pool(hidden, mask, self.layout.poolings)
        for step in self.layout.after:
            if isinstance(step, Dense):
                weight = step.weight.to(vectors.device)
                bias = step.bias.to(vectors) if step.bias is not None else None
                vectors = getattr(torch.nn, step.activation)()(torch.nn.functional.linear(vectors, weight, bias))
            else:
                vectors = torch.nn.functional.normalize(vectors)
        return torch.nn.functional.normalize(vectors)


@dataclass(frozen=True)
class Embedding(PieceScorer):
    """Cosine similarity of sentence embeddings, in [-1, 1].

    Parameters
    ----------
    against:
        What the response is compared with: ``references`` or ``prompt``. Likeness to the prompt says that a text
        keeps to the subject, and is greatest for one that repeats the prompt.
    several:
        What becomes of several references: ``max``, the nearest one counts, or ``mean``.
    pooling:
        ``auto`` as the checkpoint states it (mean where it does not), or one of mean, cls, lasttoken, max,
        mean_sqrt_len_tokens, weightedmean.
    prefix:
        Text put before every input (``query: `` for E5 models), in place of the checkpoint's own default prompt.
    max_length:
        Most tokens of a text; what is longer is cut, and the score's remark says so.
    """

    family: ClassVar[str] = "embedding"
    keeps_outputs: ClassVar[bool] = True

    against: str = "references"
    several: str = "max"
    pooling: str = "auto"
    prefix: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        for what, value, known in (
            ("text to compare with", self.against, AGAINST),
            ("treatment of several references", self.several, SEVERAL),
            ("pooling", self.pooling, ("auto", *POOLINGS)),
        ):
            if value not in known:
                raise UnknownNameError(what, value, known)

    @property
    def reads(self) -> frozenset[str]:  # type: ignore[override]
        """The response and what it is compared with."""
        return frozenset({"response", self.against})

    def load(self, device: str) -> Embedder:
        """Weights, tokenizer and layout."""
        revision = self.model_revision or None
        layout = read_layout(self.place, revision)
        if self.pooling != "auto":
            layout = Layout(layout.folder, layout.limit, layout.lower, (self.pooling,), layout.after, layout.prefix)
        where: dict[str, Any] = {"revision": revision, "trust_remote_code": self.trust_remote_code}
        if layout.folder:
            where["subfolder"] = layout.folder
        model = load_encoder(self.place, dtype=self.dtype, device=device, **where)
        tokenizer = load_tokenizer(self.place, **where)
        limit = length_limit(model.config, tokenizer, self.max_length or layout.limit)
        if limit < 3:
            raise SpecError(f"embedding: max_length={limit} leaves no room for a text")
        return Embedder(model, Texts(tokenizer, limit), layout, self.prefix or layout.prefix)

    def pieces(self, loaded: Embedder, item: Item) -> list[Pieces | Unscored]:
        """The response's text and those it is compared with."""
        if self.against == "prompt":
            texts: tuple[str, ...] = tuple(text for text in [prompt_text(item.prompt)] if text.strip())
            missing = Unscored("the prompt is empty", EMPTY_RESPONSE.outcome)
        else:
            texts, missing = usable_references(item), NO_REFERENCE
        others = tuple(loaded.encode(text) for text in texts)
        made: list[Pieces | Unscored] = []
        for response in item.responses:
            if not others:
                made.append(missing)
            elif not response.text.strip():
                made.append(EMPTY_RESPONSE)
            else:
                mine = loaded.encode(response.text)
                remark = mine.remark or next((one.remark for one in others if one.remark), "")
                made.append(Pieces((mine, *others), remark))
        return made

    def outputs(self, loaded: Embedder, batch: Sequence[Encoded]) -> list[Any]:
        """A float32 (d,) vector of length 1 for each text."""
        return list(loaded.embed(batch).cpu().numpy())

    def combine(self, loaded: Embedder, outputs: list[Any], pieces: Pieces) -> Measured:
        """The cosine, rounding beyond its bounds taken back."""
        mine, *others = (np.asarray(vector, dtype=np.float64) for vector in outputs)
        cosines = np.clip([mine @ other for other in others], -1.0, 1.0)
        return float(cosines.max() if self.several == "max" else cosines.mean())
