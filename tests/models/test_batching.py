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


@given(LENGTHS, st.integers(1, 10_000), st.integers(0, 3_000))
def test_what_stands_beside_each_input_counts(lengths, budget, beside) -> None:
    batches = token_budget_batches(lengths, budget, beside=beside)
    assert sorted(np.concatenate(batches).tolist() if batches else []) == list(range(len(lengths)))
    for batch in batches:
        longest = max(1, max(lengths[i] for i in batch))
        assert len(batch) == 1 or (longest + beside) * len(batch) <= budget


@given(LENGTHS, st.integers(1, 10_000))
def test_a_batch_with_enough_in_it_takes_no_much_shorter_input(lengths, budget) -> None:
    for batch in token_budget_batches(lengths, budget):
        sizes = np.maximum(np.array(lengths)[batch], 1)
        short = sizes < 0.85 * sizes[0]
        # What is much shorter than the longest was taken in only to bring the batch to an eighth of its budget.
        assert not short.any() or int(short.argmax()) * int(sizes[0]) * 8 < budget


def test_padding_is_next_to_nothing_on_mixed_lengths() -> None:
    lengths = np.clip(np.random.default_rng(0).lognormal(5.6, 0.8, 6_000), 50, 2_000).astype(int)
    file_order = [np.arange(start, min(start + 64, 6_000)) for start in range(0, 6_000, 64)]
    assert padded_tokens(lengths, token_budget_batches(lengths, 8_192)) / lengths.sum() < 1.02
    assert padded_tokens(lengths, file_order) / lengths.sum() > 3


def test_a_budget_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError):
        token_budget_batches([1], 0)
