"""COMET metrics, from unbabel-comet's checkpoints but without unbabel-comet. May import `pointwise`, its neighbours.

The prompt is the source segment, the response the translation. Four classes are read: the reference-based and the
referenceless regression of COMET (Rei et al. 2020), unified models (CometKiwi, UniTE), and XCOMET's sentence score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rewardmeter.errors import SpecError
from rewardmeter.scorers.models.base import Encoded
from rewardmeter.scorers.models.comet_checkpoint import Hyperparameters, comet_identity, read_class, read_weights
from rewardmeter.scorers.models.comet_network import CometNetwork, build
from rewardmeter.scorers.models.shared import (
    Input,
    SharedInputs,
    check_several,
    encoded,
    join_references,
    with_companion,
)
from rewardmeter.scorers.pointwise import NO_REFERENCE, Unscored, usable_references
from rewardmeter.types import FloatArray, Item, Response, Signature, prompt_text

__all__ = ["Comet", "error_points"]

_NO_SOURCE = Unscored("no prompt to be the source")
# XCOMET's constants (Guerreiro et al. 2023, and xcomet_metric.py): shares of the readings response+source,
# response+reference and all three in the tags and in the score, and of the spans in the score.
_TAG_SHARES = (0.1667, 0.3333, 0.5)
_SCORE_SHARES = (0.12, 0.33, 0.33)
_SPAN_SHARE = 0.22
_POINTS = (0, 1, 5, 10)


@dataclass(frozen=True)
class Comet(SharedInputs):
    """A COMET checkpoint; the score's range is the checkpoint's (about 0 to 1 for those since 2022).

    Parameters
    ----------
    encoder:
        Folder or hub name of the encoder's configuration and tokenizer (its weights are not needed); by default the
        one that the checkpoint names.
    several:
        ``best``, ``mean`` or ``first`` of the scores against several references. COMET itself takes one.
    reference_free:
        Models that read source and reference (unified ones, XCOMET) are given the source alone.
    """

    family: ClassVar[str] = "comet"

    encoder: str = ""
    several: str = "best"
    reference_free: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_several(self.family, self.several)
        listed = read_class(self.target, self.model_revision)
        if self.reference_free and not (listed.joint and "src" in listed.segments):
            raise SpecError(f"comet:{self.target} ({listed.kind}) cannot be run with reference_free=true")

    @property
    def reads(self) -> frozenset[str]:  # type: ignore[override]
        """What the checkpoint's class and input segments ask for."""
        listed = read_class(self.target, self.model_revision)
        wanted = {"response"}
        if "src" in listed.segments:
            wanted.add("prompt")
        if self._with_references(listed):
            wanted.add("references")
        return frozenset(wanted)

    def _with_references(self, hparams: Hyperparameters) -> bool:
        if hparams.kind == "referenceless_regression_metric" or self.reference_free:
            return False
        return "ref" in hparams.segments

    def signature(self) -> Signature:
        """As of every model; the checkpoint is told by its commit or its content, and so is the encoder's folder."""
        return with_companion(super().signature(), encoder=self.encoder)

    def identity(self) -> str:
        """The checkpoint's commit, or a hash of its folder."""
        return comet_identity(self.target, self.model_revision)

    def load(self, device: str) -> CometNetwork:
        """The network; weights come from the checkpoint alone.

        Raises
        ------
        SpecError
            If the checkpoint reads something else than its ``hparams.yaml`` says, or does not fit its encoder.
        """
        hparams, weights = read_weights(self.target, self.model_revision)
        if hparams.segments != read_class(self.target, self.model_revision).segments:
            raise SpecError(
                f"comet:{self.target}: hparams.yaml and the checkpoint disagree on input_segments; write"
                f" {sorted(hparams.segments)} into hparams.yaml if the checkpoint is right"
            )
        return build(
            hparams,
            weights,
            encoder=self.encoder,
            dtype=self.dtype,
            device=device,
            max_length=self.max_length,
            trust_remote_code=self.trust_remote_code,
        )

    def encode(self, loaded: CometNetwork, item: Item, response: Response) -> Encoded | Unscored:
        """The segments, or the joint sequences, of a response; each segment is cut as COMET cuts it."""
        hparams = loaded.hparams
        texts = [response.text]
        if "src" in hparams.segments:
            if item.prompt is None:
                return _NO_SOURCE
            texts.append(prompt_text(item.prompt))
        references: Sequence[str] = ()
        if self._with_references(hparams):
            references = usable_references(item)[: 1 if self.several == "first" else None]
            if not references:
                return NO_REFERENCE
        segments, cuts = zip(*(loaded.tokens(text) for text in (*texts, *references)), strict=True)
        if not hparams.joint:
            return encoded([Input(ids) for ids in segments], _cut(any(cuts), loaded.limit[0]))
        return self._encode_joint(loaded, segments[: len(texts)], segments[len(texts) :], any(cuts))

    def _encode_joint(
        self,
        loaded: CometNetwork,
        read: Sequence[tuple[int, ...]],
        references: Sequence[tuple[int, ...]],
        cut: bool,
    ) -> Encoded:
        """Response with source, response with reference, and all three, as far as the model reads them."""
        marked = len(read[0])
        groups: list[Sequence[tuple[int, ...]]] = [read] if len(read) == 2 else []
        for reference in references:
            groups.append((read[0], reference))
            if len(read) == 2:
                groups.append((*read, reference))
        joined = [loaded.concatenated(group) for group in groups]
        remark = _cut(cut or any(shortened for _, shortened in joined), loaded.limit[1])
        return encoded([Input(ids, marked) for ids, _ in joined], remark)

    def compute(self, loaded: CometNetwork, inputs: Sequence[Input]) -> Sequence[Any]:
        """Sentence vectors of segments, or estimates (and tags) of joint sequences."""
        return loaded.readings(inputs) if loaded.hparams.joint else loaded.embeddings(inputs)

    def join(self, loaded: CometNetwork, batch: Sequence[Encoded], known: Mapping[Input, Any]) -> FloatArray:
        """(n,) scores."""
        said = [[known[each] for each in one.extra] for one in batch]
        if not loaded.hparams.joint:
            return self._estimated(loaded, said)
        rule = _xcomet if loaded.hparams.kind == "xcomet_metric" else _mean_reading
        sourced = "src" in loaded.hparams.segments
        return np.array([join_references(self.several, [rule(r) for r in _by_reference(one, sourced)]) for one in said])

    def _estimated(self, loaded: CometNetwork, said: Sequence[Sequence[FloatArray]]) -> FloatArray:
        """Regression on the vectors of response, source and each reference."""
        rows: list[FloatArray] = []
        owners: list[int] = []
        for owner, (response, source, *references) in enumerate(said):
            features: list[tuple[FloatArray, ...]]
            if loaded.hparams.kind == "referenceless_regression_metric":
                features = [(response, source, response * source, abs(response - source))]
            else:
                features = [
                    (response, r, response * r, abs(response - r), response * source, abs(response - source))
                    for r in references
                ]
            rows += [np.concatenate(one) for one in features]
            owners += [owner] * len(features)
        values = loaded.estimates(np.stack(rows))
        grouped: list[list[float]] = [[] for _ in said]
        for owner, value in zip(owners, values, strict=True):
            grouped[owner].append(float(value))
        return np.array([join_references(self.several, one) for one in grouped])


def _by_reference(readings: Sequence[Any], sourced: bool) -> list[list[Any]]:
    """Readings of one response sorted by reference: source, reference, both; the source's is the same for all."""
    if not sourced:
        return [[one] for one in readings]
    first, *others = readings
    return [[first, *others[i : i + 2]] for i in range(0, len(others), 2)] or [[first]]


def _mean_reading(readings: Sequence[tuple[float, Any]]) -> float:
    """A unified model's score: the mean of its readings."""
    return float(np.mean([score for score, _ in readings]))


def _xcomet(readings: Sequence[tuple[float, FloatArray]]) -> float:
    """XCOMET's score: readings cut at 1 and weighted, and the points of the error spans that they agree on."""
    scores = [min(score, 1.0) for score, _ in readings]
    if len(readings) == 1:
        regression, tags = scores[0] * sum(_SCORE_SHARES), readings[0][1]
    else:
        regression = float(np.dot(_SCORE_SHARES, scores))
        tags = np.sum([share * one for share, (_, one) in zip(_TAG_SHARES, readings, strict=True)], axis=0)
    return regression + _SPAN_SHARE * (25 - error_points(tags.argmax(axis=1).tolist())) / 25


def error_points(labels: Sequence[int]) -> int:
    """Points of the error spans in a row of labels (0 none, 1 minor, 2 major, 3 critical), 25 at most.

    A span is a run of labels that are not 0 and counts as its first label says: 1, 5 or 10 points. A run that reaches
    the end is not counted, as in unbabel-comet.
    """
    points = first = 0
    for label in labels:
        if label and not first:
            first = label
        elif not label and first:
            points, first = points + _POINTS[first], 0
    return min(points, 25)


def _cut(cut: bool, limit: int) -> str:
    return f"truncated to {limit} tokens" if cut else ""
