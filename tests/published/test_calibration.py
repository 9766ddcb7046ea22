"""Calibration of JudgeBench's five reward models against the numbers in the README of the set."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from rewardmeter.stats.calibration import ece_width_estimates, pair_calibration
from rewardmeter.stats.reliability import log_loss

# AUC, Brier, NLL, ECE in bins of .05, of p = sigmoid(score of A - score of B) against "A is better", 350 pairs.
README = {
    "Ray2333_GRM-Gemma-2B-rewardmodel-ft": (0.6589, 0.2840, 0.9010, 0.2155),
    "Skywork_Skywork-Reward-Gemma-2-27B": (0.7230, 0.3112, 2.1668, 0.3003),
    "Skywork_Skywork-Reward-Llama-3.1-8B": (0.6979, 0.3322, 2.3960, 0.3244),
    "internlm_internlm2-20b-reward": (0.7137, 0.2149, 0.6138, 0.0534),
    "internlm_internlm2-7b-reward": (0.6741, 0.2297, 0.6456, 0.1065),
}
CLIPPED = "Skywork_Skywork-Reward-Llama-3.1-8B"
"""Its README log-loss has probabilities clipped at 1e-12; one wrong margin is 31.9."""


@pytest.fixture(scope="module")
def judgebench(data_root):
    margins = []
    for model in README:
        name = f"dataset=judgebench,response_model=gpt-4o-2024-05-13,judge_name=reward_model,judge_model={model}"
        with gzip.open(data_root / "judgebench" / "outputs" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        scores = np.array([row["judgments"][0]["judgment"]["scores"] for row in rows], dtype=float)
        margins.append(scores[:, 0] - scores[:, 1])
    label = np.array([row["label"] == "A>B" for row in rows], dtype=float)
    return np.array(margins), label, np.arange(350)


def test_judgebench_readme_is_reproduced(judgebench):
    margins, label, item = judgebench
    found = pair_calibration(margins, label, item)
    # A decision counts for the second response where the scores are equal: the rule of the set.
    width = ece_width_estimates(margins, label, item, tied="second")
    for k, (model, (auc, brier, nll, ece)) in enumerate(README.items()):
        assert round(found["calibration.auc"][k].value, 4) == auc
        assert round(found["calibration.brier"][k].value, 4) == brier
        assert round(width[k].value, 4) == ece
        if model == CLIPPED:
            assert round(found["calibration.nll"][k].value, 4) == 2.4082
            p = 1 / (1 + np.exp(-margins[k]))
            assert round(log_loss(p, label, clip=1e-12), 4) == nll
        else:
            assert round(found["calibration.nll"][k].value, 4) == nll
        assert found["calibration.nll"][k].n == 350


def test_half_right_ties_are_what_differs(judgebench):
    """Three pairs of one model and one of another have equal scores."""
    margins, label, item = judgebench
    found = ece_width_estimates(margins, label, item)
    assert [round(one.value, 4) for one in found] == [0.2155, 0.2961, 0.3259, 0.0534, 0.1065]
    assert (margins == 0).sum(axis=1).tolist() == [0, 3, 1, 0, 0]


def test_the_parts_of_the_brier_score_sum(judgebench):
    found = pair_calibration(*judgebench)
    value = {name.split(".")[1]: np.array([one.value for one in made]) for name, made in found.items()}
    parts = value["miscalibration"] - value["discrimination"] + value["uncertainty"]
    np.testing.assert_allclose(parts, value["brier"], rtol=0, atol=1e-15)
