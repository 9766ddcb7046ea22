"""Bradley-Terry and Davidson: against scikit-learn, scipy's optimiser, closed forms and the explicit design matrix."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from rewardmeter.stats.ranking import bradley_terry, davidson, relative_difference

LogisticRegression = pytest.importorskip("sklearn.linear_model").LogisticRegression


def battles(rng, *, systems=6, n=400, ties=0.2, soft=False):
    """Random comparisons in both orders, with ties and unscored ones."""
    truth = rng.normal(size=systems)
    first = rng.integers(0, systems, n)
    second = (first + rng.integers(1, systems, n)) % systems
    chance = 1 / (1 + np.exp(truth[second] - truth[first]))
    outcome = chance if soft else (rng.random(n) < chance).astype(float)
    outcome[rng.random(n) < ties] = 0.5
    outcome[::29] = np.nan
    return first, second, outcome


def design_of(first, second, systems, covariates=None):
    """The explicit design matrix, one row for each comparison."""
    design = np.zeros((len(first), systems))
    design[np.arange(len(first)), first] = 1
    design[np.arange(len(first)), second] = -1
    return design if covariates is None else np.hstack([design, covariates])


def dense_sandwich(design, residuals, weights, cluster):
    """(D'WD)^+ (sum of cluster scores squared) (D'WD)^+ G / (G - 1), with a pseudo-inverse and a loop."""
    bread = np.linalg.pinv(design.T @ (weights[:, None] * design), rcond=1e-10, hermitian=True)
    scores = [(design[cluster == c] * residuals[cluster == c, None]).sum(axis=0) for c in np.unique(cluster)]
    return bread @ sum(np.outer(s, s) for s in scores) @ bread * len(scores) / (len(scores) - 1)


def test_two_systems_have_the_log_odds_of_their_record():
    """Expected: closed form. 7 wins, 3 losses, 2 ties: odds (7 + 1) / (3 + 1)."""
    first, second = [0] * 6 + [1] * 6, [1] * 6 + [0] * 6
    outcome = [1, 1, 1, 1, 0, 0.5, 0, 0, 0, 1, 1, 0.5]
    fit = bradley_terry(first, second, outcome)
    assert fit.strengths == pytest.approx([math.log(8 / 4) / 2, -math.log(8 / 4) / 2])
    assert list(fit.comparisons) == [12, 12]
    # Sandwich of a proportion p = 2/3 in log-odds: variance of the mean outcome over (p (1 - p))^2.
    outcomes = np.array([1] * 7 + [0] * 3 + [0.5] * 2)
    variance = outcomes.var(ddof=1) / 12 / (2 / 9) ** 2
    estimate = fit.difference(0, 1)
    assert estimate.value == pytest.approx(math.log(2))
    assert estimate.high - estimate.value == pytest.approx(1.959963984540054 * math.sqrt(variance))
    assert fit.expected_credit()[0, 1] == pytest.approx(2 / 3)


@pytest.mark.parametrize("soft", [False, True])
def test_strengths_equal_logistic_regression(soft):
    """Expected: scikit-learn on the explicit design, each comparison once as a win and once as a loss, weighted."""
    first, second, outcome = battles(np.random.default_rng(1), soft=soft)
    kept = ~np.isnan(outcome)
    design = design_of(first[kept], second[kept], 6)[:, 1:]
    model = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-12, max_iter=10_000)
    model.fit(
        np.vstack([design, design]),
        np.repeat([1, 0], kept.sum()),
        sample_weight=np.concatenate([outcome[kept], 1 - outcome[kept]]),
    )
    expected = np.concatenate([[0.0], model.coef_[0]])
    assert bradley_terry(first, second, outcome).strengths == pytest.approx(expected - expected.mean(), abs=1e-6)


def test_covariates_equal_logistic_regression():
    """Expected: scikit-learn as above with two more columns; x flips with the order of the systems."""
    rng = np.random.default_rng(2)
    first, second, outcome = battles(rng, n=600)
    covariates = rng.normal(size=(600, 2)) * [1.0, 300.0]
    kept = ~np.isnan(outcome)
    design = design_of(first[kept], second[kept], 6, covariates[kept] / [1, 300])[:, 1:]
    model = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-12, max_iter=10_000)
    model.fit(
        np.vstack([design, design]),
        np.repeat([1, 0], kept.sum()),
        sample_weight=np.concatenate([outcome[kept], 1 - outcome[kept]]),
    )
    fit = bradley_terry(first, second, outcome, covariates=covariates)
    expected = np.concatenate([[0.0], model.coef_[0][:5]])
    assert fit.strengths == pytest.approx(expected - expected.mean(), abs=1e-6)
    assert fit.coefficients * [1, 300] == pytest.approx(model.coef_[0][5:], abs=1e-6)


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("with_covariates", [False, True])
def test_covariance_is_the_sandwich(clustered, with_covariates):
    """Expected: the sandwich from the explicit design, with a pseudo-inverse and a loop over clusters."""
    rng = np.random.default_rng(3)
    first, second, outcome = battles(rng)
    covariates = rng.normal(size=(400, 2)) if with_covariates else None
    cluster = rng.integers(0, 60, 400) if clustered else None
    fit = bradley_terry(first, second, outcome, covariates=covariates, cluster=cluster)
    kept = ~np.isnan(outcome)
    design = design_of(first, second, 6, covariates)[kept]
    chance = 1 / (1 + np.exp(-design @ np.concatenate([fit.strengths, fit.coefficients])))
    labels = np.arange(400)[kept] if cluster is None else cluster[kept]
    expected = dense_sandwich(design, outcome[kept] - chance, chance * (1 - chance), labels)
    assert fit.covariance == pytest.approx(expected[:6, :6], abs=1e-10)
    assert fit.coefficient_covariance == pytest.approx(expected[6:, 6:], abs=1e-10)
    unit = f"{len(np.unique(labels))} clusters" if clustered else f"{kept.sum()} comparisons"
    assert fit.method == f"sandwich, {unit}, normal"


def davidson_loss(parameters, design, outcome):
    """Negative log-likelihood of Davidson's model, from its weights."""
    d, nu = design @ parameters[:-1], np.exp(parameters[-1])
    weights = np.array([np.exp(d / 2), np.exp(-d / 2), nu * np.ones(len(d))])
    chosen = np.select([outcome == 1, outcome == 0], [weights[0], weights[1]], weights[2])
    return -np.sum(np.log(chosen / weights.sum(axis=0)))


def test_davidson_is_at_the_maximum():
    """Expected: scipy's optimiser on the likelihood written from the weights, first strength held at 0."""
    rng = np.random.default_rng(4)
    first, second, outcome = battles(rng, n=500)
    covariates = rng.normal(size=(500, 1))
    kept = ~np.isnan(outcome)
    design = design_of(first, second, 6, covariates)[kept][:, 1:]
    best = minimize(davidson_loss, np.zeros(7), args=(design, outcome[kept]), method="BFGS", options={"gtol": 1e-6})
    fit = davidson(first, second, outcome, covariates=covariates)
    expected = np.concatenate([[0.0], best.x[:5]])
    assert fit.strengths == pytest.approx(expected - expected.mean(), abs=1e-5)
    assert fit.coefficients == pytest.approx(best.x[5:6], abs=1e-5)
    assert fit.tie_parameter == pytest.approx(np.exp(best.x[6]), abs=1e-5)


@pytest.mark.parametrize("clustered", [False, True])
def test_davidson_covariance_is_the_sandwich(clustered):
    """Expected: scores and information of the likelihood by finite differences, comparison by comparison."""
    rng = np.random.default_rng(5)
    first, second, outcome = battles(rng, systems=4, n=150)
    cluster = rng.integers(0, 25, 150) if clustered else None
    fit = davidson(first, second, outcome, cluster=cluster)
    kept = ~np.isnan(outcome)
    design, result = design_of(first, second, 4)[kept], outcome[kept]
    at = np.append(fit.strengths, math.log(fit.tie_parameter))
    step = 1e-4

    def gradient(parameters, rows):
        shifts = step * np.eye(5)
        return np.array(
            [
                davidson_loss(parameters + s, design[rows], result[rows])
                - davidson_loss(parameters - s, design[rows], result[rows])
                for s in shifts
            ]
        ) / (2 * step)

    everything = np.arange(kept.sum())
    shifts = step * np.eye(5)
    information = np.array([gradient(at + s, everything) - gradient(at - s, everything) for s in shifts]) / (2 * step)
    labels = everything if cluster is None else cluster[kept]
    scores = [gradient(at, np.flatnonzero(labels == c)) for c in np.unique(labels)]
    bread = np.linalg.pinv(information, rcond=1e-6)
    expected = bread @ sum(np.outer(s, s) for s in scores) @ bread * len(scores) / (len(scores) - 1)
    assert fit.covariance == pytest.approx(expected[:4, :4], rel=1e-4, abs=1e-6)


def test_davidson_ties_of_equal_systems():
    """Expected: closed form. Two systems with equal records and a third of ties: nu = 1, strengths 0."""
    fit = davidson([0, 0, 0], [1, 1, 1], [1.0, 0.0, 0.5])
    assert fit.tie_parameter == pytest.approx(1.0)
    assert fit.strengths == pytest.approx([0, 0], abs=1e-12)
    assert fit.expected_credit() == pytest.approx(np.full((2, 2), 0.5))


def test_a_style_effect_is_taken_out_of_the_strengths():
    """Expected: equal systems, one of which writes longer answers that raters like: only the raw ranking sees a gap."""
    rng = np.random.default_rng(6)
    n = 20_000
    first, second = np.zeros(n, int), np.ones(n, int)
    longer = rng.normal(0.5, 1, n)
    outcome = (rng.random(n) < 1 / (1 + np.exp(-longer))).astype(float)
    raw = bradley_terry(first, second, outcome).difference(0, 1)
    controlled = bradley_terry(first, second, outcome, covariates=longer[:, None])
    assert raw.low > 0.3
    assert controlled.difference(0, 1).low < 0 < controlled.difference(0, 1).high
    (effect,) = controlled.coefficient_estimates()
    assert effect.low < 1 < effect.high
    assert effect.n == n


@pytest.mark.parametrize("model", [bradley_terry, davidson])
def test_order_numbering_and_repetition_do_not_matter(model):
    """Swapping sides, shuffling and renumbering change nothing; doubling keeps strengths and halves variance."""
    rng = np.random.default_rng(7)
    first, second, outcome = battles(rng)
    fit = model(first, second, outcome)
    assert fit.strengths.sum() == pytest.approx(0, abs=1e-12)
    turned = rng.random(400) < 0.5
    swapped = model(
        np.where(turned, second, first), np.where(turned, first, second), np.where(turned, 1 - outcome, outcome)
    )
    order, names = rng.permutation(400), rng.permutation(6)
    renamed = model(names[first[order]], names[second[order]], outcome[order])
    assert swapped.strengths == pytest.approx(fit.strengths, abs=1e-10)
    assert renamed.strengths[names] == pytest.approx(fit.strengths, abs=1e-10)
    assert renamed.covariance[np.ix_(names, names)] == pytest.approx(fit.covariance, abs=1e-10)
    doubled = model(np.tile(first, 2), np.tile(second, 2), np.tile(outcome, 2))
    assert doubled.strengths == pytest.approx(fit.strengths, abs=1e-10)
    n = np.count_nonzero(~np.isnan(outcome))
    ratio = (2 * n / (2 * n - 1)) / (n / (n - 1)) / 2
    assert doubled.covariance == pytest.approx(fit.covariance * ratio, abs=1e-10)
    same_items = model(np.tile(first, 2), np.tile(second, 2), np.tile(outcome, 2), cluster=np.tile(np.arange(400), 2))
    assert same_items.covariance == pytest.approx(fit.covariance, abs=1e-10)


def test_intervals_cover():
    """Nominal 95 % intervals of strength differences cover 93-97 % in 1,500 simulated sets with clustered raters."""
    rng = np.random.default_rng(8)
    truth, covered, runs = np.array([0.6, 0.0, -0.6]), 0, 1500
    for _ in range(runs):
        cluster = np.repeat(np.arange(80), 3)
        first, second = np.tile([0, 1, 0], 80), np.tile([1, 2, 2], 80)
        # The same uniform number in a cluster: comparisons of a rater go together, margins stay Bradley-Terry.
        outcome = (np.repeat(rng.random(80), 3) < 1 / (1 + np.exp(truth[second] - truth[first]))).astype(float)
        estimate = bradley_terry(first, second, outcome, cluster=cluster).difference(0, 2)
        covered += estimate.low <= 1.2 <= estimate.high
    assert 0.93 <= covered / runs <= 0.97


def test_unlinked_systems_are_refused():
    with pytest.raises(ValueError, match="no comparison links systems c, d with the other systems"):
        bradley_terry([0, 1, 2, 3, 4, 0], [1, 0, 3, 2, 0, 4], [1, 1, 1, 1, 1, 0.5], names=list("abcde"))
    with pytest.raises(ValueError, match="no comparison links system 2"):
        bradley_terry([0, 1], [1, 0], [1, 1], systems=3)


def test_separated_systems_are_refused_unless_there_is_a_ridge():
    """Expected with a ridge r and one win: closed form, s solves 1 / (1 + exp(2 s)) = r s."""
    with pytest.raises(ValueError, match="system 1 never lost or tied"):
        bradley_terry([0, 1, 0, 2], [1, 2, 2, 0], [0, 1, 1, 1])
    with pytest.raises(ValueError, match="never lost or tied"):
        davidson([0, 0, 0, 2, 2], [1, 1, 2, 1, 0], [1, 1, 0.5, 1, 1])
    strength = bradley_terry([0], [1], [1.0], ridge=0.3).strengths[0]
    assert 1 / (1 + math.exp(2 * strength)) == pytest.approx(0.3 * strength)
    assert np.isfinite(bradley_terry([0, 2], [1, 3], [1.0, 1.0], ridge=0.1).strengths).all()


def test_one_comparison_or_cluster_has_no_interval():
    fit = bradley_terry([0, 0], [1, 1], [1.0, 0.0], cluster=[4, 4])
    assert all(math.isnan(e.low) and math.isnan(e.high) for e in fit.estimates())
    assert fit.strengths == pytest.approx([0, 0])


def test_covariates_that_say_nothing_of_their_own_are_refused():
    rng = np.random.default_rng(9)
    first, second, outcome = battles(rng)
    x = rng.normal(size=(400, 1))
    for covariates in (np.hstack([x, 2 * x]), np.zeros((400, 1)), (first - second)[:, None].astype(float)):
        with pytest.raises(ValueError, match="cannot be told apart"):
            bradley_terry(first, second, outcome, covariates=covariates)


def test_covariates_that_separate_the_outcomes_are_refused():
    rng = np.random.default_rng(10)
    first, second, outcome = battles(rng, ties=0)
    covariates = (outcome - 0.5)[:, None] * rng.uniform(1, 2, (400, 1))
    covariates[np.isnan(covariates)] = 0
    with pytest.raises(ValueError, match="separate"):
        bradley_terry(first, second, outcome, covariates=covariates)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], [1], [1.0, 0.0]), "one value for each comparison"),
        (([0], [0], [1.0]), "comparison 0 compares a system with itself"),
        (([0, 0], [1, 1], [math.nan, 2.0]), "comparison 1 has an outcome outside"),
        (([0], [-1], [1.0]), "numbered 0"),
        (([0.0], [1.0], [1.0]), "numbered by integers"),
        (([0], [1], [math.nan]), "no comparison with an outcome"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        bradley_terry(*arguments)


def test_bad_options_are_refused():
    with pytest.raises(ValueError, match="ridge"):
        bradley_terry([0], [1], [0.5], ridge=-1)
    with pytest.raises(ValueError, match="cluster needs one integer"):
        bradley_terry([0], [1], [0.5], cluster=[0.5])
    with pytest.raises(ValueError, match="covariates need axes"):
        bradley_terry([0], [1], [0.5], covariates=[[math.inf]])
    with pytest.raises(ValueError, match="not other probabilities"):
        davidson([0, 0], [1, 1], [0.5, 0.7])
    with pytest.raises(ValueError, match="both ties and decided"):
        davidson([0, 0], [1, 1], [1.0, 0.0])


def test_relative_difference():
    """Expected: by hand."""
    assert list(relative_difference([3, 0, 0, 5], [1, 0, 2, 5])) == [0.5, 0, -1, 0]
    with pytest.raises(ValueError, match="negative"):
        relative_difference([-1], [1])


def test_many_repeats_of_one_comparison_stay_linked():
    """256 wins of the first system are no fewer links than one, with covariates too (each row is its own cell)."""
    rng = np.random.default_rng(11)
    first, second = np.zeros(512, int), np.ones(512, int)
    outcome = np.repeat([1.0, 0.0], 256)
    fit = bradley_terry(first, second, outcome, covariates=rng.normal(size=(512, 1)))
    assert np.isfinite(fit.strengths).all()


@pytest.mark.parametrize("unit", [1e-12, 1e-3, 1e9])
def test_the_unit_of_a_covariate_does_not_matter(unit):
    """Expected: the same strengths, and a coefficient in the inverse unit."""
    rng = np.random.default_rng(12)
    first, second, outcome = battles(rng)
    covariates = rng.normal(size=(400, 2))
    plain = bradley_terry(first, second, outcome, covariates=covariates)
    scaled = bradley_terry(first, second, outcome, covariates=covariates * unit)
    assert scaled.strengths == pytest.approx(plain.strengths, abs=1e-9)
    assert scaled.coefficients * unit == pytest.approx(plain.coefficients, abs=1e-9)
    assert scaled.covariance == pytest.approx(plain.covariance, abs=1e-9)
