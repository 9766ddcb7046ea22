"""Weights in 8 bits: the bound of the error is a closed form, checked on random layers."""

from __future__ import annotations

import numpy as np
import pytest
import tiny
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reward_items import items

from rewardmeter.scorers.models.int8 import quantise
from rewardmeter.scoring import make_scorer


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 40), st.integers(1, 40), st.booleans(), st.integers(0, 1_000), st.sampled_from([1e-20, 1.0, 1e10])
)
def test_a_rows_error_is_within_its_bound(width, height, bias, seed, size) -> None:
    """|y - y'| <= s / 2 sum |x|, s = max |w| / 127 of the row, plus float32 rounding."""
    torch.manual_seed(seed)
    linear = torch.nn.Linear(width, height, bias=bias)
    linear.weight.data *= size
    given_input = torch.randn(5, width)
    with torch.inference_mode():
        exact = torch.nn.functional.linear(given_input.double(), linear.weight.double(), None)
        found = quantise(torch.nn.Sequential(linear))(given_input).double()
        if bias:
            exact = exact + linear.bias.double()
    scale = linear.weight.abs().amax(dim=1).double() / 127
    sums = given_input.abs().sum(dim=1, keepdim=True).double()
    rounding = 1e-5 * (sums * 127 * scale + (linear.bias.abs().max() if bias else 0))
    assert bool(((found - exact).abs() <= sums * scale / 2 + rounding).all())


def test_a_row_of_zeros_and_exact_weights() -> None:
    linear = torch.nn.Linear(3, 2, bias=False)
    linear.weight.data = torch.tensor([[0.0, 0.0, 0.0], [127.0, -3.0, 64.0]])
    found = quantise(torch.nn.Sequential(linear))(torch.eye(3))
    assert found.T.tolist() == [[0.0, 0.0, 0.0], [127.0, -3.0, 64.0]]


@pytest.mark.parametrize("kind", ["llama", "qwen3", "gemma2"])
def test_a_whole_model_stays_near_and_keeps_its_head(tmp_path, kind) -> None:
    folder = tiny.classifier(tmp_path / kind, kind)
    given_items = items(2, n=10)
    exact = make_scorer(f"hf:{folder}")(given_items).values
    scorer = make_scorer(f"hf:{folder}?dtype=int8")
    coarse = scorer(given_items).values
    half = make_scorer(f"hf:{folder}?dtype=bfloat16")(given_items).values
    # 8-bit weights come on top of bfloat16 activations; on random weights both are of the same size.
    assert np.abs(coarse - exact).max() < 0.15
    assert np.abs(half - exact).max() < 0.15
    assert np.corrcoef(exact, coarse)[0, 1] > 0.99
    loaded = scorer.loaded()
    linears = [m for m in loaded.body.module.modules() if type(m).__name__ == "Int8Linear"]
    assert linears
    assert not any(type(m) is torch.nn.Linear for m in loaded.body.module.modules())
    assert all(m.weight.dtype == torch.int8 for m in linears)
    assert loaded.head.weight.dtype == torch.float32
