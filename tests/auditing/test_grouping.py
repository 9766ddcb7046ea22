"""Pooled, by item and given the system: scorers that know the item or the system alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_data import contender, pairs_of, rated

from rewardmeter.auditing.evidence import gather_evidence
from rewardmeter.auditing.grouping import between_items_share, grouping_probes
from rewardmeter.comparison.measure import make_resampling


def probes(values, human):
    data = rated(human)
    flat = np.asarray(values, dtype=float).T.ravel()
    evidence = gather_evidence(data, [contender("x", flat)])
    resampling, _ = make_resampling(data.n_items, 200, 0.95, 0)
    return {one.probe: one for one in grouping_probes(evidence, resampling)[0]}


def human(seed=0, systems=6, items=60):
    rng = np.random.default_rng(seed)
    skill, ease = rng.normal(size=(systems, 1)), rng.normal(size=(1, items))
    return skill + ease + rng.normal(size=(systems, items)), skill, ease


def test_a_scorer_of_the_source_alone_has_nothing_within_items():
    """The sentinel of Perrella et al. 2024: pooled correlation, and by item none to speak of."""
    gold, _, ease = human()
    found = probes(np.broadcast_to(ease, gold.shape), gold)["by item"]
    assert not found.estimate.defined
    assert found.reason
    assert not found.alarm
    assert found.others["pearson_pooled"].low > 0.3
    assert found.others["share_between_items"].value == pytest.approx(1)


def test_a_scorer_of_the_system_alone_has_nothing_given_the_system():
    gold, skill, _ = human()
    rng = np.random.default_rng(1)
    found = probes(skill + 0.01 * rng.normal(size=gold.shape), gold)["given the system"]
    assert found.others["pearson_pooled"].low > 0.15
    assert found.p < 0.05
    assert found.estimate.high < 0.1


def test_a_good_scorer_raises_no_alarm():
    gold, _, _ = human()
    found = probes(gold + 0.3 * np.random.default_rng(2).normal(size=gold.shape), gold)
    assert all(one.estimate.low > 0.5 for one in found.values())


def test_preferences_have_no_groups():
    data = pairs_of([("a", "bb"), ("cc", "d")], [1, 0])
    assert grouping_probes(
        gather_evidence(data, [contender("x", [1, 2, 3, 4])]), make_resampling(2, 0, 0.95, 0)[0]
    ) == [[]]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_the_parts_of_the_covariance_add_up(seed):
    """Brute force: covariance of item means weighted by their sizes, over the pooled covariance."""
    rng = np.random.default_rng(seed)
    item = np.repeat(np.arange(8), rng.integers(1, 5, 8))
    x, y = rng.normal(size=(2, len(item))) + np.array([[1.0], [2.0]]) * rng.normal(size=8)[item]
    means = np.array([[v[item == i].mean() for i in item] for v in (x, y)])
    between = np.sum((means[0] - x.mean()) * (means[1] - y.mean()))
    found = between_items_share(x, y, item)
    assert found.value == pytest.approx(between / np.sum((x - x.mean()) * (y - y.mean())))


def test_the_interval_is_the_jackknife():
    rng = np.random.default_rng(0)
    item = np.repeat(np.arange(12), 3)
    x = rng.normal(size=36) + rng.normal(size=12)[item]
    y = x + rng.normal(size=36)
    found = between_items_share(x, y, item)
    without = np.array([between_items_share(x[item != i], y[item != i], item[item != i]).value for i in range(12)])
    error = np.sqrt(np.sum((without - found.value) ** 2) * 11 / 12)
    assert found.high - found.value == pytest.approx(1.959964 * error, rel=1e-5)


def test_undefined_shares():
    assert not between_items_share(np.ones(9), np.arange(9.0), np.repeat(np.arange(3), 3)).defined
    assert not between_items_share(np.arange(4.0), np.arange(4.0), np.array([0, 0, 1, 1])).defined
    assert not between_items_share(np.full(9, np.nan), np.arange(9.0), np.repeat(np.arange(3), 3)).defined
