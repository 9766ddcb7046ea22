"""Bradley-Terry strengths of the PandaLM test set (Wang et al. 2024): five systems, 999 comparisons."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau, pearsonr

from rewardmeter.stats.ranking import bradley_terry

# Log-odds from the human majority, tie = half a win each; recomputed from the same file outside this project.
STRENGTHS = {
    "llama-7b": 0.7243,
    "pythia-6.9b": 0.0736,
    "bloom-7b": -0.0182,
    "opt-7b": -0.2430,
    "cerebras-gpt-6.7B": -0.5368,
}
JUDGES = {
    "gpt-3.5-turbo-testset-v1": ("gpt_result", 0.9918, 0.8),
    "pandalm-7b-testset-v1": ("pandalm_result", 0.9621, 0.8),
}
CREDIT = {"1": 1.0, "2": 0.0, "0": 0.5, "Tie": 0.5, "garbage": 0.5}  # as the reference: unreadable is a tie


@pytest.fixture
def rows():
    home = os.environ.get("REWARDMETER_DATA")
    if not home:
        pytest.skip("REWARDMETER_DATA is not set: the reference numbers were not checked")

    def read(name):
        with gzip.open(Path(home) / "pandalm-testset" / "data" / f"{name}.json.gz", "rt", encoding="utf-8") as file:
            return json.load(file)

    return read


def strengths(rows, verdicts):
    """Bradley-Terry fit of the comparisons with one verdict each."""
    systems = list(STRENGTHS)
    pairs = np.array([[systems.index(name) for name in row["cmp_key"].split("_")] for row in rows])
    outcome = [CREDIT[str(verdict)] for verdict in verdicts]
    return bradley_terry(pairs[:, 0], pairs[:, 1], outcome, names=systems)


def majority(row):
    votes = [row[f"annotator{i}"] for i in (1, 2, 3)]
    return max(set(votes), key=votes.count)


def test_human_strengths(rows):
    """Expected: the log-odds above, to their four decimals."""
    comparisons = rows("testset-v1")
    fit = strengths(comparisons, map(majority, comparisons))
    assert fit.strengths == pytest.approx(list(STRENGTHS.values()), abs=0.0000501)
    assert fit.comparisons.sum() == 2 * 999


@pytest.mark.parametrize("name", JUDGES)
def test_strengths_from_judges(rows, name):
    """Expected: recomputed Pearson and Kendall of the five strengths with the human ones."""
    column, pearson, kendall = JUDGES[name]
    comparisons, judged = rows("testset-v1"), {row["idx"]: row[column] for row in rows(name)}
    human = strengths(comparisons, map(majority, comparisons)).strengths
    judge = strengths(comparisons, [judged[row["idx"]] for row in comparisons]).strengths
    assert pearsonr(human, judge).statistic == pytest.approx(pearson, abs=0.0000501)
    assert kendalltau(human, judge).statistic == pytest.approx(kendall)
