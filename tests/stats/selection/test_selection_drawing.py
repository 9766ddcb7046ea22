"""Chances are known and never 0, and the weights undo them."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardmeter.stats.selection import design_weights, draw_items, fixed

NONE = np.zeros(4, dtype=bool)
WANTED = np.array([0.1, 0.5, 3.0, 0.0])


def orders(wanted, n, uniform):
    """Every ordered sample with its probability and the chances of its draws, by enumeration."""
    for order in permutations(range(len(wanted)), n):
        left, probability, chances = list(range(len(wanted))), 1.0, []
        for item in order:
            share = np.array([wanted[i] for i in left])
            share = np.full(len(left), 1 / len(left)) if share.sum() == 0 else share / share.sum()
            chance = uniform / len(left) + (1 - uniform) * share[left.index(item)]
            probability *= chance
            chances.append(chance)
            left.remove(item)
        yield order, probability, np.array(chances)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_weighted_mean_is_unbiased_by_enumeration(n):
    values = np.array([1.0, -2.0, 7.0, 0.5])
    found = list(orders(WANTED, n, 0.25))
    assert sum(probability for _, probability, _ in found) == pytest.approx(1, abs=1e-12)
    mean = sum(p * np.mean(design_weights(chances, 4) * values[list(order)]) for order, p, chances in found)
    assert mean == pytest.approx(values.mean(), abs=1e-12)


def test_the_plain_mean_is_not():
    values = np.array([1.0, -2.0, 7.0, 0.5])
    mean = sum(p * values[list(order)].mean() for order, p, _ in orders(WANTED, 2, 0.25))
    assert abs(mean - values.mean()) > 0.5


def test_the_weights_are_unbiased_where_chances_follow_the_labels():
    """The second draw's priorities depend on the first draw's label."""
    values = np.array([0.0, 1.0, 4.0])
    mean = 0.0
    for first in range(3):
        left = [i for i in range(3) if i != first]
        wanted = np.array([values[i] if values[first] > 0 else 1.0 + 5 * (i == 2) for i in left])
        chance = 0.25 / 2 + 0.75 * wanted / wanted.sum()
        for place, second in enumerate(left):
            weights = design_weights([1 / 3, chance[place]], 3)
            mean += chance[place] / 3 * np.mean(weights * values[[first, second]])
    assert mean == pytest.approx(values.mean(), abs=1e-12)


def test_chances_are_those_of_the_draws():
    rng = np.random.default_rng(0)
    drawn = [draw_items(NONE, 2, fixed(WANTED), rng, uniform=0.4) for _ in range(4000)]
    expected = {order: (p, chances) for order, p, chances in orders(WANTED, 2, 0.4)}
    count = dict.fromkeys(expected, 0)
    for one in drawn:
        order = tuple(one.item.tolist())
        count[order] += 1
        assert one.chance == pytest.approx(expected[order][1], abs=1e-12)
    for order, (p, _) in expected.items():
        assert count[order] / 4000 == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / 4000))


def test_priorities_are_asked_before_every_draw():
    seen = []

    def priority(taken):
        seen.append(taken.copy())
        return np.ones(4)

    drawn = draw_items(NONE, 3, priority, np.random.default_rng(0))
    assert [mask.sum() for mask in seen] == [0, 1, 2]
    assert np.flatnonzero(seen[2]).tolist() == sorted(drawn.item[:2].tolist())


@given(
    st.lists(st.sampled_from([0.0, 1e-300, 0.5, 1.0, 1e300, -1.0, float("nan")]), min_size=1, max_size=8),
    st.integers(0, 10),
    st.integers(0, 2**32),
)
def test_whatever_the_priorities(wanted, n, seed):
    size = len(wanted)
    taken = np.random.default_rng(seed).random(size) < 0.3
    drawn = draw_items(taken, n, fixed(wanted), np.random.default_rng(seed), uniform=0.2)
    assert len(drawn.item) == min(n, size - taken.sum())
    assert len(set(drawn.item.tolist())) == len(drawn.item)
    assert not taken[drawn.item].any()
    left = (size - taken.sum()) - np.arange(len(drawn.item))
    assert (drawn.chance >= 0.2 / left - 1e-12).all()
    assert (drawn.chance <= 1 + 1e-12).all()
    weights = design_weights(np.minimum(drawn.chance, 1), int(size - taken.sum()))
    assert (weights >= 0).all()
    assert (weights <= 1 / 0.2 + 1e-9).all()


def test_random_draws_and_an_empty_pool_weigh_one():
    assert design_weights(1 / (10 - np.arange(4)), 10) == pytest.approx(1, abs=1e-12)
    assert design_weights([0.9, 0.8, 1.0], 3) == pytest.approx(1, abs=1e-12)
    assert design_weights([np.nan, np.nan], 10).tolist() == [1, 1]
    assert design_weights([], 10).size == 0


def test_what_cannot_be_is_refused():
    rng = np.random.default_rng(0)
    for wrong in (
        lambda: draw_items(NONE, -1, fixed(WANTED), rng),
        lambda: draw_items(NONE, 1, fixed(WANTED), rng, uniform=0),
        lambda: draw_items(NONE, 1, fixed([1, 2]), rng),
        lambda: draw_items(NONE, 1, fixed([np.inf, 1, 1, 1]), rng),
        lambda: design_weights([0.5, 0.0], 4),
        lambda: design_weights([0.5, 0.5], 1),
    ):
        with pytest.raises(ValueError):
            wrong()
    assert draw_items(np.ones(4, dtype=bool), 3, fixed(WANTED), rng).item.size == 0
