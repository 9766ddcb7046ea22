"""Batches under a token budget: closed properties, checked on random lengths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardmeter.scorers.models.batching import padded_tokens, token_budget_batches

LENGTHS = st.lists(st.integers(0, 3_000), max_size=200)


@given(LENGTHS, st.integers(1, 10_000), st.integers(1, 64))
def test_every_input_is_in_one_batch_within_the_budget(lengths, budget, most) -> None:
    batches = token_budget_batches(lengths, budget, most=most)
    assert sorted(np.concatenate(batches).tolist() if batches else []) == list(range(len(lengths)))
    for batch in batches:
        assert 1 <= len(batch) <= most
        longest = max(1, max(lengths[i] for i in batch))
        assert len(batch) == 1 or longest * len(batch) <= budget


@given(LENGTHS, st.integers(1, 10_000))
def test_longest_first_and_equal_lengths_in_order(lengths, budget) -> None:
    order = [i for batch in token_budget_batches(lengths, budget) for i in batch.tolist()]
    assert order == sorted(range(len(lengths)), key=lambda i: (-max(1, lengths[i]), i))


def test_padding_is_next_to_nothing_on_mixed_lengths() -> None:
    lengths = np.clip(np.random.default_rng(0).lognormal(5.6, 0.8, 6_000), 50, 2_000).astype(int)
    file_order = [np.arange(start, min(start + 64, 6_000)) for start in range(0, 6_000, 64)]
    assert padded_tokens(lengths, token_budget_batches(lengths, 8_192)) / lengths.sum() < 1.02
    assert padded_tokens(lengths, file_order) / lengths.sum() > 3


def test_a_budget_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError):
        token_budget_batches([1], 0)
