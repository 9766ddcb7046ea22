"""RewardMATH and RewardBench-math (Kim et al. 2024): reward models, process reward models and judges."""

from __future__ import annotations

import gzip
import json
import math
import os
from pathlib import Path

import numpy as np
import pytest

from rewardmeter.stats.best_of_k import best_of_k_strict_estimates, mean_reciprocal_rank_estimates
from rewardmeter.stats.preference import accuracy_estimates

# RewardMATH accuracy %, MRR, % of the 9 pairs won, RewardBench-math accuracy %: recomputed from the same files with
# the benchmark's definitions, outside this project. The second name is that of the RewardBench file.
CLASSIFIERS = {
    ("internlm2", "internlm2"): (37.27, 0.5517, 75.98, 92.84),
    ("internlm2_20b", "internlm2-20b"): (33.95, 0.5195, 73.08, 95.08),
    ("grm_llama3", "GRM-Llama3-8B"): (24.43, 0.4580, 70.30, 91.50),
    ("skywork_llama3", "Skywork-Llama-3.1-8B"): (22.15, 0.4469, 71.50, 96.87),
    ("ArmoRM", "ArmoRM"): (20.50, 0.4218, 67.31, 92.84),
    ("Eurus-RM", "Eurus-RM"): (16.98, 0.3830, 63.19, 60.85),
    ("beaver", "beaver"): (7.25, 0.2659, 48.59, 51.45),
    ("oasst-rm", "oasst-rm"): (7.04, 0.2703, 49.87, 60.40),
    ("grm_gemma", "GRM_Gemma_2B"): (4.97, 0.2410, 45.69, 93.06),
}
PROCESS = {
    "ReasonEval_7B": (18.22, 0.3849, 61.08, 63.09),
    "Math_Shepherd": (17.18, 0.3468, 51.64, 94.41),
    "ReasonEval_34B": (15.94, 0.3663, 60.11, 83.45),
    "Easy_to_hard": (14.08, 0.3529, 59.26, 67.79),
}
# Direct ratings, strict accuracy %.
RATING_JUDGES = {
    "gpt4o": 25.98, "gpt4": 22.47, "opus": 2.48, "sonnet-3-5": 2.07, "llama3_8B": 2.07,
    "prometheus_7B": 2.28, "llama3_70B": 0.62, "chatgpt": 0.21, "prometheus_8x7B": 0.21,
}  # fmt: skip
# % of 4,347 pairs right; a verdict that could not be parsed is wrong.
PAIR_JUDGES = {
    "gpt4": 77.46, "gpt4o": 76.33, "sonnet-3-5": 69.61, "llama3_70B": 68.12, "opus": 63.75,
    "prometheus_8x7B": 57.74, "chatgpt": 51.25, "prometheus_7B": 45.07, "llama3_8B": 43.82,
}  # fmt: skip
PERCENT, RANK = 0.00501, 0.0000501  # half a unit of the last printed digit


@pytest.fixture
def results():
    home = os.environ.get("REWARDMETER_DATA")
    if not home:
        pytest.skip("REWARDMETER_DATA is not set: the reference numbers were not checked")
    return Path(home) / "rewardmath" / "results"


def rows_of(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return json.load(file)


def rewardmath(scores):
    """Strict accuracy and MRR in the table's units, and the share of pairs won, from (problems, 10) scores."""
    problems, k = scores.shape
    arguments = (
        scores.reshape(1, -1),
        np.arange(0, problems * k + 1, k),
        np.tile(np.arange(k) == 0, problems),
        np.arange(problems),
    )
    (strict,), (rank,) = best_of_k_strict_estimates(*arguments), mean_reciprocal_rank_estimates(*arguments)
    pairs = accuracy_estimates(
        (scores[:, :1] - scores[:, 1:]).reshape(1, -1),
        np.ones(problems * (k - 1)),
        np.repeat(np.arange(problems), k - 1),
        ties="wrong",
    )[0]
    assert strict.n == rank.n == problems
    return 100 * strict.value, rank.value, 100 * pairs.value


def pair_accuracy(chosen, rejected):
    margins = np.subtract(chosen, rejected)[None]
    return (
        100 * accuracy_estimates(margins, np.ones(margins.shape[1]), np.arange(margins.shape[1]), ties="wrong")[0].value
    )


@pytest.mark.parametrize(("model", "pair_name"), CLASSIFIERS)
def test_classifier_reward_models(results, model, pair_name):
    accuracy, rank, won, pairs = CLASSIFIERS[model, pair_name]
    scores = np.array([row["score"] for row in rows_of(results / "RewardMATH" / f"{model}_reward.json.gz")], float)
    got = rewardmath(scores)
    assert got[0] == pytest.approx(accuracy, abs=PERCENT)
    assert got[1] == pytest.approx(rank, abs=RANK)
    assert got[2] == pytest.approx(won, abs=PERCENT)
    both = np.array([row["score"] for row in rows_of(results / "Rewardbench" / f"rewardbench_{pair_name}.json.gz")])
    assert pair_accuracy(both[:, 0], both[:, 1]) == pytest.approx(pairs, abs=PERCENT)


@pytest.mark.parametrize("model", PROCESS)
def test_process_reward_models_by_the_product_of_steps(results, model):
    accuracy, rank, won, pairs = PROCESS[model]
    rows = rows_of(results / "RewardMATH" / f"{model}_reward.json.gz")
    got = rewardmath(np.array([[math.prod(steps) for steps in row["score"]] for row in rows]))
    assert got[0] == pytest.approx(accuracy, abs=PERCENT)
    assert got[1] == pytest.approx(rank, abs=RANK)
    assert got[2] == pytest.approx(won, abs=PERCENT)
    by_type = {"chosen": {}, "rejected": {}}
    for row in rows_of(results / "Rewardbench" / f"rewardbench_{model}.json.gz"):
        by_type[row["solution_type"]][row["problem_id"]] = math.prod(row["output"]["step_scores"])
    problems = sorted(by_type["chosen"])
    assert problems == sorted(by_type["rejected"])
    got_pairs = pair_accuracy(*([by_type[side][p] for p in problems] for side in ("chosen", "rejected")))
    assert got_pairs == pytest.approx(pairs, abs=PERCENT)


@pytest.mark.parametrize("judge", RATING_JUDGES)
def test_rating_judges(results, judge):
    rows = rows_of(results / "RewardMATH" / f"{judge}_reward.json.gz")
    scores = np.array([row["score"] for row in rows], float)
    assert rewardmath(scores)[0] == pytest.approx(RATING_JUDGES[judge], abs=PERCENT)


@pytest.mark.parametrize("judge", PAIR_JUDGES)
def test_pairwise_judges(results, judge):
    rows = rows_of(results / "RewardMATH" / f"{judge}_pairwise_reward.json.gz")
    code = {"A": 1.0, "B": -1.0}
    verdicts = np.array([code.get(verdict, 0.0) for row in rows for verdict in row["score"]])
    gold = np.array([float(side == "A") for row in rows for side in row["chosen_position"]])
    (estimate,) = accuracy_estimates(verdicts[None], gold, np.repeat(np.arange(len(rows)), 9), ties="wrong")
    assert estimate.n == 4347
    assert 100 * estimate.value == pytest.approx(PAIR_JUDGES[judge], abs=PERCENT)
    if judge == "chatgpt":
        assert np.count_nonzero(verdicts == 1) == 3638
