"""BERTScore (Zhang et al. 2020, "BERTScore: Evaluating Text Generation with BERT"): each token is matched with the most
similar token of the other text, by the cosine of their hidden states. May import `errors`, `types` and its neighbours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rewardmeter.errors import InputError, MissingDataError, SpecError, UnknownNameError
from rewardmeter.scorers.models.base import Encoded
from rewardmeter.scorers.models.bertscore_layers import best_layer
from rewardmeter.scorers.models.loading import is_folder, load_tokenizer
from rewardmeter.scorers.models.pieces import EMPTY_RESPONSE, Pieces, PieceScorer
from rewardmeter.scorers.models.texts import Texts, hidden_states, length_limit, load_encoder
from rewardmeter.scorers.pointwise import NO_REFERENCE, Measured, Unscored, usable_references
from rewardmeter.types import Item, Outcome

__all__ = ["BertScore", "matched", "truncate_layers"]

MEASURES = ("precision", "recall", "f1")
HELD_BYTES = 1 << 28
"""Of token embeddings at a time."""


@dataclass(frozen=True)
class Matcher:
    """A loaded model with what BERTScore needs besides: token weights and the baseline to rescale from."""

    model: Any
    texts: Texts
    leading_blank: bool
    weights: dict[int, float]
    unseen: float
    baseline: float

    def encode(self, text: str) -> Encoded:
        """Token ids of the text without white space at its ends, cut at the limit."""
        text = text.strip()
        ids, cut = self.texts.ids(f" {text}" if self.leading_blank else text)
        return Encoded(ids, f"text truncated to {self.texts.limit} tokens" if cut else "")

    def weigh(self, ids: Sequence[int]) -> NDArray[np.float64]:
        """(L,) weights of the tokens, as they are."""
        return np.array([self.weights.get(token, self.unseen) for token in ids])


@dataclass(frozen=True)
class BertScore(PieceScorer):
    """BERTScore's F1, precision or recall; the cosines that it averages are high for any two texts of a language.

    Weights of BERT's [CLS] and [SEP] are 0, though others may match them, as in the authors' program.

    Parameters
    ----------
    measure:
        f1, precision (of the response's tokens) or recall (of the reference's).
    layer:
        Hidden layer, 0 for the embeddings; None for the layer published for the model, and for models without one
        the last.
    idf:
        File of sentences, one a line, whose inverse document frequencies weigh the tokens. A file and not the
        references at hand: a score must not depend on what else is scored.
    baseline:
        File ``LAYER,P,R,F`` as the authors publish; scores become (score - b) / (1 - b), at most 1.
    max_length:
        Most tokens of a text; what is longer is cut, and the score's remark says so.
    """

    family: ClassVar[str] = "bertscore"
    reads: ClassVar[frozenset[str]] = frozenset({"response", "references"})

    measure: str = "f1"
    layer: int | None = None
    idf: str = ""
    baseline: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.measure not in MEASURES:
            raise UnknownNameError("measure of bertscore", self.measure, MEASURES)
        for file in (self.idf, self.baseline):
            if file and not Path(file).expanduser().is_file():
                raise MissingDataError(f"bertscore: there is no file {file}")

    def files_identity(self) -> tuple[str, ...]:
        """Hashes of the files of sentences and of the baseline."""
        files = [file for file in (self.idf, self.baseline) if file]
        return tuple(hashlib.blake2b(Path(file).expanduser().read_bytes(), digest_size=8).hexdigest() for file in files)

    def load(self, device: str) -> Matcher:
        """Weights of the layers that are needed, tokenizer, token weights, baseline."""
        where: dict[str, Any] = {
            "revision": self.model_revision or None,
            "trust_remote_code": self.trust_remote_code,
        }
        model = load_encoder(self.place, dtype=self.dtype, device=device, **where)
        layer = self.layer
        if layer is None and not is_folder(self.place):
            layer = best_layer(self.place)
        layer = truncate_layers(model, layer)
        tokenizer = load_tokenizer(self.place, **where)
        texts = Texts(tokenizer, length_limit(model.config, tokenizer, self.max_length))
        blank = bool({kind.__name__ for kind in type(tokenizer).__mro__} & {"RobertaTokenizer", "GPT2Tokenizer"})
        plain = Matcher(model, texts, blank, {}, 1.0, 0.0)
        weights, unseen = _inverse_frequencies(plain, self.idf) if self.idf else _no_weight_for_ends(tokenizer)
        level = _baseline(self.baseline, layer, self.measure) if self.baseline else 0.0
        return Matcher(model, texts, blank, weights, unseen, level)

    def held_tokens(self, loaded: Matcher) -> int:
        """So many tokens that their embeddings stay within `HELD_BYTES`."""
        return int(max(self.batch_tokens, HELD_BYTES // (4 * loaded.model.config.hidden_size)))

    def pieces(self, loaded: Matcher, item: Item) -> list[Pieces | Unscored]:
        """The response's text and the references."""
        references = tuple(loaded.encode(text) for text in usable_references(item))
        made: list[Pieces | Unscored] = []
        for response in item.responses:
            if not references:
                made.append(NO_REFERENCE)
            elif not response.text.strip():
                made.append(EMPTY_RESPONSE)
            else:
                mine = loaded.encode(response.text)
                remark = mine.remark or next((one.remark for one in references if one.remark), "")
                made.append(Pieces((mine, *references), remark))
        return made

    def outputs(self, loaded: Matcher, batch: Sequence[Encoded]) -> list[Any]:
        """For each text float32 (L, d) token embeddings of length 1 and their float64 (L,) weights."""
        import torch

        fill = loaded.texts.tokenizer.pad_token_id or 0
        hidden, _ = hidden_states(loaded.model, [one.ids for one in batch], fill)
        hidden = torch.nn.functional.normalize(hidden, dim=-1)
        return [(row[: len(one.ids)].clone(), loaded.weigh(one.ids)) for row, one in zip(hidden, batch, strict=True)]

    def combine(self, loaded: Matcher, outputs: list[Any], pieces: Pieces) -> Measured:
        """The best value over the references."""
        (mine, weights), *references = outputs
        if not weights.sum() > 0:
            return Unscored("no token of the response has a weight", Outcome.ABSTAINED)
        found = [
            matched(mine, weights, other, their_weights)[MEASURES.index(self.measure)]
            for other, their_weights in references
            if their_weights.sum() > 0
        ]
        if not found:
            return Unscored("no token of the references has a weight", Outcome.ABSTAINED)
        return (max(found) - loaded.baseline) / (1 - loaded.baseline)


def matched(
    mine: Any, weights: NDArray[np.float64], other: Any, other_weights: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Precision, recall and F1 of a response's against a reference's token embeddings, (L, d) and (K, d), length 1.

    The greatest cosine of each token, averaged by weight (equations of Zhang et al. 2020, section 3).
    """
    cosines = (mine @ other.T).double().cpu().numpy()
    precision = float(cosines.max(axis=1) @ weights / weights.sum())
    recall = float(cosines.max(axis=0) @ other_weights / other_weights.sum())
    total = precision + recall
    return precision, recall, 2 * precision * recall / total if total > 0 else 0.0


def truncate_layers(model: Any, layer: int | None) -> int:
    """Drop the layers above ``layer``, which nobody reads; the number of the last one that is left.

    Raises
    ------
    SpecError
        If the model has no such layer.
    """
    import torch

    config = model.config
    count = next(
        (getattr(config, name) for name in ("encoder_layers", "num_hidden_layers", "num_layers", "n_layers")
         if getattr(config, name, None)), None
    )  # fmt: skip
    if layer is None or layer == count:
        return int(count or 0)
    if count is None or not 0 <= layer <= count:
        raise SpecError(f"bertscore: layer={layer} must be from 0 to {count}, the layers of the model")
    if layer == 0 and config.model_type == "deberta-v2":
        raise SpecError("bertscore: layer=0 of a deberta-v2 cannot be read; take 1 or more")
    if config.model_type == "albert":  # all layers share their weights
        config.num_hidden_layers = layer
        return layer
    for parent in model.modules():
        for name, child in parent.named_children():
            if isinstance(child, torch.nn.ModuleList) and len(child) == count:
                setattr(parent, name, child[:layer])
                return layer
    raise SpecError(f"bertscore: the layers of a {config.model_type} were not found; leave layer= out")


def _no_weight_for_ends(tokenizer: Any) -> tuple[dict[int, float], float]:
    ends = (tokenizer.cls_token_id, tokenizer.sep_token_id)
    return {token: 0.0 for token in ends if token is not None}, 1.0


def _inverse_frequencies(matcher: Matcher, file: str) -> tuple[dict[int, float], float]:
    """log((n + 1) / (sentences with the token + 1)) by token, and what a token in none of them gets."""
    lines = Path(file).expanduser().read_text(encoding="utf-8").splitlines()
    sentences = [line for line in lines if line.strip()]
    counts: dict[int, int] = {}
    for sentence in sentences:
        for token in set(matcher.encode(sentence).ids):
            counts[token] = counts.get(token, 0) + 1
    if not sentences:
        raise InputError("no sentence in it", path=file, fix="Give one sentence a line.")
    n = len(sentences) + 1
    return {token: float(np.log(n / (count + 1))) for token, count in counts.items()}, float(np.log(n))


def _baseline(file: str, layer: int, measure: str) -> float:
    """The baseline of a layer from a file ``LAYER,P,R,F``."""
    column = {"precision": 1, "recall": 2, "f1": 3}[measure]
    lines = Path(file).expanduser().read_text(encoding="utf-8").split()
    for number, line in enumerate(lines[1:], start=2):
        cells = line.split(",")
        try:
            if int(cells[0]) == layer:
                return float(cells[column])
        except (ValueError, IndexError) as error:
            raise InputError(f"'{line}' is not LAYER,P,R,F", path=file, line=number) from error
    raise InputError(f"no baseline of layer {layer}", path=file, fix="Give the file that was made for this model.")
