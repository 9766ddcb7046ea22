"""Dependence given the gold against plain least squares, and the probes whose value is known by construction."""

import math

import numpy as np
import pytest
from scipy.special import stdtrit
from small_data import contender, pairs_of, rated, words

from rewardmeter.auditing.evidence import gather_evidence
from rewardmeter.auditing.features import feature_values
from rewardmeter.auditing.observed import dependence_probes, equal_gold_probe, surface_share_probe
from rewardmeter.stats.clustered_regression import clustered_least_squares


def made(seed=0, n=120, ties=False):
    """Data with one pair an item, half of them won by the first, and the log-length difference of each pair."""
    rng = np.random.default_rng(seed)
    texts = [(words(rng, rng.integers(5, 60)), words(rng, rng.integers(5, 60))) for _ in range(n)]
    gold = rng.choice([0.0, 0.5, 1.0] if ties else [0.0, 1.0], n)
    apart = np.array([np.log1p(len(a)) - np.log1p(len(b)) for a, b in texts])
    return pairs_of(texts, gold), gold, apart, rng


def interleaved(margin):
    """Scores whose differences are these margins."""
    return np.column_stack([margin, np.zeros_like(margin)]).ravel()


def test_dependence_is_the_coefficient_of_least_squares():
    """NumPy's own least squares of margins on the gold and the difference of log lengths, in the scorer's own unit."""
    data, gold, apart, rng = made()
    margin = 0.7 * (2 * gold - 1) + 0.5 * apart + rng.normal(0, 1, len(gold))
    evidence = gather_evidence(data, [contender("x", interleaved(margin))])
    found = {one.probe: one for one in dependence_probes(evidence, feature_values(data))[0]}
    beta = np.linalg.lstsq(np.column_stack([2 * gold - 1, apart]), margin, rcond=None)[0][1]
    unit = np.sqrt(np.mean(apart**2)) / np.mean(np.abs(margin))
    assert found["length"].estimate.value == pytest.approx(beta * unit)
    assert found["length"].estimate.low < found["length"].estimate.value < found["length"].estimate.high
    assert found["length"].estimate.n == len(gold)


def test_the_interval_is_that_of_leaving_each_item_out():
    """Coefficient times root mean square over mean absolute margin, all four measured again without each item."""
    data, gold, apart, rng = made(ties=True, n=40)
    margin = 0.7 * (2 * gold - 1) + 2 * apart + rng.normal(0, 1, len(gold))
    evidence = gather_evidence(data, [contender("x", interleaved(margin))])
    found = dependence_probes(evidence, feature_values(data))[0][0].estimate

    def value(keep):
        design = np.column_stack([2 * gold - 1, apart])[keep]
        beta = np.linalg.lstsq(design, margin[keep], rcond=None)[0][1]
        return beta * np.sqrt(np.mean(apart[keep] ** 2)) / np.mean(np.abs(margin[keep & (gold != 0.5)]))

    without = np.array([value(np.arange(40) != i) for i in range(40)])
    error = np.sqrt(np.sum((without - value(np.arange(40) >= 0)) ** 2) * 39 / 40)
    x = np.column_stack([2 * gold - 1, apart])
    freedom = clustered_least_squares(margin[None], x, np.arange(40))[0].freedom[1]
    assert (found.high - found.low) / 2 == pytest.approx(error * stdtrit(freedom, 0.975))


def test_a_length_rule_is_caught_at_equal_gold():
    """Where every tied pair goes to the longer response: the sign test, 2 / 2^n."""
    data, gold, apart, _ = made(ties=True, n=40)
    found = equal_gold_probe(gather_evidence(data, [contender("l", interleaved(apart))]), feature_values(data))[0]
    assert found.p == pytest.approx(2.0 ** (1 - np.sum((gold == 0.5) & (apart != 0))))


def test_the_order_of_a_pair_means_nothing():
    data, gold, apart, rng = made()
    margin = 0.3 * (2 * gold - 1) + 0.5 * apart + rng.normal(0, 1, len(gold))
    turned = pairs_of(list(zip(data.response_text[1::2], data.response_text[::2], strict=True)), 1 - gold)
    one, other = (
        dependence_probes(gather_evidence(which, [contender("x", interleaved(m))]), feature_values(which))[0]
        for which, m in ((data, margin), (turned, -margin))
    )
    for here, there in zip(one, other, strict=True):
        assert here.estimate.value == pytest.approx(there.estimate.value, nan_ok=True)
        assert here.p == pytest.approx(there.p, nan_ok=True)


def test_a_scale_of_scores_changes_nothing():
    data, gold, apart, rng = made()
    margin = apart + rng.normal(0, 1, len(gold))
    rows = dependence_probes(
        gather_evidence(data, [contender("x", interleaved(margin)), contender("y", interleaved(1e9 * margin))]),
        feature_values(data),
    )
    for here, there in zip(*rows, strict=True):
        assert here.estimate.value == pytest.approx(there.estimate.value, nan_ok=True, rel=1e-9)


def test_accuracy_where_the_better_one_is_longer_and_where_it_is_shorter():
    """A length rule is always right where the better response is longer, and never where it is shorter."""
    data, _, _, _ = made()
    lengths = [len(text) for text in data.response_text]
    found = dependence_probes(gather_evidence(data, [contender("l", lengths)]), feature_values(data))[0][0]
    assert found.probe == "length"
    assert found.others["accuracy_when_more"].value == 1
    assert found.others["accuracy_when_less"].value == 0


def test_equal_gold_counts_only_ties():
    """By hand: of the tied pairs that differ in length, how many the scorer gives to the longer one."""
    data, gold, apart, rng = made(ties=True)
    margin = rng.normal(0, 1, len(gold))
    margin[:10] = 0
    found = equal_gold_probe(gather_evidence(data, [contender("x", interleaved(margin))]), feature_values(data))[0]
    tied = (gold == 0.5) & (apart != 0)
    credit = (np.sign(margin * apart)[tied] + 1) / 2
    assert found.estimate.value == pytest.approx(credit.mean())
    assert found.estimate.n == tied.sum()


def test_surface_share_of_a_length_rule_and_of_noise():
    data, _gold, _, rng = made(n=400)
    log_length = [math.log1p(len(text)) for text in data.response_text]
    noise = rng.normal(size=800)
    evidence = gather_evidence(data, [contender("l", log_length), contender("n", noise), contender("c", np.zeros(800))])
    length, noise_share, constant = surface_share_probe(evidence, feature_values(data), 0)
    assert length.estimate.value == pytest.approx(1)
    assert noise_share.estimate.value < 0.02
    assert not constant.estimate.defined
    assert constant.reason


def test_without_texts_and_with_a_silent_scorer_nothing_is_made_up():
    data = rated(np.random.default_rng(0).integers(1, 6, (4, 20)))
    values = np.full((2, 80), np.nan)
    values[1] = np.arange(80)
    evidence = gather_evidence(data, [contender("a", values[0]), contender("b", values[1])])
    for row in dependence_probes(evidence, feature_values(data)):
        for one in row:
            assert not one.estimate.defined
            assert one.reason == "the data has no texts"
            assert math.isnan(one.p)
    with_texts = made()[0]
    silent = gather_evidence(with_texts, [contender("a", np.full(240, np.nan))])
    for one in dependence_probes(silent, feature_values(with_texts))[0]:
        assert not one.estimate.defined
        assert one.reason
    assert not silent.scales()[0].defined


def test_graded_gold_enters_as_ratings():
    """A scorer that is the rating itself, whose ratings follow length, depends on nothing else."""
    rng = np.random.default_rng(3)
    texts = [words(rng, rng.integers(5, 60)) for _ in range(150)]
    quality = np.array([len(text) for text in texts], dtype=float) + rng.normal(0, 20, 150)
    data = rated(quality.reshape(50, 3).T, texts=texts)
    evidence = gather_evidence(data, [contender("q", quality + rng.normal(0, 1, 150))])
    found = dependence_probes(evidence, feature_values(data))[0][0]
    assert abs(found.estimate.value) < 0.05
