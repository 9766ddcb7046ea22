"""Calibration errors against scikit-learn, row-by-row definitions and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardmeter.stats.reliability import (
    Binning,
    brier_losses,
    brier_score,
    expected_calibration_error,
    log_loss,
    log_losses,
    reliability_bins,
)

calibration_curve = pytest.importorskip("sklearn.calibration").calibration_curve
brier_score_loss = pytest.importorskip("sklearn.metrics").brier_score_loss
sklearn_log_loss = pytest.importorskip("sklearn.metrics").log_loss

BINNINGS: tuple[Binning, ...] = ("equal_width", "equal_mass")


def drawn(n: int = 3000, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.beta(0.7, 0.5, n)
    return p, (rng.random(n) < p**1.5).astype(int), rng.exponential(1, n)


def slow_bins(p: list[float], w: list[float], bins: int, binning: str) -> list[int]:
    """The bin of each row by the definition."""
    if binning == "equal_width":
        return [max(1, math.ceil(x * bins)) - 1 for x in p]
    total = sum(w)
    ends = []
    for m in range(1, bins):
        enough = [x for x in sorted(p) if sum(v for q, v in zip(p, w, strict=True) if q <= x) * bins >= m * total]
        ends.append(enough[0])
    return [sum(x > end for end in ends) for x in p]


def slow_ece(p: list[float], y: list[float], w: list[float], bins: int, binning: str) -> float:
    place = slow_bins(p, w, bins, binning)
    error = 0.0
    for m in range(bins):
        rows = [i for i in range(len(p)) if place[i] == m]
        mass = sum(w[i] for i in rows)
        if mass > 0:
            apart = sum(w[i] * y[i] for i in rows) / mass - sum(w[i] * p[i] for i in rows) / mass
            error += mass / sum(w) * abs(apart)
    return error


rows = st.lists(
    st.tuples(st.integers(0, 64).map(lambda k: k / 64), st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 4)),
    min_size=1,
    max_size=25,
).filter(lambda made: any(w for _, _, w in made))


@given(rows, st.integers(1, 8), st.sampled_from(BINNINGS))
def test_ece_is_the_definition_and_weights_are_copies(
    made: list[tuple[float, float, int]], bins: int, binning: Binning
) -> None:
    p, y, w = (list(column) for column in zip(*made, strict=True))
    value = expected_calibration_error(p, y, w, bins=bins, binning=binning)
    assert value == pytest.approx(slow_ece(p, y, w, bins, binning), abs=1e-12)
    copies = [np.repeat(column, w) for column in (p, y)]
    assert value == pytest.approx(expected_calibration_error(*copies, bins=bins, binning=binning), abs=1e-12)


@pytest.mark.parametrize(("binning", "strategy"), [("equal_width", "uniform"), ("equal_mass", "quantile")])
@pytest.mark.parametrize("bins", [1, 10, 15])
def test_bins_are_those_of_scikit_learn(binning: Binning, strategy: str, bins: int) -> None:
    p, y, _ = drawn()  # 3000 rows divide by the bins, where both rules for quantiles cut at the same rows
    frequency, probability = calibration_curve(y, p, n_bins=bins, strategy=strategy)
    found = reliability_bins(p, y, bins=bins, binning=binning)
    filled = found.count > 0
    np.testing.assert_allclose(found.frequency[filled], frequency, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.probability[filled], probability, rtol=0, atol=1e-12)
    assert found.count.sum() == p.size
    value = float((found.weight * np.abs(found.frequency - found.probability))[filled].sum() / p.size)
    assert expected_calibration_error(p, y, bins=bins, binning=binning) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_brier_and_log_loss_are_those_of_scikit_learn(weighted: bool) -> None:
    p, y, w = drawn()
    weight = w if weighted else None
    assert brier_score(p, y, weight) == pytest.approx(brier_score_loss(y, p, sample_weight=weight), abs=1e-12)
    assert log_loss(p, y, weight) == pytest.approx(sklearn_log_loss(y, p, sample_weight=weight), abs=1e-12)


def test_closed_forms() -> None:
    assert expected_calibration_error([0.8] * 5, [1, 1, 1, 1, 0]) == pytest.approx(0.0, abs=1e-15)
    assert expected_calibration_error([0.9] * 4, [1, 0, 1, 0]) == pytest.approx(0.4)
    assert brier_score([0.5, 0.5], [0, 1]) == 0.25
    assert log_loss([0.5, 0.5], [0, 1]) == pytest.approx(math.log(2))
    # At its own probability a share costs its entropy.
    assert log_loss([0.25], [0.25]) == pytest.approx(-0.25 * math.log(0.25) - 0.75 * math.log(0.75))


def test_ends_belong_to_the_lower_bin() -> None:
    found = reliability_bins([0.0, 0.1, 0.2, 0.3, 0.5, 0.9, 1.0], [0, 1, 0, 1, 0, 1, 1], bins=10)
    assert found.count.tolist() == [2, 1, 1, 0, 1, 0, 0, 0, 1, 1]
    assert np.isnan(found.frequency[3])
    assert found.high[-1] == 1.0


def test_equal_probabilities_share_a_bin_of_equal_mass() -> None:
    found = reliability_bins([0.2] * 7 + [0.6, 0.8, 0.9], [0] * 7 + [1] * 3, bins=5, binning="equal_mass")
    assert found.count.tolist() == [7, 0, 0, 1, 2]
    assert found.low.tolist() == [0.2, 0.2, 0.2, 0.2, 0.6]
    assert found.high.tolist() == [0.2, 0.2, 0.2, 0.6, 0.9]


@pytest.mark.parametrize("label", [0.0, 1.0])
@pytest.mark.parametrize("binning", BINNINGS)
def test_one_class_is_no_special_case(label: float, binning: Binning) -> None:
    p = np.linspace(0.05, 0.95, 19)
    y = np.full(19, label)
    # All gaps have one sign, so bins do not matter.
    assert expected_calibration_error(p, y, bins=4, binning=binning) == pytest.approx(abs(label - 0.5))
    assert brier_score(p, y) == pytest.approx(float(np.mean((p - label) ** 2)))


def test_certainties() -> None:
    assert log_loss([0.0, 1.0], [0, 1]) == 0.0
    assert brier_score([0.0, 1.0], [0, 1]) == 0.0
    assert expected_calibration_error([0.0, 1.0], [0, 1]) == 0.0
    assert log_loss([0.0, 0.5], [1, 1]) == math.inf
    assert log_loss([1.0], [0.5]) == math.inf
    assert log_loss([0.0, 0.5], [1, 1], [0.0, 2.0]) == pytest.approx(math.log(2))
    assert log_loss([0.0], [1], clip=1e-6) == pytest.approx(-math.log(1e-6))
    assert not np.signbit(log_losses([1.0], [1])).any()


@pytest.mark.parametrize("empty", [([], [], None), ([np.nan, 0.3], [1, np.nan], None), ([0.3], [1], [0.0])])
def test_nothing_to_judge_is_undefined(empty: tuple[list[float], list[float], list[float] | None]) -> None:
    assert math.isnan(brier_score(*empty))
    assert math.isnan(log_loss(*empty))
    for binning in BINNINGS:
        assert math.isnan(expected_calibration_error(*empty, binning=binning))
        assert np.isnan(reliability_bins(*empty, binning=binning).frequency).all()


def test_missing_rows_do_not_count() -> None:
    p, y, w = drawn(200)
    holes_p, holes_y = p.copy(), y.astype(float)
    holes_p[::7], holes_y[3::11] = np.nan, np.nan
    there = ~(np.isnan(holes_p) | np.isnan(holes_y))
    for binning in BINNINGS:
        with_holes = expected_calibration_error(holes_p, holes_y, w, binning=binning)
        assert with_holes == expected_calibration_error(p[there], y[there], w[there], binning=binning)
    assert brier_score(holes_p, holes_y, w) == brier_score(p[there], y[there], w[there])
    assert np.array_equal(np.isnan(log_losses(holes_p, holes_y)), ~there)
    assert np.array_equal(np.isnan(brier_losses(holes_p, holes_y)), ~there)


@pytest.mark.parametrize("binning", BINNINGS)
def test_order_of_rows_does_not_matter(binning: Binning) -> None:
    p, y, w = drawn(500)
    p = np.round(p, 1)
    order = np.random.default_rng(2).permutation(p.size)
    value = expected_calibration_error(p, y, w, binning=binning)
    assert value == pytest.approx(expected_calibration_error(p[order], y[order], w[order], binning=binning), abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0.5, 1.2], [0, 1]), {}, r"probability must lie in \[0, 1\]; row 1 has 1.2"),
        (([0.5, 0.2], [0, -1]), {}, r"label must lie in \[0, 1\]; row 1 has -1"),
        (([0.5], [0, 1]), {}, r"shapes \(1,\) and \(2,\)"),
        (([0.5], [0], [-1.0]), {}, "row 0 has -1"),
        (([0.5], [0], [math.nan]), {}, "row 0 has nan"),
        (([0.5], [0], [1.0, 1.0]), {}, "weight must be"),
        (([0.5], [0]), {"bins": 0}, "bins must be 1 or more; got 0"),
        (([0.5], [0]), {"binning": "adaptive"}, "binning must be one of equal_width, equal_mass"),
    ],
)
def test_bad_input_is_named(arguments: tuple[object, ...], options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expected_calibration_error(*arguments, **options)


def test_clip_must_leave_room() -> None:
    with pytest.raises(ValueError, match="clip must lie in"):
        log_loss([0.5], [1], clip=0.5)
