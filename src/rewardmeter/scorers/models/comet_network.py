"""The networks of COMET checkpoints on a transformers encoder. May import `comet_checkpoint`, `shared`, `errors`.

Rei et al. 2020 (COMET), Rei et al. 2022 (CometKiwi), Wan et al. 2022 (UniTE), Guerreiro et al. 2023 (XCOMET). The
encoder is built from its configuration alone; every weight comes from the checkpoint.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rewardmeter.errors import SpecError
from rewardmeter.scorers.models.comet_checkpoint import Hyperparameters
from rewardmeter.scorers.models.loading import load_config, load_tokenizer, require_models
from rewardmeter.scorers.models.shared import Input, padded, plain
from rewardmeter.types import FloatArray

__all__ = ["CometNetwork", "build", "sparsemax"]

_ENCODER, _MIX, _ESTIMATOR, _TAGGER = "encoder.model.", "layerwise_attention.", "estimator.ff.", "hidden2tag."
_NOT_WEIGHTS = ("position_ids", "token_type_ids")
_SEPARATORS = {"BERT": 1, "XLM-RoBERTa": 2, "XLM-RoBERTa-XL": 2, "MiniLM": 2}
_MINILM_TOKENIZER = "xlm-roberta-base"


@dataclass
class CometNetwork:
    """A checkpoint ready to run.

    Attributes
    ----------
    limit:
        Most tokens of one segment, and of a joint sequence.
    """

    hparams: Hyperparameters
    encoder: Any
    tokenizer: Any
    estimator: Any
    mix: Any
    tagger: Any
    device: str
    limit: tuple[int, int]
    tokens: Any = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = functools.lru_cache(maxsize=4_096)(self._tokens)

    def _tokens(self, text: str) -> tuple[tuple[int, ...], bool]:
        ids = self.tokenizer(plain(text), add_special_tokens=True, truncation=False, verbose=False)["input_ids"]
        most = self.limit[0]
        return (tuple(ids), False) if len(ids) <= most else ((*ids[: most - 1], ids[-1]), True)

    def concatenated(self, segments: Sequence[tuple[int, ...]]) -> tuple[tuple[int, ...], bool]:
        """Segments as one sequence, ``<s> a </s></s> b </s>`` (one separator for BERT), and whether it was cut."""
        pad, separators = self.tokenizer.pad_token_id, _SEPARATORS[self.hparams.encoder_model]
        bare = [tuple(token for token in ids if token != pad) for ids in segments]
        first, last = bare[0][0], bare[0][-1]
        joined = [first, *bare[0][1:-1]]
        for ids in bare[1:]:
            joined += [*[last] * separators, *ids[1:-1]]
        joined.append(last)
        return tuple(joined[: self.limit[1]]), len(joined) > self.limit[1]

    def hidden_states(self, inputs: Sequence[Input]) -> tuple[Any, Any, Sequence[Any]]:
        """Token ids (n, t), mask (n, t) and the hidden states, each (n, t, width): the embeddings and every layer."""
        ids, mask = padded(inputs, self.tokenizer.pad_token_id, self.device)
        more = {}
        if self.hparams.encoder_model == "BERT" and self.hparams.joint:
            import torch

            starts = torch.tensor([one.marked for one in inputs], device=self.device)
            more["token_type_ids"] = (torch.arange(ids.shape[1], device=self.device)[None, :] >= starts[:, None]).long()
        out = self.encoder(input_ids=ids, attention_mask=mask, output_hidden_states=True, return_dict=True, **more)
        return ids, mask, out.hidden_states

    def token_vectors(self, states: Sequence[Any], mask: Any) -> Any:
        """(n, t, width) in float32: one layer's, or the learned mixture of all."""
        if self.mix is None:
            return states[int(self.hparams.layer)].float()
        mixed = 0
        for weight, state in zip(self.mix, states, strict=True):
            if weight:  # sparsemax leaves most layers out
                whole = state.float()
                mixed = mixed + weight * (_normalised(whole, mask) if self.hparams.layer_norm else whole)
        return mixed

    def embeddings(self, inputs: Sequence[Input]) -> list[FloatArray]:
        """A vector (width,) per segment."""
        ids, mask, states = self.hidden_states(inputs)
        if self.hparams.pool == "default":
            pooled = states[-1][:, 0].float()
        else:
            vectors = self.token_vectors(states, mask)
            outside = ids.eq(self.tokenizer.pad_token_id).unsqueeze(-1)
            if self.hparams.pool == "cls":
                pooled = vectors[:, 0]
            elif self.hparams.pool == "max":
                pooled = vectors.masked_fill(outside, float("-inf")).max(dim=1).values
            else:
                pooled = vectors.masked_fill(outside, 0.0).sum(dim=1) / mask.sum(dim=1, keepdim=True)
        return [row.copy() for row in pooled.cpu().numpy()]

    def estimates(self, features: FloatArray) -> FloatArray:
        """(n,) of the feed-forward estimator for features (n, width)."""
        import torch

        rows = torch.as_tensor(np.asarray(features, dtype=np.float32), device=self.device)
        return np.asarray(self.estimator(rows).view(-1).double().cpu().numpy())

    def readings(self, inputs: Sequence[Input]) -> list[tuple[float, FloatArray | None]]:
        """Of each joint sequence the estimate, and for XCOMET (marked, labels) probabilities of the first tokens."""
        _, mask, states = self.hidden_states(inputs)
        sentences = self.token_vectors(states, mask)[:, 0]
        scores = self.estimator(sentences).view(-1).double().cpu().numpy()
        if self.tagger is None:
            return [(float(score), None) for score in scores]
        tags = self.tagger(states[self.hparams.word_layer].float()).softmax(dim=-1).cpu().numpy()
        return [
            (float(score), tags[row, : one.marked].copy())
            for row, (score, one) in enumerate(zip(scores, inputs, strict=True))
        ]


def _normalised(state: Any, mask: Any) -> Any:
    """The state (n, t, width) with mean 0 and variance 1 over all numbers of a segment, padding left out."""
    inside = mask.float().unsqueeze(-1)
    count = (inside.sum(dim=(1, 2)) * state.shape[-1]).view(-1, 1, 1)
    mean = (state * inside).sum(dim=(1, 2), keepdim=True) / count
    variance = (((state - mean) * inside) ** 2).sum(dim=(1, 2), keepdim=True) / count
    return (state - mean) / (variance + 1e-12).sqrt()


def sparsemax(values: FloatArray) -> FloatArray:
    """Projection of (n,) numbers onto the probability simplex (Martins and Astudillo 2016, algorithm 1)."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))[::-1]
    above = (np.cumsum(ordered) - 1) / np.arange(1, len(ordered) + 1)
    threshold = above[np.flatnonzero(ordered > above)[-1]]
    return np.asarray(np.maximum(values - threshold, 0.0))


def build(
    hparams: Hyperparameters,
    weights: Mapping[str, Any],
    *,
    encoder: str,
    dtype: str,
    device: str,
    max_length: int,
    trust_remote_code: bool,
) -> CometNetwork:
    """The network with the checkpoint's weights on its device; encoder in ``dtype``, everything after it in float32.

    Raises
    ------
    SpecError
        If the configuration does not fit the weights, or asks for something unknown.
    """
    import torch

    require_models("the scorer comet")
    if hparams.encoder_model not in _SEPARATORS:
        raise SpecError(
            f"comet: the encoder kind {hparams.encoder_model} is not supported; there are: {', '.join(_SEPARATORS)}"
        )
    name = encoder or hparams.pretrained_model
    config = load_config(name, trust_remote_code=trust_remote_code)
    minilm = hparams.encoder_model == "MiniLM" and not encoder
    model = _encoder(config, _part(weights, _ENCODER), name)
    longest = config.max_position_embeddings - 2
    limit = (longest - 2, longest)
    if max_length:
        limit = (min(limit[0], max_length), min(limit[1], max_length))
    tagger = None
    if hparams.kind == "xcomet_metric":
        tagger = torch.nn.Linear(config.hidden_size, 4)
        _fill(tagger, _part(weights, _TAGGER), "the span tagger")
        tagger = tagger.float().eval().to(device)
    return CometNetwork(
        hparams,
        model.to(device=device, dtype=getattr(torch, dtype)),
        _tokenizer(hparams, config, _MINILM_TOKENIZER if minilm else name, trust_remote_code),
        _estimator(hparams, config.hidden_size, _part(weights, _ESTIMATOR)).to(device),
        _mixture(hparams, _part(weights, _MIX), config.num_hidden_layers + 1),
        tagger,
        device,
        limit,
    )


def _tokenizer(hparams: Hyperparameters, config: Any, name: str, trust_remote_code: bool) -> Any:
    """The encoder's tokenizer, once it is sure that it is of the encoder's kind and size."""
    tokenizer = load_tokenizer(name, trust_remote_code=trust_remote_code)
    kind = type(tokenizer).__name__
    # MiniLM has BERT's configuration and XLM-R's tokenizer; a folder that does not say so is read as BERT's.
    if kind.startswith("Bert") != (hparams.encoder_model == "BERT"):
        raise SpecError(f"comet: {name} brings a {kind}, which is not the tokenizer of {hparams.encoder_model}")
    if len(tokenizer) > config.vocab_size:
        raise SpecError(
            f"comet: the tokenizer of {name} has {len(tokenizer):,} tokens, its model {config.vocab_size:,}"
        )
    return tokenizer


def _part(weights: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {key[len(prefix) :]: value for key, value in weights.items() if key.startswith(prefix)}


def _fill(module: Any, weights: Mapping[str, Any], what: str) -> None:
    """Load weights; every one must be there and fit."""
    try:
        module.load_state_dict(weights, strict=True, assign=True)
    except RuntimeError as error:
        raise SpecError(f"comet: the checkpoint's weights do not fit {what}: {error}") from error


def _encoder(config: Any, weights: dict[str, Any], name: str) -> Any:
    import torch

    transformers: Any = require_models("the scorer comet")
    # The pooler is not used (and not always there); position ids are a constant that old files carry along.
    kept = {
        key: value
        for key, value in weights.items()
        if not key.startswith("pooler.") and key.rpartition(".")[2] not in _NOT_WEIGHTS
    }
    with torch.device("meta"):  # no memory, no random numbers: every weight is the checkpoint's
        model = transformers.AutoModel.from_config(config, add_pooling_layer=False)
    _fill(model, kept, f"the encoder {name}")
    for place, buffer in list(model.named_buffers()):
        if buffer.is_meta:
            owner, _, last = place.rpartition(".")
            model.get_submodule(owner).register_buffer(last, _constant(last, buffer.shape), persistent=False)
    return model.eval()


def _constant(name: str, shape: Sequence[int]) -> Any:
    """The value of a buffer that checkpoints do not carry."""
    import torch

    if name == "position_ids":
        return torch.arange(shape[-1]).expand(tuple(shape))
    if name == "token_type_ids":
        return torch.zeros(tuple(shape), dtype=torch.long)
    raise SpecError(f"comet: the encoder has a constant {name} that is not known")


def _estimator(hparams: Hyperparameters, width: int, weights: dict[str, Any]) -> Any:
    from torch import nn

    inputs = width * {"regression_metric": 6, "referenceless_regression_metric": 4}.get(hparams.kind, 1)
    layers: list[Any] = []
    for size in hparams.hidden_sizes:
        layers += [nn.Linear(inputs, size), _activation(hparams.activations), nn.Dropout()]
        inputs = size
    layers.append(nn.Linear(inputs, 1))
    if hparams.final_activation is not None:
        layers.append(_activation(hparams.final_activation))
    estimator = nn.Sequential(*layers)
    _fill(estimator, weights, "the estimator")
    return estimator.float().eval()


def _activation(name: str) -> Any:
    from torch import nn

    if not hasattr(nn, name.title()):
        raise SpecError(f"comet: the checkpoint asks for an activation {name}, which PyTorch does not have")
    return getattr(nn, name.title())()


def _mixture(hparams: Hyperparameters, weights: dict[str, Any], layers: int) -> list[float] | None:
    """Weight of each hidden state, the factor gamma included; None where one layer is taken."""
    if hparams.layer != "mix":
        if not isinstance(hparams.layer, int) or not 0 <= hparams.layer < layers:
            raise SpecError(f"comet: the checkpoint asks for layer {hparams.layer} of {layers} hidden states")
        return None
    try:
        raw = np.array([float(weights[f"scalar_parameters.{i}"]) for i in range(layers)])
        gamma = float(weights["gamma"])
    except KeyError as error:
        raise SpecError(f"comet: the checkpoint has no weight {error} for the mixture of {layers} layers") from error
    shares = sparsemax(raw) if hparams.sparse else np.exp(raw - raw.max()) / np.exp(raw - raw.max()).sum()
    return [float(share) for share in gamma * shares]
