"""Strengths of systems from paired comparisons: Bradley-Terry and Davidson, with covariates and robust intervals.

Notation: M systems, F covariates, P comparisons. May import `stats.comparisons` and `stats.result`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from rewardmeter.stats.comparisons import Comparisons, checked_comparisons, require_linked
from rewardmeter.stats.result import Estimate

__all__ = ["Strengths", "bradley_terry", "davidson", "relative_difference"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_ITERATIONS = 50
_STEP = 1e-9  # Newton converges quadratically: the error after such a step is far below rounding
_RANK = 1e-10  # smallest eigenvalue, of a matrix with diagonal 1, that counts as independent covariates


@dataclass(frozen=True, slots=True, kw_only=True)
class Strengths:
    """Strengths of M systems in log-odds, with their uncertainty.

    Attributes
    ----------
    strengths:
        (M,) with mean 0. System i is expected to beat system j with odds exp(strengths[i] - strengths[j]).
    covariance:
        (M, M) sandwich covariance; its rows sum to 0, as only differences are identified.
    coefficients, coefficient_covariance:
        (F,) and (F, F) effect of a covariate on the log-odds; strengths are those at covariates 0.
    tie_parameter:
        Davidson's nu: equal systems tie with probability nu / (2 + nu). NaN where ties count as half wins.
    comparisons:
        (M,) how many comparisons each system takes part in.
    method:
        How the uncertainty was made.
    """

    strengths: Floats
    covariance: Floats
    coefficients: Floats
    coefficient_covariance: Floats
    tie_parameter: float
    comparisons: Integers
    method: str

    def estimates(self, level: float = 0.95) -> list[Estimate]:
        """Each system's strength with a normal interval; ``n`` counts its comparisons."""
        errors = np.sqrt(np.maximum(np.diag(self.covariance), 0))
        return [
            _normal(value, error, level, int(n), self.method)
            for value, error, n in zip(self.strengths, errors, self.comparisons, strict=True)
        ]

    def coefficient_estimates(self, level: float = 0.95) -> list[Estimate]:
        """Each covariate's effect with a normal interval; ``n`` counts comparisons."""
        errors, n = np.sqrt(np.maximum(np.diag(self.coefficient_covariance), 0)), int(self.comparisons.sum() // 2)
        return [
            _normal(value, error, level, n, self.method) for value, error in zip(self.coefficients, errors, strict=True)
        ]

    def difference(self, i: int, j: int, level: float = 0.95) -> Estimate:
        """Strength of system i minus that of system j, with its own interval; ``n`` counts all comparisons."""
        c = self.covariance
        error = math.sqrt(max(0.0, c[i, i] + c[j, j] - 2 * c[i, j]))
        n = int(self.comparisons.sum() // 2)
        return _normal(self.strengths[i] - self.strengths[j], error, level, n, self.method)

    def expected_credit(self) -> Floats:
        """(M, M) chance that the row's system beats the column's, plus half the chance of a tie; covariates at 0."""
        d = self.strengths[:, None] - self.strengths[None, :]
        if math.isnan(self.tie_parameter):
            return _sigmoid(d)
        wins, _, ties = _davidson_chances(d, math.log(self.tie_parameter))
        return wins + ties / 2


def bradley_terry(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    systems: int | None = None,
    covariates: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    ridge: float = 0.0,
    names: Sequence[str] | None = None,
) -> Strengths:
    """Bradley-Terry strengths by maximum likelihood; a tie is half a win for each side.

    Model: P(first beats second) = 1 / (1 + exp(-(s_first - s_second + x b))), with x the covariates of the comparison
    (Bradley and Terry 1952). Differences in style between the two responses as covariates give style control: the
    strengths are then those of systems that write alike.

    Parameters
    ----------
    first, second:
        (P,) indices of the two systems of each comparison, 0..M-1, never equal.
    outcome:
        (P,) 1 where the first won, 0 where the second did, 0.5 for a tie, or a probability; NaN is left out.
    systems:
        M; one more than the greatest index if not given.
    covariates:
        (P, F) finite numbers, positive where they favour the first system; see `relative_difference`.
    cluster:
        (P,) what comparisons are sampled by (items, raters), any integers. Comparisons of a cluster may depend on
        each other; each is its own cluster if not given.
    ridge:
        Penalty ridge / 2 * sum(s^2). Any ridge above 0 makes strengths finite, whatever the data, and draws them to
        0; intervals then say nothing of that bias.
    names:
        (M,) names of the systems for messages.

    Returns
    -------
    Strengths with the sandwich covariance H^-1 (sum_c s_c s_c') H^-1 * G / (G - 1) over G clusters (Huber 1967; Liang
    and Zeger 1986), which holds if the model is not exactly right, as it is not with ties as half wins.

    Raises
    ------
    ValueError
        Bad arrays; systems that no chain of comparisons links, or that never lost, without a ridge (strengths would
        be incomparable or infinite); covariates that repeat each other or separate the outcomes.
    """
    data = checked_comparisons(first, second, outcome, systems=systems, covariates=covariates)
    _check_ridge(ridge)
    if ridge == 0:
        require_linked(data, names)
    _check_rank(data)

    def derivatives(parameters: Floats) -> tuple[float, Floats, Floats]:
        d = data.predictor(parameters)
        p = _sigmoid(d)
        value = float(data.count @ (data.outcome * d - np.logaddexp(0, d)))
        gradient = data.collect(data.count * (data.outcome - p))
        return value, gradient, data.information(data.count * p * _sigmoid(-d))

    start = np.zeros(data.systems + data.features.shape[1])
    parameters, information = _maximise(_penalised(derivatives, data.systems, ridge), start, data.systems)
    residuals = data.outcome - _sigmoid(data.predictor(parameters))
    return _strengths(data, parameters, information, residuals, np.empty((len(residuals), 0)), cluster=cluster)


def davidson(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    systems: int | None = None,
    covariates: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    ridge: float = 0.0,
    names: Sequence[str] | None = None,
) -> Strengths:
    """Strengths in a model with ties of their own (Davidson 1970).

    With d = s_first - s_second + x b, a win, a loss and a tie have weights exp(d / 2), exp(-d / 2) and nu: the more
    alike two systems are, the more they tie. Arguments, result and errors as in `bradley_terry`, except that outcomes
    are 1, 0, 0.5 or NaN, and that there must be both ties and decided comparisons.
    """
    data = checked_comparisons(first, second, outcome, systems=systems, covariates=covariates)
    _check_ridge(ridge)
    tie = _checked_ties(data)
    if ridge == 0:
        require_linked(data, names)
    _check_rank(data)
    side = data.outcome - 0.5
    size = data.systems + data.features.shape[1]

    def derivatives(parameters: Floats) -> tuple[float, Floats, Floats]:
        d, log_nu = data.predictor(parameters[:size]), parameters[size]
        wins, losses, ties = _davidson_chances(d, log_nu)
        expected = (wins - losses) / 2
        normaliser = np.logaddexp(np.logaddexp(d / 2, -d / 2), log_nu)
        value = float(data.count @ (side * d + tie * log_nu - normaliser))
        gradient = np.append(data.collect(data.count * (side - expected)), data.count @ (tie - ties))
        matrix = np.empty((size + 1, size + 1))
        matrix[:size, :size] = data.information(data.count * ((wins + losses) / 4 - expected**2))
        matrix[size, :size] = matrix[:size, size] = data.collect(-data.count * expected * ties)
        matrix[size, size] = data.count @ (ties * (1 - ties))
        return value, gradient, matrix

    tied = float(data.count @ tie / data.count.sum())
    start = np.append(np.zeros(size), math.log(2 * tied / (1 - tied)))
    parameters, information = _maximise(_penalised(derivatives, data.systems, ridge), start, data.systems)
    wins, losses, ties = _davidson_chances(data.predictor(parameters[:size]), parameters[size])
    residuals, tie_residuals = side - (wins - losses) / 2, tie - ties
    return _strengths(data, parameters, information, residuals, tie_residuals[:, None], cluster=cluster)


def relative_difference(first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """(first - second) / (first + second) of amounts from 0 up, in [-1, 1]; 0 where both are 0.

    The usual form of a style covariate (length, number of list items): twice as long is the same step for short and
    for long responses.
    """
    one, two = np.asarray(first, float), np.asarray(second, float)
    if (one < 0).any() or (two < 0).any():
        raise ValueError("amounts must not be negative")
    total = one + two
    return np.asarray(np.divide(one - two, total, out=np.zeros(total.shape), where=total != 0))


Derivatives = Callable[[Floats], tuple[float, Floats, Floats]]


def _penalised(derivatives: Derivatives, systems: int, ridge: float) -> Derivatives:
    """Log-likelihood, gradient and information with the ridge penalty on the strengths."""

    def penalised(parameters: Floats) -> tuple[float, Floats, Floats]:
        value, gradient, information = derivatives(parameters)
        strengths = parameters[:systems]
        gradient[:systems] -= ridge * strengths
        information[np.arange(systems), np.arange(systems)] += ridge
        return value - ridge / 2 * float(strengths @ strengths), gradient, information

    return penalised if ridge else derivatives


def _maximise(derivatives: Derivatives, start: Floats, systems: int) -> tuple[Floats, Floats]:
    """Newton's method with step halving: the maximum and the information there. The likelihoods are concave."""
    parameters = start
    value, gradient, information = derivatives(parameters)
    # Steps are judged in log-odds: a covariate in thousands of characters has a coefficient, and steps, as small.
    diagonal = np.diag(information)
    scale = np.sqrt(diagonal / diagonal[:systems].max())
    for _ in range(_ITERATIONS):
        try:
            step = np.linalg.solve(_anchored(information, systems), gradient)
        except np.linalg.LinAlgError:
            break
        for halvings in range(30):
            candidate = parameters + step / 2**halvings
            following = derivatives(candidate)
            if following[0] >= value - 1e-10 * (1 + abs(value)):
                break
        parameters, (value, gradient, information) = candidate, following
        if np.abs(step * scale).max() < _STEP:
            return parameters, information
    raise ValueError(
        "the strengths have no finite estimate: the covariates, with the systems, separate wins from losses; "
        "drop covariates"
    )


def _anchored(information: Floats, systems: int) -> Floats:
    """The information made regular: adding a constant to all strengths changes nothing, so that direction is fixed.

    Gradients and scores have no part in that direction, hence the constant does not matter to any result.
    """
    anchored = information.copy()
    anchored[:systems, :systems] += np.trace(information[:systems, :systems]) / systems**2
    return anchored


def _strengths(
    data: Comparisons,
    parameters: Floats,
    information: Floats,
    residuals: Floats,
    extra: Floats,
    *,
    cluster: npt.ArrayLike | None,
) -> Strengths:
    """The result, with the sandwich covariance from (C,) residuals and (C, E) scores of further parameters."""
    labels = None if cluster is None else _labels_of_used(cluster, data)
    squares, clusters = data.clustered_squares(residuals, extra, labels)
    m, f = data.systems, data.features.shape[1]
    if clusters > 1:
        inverse = np.linalg.inv(_anchored(information, m))
        covariance = inverse @ squares @ inverse.T * (clusters / (clusters - 1))
    else:
        covariance = np.full(information.shape, np.nan)
    unit = "comparisons" if cluster is None else "clusters"
    return Strengths(
        strengths=parameters[:m],
        covariance=covariance[:m, :m],
        coefficients=parameters[m : m + f],
        coefficient_covariance=covariance[m : m + f, m : m + f],
        tie_parameter=math.exp(parameters[m + f]) if extra.shape[1] else math.nan,
        comparisons=data.per_system(),
        method=f"sandwich, {clusters} {unit}, normal",
    )


def _labels_of_used(cluster: npt.ArrayLike, data: Comparisons) -> Integers:
    labels = np.asarray(cluster)
    if labels.shape != (data.given,) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"cluster needs one integer for each of {data.given} comparisons, "
            f"not {labels.dtype} of shape {labels.shape}"
        )
    return labels[data.used].astype(np.int64)


def _checked_ties(data: Comparisons) -> Floats:
    """(C,) 1 for ties and 0 for decided comparisons, of which there must be both."""
    if not np.isin(data.outcome, (0.0, 0.5, 1.0)).all():
        raise ValueError("Davidson's model needs outcomes of 0, 0.5 (tie) or 1, not other probabilities")
    tie = np.asarray(data.outcome == 0.5, float)
    if tie.all() or not tie.any():
        raise ValueError("Davidson's model needs both ties and decided comparisons; without ties use Bradley-Terry")
    return tie


def _check_ridge(ridge: float) -> None:
    if not (math.isfinite(ridge) and ridge >= 0):
        raise ValueError(f"ridge must be a finite number from 0 up, not {ridge}")


def _check_rank(data: Comparisons) -> None:
    """Refuse covariates whose effects cannot be told apart from each other or from the strengths."""
    if not data.features.shape[1]:
        return
    matrix = _anchored(data.information(data.count), data.systems)
    scale = np.sqrt(np.diag(matrix))
    if (scale == 0).any() or np.linalg.eigvalsh(matrix / scale / scale[:, None]).min() < _RANK:
        raise ValueError(
            "covariates repeat each other, or are constant for each pair of systems: their effects cannot be told "
            "apart; drop some"
        )


def _sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)) without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0, -x)))


def _davidson_chances(d: Floats, log_nu: float) -> tuple[Floats, Floats, Floats]:
    """Chances of a win, a loss and a tie."""
    normaliser = np.logaddexp(np.logaddexp(d / 2, -d / 2), log_nu)
    return np.exp(d / 2 - normaliser), np.exp(-d / 2 - normaliser), np.exp(log_nu - normaliser)


def _normal(value: float, error: float, level: float, n: int, method: str) -> Estimate:
    reach = NormalDist().inv_cdf((1 + level) / 2) * error
    return Estimate(float(value), float(value - reach), float(value + reach), level=level, n=n, method=method)
