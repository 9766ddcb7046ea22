"""A COMET checkpoint: where its files are, its hyperparameters, its weights. May import `errors` and `loading`.

A checkpoint is a folder (or hub repository) with ``hparams.yaml`` and ``checkpoints/model.ckpt``, a PyTorch Lightning
file that holds every weight, the encoder's too, and the hyperparameters it was built with. As unbabel-comet does,
``hparams.yaml`` says which class it is, and the hyperparameters inside the file say the rest.
"""

from __future__ import annotations

import functools
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewardmeter.errors import MissingDataError, SpecError
from rewardmeter.scorers.models.loading import is_folder, model_identity

__all__ = ["CLASSES", "Hyperparameters", "comet_identity", "find_file", "read_class", "read_weights"]

CLASSES = ("regression_metric", "referenceless_regression_metric", "unified_metric", "xcomet_metric")
"""The class identifiers that can be read."""

# What unbabel-comet 2.2.7 assumes where a checkpoint is silent.
_DEFAULTS: dict[str, Any] = {
    "encoder_model": "XLM-RoBERTa",
    "layer": "mix",
    "layer_norm": True,
    "pool": "avg",
    "hidden_sizes": (3_072, 1_024),
    "activations": "Tanh",
    "final_activation": None,
    "input_segments": ("mt", "src", "ref"),
    "word_level_training": False,
    "word_layer": 24,
}
_XCOMET_DEFAULTS = {
    "encoder_model": "XLM-RoBERTa-XL",
    "layer_norm": False,
    "hidden_sizes": (2_560, 1_280),
    "word_layer": 36,
}
_PRETRAINED = {
    "regression_metric": "xlm-roberta-large",
    "referenceless_regression_metric": "xlm-roberta-large",
    "unified_metric": "microsoft/infoxlm-large",
    "xcomet_metric": "facebook/xlm-roberta-xl",
}
_SEVERITIES = ["minor", "major", "critical"]


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """How the network of a checkpoint is built.

    Attributes
    ----------
    kind:
        One of `CLASSES`.
    encoder_model:
        BERT, XLM-RoBERTa, XLM-RoBERTa-XL, MiniLM or RemBERT.
    pretrained_model:
        Hub name of the encoder whose configuration and tokenizer are needed (not its weights).
    layer:
        ``"mix"`` for a learned mixture of all hidden states, or the number of one (0: the embeddings).
    sparse:
        The mixture's weights go through sparsemax, not softmax.
    layer_norm:
        Hidden states are normalised over the whole segment before they are mixed.
    pool:
        avg, max, cls or default: how a segment's tokens become one vector (dual encoders only).
    hidden_sizes, activations, final_activation:
        The feed-forward estimator.
    segments:
        What a unified model reads, of mt, src and ref.
    word_layer:
        Hidden state from which XCOMET reads error spans.
    """

    kind: str
    encoder_model: str
    pretrained_model: str
    layer: int | str
    sparse: bool
    layer_norm: bool
    pool: str
    hidden_sizes: tuple[int, ...]
    activations: str
    final_activation: str | None
    segments: frozenset[str]
    word_layer: int

    @property
    def joint(self) -> bool:
        """Whether response, source and reference go through the encoder as one sequence."""
        return self.kind in ("unified_metric", "xcomet_metric")

    @classmethod
    def read(cls, listed: Mapping[str, Any], inside: Mapping[str, Any], target: str) -> Hyperparameters:
        """From ``hparams.yaml`` and from the hyperparameters in the checkpoint, which count for more.

        Raises
        ------
        SpecError
            If the checkpoint is of a class that cannot be read.
        """
        kind = checked_class(listed, target)
        xcomet = kind == "xcomet_metric"
        said = {key: value for key, value in {**listed, **inside}.items() if key in inside or value is not None}
        given = {**_DEFAULTS, **(_XCOMET_DEFAULTS if xcomet else {}), **said}
        joint = kind in ("unified_metric", "xcomet_metric")
        if xcomet and list(given.get("error_labels", _SEVERITIES)) != _SEVERITIES:
            raise SpecError(f"{target}: XCOMET with the error labels {given['error_labels']} is not supported")
        transformation = given.get("layer_transformation", "sparsemax" if joint else "softmax")
        return cls(
            kind=kind,
            encoder_model=given["encoder_model"],
            pretrained_model=given.get("pretrained_model", _PRETRAINED[kind]),
            layer=given.get("sent_layer", "mix") if joint else given["layer"],
            # CometKiwi was trained with softmax although its file says sparsemax; its hparams.yaml marks that with
            # this value, and unbabel-comet >= 2.2.4 takes it as softmax.
            sparse=transformation == "sparsemax" and listed.get("layer_transformation") != "sparsemax_patch",
            layer_norm=bool(given["layer_norm"]),
            pool=given["pool"],
            hidden_sizes=tuple(int(size) for size in given["hidden_sizes"]),
            activations=given["activations"],
            final_activation=given["final_activation"],
            segments=frozenset(("mt", "src", "ref") if xcomet or not joint else given["input_segments"]),
            word_layer=int(given["word_layer"]),
        )


def checked_class(listed: Mapping[str, Any], target: str) -> str:
    """The class identifier of ``hparams.yaml``.

    Raises
    ------
    SpecError
        If there is none, or one that cannot be read.
    """
    kind = listed.get("class_identifier")
    if kind not in CLASSES:
        raise SpecError(
            f"comet:{target} is a checkpoint of class {kind!r}, which is not supported; there are: {', '.join(CLASSES)}"
        )
    return str(kind)


def find_file(target: str, name: str, revision: str = "") -> Path:
    """Path of a checkpoint's file; one of a hub repository is fetched where that is allowed.

    Raises
    ------
    MissingDataError
        If it is not on this machine and could not be fetched.
    """
    if is_folder(target):
        path = Path(target).expanduser() / name
        if not path.is_file():
            raise MissingDataError(
                f"there is no {name} in {target}; a COMET checkpoint is a folder with hparams.yaml and"
                " checkpoints/model.ckpt"
            )
        return path
    from huggingface_hub import constants

    return _from_hub(target, name, revision, str(constants.HF_HUB_CACHE))


@functools.lru_cache(maxsize=64)
def _from_hub(target: str, name: str, revision: str, cache: str) -> Path:
    """Asked for once in a process: a scorer says what it reads many times, and each look costs a request."""
    import huggingface_hub

    try:
        return Path(huggingface_hub.hf_hub_download(target, name, revision=revision or None, cache_dir=cache))
    except (OSError, ValueError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise MissingDataError(
            f"{name} of the model {target} could not be read: {first} Give a folder, or let it be fetched"
            " (HF_HUB_OFFLINE forbids that)."
        ) from error


def read_listed(target: str, revision: str = "") -> Mapping[str, Any]:
    """The content of ``hparams.yaml``.

    Raises
    ------
    SpecError
        If it is not a YAML mapping of plain values.
    """
    path = find_file(target, "hparams.yaml", revision)
    return _parse_yaml(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=32)
def _parse_yaml(path: Path, _changed: int) -> Mapping[str, Any]:
    import yaml  # type: ignore[import-untyped]

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SpecError(f"{path} is not plain YAML: {error}") from error
    if not isinstance(content, dict):
        raise SpecError(f"{path} holds no mapping of hyperparameters")
    return content


def read_class(target: str, revision: str = "") -> Hyperparameters:
    """What ``hparams.yaml`` says, without opening the weights: enough to know what the model reads."""
    return Hyperparameters.read(read_listed(target, revision), {}, target)


def read_weights(target: str, revision: str = "") -> tuple[Hyperparameters, dict[str, Any]]:
    """Hyperparameters and weights by name, on the CPU. No code in the file is run.

    Raises
    ------
    SpecError
        If the file holds more than tensors and plain values, or is no Lightning checkpoint.
    """
    import torch

    path = find_file(target, "checkpoints/model.ckpt", revision)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise SpecError(
            f"{path} holds more than tensors and plain values, and is not opened, because that could run code"
        ) from error
    except (RuntimeError, EOFError, OSError) as error:
        raise SpecError(f"{path} is not a whole PyTorch checkpoint: {error}") from error
    if not isinstance(content, dict) or "state_dict" not in content:
        raise SpecError(f"{path} is no Lightning checkpoint: it has no state_dict")
    inside = content.get("hyper_parameters", {})
    return Hyperparameters.read(read_listed(target, revision), inside, target), content["state_dict"]


def comet_identity(target: str, revision: str = "") -> str:
    """What tells this checkpoint from any other: the commit of a hub model, a hash of a folder."""
    if is_folder(target):
        return model_identity(target)
    return find_file(target, "hparams.yaml", revision).parent.name
