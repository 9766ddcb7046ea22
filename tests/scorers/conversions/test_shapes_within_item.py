"""`pairs:` and `ranked:`: closed forms, and SciPy's ranks as oracle."""

from __future__ import annotations

import itertools
import math
import pickle
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_judges import PlantedJudge, item_of
from scipy.special import expit
from scipy.stats import rankdata

import rewardmeter as rm
from rewardmeter.engine import score
from rewardmeter.errors import ScorerError, SpecError
from rewardmeter.scorers.conversions.pairs import Pairs
from rewardmeter.scorers.conversions.ranked import Ranked
from rewardmeter.scoring import Laws, Run, make_scorer, scorer, signature_of
from rewardmeter.types import Cost, Item, Outcome, Scores

LISTS = st.lists(st.one_of(st.none(), st.integers(-4, 4).map(lambda i: i / 2)), min_size=1, max_size=7)


@scorer(name="stated")
def stated(response: str) -> float | None:
    """The number that the text states; 'none' abstains, anything else fails."""
    return None if response == "none" else float(response)


def numbers(values) -> Item:
    return item_of(*(str(value).lower() for value in values))


@pytest.mark.parametrize(("one", "other", "temperature"), [(2.0, 0.5, 1.0), (-3.0, 4.0, 2.5), (1e6, 0.0, 1.0)])
def test_two_responses_get_a_chance_and_its_complement(one, other, temperature):
    values = Pairs(stated, temperature)([numbers([one, other])]).values
    p = 1 / (1 + math.exp(-min((one - other) / temperature, 700)))
    assert values == pytest.approx([p, 1 - p], abs=1e-15)


@given(values=LISTS)
@settings(max_examples=60, deadline=None)
def test_more_responses_get_the_mean_over_their_opponents(values):
    scores = Pairs(stated)([numbers(values)])
    scored = [value for value in values if value is not None]
    for i, value in enumerate(values):
        if value is None or len(scored) < 2:
            assert scores.outcomes[i] == Outcome.ABSTAINED
            assert value is None or scores.reasons[i] == "no other response to compare with"
            continue
        chances = expit(value - np.array(scored))
        assert scores.values[i] == pytest.approx((chances.sum() - 0.5) / (len(scored) - 1), abs=1e-12)
        assert (scores.outcomes[i] == Outcome.TIE) == (len(set(scored)) == 1)
    if len(scored) > 1:
        assert np.nansum(scores.values) == pytest.approx(len(scored) / 2)


@given(values=LISTS)
@settings(max_examples=60, deadline=None)
def test_ranks_are_those_of_scipy(values):
    scores = Ranked(stated)([numbers(values)])
    scored = np.array([value is not None for value in values])
    if scored.sum() < 2:
        assert set(scores.outcomes.tolist()) == {Outcome.ABSTAINED}
        return
    expected = (rankdata([value for value in values if value is not None]) - 1) / (scored.sum() - 1)
    assert scores.values[scored] == pytest.approx(expected, abs=1e-15)
    assert np.isnan(scores.values[~scored]).all()


@given(values=LISTS, seed=st.integers(0, 50))
@settings(max_examples=30, deadline=None)
def test_order_does_not_matter(values, seed):
    order = np.random.default_rng(seed).permutation(len(values))
    for made in (Pairs(stated, 0.7), Ranked(stated)):
        one, other = made([numbers(values)]), made([numbers([values[i] for i in order])])
        assert one.values[order].tobytes() == other.values.tobytes()


def test_within_the_margin_it_is_a_tie():
    assert Pairs(stated, tie=0.5)([numbers([1.0, 1.5])]).outcomes.tolist() == [Outcome.TIE] * 2
    scores = Pairs(stated, tie=0.5)([numbers([1.0, 1.5, 3.0])])
    assert scores.outcomes.tolist() == [Outcome.SCORED] * 3
    assert scores.values[0] == pytest.approx((0.5 + expit(-2)) / 2)


def test_failures_stay_failures_and_are_nobodys_opponent():
    for made in (Pairs(stated), Ranked(stated)):
        scores = made([item_of("1", "broken", "2"), item_of("broken", "5"), item_of("3", "none")])
        outcomes = [0, Outcome.FAILED, 0, Outcome.FAILED, *[Outcome.ABSTAINED] * 3]
        assert scores.outcomes.tolist() == outcomes
        assert "ValueError" in scores.reasons[1]
        assert scores.values[:3:2].tolist() == made([item_of("1", "2")]).values.tolist()
        assert "no other response" in scores.reasons[4]


def test_one_response_that_breaks_its_scorer_fails_alone():
    @dataclass(frozen=True)
    class Breaks:
        name, reads, laws, revision = "breaks", frozenset({"response"}), Laws(), "1"

        def __call__(self, items: Sequence[Item], /) -> Scores:
            return Scores.from_values([1 / len(r.text) for item in items for r in item.responses])

    scores = Ranked(Breaks())([item_of("a"), item_of("aa", "", "aaa"), item_of("bb", "b")])
    assert scores.outcomes.tolist() == [Outcome.ABSTAINED, 0, Outcome.FAILED, 0, 0, 0]
    assert scores.values[[1, 3, 4, 5]].tolist() == [1, 0, 0, 1]
    assert "ZeroDivisionError" in scores.reasons[2]


def test_a_broken_contract_is_said():
    @dataclass(frozen=True)
    class Short:
        name, reads, laws, revision = "short", frozenset({"response"}), Laws(), "1"

        def __call__(self, items: Sequence[Item], /) -> Scores:
            return Scores.from_values([1.0])

    with pytest.raises(ScorerError, match=r"returned 1 scores for 2"):
        Ranked(Short())([item_of("a", "b")])


def test_streams_are_gathered_item_by_item_with_their_cost():
    @dataclass(frozen=True)
    class Slow:
        name, reads, laws, revision = "slow", frozenset({"response"}), Laws(), "1"

        def stream(self, items, run):
            yield [4, 0], Scores.from_values([4.0, 0.0], cost=Cost(calls=2))
            yield [1], Scores.from_values([None], cost=Cost(calls=1))
            yield [3, 2], Scores.from_values([3.0, 2.0], cost=Cost(calls=2))
            yield [5], Scores.from_values([9.0], cost=Cost(calls=1))  # position 6 is left out: the budget is spent

        def __call__(self, items: Sequence[Item], /) -> Scores:
            raise AssertionError

    parts = list(Ranked(Slow()).stream([item_of("a", "b", "c"), item_of("d", "e"), item_of("f", "g")], Run()))
    assert [list(positions) for positions, _ in parts] == [[], [], [0, 1, 2, 3, 4], []]
    assert parts[2][1].outcomes.tolist() == [0, Outcome.ABSTAINED, 0, 0, 0]
    assert [part.cost.calls for _, part in parts] == [2, 1, 2, 1]


def test_under_the_engine():
    dataset = rm.load("demo")
    plain, chances = (score(make_scorer(spec), dataset) for spec in ("length", "pairs:length?temperature=50"))
    assert chances.coverage == 1
    for a, b in itertools.pairwise(dataset.item_start[:10]):
        assert np.array_equal(rankdata(plain.values[a:b]), rankdata(chances.values[a:b]))


def test_forecast_is_that_of_the_scorer_within():
    items = [item_of("a:1", "b:2")] * 3
    assert Ranked(PlantedJudge()).forecast(items, Run()).calls == 3
    assert make_scorer("pairs:length").forecast(items, Run()) == Cost()


def test_specs():
    for spec in ("pairs:length", "pairs:[chrf?beta=3]?temperature=10&tie=0.5", "ranked:[pairs:[chrf?beta=3]?tie=1]"):
        made = make_scorer(spec)
        assert made.name == spec
        assert make_scorer(made.name) == made == pickle.loads(pickle.dumps(made))
        assert signature_of(made).storable
    assert make_scorer("pairs:chrf").reads == {"response", "references"}
    prints = {signature_of(make_scorer(spec)).fingerprint for spec in ("ranked:length", "ranked:words", "pairs:length")}
    assert len(prints) == 3
    with pytest.raises(SpecError, match="write pairs:SPEC"):
        make_scorer("pairs")
    with pytest.raises(SpecError, match="temperature=0"):
        make_scorer("pairs:length?temperature=0")
    with pytest.raises(SpecError, match="tie=-1"):
        make_scorer("pairs:length?tie=-1")


@pytest.mark.parametrize("conversion", ["ranked", "pairs", "tournament"])
@pytest.mark.parametrize(
    ("within", "elsewhere", "another"),
    [
        ("json-endpoint:http://a?model=m", "json-endpoint:http://b?model=m&price=2", "json-endpoint:http://a?model=n"),
        ("judge:m?mode=pairwise", "judge:m?mode=pairwise&base_url=http://b/v1&timeout=7", "judge:n?mode=pairwise"),
    ],
)
def test_signatures_leave_out_what_cannot_move_a_score(conversion, within, elsewhere, another):
    specs = (within, f"{within}&concurrency=9", elsewhere, another, "length")
    one, wide, moved, *others = (signature_of(make_scorer(f"{conversion}:[{spec}]")).fingerprint for spec in specs)
    assert one == wide == moved
    assert len({one, *others}) == 3


def test_values_are_those_of_one_item_and_the_laws_say_so():
    for spec in ("ranked:length", "pairs:length", "tournament:length", "-ranked:length", "ranked:pairs:length"):
        assert not make_scorer(spec).laws.pointwise
