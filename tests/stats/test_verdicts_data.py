"""Published numbers of recorded judges: JudgeBench (Tan et al. 2024) and LLMBar (Zeng et al. 2024)."""

from __future__ import annotations

import csv
import gzip
import json
import math
import os
from pathlib import Path

import numpy as np
import pytest

from rewardmeter.stats.preference import accuracy_estimates, grouped_accuracy
from rewardmeter.stats.verdicts import combine_games, order_statistics

CATEGORIES = {"mmlu-pro": 0, "livebench-reasoning": 1, "livebench-math": 2, "livecodebench": 3}
DECISIONS = {"A>B": 1.0, "B>A": -1.0, "A=B": 0.0, None: math.nan}

# Table 3 of the paper: knowledge, reasoning, math, coding, overall; per cent on the 350 GPT-4o pairs.
REWARD_MODELS = {
    "Skywork_Skywork-Reward-Gemma-2-27B": [59.74, 66.33, 83.93, 50.00, 64.29],
    "Skywork_Skywork-Reward-Llama-3.1-8B": [59.09, 64.29, 76.79, 50.00, 62.29],
    "internlm_internlm2-20b-reward": [62.34, 69.39, 66.07, 50.00, 63.43],
    "internlm_internlm2-7b-reward": [56.49, 61.22, 71.43, 50.00, 59.43],
    "Ray2333_GRM-Gemma-2B-rewardmodel-ft": [62.99, 53.06, 64.29, 54.76, 59.43],
}
# Recomputed from the same files with the paper's game rule, outside this project.
JUDGES = {
    ("gpt-4o-2024-05-13", "o1-mini-2024-09-12"): [58.44, 62.24, 82.14, 78.57, 65.71],
    ("claude-3-5-sonnet-20240620", "claude-3-haiku-20240307"): [37.66, 29.41, 32.35, 9.68, 32.22],
}
INCONSISTENT = {"o1-mini-2024-09-12": 110, "claude-3-haiku-20240307": 135}


@pytest.fixture
def data_home():
    home = os.environ.get("REWARDMETER_DATA")
    if not home:
        pytest.skip("REWARDMETER_DATA is not set: the published numbers were not checked")
    return Path(home)


def judgebench(home, response_model, kind, judge):
    """First and second verdict in the pair's numbering, gold, category."""
    name = f"dataset=judgebench,response_model={response_model},judge_name={kind},judge_model={judge}.jsonl.gz"
    with gzip.open(home / "judgebench" / "outputs" / name, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    games = np.array([[DECISIONS[game["decision"]] for game in row["judgments"]] for row in rows]).T
    gold = np.array([1.0 if row["label"] == "A>B" else 0.0 for row in rows])
    category = np.array([next(c for name, c in CATEGORIES.items() if row["source"].startswith(name)) for row in rows])
    return games[:1], -games[1:], gold, category


def percentages(margins, gold, category):
    by_category, _ = grouped_accuracy(margins, gold, category, 4, ties="wrong")
    (overall,) = accuracy_estimates(margins, gold, np.arange(len(gold)), ties="wrong")
    return [*(100 * by_category[0]), 100 * overall.value]


@pytest.mark.parametrize("model", REWARD_MODELS)
def test_judgebench_reward_models(data_home, model):
    """Expected: the paper's table, to its two decimals; reward models count by their first game."""
    first, _, gold, category = judgebench(data_home, "gpt-4o-2024-05-13", "reward_model", model)
    assert percentages(first, gold, category) == pytest.approx(REWARD_MODELS[model], abs=0.00501)


@pytest.mark.parametrize(("response_model", "judge"), JUDGES)
def test_judgebench_judges_by_the_game_rule(data_home, response_model, judge):
    """Expected: the recomputed accuracies to two decimals, and the number of inconsistent games."""
    first, second, gold, category = judgebench(data_home, response_model, "arena_hard", judge)
    got = percentages(combine_games(first, second), gold, category)
    assert got == pytest.approx(JUDGES[response_model, judge], abs=0.00501)
    agreement = order_statistics(first, second, gold, np.arange(len(gold)))["pair.order_agreement"][0]
    assert round((1 - agreement.value) * agreement.n) == INCONSISTENT[judge]


def test_llmbar_runs(data_home):
    """Expected: the five published statistics of all 499 runs, to 1e-6."""
    runs = {}
    with gzip.open(data_home / "llmbar" / "verdicts.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            runs.setdefault((row["set"], row["evaluator_llm"], row["strategy"]), []).append(row)
    code = {"1": 1.0, "2": -1.0, "": math.nan}
    names = {
        "correct_False": "pair.accuracy_first_order",
        "correct_True": "pair.accuracy_swapped_order",
        "correct_average": "pair.accuracy_order_average",
        "correct_both": "pair.accuracy_both_orders",
        "equal": "pair.order_agreement",
    }
    checked = 0
    with gzip.open(data_home / "llmbar" / "statistics_upstream.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            published = json.loads(line)
            rows = runs[published["set"], published["evaluator_llm"], published["strategy"]]
            first = [[code[row["winner_swap_false"]] for row in rows]]
            second = [[code[row["winner_swap_true"]] for row in rows]]
            gold = [float(row["label"] == "1") for row in rows]
            statistics = order_statistics(first, second, gold, np.arange(len(rows)))
            for theirs, ours in names.items():
                value = float(published[theirs].split("=")[-1].strip(" %")) / 100
                assert statistics[ours][0].value == pytest.approx(value, abs=1e-6), (published, theirs)
            checked += 1
    assert checked == 499
