"""What a tournament makes of verdicts: closed forms, brute force with SciPy, planted strengths."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_judges import PlantedJudge, TableJudge, item_of, strength_of
from scipy.optimize import brentq, minimize

from rewardmeter.scorers.conversions.strengths import next_pairs, posterior
from rewardmeter.scorers.conversions.tournament import Tournament
from rewardmeter.scoring import make_scorer
from rewardmeter.stats.cycles import cyclic_triads, unexplained_share
from rewardmeter.types import Item, Outcome, Response

ROCK_PAPER_SCISSORS = {("rock", "scissors"): 1.0, ("scissors", "paper"): 1.0, ("paper", "rock"): 1.0}


def log_posterior(strengths, first, second, credit, prior):
    d = strengths[first] - strengths[second]
    return np.sum(credit * d - np.logaddexp(0, d)) - np.sum(strengths**2) / (2 * prior**2)


def test_two_responses_closed_form():
    """With s = (d/2, -d/2) the mode solves 1 / (1 + e^d) = d / (2 prior^2)."""
    scores = Tournament(TableJudge({("a", "b"): 1.0}), prior=1.5)([item_of("a", "b")])
    d = brentq(lambda x: 1 / (1 + math.exp(x)) - x / (2 * 1.5**2), 0, 20, xtol=1e-14)
    assert scores.values == pytest.approx([d / 2, -d / 2], abs=1e-12)
    p = 1 / (1 + math.exp(-d))
    variance = 1 / (p * (1 - p) + 1 / (2 * 1.5**2))  # of d; each strength is half of it
    assert scores.comparisons.errors == pytest.approx([math.sqrt(variance) / 2] * 2, rel=1e-10)


def test_two_responses_with_a_chance_and_a_wide_prior_give_its_log_odds():
    scores = Tournament(TableJudge({("a", "b"): 0.8}), prior=1e4)([item_of("b", "a")])
    assert scores.values[1] - scores.values[0] == pytest.approx(math.log(4), abs=1e-6)
    win_rates = Tournament(TableJudge({("a", "b"): 0.8}), prior=1e4, result="win-rate")([item_of("b", "a")])
    assert win_rates.values == pytest.approx([0.2, 0.8], abs=1e-7)


@pytest.mark.parametrize("comparisons", [None, 5, 9])
def test_there_and_back_again(comparisons):
    """Scores made chances by the Bradley-Terry model come back from a tournament, whichever pairs it plays."""
    lengths = np.array([3, 1, 4, 2, 6, 5])
    scorer = make_scorer(f"tournament:[pairs:length]?prior=10000&comparisons={comparisons}")
    scores = scorer([item_of(*("x" * n for n in lengths))])
    assert scores.values == pytest.approx(lengths - lengths.mean(), abs=1e-4)
    assert len(scores.comparisons) == (15 if comparisons is None else comparisons)


def test_two_ties_are_a_tie_whatever_the_numbers():
    scores = make_scorer("tournament:[pairs:length?tie=2]")([item_of("a", "bbb")])
    assert scores.outcomes.tolist() == [Outcome.TIE] * 2
    assert scores.values.tolist() == [0, 0]


@pytest.mark.parametrize("n", [3, 4])
@pytest.mark.parametrize("draw", range(5))
def test_mode_and_errors_are_those_of_brute_force(n, draw):
    rng = np.random.default_rng(draw)
    table = {pair: float(rng.choice([0, 0.5, 1, 0.7])) for pair in itertools.combinations("abcd"[:n], 2)}
    table["a", "b"] = 1.0
    scores = Tournament(TableJudge(table), prior=1.3)([item_of(*"abcd"[:n])])
    first, second = (np.array([ord(pair[side]) - 97 for pair in table]) for side in (0, 1))
    credit = np.array(list(table.values()))
    found = minimize(
        lambda s: -log_posterior(s, first, second, credit, 1.3), np.zeros(n), method="BFGS", options={"gtol": 1e-9}
    )
    assert scores.values == pytest.approx(found.x, abs=1e-6)
    centred = np.eye(n) - 1 / n
    steps = np.eye(n) * 1e-4
    hessian = np.array(
        [
            [
                sum(
                    sign * log_posterior(scores.values + x + y, first, second, credit, 1.3)
                    for sign, x, y in ((1, a, b), (-1, a, -b), (-1, -a, b), (1, -a, -b))
                )
                / 4e-8
                for a in steps
            ]
            for b in steps
        ]
    )
    covariance = centred @ np.linalg.inv(-hessian) @ centred
    assert scores.comparisons.errors == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-5)


def test_davidson_mode_and_errors_are_those_of_brute_force():
    table = {("a", "b"): 1.0, ("a", "c"): 1.0, ("b", "c"): 0.5, ("a", "d"): 0.5, ("b", "d"): 1.0, ("c", "d"): 0.0}
    scores = Tournament(TableJudge(table), prior=1.3, ties="davidson")([item_of(*"abcd")])
    first, second = (np.array([ord(pair[side]) - 97 for pair in table]) for side in (0, 1))
    credit = np.array(list(table.values()))

    def negative(x):
        d, log_nu = x[first] - x[second], x[4]
        total = np.logaddexp(np.logaddexp(d / 2, -d / 2), log_nu)
        return np.sum(total - (credit - 0.5) * d - (credit == 0.5) * log_nu) + np.sum(x[:4] ** 2) / (2 * 1.3**2)

    found = minimize(negative, np.zeros(5), method="BFGS", options={"gtol": 1e-9}).x
    assert scores.values == pytest.approx(found[:4], abs=1e-6)
    steps = np.eye(5) * 1e-4
    signs = ((1, 1, 1), (-1, 1, -1), (-1, -1, 1), (1, -1, -1))
    hessian = [[sum(s * negative(found + p * a + q * b) for s, p, q in signs) / 4e-8 for a in steps] for b in steps]
    covariance = np.linalg.inv(hessian)[:4, :4] - 1.3**2 / 4
    assert scores.comparisons.errors == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-5)


def test_without_ties_davidson_is_bradley_terry():
    table = {("a", "b"): 1.0, ("b", "c"): 1.0, ("a", "c"): 0.0}
    one, other = (Tournament(TableJudge(table), ties=ties)([item_of(*"abc")]) for ties in ("half", "davidson"))
    assert np.array_equal(one.values, other.values)


def test_rock_paper_scissors_is_one_cycle_and_no_order():
    scores = Tournament(TableJudge(ROCK_PAPER_SCISSORS))([item_of("rock", "paper", "scissors")])
    seen = scores.comparisons
    assert scores.values == pytest.approx([0, 0, 0], abs=1e-12)
    assert set(scores.outcomes.tolist()) == {Outcome.SCORED}
    assert cyclic_triads(seen.first, seen.second, seen.credit) == (1, 1)
    expected = 1 / (1 + np.exp(seen.strengths[seen.second] - seen.strengths[seen.first]))
    assert unexplained_share(seen.credit, expected) == pytest.approx(1)


def test_all_ties_are_ties():
    table = dict.fromkeys(itertools.combinations("abcd", 2), 0.5)
    for ties in ("half", "davidson"):
        scores = Tournament(TableJudge(table), ties=ties)([item_of(*"abcd")])
        assert scores.values.tolist() == [0, 0, 0, 0]
        assert set(scores.outcomes.tolist()) == {Outcome.TIE}
        assert scores.comparisons.ties == 6
    assert Tournament(TableJudge(table), result="win-rate")([item_of(*"abcd")]).values == pytest.approx([0.5] * 4)


def test_one_response_has_nothing_to_be_compared_with():
    scores = make_scorer("tournament:length")([item_of("a"), Item(())])
    assert scores.outcomes.tolist() == [Outcome.ABSTAINED]
    assert scores.reasons == {0: "no other response to compare with"}


def test_equal_texts_are_one_response_and_are_not_compared():
    judge = TableJudge({("a", "b"): 1.0})
    scores = Tournament(judge)([item_of("a", "b", "a"), item_of("a", "a")])
    assert len(judge.asked) == 1
    assert scores.values[0] == scores.values[2] > scores.values[1]
    assert scores.values[3:].tolist() == [0, 0]
    assert scores.outcomes[3:].tolist() == [Outcome.TIE] * 2
    assert scores.comparisons.errors[3:].tolist() == [0, 0]


def test_the_undefeated_and_the_hopeless_stay_finite():
    scores = make_scorer("tournament:length?comparisons=1000")([item_of(*("x" * i for i in range(1, 31)))])
    assert np.isfinite(scores.values).all()
    assert (np.diff(scores.values) > 0).all()


def test_win_rates_add_up_to_half_of_the_responses():
    items = [item_of(*(f"{i}:{i / 3}" for i in range(n))) for n in (2, 3, 7)]
    scores = Tournament(PlantedJudge(), result="win-rate")(items)
    sums = np.add.reduceat(scores.values, [0, 2, 5])
    assert sums == pytest.approx([1, 1.5, 3.5], abs=1e-9)


@given(
    strengths=st.lists(st.integers(-3, 3), min_size=1, max_size=9),
    seed=st.integers(0, 100),
    comparisons=st.sampled_from([None, 1, 12]),
)
@settings(max_examples=30, deadline=None)
def test_the_order_of_responses_does_not_matter(strengths, seed, comparisons):
    texts = [f"r{i % 6}:{s}" for i, s in enumerate(strengths)]
    order = np.random.default_rng(seed).permutation(len(texts))
    scorer = Tournament(PlantedJudge(), comparisons, seed=seed)
    one, other = scorer([item_of(*texts)]), scorer([item_of(*(texts[i] for i in order))])
    assert one.values[order].tobytes() == other.values.tobytes()
    assert np.array_equal(one.outcomes[order], other.outcomes)
    assert one.comparisons.errors[order].tobytes() == other.comparisons.errors.tobytes()


@pytest.mark.parametrize("n", [2, 5, 6, 9, 17, 40])
@pytest.mark.parametrize("comparisons", [None, 1, 20])
def test_budget_is_kept_no_pair_is_asked_twice_and_all_are_linked(n, comparisons):
    judge = PlantedJudge()
    scores = Tournament(judge, comparisons)([item_of(*(f"{i}:{i % 4}" for i in range(n)))])
    every = n * (n - 1) // 2
    default = every if n <= 5 else min(every, math.ceil(n * math.log2(n)))
    assert len(judge.calls) == min(every, default if comparisons is None else max(comparisons, n - 1))
    assert len({frozenset(pair) for pair in judge.calls}) == len(judge.calls)
    assert not scores.reasons
    links = np.eye(n, dtype=int)
    links[scores.comparisons.first, scores.comparisons.second] = 1
    assert (np.linalg.matrix_power(links + links.T, n).astype(float) > 0).all() or n > 9
    assert set(scores.comparisons.first) | set(scores.comparisons.second) == set(range(n))


@pytest.mark.parametrize(("n", "comparisons"), [(5, None), (9, 1000), (12, 1000), (16, None)])
def test_places_are_shared_out_evenly(n, comparisons):
    """Who is shown first is balanced, so that a judge's taste for the first place favours nobody."""
    judge = PlantedJudge()
    Tournament(judge, comparisons)([item_of(*(f"{i}:{i % 4}" for i in range(n)))])
    lead = dict.fromkeys((text for pair in judge.calls for text in pair), 0)
    for one, other in judge.calls:
        lead[one] += 1
        lead[other] -= 1
    assert max(map(abs, lead.values())) <= 2


def test_planted_strengths_are_recovered_within_their_errors():
    """60 items of 16 responses with strengths drawn from the prior: 95% intervals cover them 95 times in 100."""
    rng = np.random.default_rng(3)
    items = [item_of(*(f"{i}-{j}:{rng.normal(0, 2):.6f}" for j in range(16))) for i in range(60)]
    scores = Tournament(PlantedJudge(), 80, prior=2.0)(items)
    planted = np.array([[strength_of(r.text) for r in item.responses] for item in items])
    planted = (planted - planted.mean(axis=1, keepdims=True)).ravel()
    error = (scores.values - planted) / scores.comparisons.errors
    assert 0.91 <= np.mean(np.abs(error) < 1.96) <= 0.98
    assert abs(error.mean()) < 0.1
    assert np.corrcoef(scores.values, planted)[0, 1] > 0.9


def play(strengths, budget, rng, *, adaptive):
    n = len(strengths)
    asked, group = np.zeros((n, n), dtype=bool), np.arange(n)
    first, second, credit = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    while len(credit) < budget:
        if adaptive:
            known = posterior(first, second, credit, n, 2.0, "half")
            pairs = next_pairs(known, asked, group, min(n // 2, budget - len(credit)))
        else:
            left = np.argwhere(np.triu(~asked, 1))
            pairs = [tuple(left[rng.integers(len(left))])]
        for i, j in pairs:
            asked[i, j] = asked[j, i] = True
            group[group == group[j]] = group[i]
            wins = rng.random() < 1 / (1 + math.exp(strengths[j] - strengths[i]))
            first, second, credit = np.append(first, i), np.append(second, j), np.append(credit, float(wins))
    return posterior(first, second, credit, n, 2.0, "half").strengths


def test_adaptive_choice_beats_random_choice_at_equal_budget():
    """16 responses, 64 of 120 comparisons, 150 tournaments: at least 0.015 more of the pairs are in the right order,
    the root mean squared error of strengths is at least a tenth smaller, and the best response is lost less often."""
    accuracy, error, regret = {}, {}, {}
    for adaptive in (True, False):
        rng = np.random.default_rng(0)
        right, squares, lost = [], [], []
        for _ in range(150):
            planted = rng.normal(0, 2, 16)
            planted -= planted.mean()
            found = play(planted, 64, rng, adaptive=adaptive)
            i, j = np.triu_indices(16, 1)
            right.append(np.mean((found[i] - found[j]) * (planted[i] - planted[j]) > 0))
            squares.append(np.mean((found - planted) ** 2))
            lost.append(planted.max() - planted[found.argmax()])
        accuracy[adaptive], error[adaptive] = np.mean(right), math.sqrt(np.mean(squares))
        regret[adaptive] = np.mean(lost)
    assert accuracy[True] > accuracy[False] + 0.015
    assert error[True] < 0.9 * error[False]
    assert regret[True] < 0.8 * regret[False]


def test_the_chosen_pair_is_that_of_greatest_expected_information():
    """Brute force: the fall of the log-determinant of the covariance over a verdict, at the predictive chance."""
    rng = np.random.default_rng(1)
    first, second = np.array([0, 1, 2, 0, 3]), np.array([1, 2, 3, 2, 4])
    known = posterior(first, second, rng.choice([0.0, 1.0], 5), 5, 2.0, "half")
    asked = np.zeros((5, 5), dtype=bool)
    asked[first, second] = asked[second, first] = True
    precision = np.linalg.inv(known.covariance + 4 / 5)  # the prior's common direction put back
    gain = {}
    for i, j in itertools.combinations(range(5), 2):
        if not asked[i, j]:
            side = np.eye(5)[i] - np.eye(5)[j]
            d = known.strengths[i] - known.strengths[j]
            p = 1 / (1 + math.exp(-d / math.sqrt(1 + math.pi * (side @ known.covariance @ side) / 8)))
            more = precision + p * (1 - p) * np.outer(side, side)
            gain[i, j] = np.linalg.slogdet(more)[1] - np.linalg.slogdet(precision)[1]
    assert next_pairs(known, asked, np.zeros(5, np.int64), 1) == [max(gain, key=gain.__getitem__)]


def test_lonely_surrogates_are_texts_too():
    scores = make_scorer("tournament:length")([Item((Response("\ud800"), Response("bb")))])
    assert scores.values[1] > scores.values[0]
