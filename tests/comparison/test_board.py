"""The board on small data whose statistics are known by hand or from scipy."""

import dataclasses
import json
import math

import numpy as np
import pytest
from scipy import stats

import rewardmeter as rm
from rewardmeter.comparison import Contender, compare_scores
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.types import Scores

GOLD = np.array([[1.0, 2, 3, 4], [5, 5, 7, 8]])


def ratings(gold=GOLD, domains=("a", "b")):
    """Two items by four systems; two recorded scorers, one of them with a hole."""
    builder = DatasetBuilder("hand")
    rng = np.random.default_rng(0)
    for i, row in enumerate(gold):
        item = builder.item(f"i{i}", columns={"domain": domains[i % len(domains)]})
        for s, value in enumerate(row):
            response = builder.response(item, system=f"s{s}", text=f"{i}{s}" * (s + 1))
            builder.rating(response, value)
            builder.score("noisy", response, value + rng.normal())
            if (i, s) != (0, 0):
                builder.score("holey", response, value)
            builder.score("constant", response, 1.0)
    return builder.build()


def test_statistics_are_those_of_scipy():
    data = ratings()
    board = rm.compare(data, ["recorded"], resamples=0)
    entry = board["noisy"]
    noisy = data.recorded["noisy"].values.reshape(2, 4)
    assert entry["segment.pearson"].value == pytest.approx(stats.pearsonr(noisy.ravel(), GOLD.ravel())[0])
    by_item = [stats.kendalltau(x, y)[0] for x, y in zip(noisy, GOLD, strict=True)]
    assert entry["segment.kendall_b.item"].value == pytest.approx(np.mean(by_item))
    by_system = [stats.pearsonr(x, y)[0] for x, y in zip(noisy.T, GOLD.T, strict=True)]
    assert entry["segment.pearson.system"].value == pytest.approx(np.mean(by_system))
    assert entry["system.pearson"].value == pytest.approx(stats.pearsonr(noisy.mean(0), GOLD.mean(0))[0])
    assert math.isnan(entry["segment.pearson"].low)


def test_what_is_undefined_is_null_and_stands_last():
    board = rm.compare(ratings(), ["recorded"], resamples=50)
    record = board.to_dict()
    json.dumps(record, allow_nan=False)
    constant = record["board"][-1]
    assert constant["scorer"] == "constant"
    assert constant["statistics"]["segment.pearson"]["value"] is None
    assert constant["statistics"]["segment.pearson.item"]["undefined_groups"] == 2
    # A constant scorer ties every pair: it is right on the one tied gold pair of the twelve.
    assert board["constant"]["segment.acc_eq.item"].value == pytest.approx((0 + 1 / 6) / 2)


def test_coverage_is_stated_and_each_scorer_is_measured_on_what_it_covers():
    board = rm.compare(ratings(), ["recorded"], resamples=0)
    assert board["holey"].coverage == pytest.approx(7 / 8)
    assert board["holey"].outcomes == {"scored": 7, "missing": 1}
    assert board["holey"]["segment.pearson"].value == pytest.approx(1.0)
    assert board["holey"]["segment.pearson"].n == 7
    assert any("do not cover every judgment" in line for line in board.caveats)


def test_slices_repeat_everything():
    board = rm.compare(ratings(), ["recorded:noisy"], slices=["domain"], resamples=0)
    n, statistics = board["noisy"].slices["domain"]["b"]
    noisy = ratings().recorded["noisy"].values.reshape(2, 4)
    assert n == 1
    assert statistics["segment.pearson"].value == pytest.approx(stats.pearsonr(noisy[1], GOLD[1])[0])
    with pytest.raises(UnknownNameError, match="did you mean 'domain'"):
        rm.compare(ratings(), ["recorded"], slices=["domian"])


def test_attributes_lead_to_estimates():
    entry = rm.compare(ratings(), ["recorded"], resamples=20)["noisy"]
    assert entry.segment.pearson.by_item is entry["segment.pearson.item"]
    assert entry.segment.pearson.pooled is entry["segment.pearson"]
    assert entry.system.pearson.estimate is entry["system.pearson"]
    assert "kendall_b" in dir(entry.segment)
    with pytest.raises(AttributeError, match="no statistic named"):
        _ = entry.segment.nonsense


def test_the_same_seed_gives_the_same_board_and_the_order_of_scorers_does_not_matter():
    first = rm.compare(ratings(), ["recorded:noisy", "recorded:holey"], resamples=100, seed=3)
    second = rm.compare(ratings(), ["recorded:holey", "recorded:noisy"], resamples=100, seed=3)
    assert first.to_dict() == second.to_dict()


def test_scorers_are_computed_named_and_marked_as_rules():
    board = rm.compare(ratings(), {"short": "-length", "long": "length"}, resamples=0, store=None)
    assert board.scorers == ("long", "short")
    assert board["short"].baseline
    assert board["long"].reads == ("response",)
    assert board["long"]["segment.kendall_b"].value == -board["short"]["segment.kendall_b"].value


def test_a_negated_recorded_scorer_is_turned_round_everywhere():
    board = rm.compare(ratings(), ["recorded:noisy", "-recorded:noisy"], resamples=0)
    for statistic in ("segment.pearson", "segment.kendall_b.item", "system.pearson"):
        assert board["-noisy"][statistic].value == pytest.approx(-board["noisy"][statistic].value)


def pairs():
    """Six pairs on three items: scorer right, right, wrong, tie; a human tie; an unscored one."""
    builder = DatasetBuilder("pairs")
    rows = [(1.0, 2.0, 1.0), (0.0, 1.0, 2.0), (1.0, 1.0, 2.0), (1.0, 2.0, 2.0), (0.5, 1.0, 2.0), (1.0, None, 2.0)]
    for number, (gold, a, b) in enumerate(rows):
        item = builder.item(f"i{number // 2}", columns={"kind": "x" if number < 2 else "y"})
        left = builder.response(item, system=f"a{number}", text=f"left {number}")
        right = builder.response(item, system=f"b{number}", text=f"right {number}")
        builder.preference(left, right, gold)
        builder.score("judge", left, a)
        builder.score("judge", right, b)
    return builder.build()


def test_pair_accuracy_under_both_tie_rules():
    entry = rm.compare(pairs(), ["recorded"], slices=["kind"], resamples=50)["judge"]
    assert entry["pair.accuracy"].value == 2 / 4
    assert entry["pair.accuracy_half_ties"].value == 2.5 / 4
    assert entry["pair.accuracy"].n == 4
    assert entry["pair.accuracy_macro"].value == pytest.approx((1.0 + 0.0) / 2)
    assert entry.slices["kind"]["x"][1]["pair.accuracy"].value == 1.0
    assert entry.coverage == pytest.approx(5 / 6)


def test_boards_without_judgment_or_scorer_are_refused():
    builder = DatasetBuilder("bare")
    builder.response(builder.item("1"), text="x")
    with pytest.raises(InputError, match="no human judgments"):
        rm.compare(builder.build(), ["length"], store=None)
    with pytest.raises(InputError, match="nothing to compare"):
        rm.compare(ratings(), [])
    same = Contender("x", Scores.from_values(np.zeros(8)))
    with pytest.raises(InputError, match="on the board twice"):
        compare_scores(ratings(), [same, same])
    with pytest.raises(InputError, match="make no interval"):
        compare_scores(ratings(), [same], resamples=1)


def test_one_item_and_one_response_give_a_board_without_numbers():
    builder = DatasetBuilder("one")
    builder.rating(builder.response(builder.item("1"), system="s", text="x"), 3.0)
    board = rm.compare(builder.build(), ["length"], store=None)
    assert not any(estimate.defined for estimate in board["length"].statistics.values())
    assert "No scorer has a defined" in board.headline[0]
    json.dumps(board.to_dict(), allow_nan=False)


def test_binary_gold_gets_roc_auc():
    data = ratings(np.array([[0.0, 1, 1, 0], [1, 0, 1, 0]]))
    entry = rm.compare(data, ["recorded:noisy"], resamples=0)["noisy"]
    gold, noisy = data.ratings.mean(8), data.recorded["noisy"].values
    wins = [(p > q) + 0.5 * (p == q) for p in noisy[gold == 1] for q in noisy[gold == 0]]
    assert entry["segment.roc_auc"].value == pytest.approx(np.mean(wins))


def test_tables_and_frames_carry_every_number():
    board = rm.compare(ratings(), ["recorded"], slices=["domain"], resamples=20)
    rows = board.rows()
    assert {row["scorer"] for row in rows} == {"noisy", "holey", "constant"}
    assert {row["slice"] for row in rows} == {"", "domain"}
    assert "noisy" in str(board)


def test_verdicts_that_were_not_asked_for_do_not_count_and_unread_ones_earn_nothing():
    builder = DatasetBuilder("verdicts")
    # (gold, first, second, asked first, asked second); NaN with asked = an answer that could not be read.
    nan = float("nan")
    rows = [(1, 1, 1, 1, 1)] * 3 + [(1, -1, -1, 1, 1)] + [(1, nan, nan, 1, 1), (1, nan, 1, 0, 1), (1, nan, nan, 0, 0)]
    for number, (gold, first, second, _, _) in enumerate(rows):
        item = builder.item(str(number))
        a, b = (builder.response(item, text=f"{side}{number}") for side in "ab")
        builder.verdict("judge", builder.preference(a, b, float(gold)), first, second)
    data = builder.build()
    asked, swapped = (np.array([bool(row[place]) for row in rows]) for place in (3, 4))
    judge = dataclasses.replace(data.recorded["judge"], asked=asked, asked_second=swapped)
    entry = rm.compare(data.with_recorded({"judge": judge}), ["recorded"], resamples=0)["judge"]
    assert entry["pair.accuracy"].value == 4 / 6  # three right, the swapped game alone right, one wrong, one unread
    assert entry["pair.accuracy"].detail["unread"] == 1
    assert entry["pair.accuracy_half_ties"].value == 4.5 / 6
    assert entry["pair.accuracy_first_order"].value == 3 / 5
    assert entry["pair.accuracy_swapped_order"].value == 4 / 6
    assert entry.coverage == pytest.approx(5 / 7)
    assert entry.outcomes == {"scored": 5, "abstained": 1, "missing": 1}


def test_a_single_spec_and_a_file_of_scores_are_taken(tmp_path):
    data = ratings()
    path = tmp_path / "mine.csv"
    path.write_text("item,system,score.mine\n" + "".join(f"i{i},s{s},{s + i}\n" for i in range(2) for s in range(4)))
    board = rm.compare(data, f"recorded:{path}", resamples=0)
    assert board.scorers == ("mine",)
    assert board["mine"].coverage == 1.0


@pytest.mark.parametrize("options", [{"resamples": 2}, {"level": 1.5}, {"draws": 3}, {"statistic": "segment.x"}])
def test_senseless_requests_are_refused_before_anything_is_scored(options):
    def never(response):
        raise AssertionError("was scored")

    with pytest.raises((InputError, UnknownNameError)):
        rm.compare(ratings(), [never], store=None, **options)


def test_margins_of_preferences_stand_on_the_board_as_probabilities(data_root):
    """The README of JudgeBench prints AUC and Brier score; `rewardmeter calibration` says the same as the board."""
    readme = {"GRM-Gemma-2B-rewardmodel-ft": (0.6589, 0.2840), "internlm2-20b-reward": (0.7137, 0.2149)}
    board = rm.compare("judgebench", ["recorded"], resamples=50, draws=0)
    full = rm.measure_calibration("judgebench", ["recorded"], resamples=50)
    for entry in full.entries:
        row = board[entry.scorer]
        for name in ("nll", "brier", "ece", "slope", "auc"):
            assert row[f"calibration.{name}"].to_dict() == entry.statistics[f"calibration.{name}"].to_dict()
    for scorer, (auc, brier) in readme.items():
        assert board[scorer]["calibration.auc"].value == pytest.approx(auc, abs=5e-5)
        assert board[scorer]["calibration.brier"].value == pytest.approx(brier, abs=5e-5)
    assert "calibration.nll" not in board["o1-mini-2024-09-12"].statistics, "verdicts have no margins"
