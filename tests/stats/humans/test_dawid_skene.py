"""Dawid and Skene's model: crowd-kit's numbers on the authors' data, a plain twin, and recovery of known raters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from anaesthetists import LABEL, RATER, UNIT
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.stats.humans.dawid_skene import dawid_skene, most_probable

# crowd-kit 1.4.2, DawidSkene(n_iter=steps, tol=-1).fit of the same judgments: priors_, sum of squares of probas_,
# probas_ of patients 3 and 36, and mean over each worker's judgments of probas_ of the label said.
CROWD_KIT = {
    1: (
        [0.404102181798, 0.415575102957, 0.12226535409, 0.058057361155],
        43.03320781423652,
        [0.235218381011, 0.76477843367, 0.000003185319, 0.0],
        [0.0, 0.0, 0.019595079385, 0.980404920615],
        [0.8383753905728594, 0.760474740567313, 0.7850242990871626, 0.8654087131127811, 0.8220267821289804],
    ),
    100: (
        [0.399554752883, 0.421983391914, 0.111795188536, 0.066666666667],
        44.82050544807821,
        [0.0, 0.999999999977, 0.0, 0.0],
        [0.0, 0.0, 0.0, 1.0],
        [0.828763275900966, 0.7788688393231912, 0.7766484532233896, 0.8669434580571007, 0.8423719503822781],
    ),
}
LABELS = "142222132243121111222222112111131224233111212"


def plain(judgments, n_labels, steps):
    """The same EM steps in plain Python, without any floor: label probabilities of each unit."""
    units, raters = sorted({j[0] for j in judgments}), sorted({j[1] for j in judgments})
    k = range(n_labels)
    q = {}
    for u in units:
        said = [label for unit, _, label in judgments if unit == u]
        q[u] = [said.count(c) / len(said) for c in k]
    for _ in range(steps):
        prior = [sum(q[u][c] for u in units) / len(units) for c in k]
        chance = {}
        for r in raters:
            mine = [(unit, label) for unit, rater, label in judgments if rater == r]
            for c in k:
                total = sum(q[u][c] for u, _ in mine)
                for said in k:
                    top = sum(q[u][c] for u, label in mine if label == said)
                    chance[r, c, said] = top / total if total > 0 else 0.0
        for u in units:
            joint = [prior[c] * math.prod(chance[r, c, s] for unit, r, s in judgments if unit == u) for c in k]
            q[u] = [value / sum(joint) for value in joint]
    return [q[u] for u in units]


@pytest.mark.parametrize("steps", CROWD_KIT)
def test_the_authors_data_as_crowd_kit_fits_it(steps):
    prior, squares, third, thirty_sixth, accuracy = CROWD_KIT[steps]
    for least in (1e-10, 0.0):
        model = dawid_skene(UNIT, RATER, LABEL, steps=steps, tolerance=0, least_count=least)
        assert model.prior == pytest.approx(prior, abs=1e-9)
        assert (model.probability**2).sum() == pytest.approx(squares, abs=1e-7)
        assert model.probability[2] == pytest.approx(third, abs=1e-9)
        assert model.probability[35] == pytest.approx(thirty_sixth, abs=1e-9)
        assert model.accuracy == pytest.approx(accuracy, abs=1e-9)
        assert "".join(str(label + 1) for label in model.labels) == LABELS


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2)), min_size=3, max_size=14),
    st.integers(1, 3),
)
def test_is_the_plain_twin(judgments, steps):
    units = {unit: n for n, unit in enumerate(sorted({j[0] for j in judgments}))}
    judgments = [(units[unit], rater, label) for unit, rater, label in judgments]
    unit, rater, label = np.array(judgments).T
    model = dawid_skene(unit, rater, label, labels=3, steps=steps, tolerance=0)
    assert model.probability == pytest.approx(np.array(plain(judgments, 3, steps)), abs=1e-9)


def test_finds_the_raters_that_made_the_data(rng):
    """4,000 units, 8 raters with known confusion matrices, 5 of them per unit."""
    truth = rng.choice(3, 4000, p=[0.5, 0.3, 0.2])
    confusion = rng.dirichlet(np.ones(3), (8, 3)) * 0.5 + 0.5 * np.eye(3)
    unit = np.repeat(np.arange(4000), 5)
    rater = np.argsort(rng.random((4000, 8)), axis=1)[:, :5].ravel()
    label = (rng.random(20_000)[:, None] > np.cumsum(confusion[rater, truth[unit]], axis=1)).sum(axis=1)
    model = dawid_skene(unit, rater, label, steps=300, tolerance=1e-9)
    assert model.converged
    assert model.confusion == pytest.approx(confusion, abs=0.06)
    assert model.prior == pytest.approx([0.5, 0.3, 0.2], abs=0.03)
    assert model.accuracy == pytest.approx(np.einsum("k,rkk->r", [0.5, 0.3, 0.2], confusion), abs=0.03)
    votes = np.bincount(unit * 3 + label, minlength=12_000).reshape(-1, 3)
    assert (model.labels == truth).mean() > (votes.argmax(axis=1) == truth).mean() + 0.01


def test_the_likelihood_rises_and_stops():
    model = dawid_skene(UNIT, RATER, LABEL)
    assert model.converged
    assert (np.diff(model.log_likelihood) > -1e-9).all()
    assert model.log_likelihood.size < 100
    assert not dawid_skene(UNIT, RATER, LABEL, steps=2).converged


def test_probabilities_sum_to_one():
    model = dawid_skene(UNIT, RATER, LABEL)
    assert model.probability.sum(axis=1) == pytest.approx(np.ones(45))
    assert model.confusion.sum(axis=2) == pytest.approx(np.ones((5, 4)))
    assert model.prior.sum() == pytest.approx(1.0)


def test_does_not_depend_on_order_or_names():
    model = dawid_skene(UNIT, RATER, LABEL, steps=20, tolerance=0)
    order = np.random.default_rng(1).permutation(LABEL.size)
    renamed = np.array([3, 1, 0, 2])
    other = dawid_skene(44 - UNIT[order], 4 - RATER[order], renamed[LABEL[order]], steps=20, tolerance=0)
    assert other.probability[::-1][:, renamed] == pytest.approx(model.probability, abs=1e-9)
    assert other.accuracy[::-1] == pytest.approx(model.accuracy, abs=1e-9)


def test_two_who_always_disagree_decide_nothing():
    """By symmetry: no label is more probable, and that is said so."""
    model = dawid_skene([0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0])
    assert model.probability == pytest.approx(np.full((2, 2), 0.5))
    assert model.labels.tolist() == [-1, -1]


def test_who_judged_nothing_is_undefined():
    model = dawid_skene([0, 0, 2, 2], [0, 2, 0, 2], [0, 0, 1, 1], labels=3)
    assert np.isnan(model.probability[1]).all()
    assert model.labels.tolist() == [0, -1, 1]
    assert np.isnan(model.confusion[1]).all()
    assert math.isnan(model.accuracy[1])
    assert model.prior == pytest.approx([0.5, 0.5, 0.0], abs=1e-9)


def test_raters_who_never_met_a_label_do_not_vouch_for_it():
    """Each unit has one rater, each rater one label. A floor under expected counts (crowd-kit: 1e-10) turns 0 / 0 into
    the chance 1 of saying this label whatever is true, and both units into ties."""
    judgments = ([0, 1], [0, 1], [0, 1])
    assert dawid_skene(*judgments, least_count=1e-10).labels.tolist() == [-1, -1]
    model = dawid_skene(*judgments)
    assert model.probability.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert model.confusion[0, 0].tolist() == [1.0, 0.0]
    assert np.isnan(model.confusion[0, 1]).all()
    assert model.accuracy.tolist() == [1.0, 1.0]


def test_most_probable_needs_one_greatest():
    table = np.array([[0.2, 0.8], [0.5, 0.5], [math.nan, math.nan]])
    assert most_probable(table).tolist() == [1, -1, -1]


@pytest.mark.parametrize(
    ("judgments", "options", "problem"),
    [
        (([], [], []), {}, "no judgments"),
        (([0, 1], [0], [0, 0]), {}, "rater must have the shape"),
        (([0], [0], [3]), {"labels": 3}, "a label is 3"),
        (([0], [0], [-1]), {}, "label must hold whole numbers"),
        (([0], [0], [0]), {"steps": 0}, "at least one step"),
    ],
)
def test_bad_input_is_refused(judgments, options, problem):
    with pytest.raises(ValueError, match=problem):
        dawid_skene(*judgments, **options)
