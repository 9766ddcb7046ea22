"""Weights in 8 bits: one scale per output channel, computed with the activations' own format. Imports nothing of ours.

A weight w becomes round(w / s), where s is the largest weight of its row over 127, so that each is off by at most s / 2
and a row's output by at most s / 2 times the sum of the input's magnitudes. Needs no kernels of its own: whole numbers
up to 127 are exact in bfloat16, and the product is scaled afterwards.
"""

from __future__ import annotations

from typing import Any

__all__ = ["quantise"]


def quantise(module: Any) -> Any:
    """Replace every linear layer of a module by its 8-bit form, in place; embeddings and norms stay as they are."""
    import torch

    for name, child in list(module.named_children()):
        if type(child) is torch.nn.Linear:
            setattr(module, name, _int8_linear(child))
        else:
            quantise(child)
    return module


def _int8_linear(linear: Any) -> Any:
    import torch

    class Int8Linear(torch.nn.Module):
        """A linear layer whose weights are int8 (out, in) with float32 scales (out,)."""

        def __init__(self, source: torch.nn.Linear) -> None:
            super().__init__()
            weight = source.weight.detach().float()
            scale = weight.abs().amax(dim=1).clamp(min=torch.finfo(torch.float32).tiny) / 127
            self.weight: torch.Tensor
            self.scale: torch.Tensor
            self.bias: torch.Tensor | None
            self.register_buffer("weight", torch.round(weight / scale[:, None]).to(torch.int8))
            self.register_buffer("scale", scale)
            self.register_buffer("bias", None if source.bias is None else source.bias.detach().float())

        def forward(self, given: torch.Tensor) -> torch.Tensor:
            product = torch.nn.functional.linear(given, self.weight.to(given.dtype)).float() * self.scale
            return (product if self.bias is None else product + self.bias).to(given.dtype)

    return Int8Linear(linear)
