"""How much of the gold can be won without reading: rules whose share is known by construction."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import binomtest
from small_data import pairs_of

import rewardmeter as rm
from rewardmeter.auditing import RULES
from rewardmeter.cli import main
from rewardmeter.dataset import BestOfK, Dataset, Preferences, Ratings
from rewardmeter.errors import InputError, UnknownNameError


def paired(texts, first_wins, *, systems=None, columns=None):
    """One pair of texts for each item."""
    n = len(texts)
    a, b = np.arange(0, 2 * n, 2, dtype=np.int32), np.arange(1, 2 * n, 2, dtype=np.int32)
    return Dataset(
        "made",
        [f"i{i}" for i in range(n)],
        np.repeat(np.arange(n, dtype=np.int32), 2),
        [text for pair in texts for text in pair],
        np.full(2 * n, -1, dtype=np.int32) if systems is None else np.asarray(systems, dtype=np.int32).ravel(),
        () if systems is None else ("s0", "s1", "s2"),
        preferences=Preferences(a, b, np.asarray(first_wins, dtype=float), np.full(n, -1, np.int32)),
        columns=columns or {},
    )


def random_pairs(n=200, seed=0, words=6):
    """Texts and wins that have nothing to do with each other."""
    rng = np.random.default_rng(seed)
    vocabulary = [f"w{i}" for i in range(60)]
    texts = [[" ".join(rng.choice(vocabulary, size=rng.integers(2, 2 + words))) for _ in "ab"] for _ in range(n)]
    return texts, (rng.random(n) < 0.5).astype(float)


def test_a_rule_wins_what_it_wins():
    """Seven of ten longer ones, one tie: strictly .7, with half of the tie .75; the test is the binomial one."""
    texts = [("long text", "short")] * 7 + [("short", "long text")] * 2 + [("equal", "eqals")]
    found = rm.audit(paired([(f"{i} {a}", f"{i} {b}") for i, (a, b) in enumerate(texts)], [1.0] * 10))
    longer, shorter = found["longer"], found["shorter"]
    assert (longer.estimate.value, longer.half_ties.value) == (0.7, 0.75)
    assert (shorter.estimate.value, shorter.half_ties.value) == (0.2, 0.25)
    assert longer.estimate.detail["ties"] == 1
    assert longer.p == shorter.p == pytest.approx(binomtest(7, 9).pvalue)


def test_ties_of_people_are_left_out_and_probabilities_count_by_their_side():
    texts = [(f"{i} long text", f"{i} short") for i in range(4)]
    found = rm.audit(paired(texts, [1.0, 0.5, 0.0, 0.9]))
    assert found["longer"].estimate.n == 3
    assert found["longer"].estimate.value == pytest.approx(2 / 3)


def test_position_is_a_rule_only_where_the_data_shows_both_orders():
    texts, wins = random_pairs(40)
    wins[:30], wins[30:] = 1.0, 0.0
    assert rm.audit(paired(texts, wins))["shown first"].estimate.value == 0.75
    one_sided = rm.audit(paired(texts, np.ones(40)))["shown first"]
    assert np.isnan(one_sided.estimate.value)
    assert "no order of showing" in one_sided.reason


def test_who_wrote_it_and_the_words_are_learnt_on_other_items():
    texts, wins = random_pairs(300)
    rng = np.random.default_rng(1)
    systems = np.array([rng.permutation(3)[:2] for _ in range(300)])
    by_system = (systems[:, 0] < systems[:, 1]).astype(float)  # s0 beats s1 beats s2
    found = rm.audit(paired(texts, by_system, systems=systems))
    assert found["system"].estimate.value > 0.99
    assert not found["response only"].significant
    telling = [
        (f"{a} good", f"{b} bad") if won else (f"{a} bad", f"{b} good") for (a, b), won in zip(texts, wins, strict=True)
    ]
    assert rm.audit(paired(telling, wins))["response only"].estimate.value > 0.99


def test_a_word_that_is_telling_in_one_item_tells_nothing():
    """Each item has its own two words, in two pairs with one winner: a fit that saw one would know the other's."""
    (texts, _), wins = random_pairs(400), np.repeat((np.random.default_rng(2).random(200) < 0.5).astype(float), 2)
    data = pairs_of(
        [(f"{a} a{i // 2}", f"{b} b{i // 2}") for i, (a, b) in enumerate(texts)], wins, items=np.arange(400) // 2
    )
    assert rm.audit(data)["response only"].half_ties.value == pytest.approx(0.5, abs=0.1)
    apart = rm.audit(pairs_of([(f"{a} a{i // 2}", f"{b} b{i // 2}") for i, (a, b) in enumerate(texts)], wins))
    assert apart["response only"].half_ties.value > 0.65  # what it would know


def test_clean_data_raise_no_alarm_more_often_than_stated():
    alarms = 0
    for seed in range(40):
        texts, wins = random_pairs(60, seed)
        alarms += any(one.significant for one in rm.audit(paired(texts, wins), resamples=0).data)
    assert alarms <= 5, "5 % of 40 are 2; more than 5 have a chance of 1 %"


def test_ratings_and_best_of_k_are_pairs_too():
    n = 30
    responses = [f"{'word ' * (1 + k)}{i}" for i in range(n) for k in range(3)]
    item, rows = np.repeat(np.arange(n, dtype=np.int32), 3), np.arange(3 * n, dtype=np.int32)
    nobody = np.full(3 * n, -1, dtype=np.int32)
    shared = ("made", [f"i{i}" for i in range(n)], item, responses, nobody)
    rating = Ratings(rows, np.tile([1.0, 2.0, 3.0], n), nobody, np.zeros(3 * n, np.int32))
    found = rm.audit(Dataset(*shared, ratings=rating))
    assert (found["longer"].estimate.value, found["longer"].estimate.n) == (1.0, 3 * n)
    assert "shown in an order" in found["shown first"].reason
    best = np.tile([False, False, True], n)
    groups = BestOfK(np.arange(0, 3 * n + 1, 3, dtype=np.int64), rows, best)
    found = rm.audit(Dataset(*shared, best_of_k=groups))
    assert (found["longer"].estimate.value, found["longer"].estimate.n) == (1.0, 2 * n)


def test_slices_are_adjusted_together():
    texts, wins = random_pairs(100)
    texts = [(f"{a} much longer than it was", b) if i % 2 else (a, b) for i, (a, b) in enumerate(texts)]
    wins = np.where(np.arange(100) % 2, 1.0, wins)
    found = rm.audit(paired(texts, wins, columns={"kind": ["even", "odd"] * 50}), slices=["kind"])
    odd = next(one for one in found.data if (one.probe, one.value) == ("longer", "odd"))
    assert odd.estimate.value == 1.0
    assert odd.significant
    tests = {(one.says, one.column, one.value) for one in found.data if not np.isnan(one.p)}
    smallest = min(one.p for one in found.data if not np.isnan(one.p))
    assert odd.p == smallest
    assert odd.p_adjusted == pytest.approx(min(1.0, len(tests) * smallest))
    with pytest.raises(UnknownNameError, match="nosuch"):
        rm.audit(paired(texts, wins), slices=["nosuch"])


def test_what_has_no_pairs_or_no_texts_says_so():
    bare = Dataset("bare", ["i"], np.zeros(1, np.int32), ["text"], np.full(1, -1, np.int32))
    with pytest.raises(InputError):
        rm.audit(bare)
    silent = paired([(None, None)] * 5, np.ones(5))
    assert {one.reason for one in rm.audit(silent).data if one.probe == "longer"} == {"the data has no texts"}


def test_from_the_command_line(tmp_path, capsys):
    assert main(["audit", "demo", "--slice", "task", "--json", str(tmp_path / "a.json"), "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "Without reading" in said
    record = json.loads((tmp_path / "a.json").read_text())
    rows = {(one["probe"], one["slice"] and one["slice"]["value"]): one for one in record["data"]}
    assert rows["longer", None]["estimate"]["value"] + rows["shorter", None]["estimate"]["value"] <= 1
    assert record["scorers"] == []
    assert len({probe for probe, _ in rows}) >= len(RULES)


@pytest.mark.parametrize(
    ("name", "probe", "share"),
    [
        ("rewardmath:rewardbench-math", "shorter", 0.9105),  # README of the set: 91.05 % and 92.84 % of 447 pairs
        ("rewardmath:rewardbench-math", "fewer steps", 0.9284),
        ("judgebench", "longer", 0.4600),  # README of the set
    ],
)
def test_published_shares(data_set, name, probe, share):
    data_set(name.split(":")[0])
    assert rm.audit(name, resamples=0)[probe].estimate.value == pytest.approx(share, abs=5e-5)


def test_longer_answers_in_rmb_by_goal(data_set):
    """README of the set: the longer answer is chosen in 64.83 % and 54.31 %."""
    data_set("rmb")
    found = rm.audit("rmb", slices=["goal"], resamples=0)
    shares = {one.value: one.estimate.value for one in found.data if one.probe == "longer" and one.column}
    assert sorted(shares.values()) == pytest.approx([0.5431, 0.6483], abs=5e-5)
