"""MACE: crowd-kit's numbers from the same start, its bounds, and recovery of known raters."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from anaesthetists import LABEL, RATER, UNIT

from rewardmeter.stats.humans.mace import MaceStart, mace, random_starts

# crowd-kit 1.4.2, MACE(n_restarts=1, n_iter=10, method="vb" | "em").fit of the same judgments with the labels renamed
# 1, 4, 2, 3 (it takes labels in the order of their first use in one place and sorted in another, so these must agree):
# sum of squares of probas_, and probas_ of patients 3, 4 and 36, with the names turned back.
CROWD_KIT = {
    "variational": (
        44.097582441010644,
        [0.13493470363, 0.865013195095, 0.000026050637, 0.000026050637],
        [0.002414270986, 0.997469977169, 0.000100368589, 0.000015383256],
        [0.000009602238, 0.000009602238, 0.948969923095, 0.05101087243],
    ),
    "em": (
        44.130038080007694,
        [0.114977919752, 0.884937330222, 0.000042375013, 0.000042375013],
        [0.007490978694, 0.991792412371, 0.000597970943, 0.000118637991],
        [0.000000042516, 0.000000042516, 0.001507932535, 0.998491982433],
    ),
}


def crowd_kits_start() -> MaceStart:
    """scipy.stats.uniform(1, 1.5) from random_state=0, normalised; columns by the names of the labels."""
    knows = np.random.RandomState(0).uniform(1, 2.5, size=(5, 2))
    strategy = np.random.RandomState(0).uniform(1, 2.5, size=(5, 4))
    strategy /= strategy.sum(axis=1, keepdims=True)
    return MaceStart(knows[:, 1] / knows.sum(axis=1), strategy[:, [0, 3, 1, 2]])


def simulated(rng, competence, units=3000, labels=4):
    truth = rng.integers(0, labels, units)
    strategy = rng.dirichlet(np.ones(labels), len(competence))
    said = []
    for c, xi in zip(competence, strategy, strict=True):
        said.append(np.where(rng.random(units) < c, truth, rng.choice(labels, units, p=xi)))
    rater, unit = np.divmod(np.arange(units * len(competence)), units)
    return truth, strategy, unit, rater, np.concatenate(said)


@pytest.mark.parametrize("method", CROWD_KIT)
def test_the_anaesthetists_as_crowd_kit_fits_them(method):
    squares, *patients = CROWD_KIT[method]
    model = mace(UNIT, RATER, LABEL, method=method, steps=10, tolerance=0, starts=[crowd_kits_start()])
    assert (model.probability**2).sum() == pytest.approx(squares, abs=1e-10)
    for patient, expected in zip((2, 3, 35), patients, strict=True):
        assert model.probability[patient] == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("method", CROWD_KIT)
def test_finds_the_raters_that_made_the_data(method, rng):
    competence = np.array([0.9, 0.7, 0.5, 0.3, 0.02])
    truth, strategy, unit, rater, label = simulated(rng, competence)
    model = mace(unit, rater, label, method=method, steps=200)
    assert model.converged
    assert model.competence == pytest.approx(competence, abs=0.06)
    assert model.strategy[2:] == pytest.approx(strategy[2:], abs=0.06)
    votes = np.bincount(unit * 4 + label, minlength=12_000).reshape(-1, 4)
    assert (model.labels == truth).mean() > (votes.argmax(axis=1) == truth).mean() + 0.02


def test_the_last_likelihood_is_that_of_the_model():
    """One EM step from equal chances, and its likelihood by enumerating labels and who knew, in plain Python."""
    judgments = [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 1), (2, 1, 0)]
    k, said_by = 2, {0: [0, 1], 1: [1, 1, 0]}
    knew = {0: 0.0, 1: 0.0}
    spam = {(r, c): 0.0 for r in (0, 1) for c in range(k)}
    for unit in range(3):
        mine = [(r, a) for u, r, a in judgments if u == unit]
        joint = {}
        for truth, *who in product(range(k), *([(0, 1)] * len(mine))):
            chance = 1 / k
            for (_, a), knows in zip(mine, who, strict=True):
                chance *= 0.5 * (a == truth) if knows else 0.5 / k
            joint[truth, tuple(who)] = chance
        total = sum(joint.values())
        for (_, who), chance in joint.items():
            for (r, a), knows in zip(mine, who, strict=True):
                if knows:
                    knew[r] += chance / total
                else:
                    spam[r, a] += chance / total
    smooth = 0.01 / k
    theta = {r: (knew[r] + smooth) / (len(said_by[r]) + 2 * smooth) for r in knew}
    xi = {}
    for r, c in spam:
        xi[r, c] = (spam[r, c] + smooth) / (spam[r, 0] + spam[r, 1] + 2 * smooth)
    expected = 0.0
    for unit in range(3):
        chances = []
        for truth in range(k):
            mine = [(r, a) for u, r, a in judgments if u == unit]
            chances.append(math.prod((1 - theta[r]) * xi[r, a] + theta[r] * (a == truth) for r, a in mine) / k)
        expected += math.log(sum(chances))
    model = mace(*np.array(judgments).T, method="em", steps=1)
    assert model.bound[-1] == pytest.approx(expected / 5, abs=1e-14)
    assert model.competence == pytest.approx([theta[0], theta[1]], abs=1e-14)


@pytest.mark.parametrize("method", CROWD_KIT)
def test_the_bound_rises_and_stops(method, rng):
    _, _, unit, rater, label = simulated(rng, [0.8, 0.6, 0.4], units=200)
    for start in random_starts(3, 4, 5, rng):
        model = mace(unit, rater, label, method=method, steps=100, starts=[start])
        assert model.converged
        assert (np.diff(model.bound) > -1e-12).all()


def test_the_best_start_wins(rng):
    starts = random_starts(5, 4, 6, rng)
    alone = [mace(UNIT, RATER, LABEL, steps=5, tolerance=0, starts=[start]).bound[-1] for start in starts]
    model = mace(UNIT, RATER, LABEL, steps=5, tolerance=0, starts=starts)
    assert model.start == int(np.argmax(alone))
    assert model.bound[-1] == max(alone)
    assert len(set(alone)) == 6  # every start is another one


def test_starts_are_those_of_the_generator():
    first, second = (random_starts(3, 2, 2, np.random.default_rng(7)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.knows, other.knows)
        np.testing.assert_array_equal(one.strategy, other.strategy)


def test_who_judged_nothing_is_undefined():
    model = mace([0, 0, 2, 2], [0, 2, 0, 2], [0, 0, 1, 1], labels=3)
    assert np.isnan(model.probability[1]).all()
    assert model.labels.tolist() == [0, -1, 1]
    assert math.isnan(model.competence[1])
    assert np.isnan(model.strategy[1]).all()
    assert model.probability[[0, 2]].sum(axis=1) == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"method": "gibbs"}, "method must be one of"),
        ({"steps": 0}, "at least one step"),
        ({"starts": [MaceStart(np.full(2, 0.5), np.full((1, 2), 0.5))]}, "a start needs the shapes"),
        ({"starts": [MaceStart(np.ones(1), np.full((1, 2), 0.5))]}, "strictly between 0 and 1"),
    ],
)
def test_bad_input_is_refused(options, problem):
    with pytest.raises(ValueError, match=problem):
        mace([0, 1], [0, 0], [0, 1], **options)
