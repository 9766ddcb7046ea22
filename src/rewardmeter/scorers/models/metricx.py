"""MetricX, a translation metric that an mT5 encoder-decoder regresses in its first decoder step.

Juraska et al. 2023 (MetricX-23) and 2024 (MetricX-24); input formats, limits and the token whose logit is the
prediction are those of the published inference code (github.com/google-research/metricx). May import `errors`,
`pointwise` and its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers.models.base import Encoded
from rewardmeter.scorers.models.first_token import FirstToken, asked, load_first_token
from rewardmeter.scorers.models.loading import is_folder
from rewardmeter.scorers.models.shared import (
    Input,
    SharedInputs,
    check_several,
    encoded,
    join_references,
    plain,
    with_companion,
)
from rewardmeter.scorers.pointwise import NO_REFERENCE, Unscored, usable_references
from rewardmeter.types import FloatArray, Item, Response, Signature, prompt_text

__all__ = ["MetricX"]

_PREDICTION = 250_089  # mT5's <extra_id_10>
_WORST = 25.0
_TOKENIZER = "google/mt5-xl"
_LIMITS = {23: 1_024, 24: 1_536}
_FORMATS = {
    (23, "reference"): "candidate: {response} reference: {reference}",
    (23, "qe"): "candidate: {response} source: {source}",
    (24, "hybrid"): "source: {source} candidate: {response} reference: {reference}",
    (24, "reference"): "source:  candidate: {response} reference: {reference}",
    (24, "qe"): "source: {source} candidate: {response}",
}
_NO_SOURCE = Unscored("no prompt to be the source")


@dataclass(frozen=True)
class MetricX(SharedInputs):
    """Minus the predicted error score, in [-25, 0]: MetricX predicts MQM errors, 0 the best and 25 the worst.

    Parameters
    ----------
    version:
        23 or 24: the input format and the limit (1,024 or 1,536 tokens). 0 takes it from the checkpoint's name.
    mode:
        ``reference``, ``qe`` (source, no reference) or, in version 24, ``hybrid`` (both). By default what the name of
        the checkpoint says: version 23 has a model for each of the first two, version 24 is hybrid.
    several:
        ``best``, ``mean`` or ``first`` of the scores against several references.
    tokenizer:
        Folder or hub name of mT5's tokenizer; the published checkpoints have none. By default the checkpoint's folder
        if there is one in it, else google/mt5-xl.
    """

    family: ClassVar[str] = "metricx"

    version: int = 0
    mode: str = ""
    several: str = "best"
    tokenizer: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_several(self.family, self.several)
        modes = [mode for version, mode in _FORMATS if version == self._version]
        if self.mode and self.mode not in modes:
            raise UnknownNameError(f"mode of MetricX-{self._version}", self.mode, modes)

    @classmethod
    def dtypes(cls) -> tuple[str, ...]:
        """T5's activations overflow in float16."""
        return ("float32", "bfloat16")

    @property
    def _version(self) -> int:
        named = re.search(r"metricx-?(\d\d)", Path(self.target).name.lower())
        version = self.version or (int(named.group(1)) if named else 0)
        if version not in _LIMITS:
            raise SpecError(
                f"metricx:{self.target}: say which format it takes, version=23 or version=24; its name does not tell"
            )
        return version

    @property
    def _mode(self) -> str:
        if self.mode:
            return self.mode
        if self._version == 24:
            return "hybrid"
        return "qe" if "-qe" in Path(self.target).name.lower() else "reference"

    @property
    def reads(self) -> frozenset[str]:  # type: ignore[override]
        """The response and what the mode asks for."""
        more = {"reference": {"references"}, "qe": {"prompt"}, "hybrid": {"prompt", "references"}}
        return frozenset({"response"} | more[self._mode])

    def signature(self) -> Signature:
        """As of every model; a tokenizer's folder is told by its content."""
        return with_companion(super().signature(), tokenizer=self.tokenizer)

    def load(self, device: str) -> FirstToken:
        """The checkpoint, asked about its one token.

        Raises
        ------
        SpecError
            If its vocabulary is not mT5's.
        """
        loaded = load_first_token(
            self.target,
            tokenizer=self.tokenizer or ("" if _has_tokenizer(self.target) else _TOKENIZER),
            revision=self.model_revision,
            dtype=self.dtype,
            device=device,
            limit=self.max_length or _LIMITS[self._version],
            trust_remote_code=self.trust_remote_code,
        )
        if loaded.model.config.vocab_size <= _PREDICTION:
            raise SpecError(f"metricx:{self.target} has no token {_PREDICTION}; it is no MetricX checkpoint")
        return asked(loaded, (_PREDICTION,), alone=True)

    def encode(self, loaded: FirstToken, item: Item, response: Response) -> Encoded | Unscored:
        """The input of each reference, in the version's format and without the end token that mT5 expects."""
        wanted = self.reads
        if "prompt" in wanted and item.prompt is None:
            return _NO_SOURCE
        references: Sequence[str] = ("",)
        if "references" in wanted:
            references = usable_references(item)[: 1 if self.several == "first" else None]
            if not references:
                return NO_REFERENCE
        written = _FORMATS[self._version, self._mode]
        source = prompt_text(item.prompt)
        inputs, cut = [], False
        for reference in references:
            text = plain(written.format(source=source, response=response.text, reference=reference))
            ids = loaded.tokenizer(text, add_special_tokens=True, truncation=False, verbose=False)["input_ids"]
            if ids and ids[-1] == loaded.tokenizer.eos_token_id:
                ids = ids[:-1]
            # The published code cuts to the limit with the end token in it, and drops that token afterwards.
            cut = cut or len(ids) >= loaded.limit
            inputs.append(Input(tuple(ids[: loaded.limit - 1])))
        return encoded(inputs, f"truncated to {loaded.limit} tokens" if cut else "")

    def compute(self, loaded: FirstToken, inputs: Sequence[Input]) -> Sequence[float]:
        """The predicted error score of each input, clipped to [0, 25]."""
        return [float(one) for one in np.clip(loaded.logits(inputs)[:, 0], 0.0, _WORST)]

    def join(self, loaded: FirstToken, batch: Sequence[Encoded], known: Mapping[Input, Any]) -> FloatArray:
        """(n,) of minus the error scores."""
        return np.array([join_references(self.several, [0.0 - known[each] for each in one.extra]) for one in batch])


def _has_tokenizer(target: str) -> bool:
    folder = Path(target).expanduser()
    return is_folder(target) and any((folder / name).is_file() for name in ("tokenizer.json", "spiece.model"))
