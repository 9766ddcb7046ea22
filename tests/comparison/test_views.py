"""What the report draws: expected values by hand, by brute force over pairs and groups, and from the board itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rewardmeter as rm
from rewardmeter.api import contenders
from rewardmeter.comparison import Contender, board_views, compare_scores
from rewardmeter.comparison.views import MOST_NUMBERS
from rewardmeter.dataset import Dataset
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.report.html import render
from rewardmeter.types import Scores

NO = math.nan


def seen(data: Dataset, specs: list[str]) -> tuple[Any, dict[str, Any]]:
    """The board and its views."""
    made = contenders(data, specs, store=None)
    board = compare_scores(data, made, resamples=0, draws=0)
    return board, board_views(data, made, board)


def judged(games: list[tuple[float, float]], golds: list[float]) -> Dataset:
    """One pair per item; the judge gave verdicts in both orders, the model gave scores (a above b by 1)."""
    builder = DatasetBuilder("judged")
    for i, (verdicts, gold) in enumerate(zip(games, golds, strict=True)):
        item = builder.item(f"i{i}", prompt="?")
        a, b = (builder.response(item, text=text) for text in ("yes", "no"))
        pair = builder.preference(a, b, gold)
        builder.verdict("judge", pair, *verdicts)
        builder.score("model", a, 1.0)
        builder.score("model", b, 0.0)
    return builder.build()


GAMES = [(1.0, 1.0), (1.0, -1.0), (-1.0, 0.0), (1.0, NO), (-1.0, -1.0), (NO, 1.0)]
GOLDS = [1.0, 1.0, 1.0, 0.0, 0.0, 0.5]


def test_margins_of_a_judge_join_both_games():
    """By hand: right, tie, wrong, wrong, right; the pair that people tie is left out."""
    board, views = seen(judged(GAMES, GOLDS), ["recorded"])
    assert views["margins"]["judge"] == {"edges": [-1.5, -0.5, 0.5, 1.5], "counts": [2, 1, 2], "kind": "verdict"}
    assert board["judge"]["pair.accuracy"].value == pytest.approx(2 / 5)
    model = views["margins"]["model"]
    assert model["kind"] == "score"
    assert (model["counts"][0], model["counts"][-1], sum(model["counts"])) == (2, 3, 5)


def test_items_carry_the_verdicts_and_the_scores_in_the_order_of_the_scorers():
    _, views = seen(judged(GAMES, GOLDS), ["recorded"])
    items = views["items"]
    assert items["judges"] == ["judge"]
    verdicts = {one["id"]: one["pairs"][0]["verdicts"] for one in items["shown"]}
    # i2 and i3 go against the judge, i3 and i4 against the model.
    assert verdicts == {"i2": {"judge": -1.0}, "i3": {"judge": 1.0}, "i4": {"judge": -1.0}}
    scores = dict(zip(items["scorers"], items["shown"][0]["responses"][0]["scores"], strict=True))
    assert scores == {"judge": None, "model": 1.0}
    assert items["looked_at"] == 5


def test_an_unread_answer_is_null_and_a_judge_that_was_not_asked_is_absent():
    builder = DatasetBuilder("holes")
    for i in range(3):
        item = builder.item(f"i{i}")
        a, b = (builder.response(item, text=text) for text in ("yes", "no"))
        pair = builder.preference(a, b, 0.0)
        builder.score("model", a, 1.0)
        builder.score("model", b, 0.0)
        if i < 2:
            builder.verdict("judge", pair, (1.0, NO)[i])
    _, views = seen(builder.build(), ["recorded"])
    assert [one["pairs"][0]["verdicts"] for one in views["items"]["shown"]] == [{"judge": 1.0}, {"judge": None}, {}]


def test_a_judge_that_is_always_wrong_still_has_items():
    """All its margins are equal, so there is no standard deviation to divide by."""
    _, views = seen(judged([(-1.0, -1.0)] * 3, [1.0] * 3), ["recorded:judge"])
    assert [one["disagreement"]["judge"] for one in views["items"]["shown"]] == [1.0, 1.0, 1.0]


def test_best_of_k_margins_and_marks_are_those_of_brute_force():
    data = rm.load("demo:best-of-4")
    groups = data.best_of_k
    assert groups is not None
    board, views = seen(data, ["length", "words"])
    made = {c.name: c.scores.values for c in contenders(data, ["length", "words"], store=None)}
    correct: dict[int, bool] = {}
    for name, values in made.items():
        margins = []
        for g in range(len(groups)):
            rows = range(groups.offsets[g], groups.offsets[g + 1])
            right = [values[groups.response[r]] for r in rows if groups.best[r]]
            wrong = [values[groups.response[r]] for r in rows if not groups.best[r]]
            correct.update({int(groups.response[r]): bool(groups.best[r]) for r in rows})
            margins.append(max(right) - max(wrong))
        view = views["margins"][name]
        assert view["kind"] == "best_of_k"
        inside = np.clip(margins, view["edges"][0], view["edges"][-1])
        assert view["counts"] == np.histogram(inside, view["edges"])[0].tolist()
        assert board[name]["pair.best_of_k_strict"].value == pytest.approx(np.mean(np.array(margins) > 0))
    assert views["items"]["shown"]
    for one in views["items"]["shown"]:
        start = int(data.item_start[data.item_ids.index(one["id"])])
        for j, response in enumerate(one["responses"]):
            assert response.get("best") == correct.get(start + j)


def test_a_group_with_a_response_without_score_has_no_margin():
    builder = DatasetBuilder("groups")
    item = builder.item("i")
    answers = [builder.response(item, text=str(i)) for i in range(4)]
    builder.best_of_k(answers[:2], [True, False])
    builder.best_of_k(answers[2:], [True, False])
    for answer, value in zip(answers, (1.0, 3.0, 2.0, None), strict=True):
        builder.score("model", answer, value)
    _, views = seen(builder.build(), ["recorded"])
    assert sum(views["margins"]["model"]["counts"]) == 1
    assert views["margins"]["model"]["counts"][0] == 1


def test_many_scorers_get_fewer_items():
    """40 items of 10 responses by 300 scorers: 20 items hold 60,000 scores."""
    builder, rng = DatasetBuilder("many"), np.random.default_rng(0)
    for i in range(40):
        item = builder.item(f"i{i}")
        for s in range(10):
            builder.rating(builder.response(item, system=f"s{s}"), float(rng.normal()))
    data = builder.build()
    made = [Contender(f"m{k}", Scores.from_values(rng.normal(size=400)), "recorded") for k in range(300)]
    board = compare_scores(data, made, resamples=0, draws=0)
    items = board_views(data, made, board)["items"]
    assert items["looked_at"] == 40
    assert len(items["shown"]) == 20
    assert sum(len(r["scores"]) for one in items["shown"] for r in one["responses"]) == MOST_NUMBERS


@pytest.mark.parametrize("name", ["judgebench", "llmbar", "pandalm-testset"])
def test_histograms_say_what_the_board_says(
    data_set: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, name: str
):
    """On real verdicts: the share of bars with people is the board's pair accuracy."""
    monkeypatch.setenv("REWARDMETER_DATA", str(data_set(name).parent))
    data = rm.load(f"{name}:Natural" if name == "llmbar" else name)
    board, views = seen(data, ["recorded"])
    assert views["items"]["judges"]
    for judge in views["items"]["judges"]:
        view = views["margins"][judge]
        assert view["kind"] == "verdict"
        assert view["counts"][2] / sum(view["counts"]) == pytest.approx(board[judge]["pair.accuracy"].value)


@pytest.mark.slow
def test_a_page_of_two_hundred_scorers_stays_small(data_set: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REWARDMETER_DATA", str(data_set("hanna").parent))
    board, views = seen(rm.load("hanna"), ["recorded"])
    assert len(board) > 200
    assert len(render(board.to_dict(), views).encode()) < 6_000_000
