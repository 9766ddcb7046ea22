"""How a sentence-embedding checkpoint is laid out: transformer, pooling, dense layers, normalisation.

The layout is sentence-transformers' (``modules.json`` and a folder per module); its package is not needed to read it. A
checkpoint without ``modules.json`` is a transformer with mean pooling, as there. May import `errors` and its
neighbours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewardmeter.errors import MissingDataError, SpecError
from rewardmeter.scorers.models.loading import is_folder

__all__ = ["POOLINGS", "Dense", "Layout", "model_file", "pool", "read_layout"]

POOLINGS = ("mean", "cls", "lasttoken", "max", "mean_sqrt_len_tokens", "weightedmean")
_LEGACY = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_ACTIVATIONS = ("Identity", "Tanh", "ReLU", "GELU", "SiLU", "Sigmoid")


@dataclass(frozen=True)
class Dense:
    """A linear layer with an activation after pooling: (out, in) weight, (out,) bias or None."""

    weight: Any
    bias: Any
    activation: str


@dataclass(frozen=True)
class Layout:
    """What makes a text's hidden states its embedding.

    Attributes
    ----------
    folder:
        Subfolder of the transformer; empty for the checkpoint's own.
    limit:
        Most tokens as the checkpoint states it; 0 where it does not.
    lower:
        Whether texts are lowered first.
    poolings:
        Of `POOLINGS`; the results of several are joined end to end.
    after:
        `Dense` layers and the word ``normalize``, in order.
    prefix:
        Text that the checkpoint puts before every input unasked.
    """

    folder: str = ""
    limit: int = 0
    lower: bool = False
    poolings: tuple[str, ...] = ("mean",)
    after: tuple[Dense | str, ...] = ()
    prefix: str = ""


def model_file(place: str, name: str, revision: str | None = None) -> Path | None:
    """A file of a checkpoint, from its folder or the hub's cache; None where it has no such file.

    Raises
    ------
    MissingDataError
        If nobody can say whether the hub's checkpoint has it.
    """
    if is_folder(place):
        file = Path(place).expanduser() / name
        return file if file.is_file() else None
    from transformers.utils.hub import cached_file

    try:
        found = cached_file(place, name, revision=revision, _raise_exceptions_for_missing_entries=False)
    except OSError as error:
        raise MissingDataError(f"{name} of the model {place} could not be read: {error}") from error
    return Path(found) if found else None


def read_layout(place: str, revision: str | None = None) -> Layout:
    """The layout that a checkpoint states.

    Raises
    ------
    SpecError
        If it holds a module that is not known here.
    """
    modules = _json(place, "modules.json", revision)
    if modules is None:
        return Layout(**_transformer(place, "", revision))
    fields: dict[str, Any] = {"poolings": (), "after": ()}
    for module in modules:
        kind, folder = str(module["type"]).rpartition(".")[2], str(module.get("path", ""))
        if kind == "Transformer":
            fields |= _transformer(place, folder, revision)
        elif kind == "Pooling":
            fields["poolings"] = _poolings(_json(place, f"{folder}/config.json", revision) or {}, place)
        elif kind == "Dense":
            fields["after"] += (_dense(place, folder, revision),)
        elif kind == "Normalize":
            fields["after"] += ("normalize",)
        else:
            raise SpecError(f"the checkpoint {place} has a module of the kind {kind}, which embedding: cannot run")
    if not fields["poolings"]:
        raise SpecError(f"the checkpoint {place} has no pooling: it gives no embedding of a text")
    return Layout(**fields)


def _json(place: str, name: str, revision: str | None) -> Any:
    file = model_file(place, name.lstrip("/"), revision)
    if file is None:
        return None
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SpecError(f"{name} of the model {place} is no JSON: {error}") from error


def _transformer(place: str, folder: str, revision: str | None) -> dict[str, Any]:
    stated = _json(place, f"{folder}/sentence_bert_config.json", revision) or {}
    prompts = _json(place, "config_sentence_transformers.json", revision) or {}
    name = prompts.get("default_prompt_name")
    return {
        "folder": folder,
        "limit": int(stated.get("max_seq_length") or 0),
        "lower": bool(stated.get("do_lower_case")),
        "prefix": str((prompts.get("prompts") or {}).get(name) or "") if name else "",
    }


def _poolings(stated: Mapping[str, Any], place: str) -> tuple[str, ...]:
    named = stated.get("pooling_mode") or [mode for key, mode in _LEGACY.items() if stated.get(key)] or "mean"
    modes = (named,) if isinstance(named, str) else tuple(named)
    for mode in modes:
        if mode not in POOLINGS:
            raise SpecError(f"the checkpoint {place} pools by '{mode}'; known are {', '.join(POOLINGS)}")
    return modes


def _dense(place: str, folder: str, revision: str | None) -> Dense:
    import torch

    stated = _json(place, f"{folder}/config.json", revision) or {}
    activation = str(stated.get("activation_function", "Tanh")).rpartition(".")[2]
    if activation not in _ACTIVATIONS or stated.get("use_residual"):
        raise SpecError(f"the dense layer {folder} of {place} has an activation or residual that is not known here")
    file = model_file(place, f"{folder}/model.safetensors", revision)
    if file is not None:
        from safetensors.torch import load_file

        weights = load_file(file)
    else:
        file = model_file(place, f"{folder}/pytorch_model.bin", revision)
        if file is None:
            raise MissingDataError(f"the dense layer {folder} of {place} has no weights")
        weights = torch.load(file, map_location="cpu", weights_only=True)
    return Dense(weights["linear.weight"].float(), weights.get("linear.bias"), activation)


def pool(hidden: Any, mask: Any, poolings: Sequence[str]) -> Any:
    """(n, d × poolings) vectors from float (n, L, d) hidden states, padded on the right, and (n, L) mask."""
    import torch

    rows = torch.arange(len(hidden), device=hidden.device)
    lengths = mask.sum(dim=1)
    real = mask.unsqueeze(-1).to(hidden.dtype)
    pooled = []
    for mode in poolings:
        if mode == "cls":
            pooled.append(hidden[:, 0])
        elif mode == "lasttoken":
            pooled.append(hidden[rows, lengths - 1])
        elif mode == "max":
            pooled.append(hidden.masked_fill(real == 0, -torch.inf).amax(dim=1))
        elif mode == "weightedmean":
            weights = real * torch.arange(1, hidden.shape[1] + 1, device=hidden.device).view(1, -1, 1)
            pooled.append((hidden * weights).sum(dim=1) / weights.sum(dim=1))
        else:
            divisor = lengths.unsqueeze(-1).to(hidden.dtype)
            pooled.append((hidden * real).sum(dim=1) / (divisor if mode == "mean" else divisor.sqrt()))
    return torch.cat(pooled, dim=1)
