"""JudgeBench: Table 3 of the paper (arXiv 2410.12784) and further numbers recomputed outside this project."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.io.named import judgebench

OPTIONS = {"gold": None, "reference": None, "include_human": False}
CATEGORIES = ("knowledge", "reasoning", "math", "coding")
# Table 3: per cent on 154, 98, 56, 42 and all 350 GPT-4o pairs.
TABLE_3 = {
    "Skywork-Reward-Gemma-2-27B": [59.74, 66.33, 83.93, 50.00, 64.29],
    "Skywork-Reward-Llama-3.1-8B": [59.09, 64.29, 76.79, 50.00, 62.29],
    "internlm2-20b-reward": [62.34, 69.39, 66.07, 50.00, 63.43],
    "internlm2-7b-reward": [56.49, 61.22, 71.43, 50.00, 59.43],
    "GRM-Gemma-2B-rewardmodel-ft": [62.99, 53.06, 64.29, 54.76, 59.43],
}
# Recomputed from the same files with the paper's rule for two games.
JUDGES = {
    ("gpt-4o", "o1-mini-2024-09-12"): ([58.44, 62.24, 82.14, 78.57, 65.71], 110),
    ("claude-3-5-sonnet", "claude-3-haiku-20240307"): ([37.66, 29.41, 32.35, 9.68, 32.22], 135),
}


def by_category(dataset, right):
    category = np.array([dataset.columns["category"][item] for item in dataset.response_item[dataset.preferences.a]])
    return [100 * np.mean(right[category == name]) for name in CATEGORIES] + [100 * np.mean(right)]


def gold_sign(dataset):
    return np.where(dataset.preferences.probability == 1, 1.0, -1.0)


def lengths(dataset):
    return np.array([len(text) for text in dataset.response_text])


@pytest.mark.parametrize("model", TABLE_3)
def test_the_published_accuracies_of_reward_models(model, data_set) -> None:
    dataset = judgebench.load(data_set("judgebench"), subset="gpt-4o", **OPTIONS)
    recorded = dataset.recorded[model]
    assert by_category(dataset, recorded.first == gold_sign(dataset)) == pytest.approx(TABLE_3[model], abs=0.00501)
    assert np.isnan(recorded.second).all()


def test_verdicts_of_reward_models_are_the_signs_of_their_scores_with_ties_for_b(data_set) -> None:
    dataset = judgebench.load(data_set("judgebench"), subset=None, **OPTIONS)
    ties = {}
    for name in TABLE_3:
        recorded = dataset.recorded[name]
        difference = recorded.values[dataset.preferences.a] - recorded.values[dataset.preferences.b]
        np.testing.assert_array_equal(recorded.first, np.where(difference > 0, 1, -1))
        ties[name] = int(np.sum(difference == 0))
    assert {name: count for name, count in ties.items() if count} == {
        "Skywork-Reward-Gemma-2-27B": 3,
        "Skywork-Reward-Llama-3.1-8B": 1,
    }


@pytest.mark.parametrize(("subset", "model"), JUDGES)
def test_judges_in_two_games(subset, model, data_set) -> None:
    dataset = judgebench.load(data_set("judgebench"), subset=subset, **OPTIONS)
    recorded = dataset.recorded[model]
    total = np.nan_to_num(recorded.first) + np.nan_to_num(recorded.second)
    accuracies, inconsistent = JUDGES[subset, model]
    assert by_category(dataset, total * gold_sign(dataset) > 0) == pytest.approx(accuracies, abs=0.00501)
    assert np.sum(~(recorded.first == recorded.second)) == inconsistent


@pytest.mark.parametrize(
    ("subset", "labels", "length", "equal"),
    [("gpt-4o", (193, 157), 46.00, 0), ("claude-3-5-sonnet", (143, 127), 44.44, 2)],
)
def test_labels_and_the_length_rule(subset, labels, length, equal, data_set) -> None:
    dataset = judgebench.load(data_set("judgebench"), subset=subset, **OPTIONS)
    gold = gold_sign(dataset)
    assert (np.sum(gold > 0), np.sum(gold < 0)) == labels
    difference = lengths(dataset)[dataset.preferences.a] - lengths(dataset)[dataset.preferences.b]
    assert np.sum(difference == 0) == equal
    right = np.where(difference > 0, 1, -1) == gold
    assert 100 * np.mean(right) == pytest.approx(length, abs=0.00501)


def test_an_unknown_subset_or_option(data_set) -> None:
    with pytest.raises(UnknownNameError, match="there are: gpt-4o, claude-3-5-sonnet"):
        judgebench.load(data_set("judgebench"), subset="x", **OPTIONS)
    with pytest.raises(UnknownNameError, match="one reference only"):
        judgebench.load(data_set("judgebench"), subset=None, gold=None, reference="refA", include_human=False)


@pytest.fixture
def small(tmp_path):
    """Two made-up pairs, and a way to add a judge's output."""
    prefix = "dataset=judgebench,response_model=gpt-4o-2024-05-13"
    rows = [
        {
            "pair_id": str(number),
            "source": "livecodebench",
            "question": "q",
            "response_A": "x",
            "response_B": "x",
            "label": label,
        }
        for number, label in enumerate(["A>B", "B>A"])
    ]
    for folder in ("data", "outputs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "data" / f"{prefix}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def add(judge, prompt, decisions, ids=("0", "1")):
        lines = [
            json.dumps({"pair_id": pair, "judgments": [{"decision": d, "judgment": {}} for d in games]})
            for pair, games in zip(ids, decisions, strict=True)
        ]
        name = f"{prefix},judge_name={prompt},judge_model={judge}.jsonl"
        (tmp_path / "outputs" / name).write_text("\n".join(lines))

    return tmp_path, add


def test_the_second_game_is_turned_back(small) -> None:
    root, add = small
    add("org_judge", "vanilla", [("A>B", "A>B"), ("A=B", None)])
    dataset = judgebench.load(root, subset=None, **OPTIONS)
    np.testing.assert_array_equal(dataset.recorded["judge"].first, [1, 0])
    np.testing.assert_array_equal(dataset.recorded["judge"].second, [-1, np.nan])
    assert dataset.n_items == 1
    assert dataset.n_responses == 4


def test_one_model_under_two_prompts_gets_two_names(small) -> None:
    root, add = small
    for prompt in ("vanilla", "arena_hard"):
        add("org_judge", prompt, [("A>B", "B>A"), ("A>B", "B>A")])
    assert list(judgebench.load(root, subset=None, **OPTIONS).recorded) == ["judge|arena_hard", "judge|vanilla"]


@pytest.mark.parametrize(
    ("decisions", "ids", "problem"),
    [
        ([("A>B", "B>A"), ("C", "A>B")], ("0", "1"), r"line 2: decision 'C' is not one of"),
        ([("A>B", "B>A"), ("A>B", "A>B")], ("0", "7"), r"line 2: pair '7' is not in the data"),
        ([("A>B",), ("A>B", "A>B")], ("0", "1"), r"line 1: 1 games where 2 are due"),
    ],
)
def test_strange_outputs_are_refused_with_their_line(small, decisions, ids, problem) -> None:
    root, add = small
    add("judge", "vanilla", decisions, ids)
    with pytest.raises(InputError, match=problem):
        judgebench.load(root, subset=None, **OPTIONS)
