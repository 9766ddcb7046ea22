"""The paired bootstrap against data written out resample by resample, and published regression values."""

from __future__ import annotations

import itertools
import math
import warnings

import numpy as np
import pytest
from scipy import stats

from rewardmeter.stats.correlation import correlate
from rewardmeter.stats.resampling import percentile_interval
from rewardmeter.stats.significance import Counts, bootstrap_differences, bootstrap_values, draw_counts
from rewardmeter.stats.ties import acc_eq

CORRELATIONS = ("pearson", "spearman", "kendall_b")
SEGMENT = [f"segment.{name}{grouping}" for name in CORRELATIONS for grouping in ("", ".item", ".system")]
SYSTEM = [f"system.{name}" for name in (*CORRELATIONS, "pairwise_accuracy")]
EVERY = [*SEGMENT, "segment.acc_eq.item", *SYSTEM]


def scipy_value(name: str, x: np.ndarray, y: np.ndarray) -> float:
    if len(x) < 2 or np.ptp(x) < 1e-12 or np.ptp(y) < 1e-12:
        return math.nan
    if name != "pearson":
        x, y = np.round(x, 11), np.round(y, 11)
    functions = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall_b": stats.kendalltau}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(functions[name](x, y)[0])


def written_out(statistic: str, x: np.ndarray, y: np.ndarray, systems: np.ndarray, items: np.ndarray, epsilon: float):
    """The statistic of the data with rows and columns copied; accuracies leave out pairs of copies of one system."""
    level, name, *grouping = statistic.split(".")
    x, y = x[np.ix_(systems, items)], y[np.ix_(systems, items)]
    there = ~(np.isnan(x) | np.isnan(y))
    if level == "system":
        if not there.any(axis=1).all():
            return math.nan
        means = [np.array([row[mask].mean() for row, mask in zip(side, there, strict=True)]) for side in (x, y)]
        return pairwise(*means, systems) if name == "pairwise_accuracy" else scipy_value(name, *means)
    groups = {(): [(x.ravel(), y.ravel(), there.ravel(), systems)]}
    groups["item",] = [(a, b, mask, systems) for a, b, mask in zip(x.T, y.T, there.T, strict=True)]
    groups["system",] = [(a, b, mask, items) for a, b, mask in zip(x, y, there, strict=True)]
    values = []
    for a, b, mask, label in groups[tuple(grouping)]:
        if name == "acc_eq":
            values.append(pairwise(a[mask], b[mask], label[mask], epsilon))
        else:
            values.append(scipy_value(name, a[mask], b[mask]))
    defined = [value for value in values if not math.isnan(value)]
    return float(np.mean(defined)) if defined else math.nan


def pairwise(x: np.ndarray, y: np.ndarray, label: np.ndarray, epsilon: float = 1e-12) -> float:
    right = [
        (0 if abs(x[i] - x[j]) <= epsilon else np.sign(x[i] - x[j]))
        == (0 if abs(y[i] - y[j]) < 1e-12 else np.sign(y[i] - y[j]))
        for i, j in itertools.combinations(range(len(x)), 2)
        if label[i] != label[j]
    ]
    return float(np.mean(right)) if right else math.nan


def order(counts: np.ndarray | None, draw: int, size: int) -> np.ndarray:
    return np.arange(size) if counts is None else np.repeat(np.arange(size), counts[draw])


@pytest.fixture(scope="module")
def ragged() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    gold = rng.integers(0, 4, (5, 9)).astype(float)
    scores = np.stack([(gold + noise * rng.normal(size=gold.shape)).round(1) for noise in (0.5, 1.5)])
    scores[0, 1, 2] = scores[1, 3, 4] = gold[0, 5] = np.nan
    gold[:, 8] = np.nan
    return scores, gold


@pytest.mark.parametrize("over", ["items", "systems", "both"])
@pytest.mark.parametrize("statistic", EVERY)
def test_a_resample_is_the_data_with_rows_and_columns_copied(ragged, statistic, over) -> None:
    scores, gold = ragged
    counts = draw_counts(gold.shape, 25, over, np.random.default_rng(2))
    found = bootstrap_values(scores, gold, counts, statistic=statistic, epsilon=0.45)
    for k, row in enumerate(scores):
        for draw in range(25):
            systems, items = order(counts.systems, draw, 5), order(counts.items, draw, 9)
            expected = written_out(statistic, row, gold, systems, items, 0.45)
            assert found[draw, k] == pytest.approx(expected, abs=1e-11, nan_ok=True)


def nlpstats_counts(random: np.random.RandomState, shape: tuple[int, int], resamples: int, over: str) -> Counts:
    """The draws of nlpstats.correlations.bootstrap, in its order: rows first, then columns."""
    systems, items = (np.zeros((resamples, size), dtype=np.int64) for size in shape)
    for k in range(resamples):
        if over != "items":
            systems[k] = np.bincount(random.choice(shape[0], shape[0]), minlength=shape[0])
        if over != "systems":
            items[k] = np.bincount(random.choice(shape[1], shape[1]), minlength=shape[1])
    return Counts(None if over == "systems" else items, None if over == "items" else systems)


@pytest.mark.parametrize(
    ("seed", "runs"),
    [
        (
            3,
            [
                ("segment.pearson", "systems", 9999, 0.95, -0.8660254037844388, 0.39735970711951324),
                ("segment.pearson", "systems", 9999, 0.90, -0.5773502691896258, 0.32732683535398865),
                ("segment.pearson", "items", 9999, 0.95, -0.9449111825230679, 0.0),
                ("segment.pearson", "both", 9999, 0.95, -1.0, 1.0),
            ],
        ),
        (
            4,
            [
                ("system.pearson", "both", 9999, 0.95, -0.5297912355172001, 0.5460669817957821),
                ("segment.spearman.item", "items", 100, 0.95, -0.04338807692307692, 0.05723730769230765),
                ("segment.kendall_b", "systems", 9999, 0.95, -0.0347037143864372, 0.028916791839461616),
            ],
        ),
    ],
)
def test_the_regression_values_of_nlpstats(seed, runs) -> None:
    # tests/correlations/bootstrap_test.py of danieldeutsch/nlpstats, its tests of one seed one after the other.
    random = np.random.RandomState(seed)
    if seed == 3:
        x = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]])
        y = np.array([[5.0, 2, 7], [1, 7, 3], [4, 2, 2]])
    else:
        x, y = random.rand(25, 50), random.rand(25, 50)
    for statistic, over, resamples, level, low, high in runs:
        draws = bootstrap_values(x[None], y, nlpstats_counts(random, x.shape, resamples, over), statistic=statistic)
        ends = percentile_interval(draws[:, 0], level)
        assert (float(ends[0]), float(ends[1])) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize("statistic", EVERY)
def test_differences_and_intervals_belong_to_the_same_draws(ragged, statistic) -> None:
    scores, gold = ragged
    # A scorer with the same missing cells as the first, so that both have all their cells in common.
    scores = np.stack([scores[0], scores[0] ** 3 + np.sin(7 * scores[0])])
    made = bootstrap_differences(
        scores, gold, statistic=statistic, rng=np.random.default_rng(3), resamples=300, epsilon=0.3
    )
    counts = draw_counts(gold.shape, 300, "items", np.random.default_rng(3))
    draws = bootstrap_values(scores, gold, counts, statistic=statistic, epsilon=0.3)
    low, high = percentile_interval(draws[:, 0] - draws[:, 1])
    assert (made.low[0, 1], made.high[0, 1]) == pytest.approx((float(low), float(high)))
    assert (made.low[1, 0], made.high[1, 0]) == pytest.approx((-float(high), -float(low)))
    everything = Counts(np.ones((1, 9), dtype=int), None)
    value = bootstrap_values(scores, gold, everything, statistic=statistic, epsilon=0.3)[0]
    assert made.difference[0, 1] == pytest.approx(value[0] - value[1], abs=1e-12)
    assert 0 < made.p[0, 1] <= 1
    assert np.isnan(np.diagonal(made.low)).all()


def test_values_without_resampling_are_the_statistics_themselves(ragged) -> None:
    scores, gold = ragged
    everything = Counts(np.ones((1, 9), dtype=int), None)
    for name, grouping in itertools.product(CORRELATIONS, ("pooled", "item", "system")):
        statistic = f"segment.{name}" if grouping == "pooled" else f"segment.{name}.{grouping}"
        value = correlate(scores, gold, statistic=name, grouping=grouping).value
        assert bootstrap_values(scores, gold, everything, statistic=statistic)[0] == pytest.approx(value, abs=1e-12)
    value = acc_eq(scores, gold, epsilon=0.3).accuracy
    found = bootstrap_values(scores, gold, everything, statistic="segment.acc_eq.item", epsilon=0.3)[0]
    assert found == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("over", ["items", "systems"])
def test_bca_is_scipys(over) -> None:
    # scipy.stats.bootstrap resamples whole columns (items) or rows; the same draws are not at hand, so many are made.
    rng = np.random.default_rng(4)
    gold = rng.normal(size=(12, 30))
    scores = np.stack([gold + noise * rng.normal(size=gold.shape) for noise in (0.7, 1.3)])
    made = bootstrap_differences(
        scores, gold, statistic="segment.pearson.item", rng=rng, over=over, resamples=8000, interval="bca"
    )

    def difference(chosen: np.ndarray) -> float:
        chosen = chosen.astype(int)
        cells = (slice(None), chosen) if over == "items" else (chosen, slice(None))
        both = (np.stack([row[cells] for row in scores]), gold[cells])
        value = correlate(*both, statistic="pearson", grouping="item").value
        return value[0] - value[1]

    units = (np.arange(30 if over == "items" else 12),)
    expected = stats.bootstrap(units, difference, n_resamples=3000, vectorized=False, rng=rng, method="BCa")
    ends = expected.confidence_interval
    width = ends.high - ends.low
    assert made.low[0, 1] == pytest.approx(ends.low, abs=0.06 * width)
    assert made.high[0, 1] == pytest.approx(ends.high, abs=0.06 * width)


def test_identical_scorers_do_not_differ_and_constant_ones_have_no_value(ragged) -> None:
    scores, gold = ragged
    scores = np.stack([scores[0], scores[0], np.full(gold.shape, 2.0)])
    made = bootstrap_differences(scores, gold, statistic="segment.kendall_b.item", rng=np.random.default_rng(5))
    assert made.difference[0, 1] == made.low[0, 1] == made.high[0, 1] == 0
    assert made.p[0, 1] == 1
    assert np.isnan(made.difference[0, 2])
    assert np.isnan(made.low[0, 2])
    assert np.isnan(made.p[0, 2])
    assert made.undefined[0, 2] == 1000


def test_order_of_scorers_does_not_matter_and_one_item_is_no_sample(ragged) -> None:
    scores, gold = ragged
    one, other = (
        bootstrap_differences(part, gold, statistic="segment.pearson", rng=np.random.default_rng(6), over="both")
        for part in (scores, scores[::-1])
    )
    assert one.low[0, 1] == pytest.approx(other.low[1, 0])
    assert one.difference[0, 1] == pytest.approx(other.difference[1, 0])
    single = bootstrap_differences(
        scores[:, :, :1], gold[:, :1], statistic="segment.pearson.item", rng=np.random.default_rng(7), resamples=20
    )
    assert single.low[0, 1] == pytest.approx(single.difference[0, 1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"statistic": "segment.taub"}, "no statistic of ratings"),
        ({"over": "raters"}, "over must be"),
        ({"over": "both", "interval": "bca"}, "bca over items or systems"),
        ({"interval": "normal"}, "interval must be"),
        ({"statistic": "segment.acc_eq.item", "epsilon": -1.0}, "epsilon"),
        ({"statistic": "segment.acc_eq"}, "no bootstrap of"),
        ({"statistic": "system.soft_pairwise_accuracy"}, "no bootstrap of"),
        ({"level": 1.0}, "level"),
    ],
)
def test_bad_input_gets_one_clear_error(ragged, options, message) -> None:
    scores, gold = ragged
    with pytest.raises(ValueError, match=message):
        bootstrap_differences(
            scores, gold, rng=np.random.default_rng(0), **({"statistic": "segment.pearson", "resamples": 8} | options)
        )


def test_counts_that_do_not_fit_are_refused(ragged) -> None:
    scores, gold = ragged
    with pytest.raises(ValueError, match="counts must be"):
        bootstrap_values(scores, gold, Counts(np.ones((3, 4), dtype=int), None), statistic="segment.pearson")
