"""Entailment by a natural-language-inference model: does the prompt (a document) or a reference entail the response?

Long texts are taken in parts and the parts' judgements joined as in SummaC (Laban et al. 2022, "SummaC: Re-Visiting
NLI-based Models for Inconsistency Detection in Summarization", the zero-shot variant): for each sentence of the
response the best part of the document counts, and the response has the mean of its sentences. May import `errors`,
`types` and its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers.models.base import Encoded
from rewardmeter.scorers.models.loading import load_model, load_tokenizer
from rewardmeter.scorers.models.pairs import PairFrame, pair_frame
from rewardmeter.scorers.models.pieces import EMPTY_RESPONSE, Pieces, PieceScorer
from rewardmeter.scorers.models.sentences import split_sentences
from rewardmeter.scorers.models.texts import Texts, length_limit, padded, windows
from rewardmeter.scorers.pointwise import NO_REFERENCE, Measured, Unscored, usable_references
from rewardmeter.types import Item, Outcome, prompt_text

__all__ = ["Entailment", "label_places"]

PREMISES = ("prompt", "references")
GRANULARITIES = ("chunk", "sentence", "document")
AGGREGATES = ("mean", "min")
SCORES = ("entailment", "entailment-contradiction")


@dataclass(frozen=True)
class Reader:
    """A loaded model, its tokenizer and the places of its labels (contradiction -1: it has none)."""

    model: Any
    texts: Texts
    frame: PairFrame
    entailment: int
    contradiction: int

    @property
    def room(self) -> int:
        """Tokens for both texts."""
        return self.texts.limit - self.frame.specials


@dataclass(frozen=True)
class Entailment(PieceScorer):
    """Probability that the premise entails the response, in [0, 1]; less that of contradiction, in [-1, 1].

    Parameters
    ----------
    premise:
        ``prompt`` or ``references``; of several references the one that entails a sentence best counts.
    granularity:
        ``chunk``: windows of the premise × sentences of the response. ``sentence``: sentences × sentences, as SummaC.
        ``document``: whole × whole; a premise that does not fit is cut at its end, and the score's remark says so.
    aggregate:
        Over the response's sentences: mean, or min, where one wrong sentence is enough.
    score:
        ``entailment``, or ``entailment-contradiction``: the greatest entailment less the greatest contradiction over
        the premise's parts.
    window, overlap:
        Most tokens of a part of the premise, and how many it shares with the one before. Sentences of the premise
        that are longer are taken in such windows as well.
    labels:
        The model's labels in order, separated by commas, where its configuration does not name them.
    """

    family: ClassVar[str] = "nli"

    premise: str = "prompt"
    granularity: str = "chunk"
    aggregate: str = "mean"
    score: str = "entailment"
    window: int = 350
    overlap: int = 50
    labels: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        for what, value, known in (
            ("premise", self.premise, PREMISES),
            ("granularity", self.granularity, GRANULARITIES),
            ("aggregate", self.aggregate, AGGREGATES),
            ("score", self.score, SCORES),
        ):
            if value not in known:
                raise UnknownNameError(f"{what} of nli", value, known)
        if not 0 <= self.overlap < self.window:
            raise SpecError(f"nli: overlap={self.overlap} must be from 0 to less than window={self.window}")

    @property
    def reads(self) -> frozenset[str]:  # type: ignore[override]
        """The response and the premise."""
        return frozenset({"response", self.premise})

    def load(self, device: str) -> Reader:
        """Weights, tokenizer, places of the labels."""
        where: dict[str, Any] = {
            "revision": self.model_revision or None,
            "trust_remote_code": self.trust_remote_code,
        }
        model = load_model("AutoModelForSequenceClassification", self.place, dtype=self.dtype, device=device, **where)
        tokenizer = load_tokenizer(self.place, **where)
        labels = dict(enumerate(self.labels.split(","))) if self.labels else model.config.id2label
        if len(labels) != model.config.num_labels:
            raise SpecError(f"nli: labels={self.labels} names {len(labels)}; the model has {model.config.num_labels}")
        entailment, contradiction = label_places(labels, self.target)
        if contradiction < 0 and self.score != "entailment":
            raise SpecError(f"nli: {self.target} has no label for contradiction; leave score= out")
        texts = Texts(tokenizer, length_limit(model.config, tokenizer, self.max_length))
        return Reader(model, texts, pair_frame(tokenizer), entailment, contradiction)

    def pieces(self, loaded: Reader, item: Item) -> list[Pieces | Unscored]:
        """Pairs of each part of the premise and each sentence of the response."""
        if self.premise == "prompt":
            texts: Sequence[str] = [text for text in [prompt_text(item.prompt)] if text.strip()]
            missing = Unscored("the prompt is empty", Outcome.ABSTAINED)
        else:
            texts, missing = usable_references(item), NO_REFERENCE
        premises = [loaded.texts.bare(part) for text in texts for part in self._premise_parts(text)]
        made: list[Pieces | Unscored] = []
        for response in item.responses:
            if not premises:
                made.append(missing)
            elif not response.text.strip():
                made.append(EMPTY_RESPONSE)
            else:
                made.append(self._pairs(loaded, premises, response.text))
        return made

    def _premise_parts(self, text: str) -> list[str]:
        return split_sentences(text) if self.granularity == "sentence" else [text]

    def _pairs(self, loaded: Reader, premises: Sequence[Sequence[int]], response: str) -> Pieces:
        whole = self.granularity == "document"
        inputs: list[Encoded] = []
        counts: list[int] = []
        remark = ""
        for sentence in [response] if whole else split_sentences(response):
            hypothesis = loaded.texts.bare(sentence)
            most = loaded.room - min(self.window, loaded.room // 2)
            if len(hypothesis) > most:
                hypothesis, remark = hypothesis[:most], f"a sentence of the response was truncated to {most} tokens"
            before = len(inputs)
            for premise in premises:
                room = loaded.room - len(hypothesis)
                if whole and len(premise) > room:
                    remark = remark or f"premise truncated: a pair has {loaded.texts.limit} tokens at most"
                width = room if whole else min(self.window, room)
                parts = [premise[:width]] if whole else windows(premise, width, min(self.overlap, width // 2))
                inputs.extend(Encoded(loaded.frame.join(part, hypothesis), extra=len(part)) for part in parts)
            counts.append(len(inputs) - before)
        return Pieces(tuple(inputs), remark, tuple(counts))

    def outputs(self, loaded: Reader, batch: Sequence[Encoded]) -> list[Any]:
        """float32 (2,) probability of entailment and of contradiction (0 where the model has no such label)."""
        import torch

        tokenizer = loaded.texts.tokenizer
        ids, mask = padded([one.ids for one in batch], tokenizer.pad_token_id or 0, loaded.model.device)
        inputs = {"input_ids": ids, "attention_mask": mask}
        if loaded.frame.types is not None:
            types = [
                loaded.frame.token_types(one.extra, len(one.ids) - one.extra - loaded.frame.specials) for one in batch
            ]
            inputs["token_type_ids"] = padded(types, 0, loaded.model.device)[0]
        probabilities = torch.softmax(loaded.model(**inputs).logits.float(), dim=-1).cpu().numpy()
        found = np.zeros((len(batch), 2), dtype=np.float32)
        found[:, 0] = probabilities[:, loaded.entailment]
        if loaded.contradiction >= 0:
            found[:, 1] = probabilities[:, loaded.contradiction]
        return list(found)

    def combine(self, loaded: Reader, outputs: list[Any], pieces: Pieces) -> Measured:
        """The best part of the premise for each sentence, then the sentences' mean or minimum."""
        values: list[float] = []
        start = 0
        for count in pieces.extra:
            entailed, contradicted = np.asarray(outputs[start : start + count], dtype=np.float64).max(axis=0)
            values.append(entailed if self.score == "entailment" else entailed - contradicted)
            start += count
        return float(np.mean(values) if self.aggregate == "mean" else np.min(values))


def label_places(labels: Mapping[int, str], target: str) -> tuple[int, int]:
    """Places of the labels for entailment and for contradiction (-1 where there is none), found by name.

    Models order their labels differently: contradiction, neutral, entailment; or entailment, neutral, contradiction; or
    contradiction, entailment, neutral; or entailment, not_entailment.

    Raises
    ------
    SpecError
        If no label, or more than one, is that of entailment.
    """
    folded = {place: label.strip().lower() for place, label in labels.items()}
    denied = ("not", "non", "no_", "no ")
    yes = [
        p for p, label in folded.items() if ("entail" in label or "support" in label) and not label.startswith(denied)
    ]
    no = [p for p, label in folded.items() if "contradict" in label or "refute" in label]
    if len(yes) != 1 or len(no) > 1:
        named = ", ".join(labels[place] for place in sorted(labels))
        raise SpecError(
            f"nli: which of the labels of {target} ({named}) is entailment? Say so in their order:"
            " labels=contradiction,neutral,entailment"
        )
    return yes[0], no[0] if no else -1
