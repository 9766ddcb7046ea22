"""LLMBar: the 499 published statistics files (github.com/princeton-nlp/LLMBar), recomputed from what is loaded."""

from __future__ import annotations

import gzip
import json
import shutil

import numpy as np
import pytest

from rewardmeter.errors import InputError
from rewardmeter.io.named import llmbar

OPTIONS = {"gold": None, "reference": None, "include_human": False}
SIZES = {
    "Natural": 100, "Neighbor": 134, "GPTInst": 92, "GPTOut": 47, "Manual": 46, "Base_9": 54, "Base_10": 54,
    "Constraint": 89, "Negation": 59, "Normal": 59, "FairEval": 66, "LLMEval^2": 200, "MT-Bench": 200,
}  # fmt: skip


def gold_sign(dataset):
    return np.where(dataset.preferences.probability == 1, 1.0, -1.0)


def percentage(text: str) -> float:
    """The published "29 / 54 = 53.70370370370371%" or "48.148148148148145%"."""
    return float(text.rpartition("=")[2].strip(" %"))


def agreement(first, second):
    return 100 * np.mean((first == second) | (np.isnan(first) & np.isnan(second)))


def test_all_499_published_statistics(data_set) -> None:
    root = data_set("llmbar")
    datasets = {llmbar.SETS[name]: llmbar.load(root, subset=name, **OPTIONS) for name in llmbar.SETS}
    with gzip.open(root / "statistics_upstream.jsonl.gz", "rt", encoding="utf-8") as lines:
        published = [json.loads(line) for line in lines]
    assert len(published) == 499
    assert sum(len(dataset.recorded) for dataset in datasets.values()) == 499
    for row in published:
        dataset = datasets[row["set"]]
        recorded = dataset.recorded[f"{row['evaluator_llm']}/{row['strategy']}"]
        right = np.stack([recorded.first, recorded.second]) == gold_sign(dataset)
        ours = {
            "correct_False": 100 * np.mean(right[0]),
            "correct_True": 100 * np.mean(right[1]),
            "correct_average": 100 * np.mean(right),
            "correct_both": 100 * np.mean(right.all(axis=0)),
            "equal": agreement(recorded.first, recorded.second),
        }
        assert ours == pytest.approx({key: percentage(row[key]) for key in ours}, abs=1e-6), row


def test_sizes_and_groups(data_set) -> None:
    root = data_set("llmbar")
    for name, size in SIZES.items():
        dataset = llmbar.load(root, subset=name, **OPTIONS)
        assert len(dataset.preferences) == size
        assert set(dataset.columns["set"]) == {name}
    whole = llmbar.load(root, subset=None, **OPTIONS)
    assert len(whole.preferences) == 419
    assert len(whole.recorded) == 65
    everything = llmbar.load(root, subset="all", **OPTIONS)
    assert len(everything.preferences) == 1200
    assert len(everything.recorded) == 65
    assert sum(recorded.asked.all() for recorded in everything.recorded.values()) == 4
    assert "61 of 65 judges were not run on every pair" in everything.origin.notes[1]


@pytest.mark.parametrize(
    ("judge", "accuracy", "agrees"),
    [("GPT-4/Metrics_Reference", 82.8, 88.2), ("Falcon/CoT", 50.4, 11.5), ("ChatGPT/Vanilla_NoRules", 32.0, 53.9)],
)
def test_adversarial_means(judge, accuracy, agrees, data_set) -> None:
    """Unweighted means of the four adversarial sets, computed by set out of the group."""
    dataset = llmbar.load(data_set("llmbar"), subset="adversarial", **OPTIONS)
    recorded = dataset.recorded[judge]
    sets = np.array([dataset.columns["set"][item] for item in dataset.response_item[dataset.preferences.a]])
    right = (np.stack([recorded.first, recorded.second]) == gold_sign(dataset)).mean(axis=0)
    means = [
        (100 * np.mean(right[sets == name]), agreement(recorded.first[sets == name], recorded.second[sets == name]))
        for name in ("Neighbor", "GPTInst", "GPTOut", "Manual")
    ]
    assert np.mean(means, axis=0) == pytest.approx([accuracy, agrees], abs=0.0501)


def test_pointwise_ratings_are_values_and_agree_with_the_verdicts(data_set) -> None:
    """A greater rating wins in both orders; equal ratings go to the second in one order and the first in the other."""
    dataset = llmbar.load(data_set("llmbar"), subset="LLMBar", **OPTIONS)
    rated = {name: recorded for name, recorded in dataset.recorded.items() if recorded.values is not None}
    assert {name.partition("/")[2].partition("_")[0] for name in rated} == {"Rating"}
    assert len(rated) == 7
    for recorded in rated.values():
        difference = recorded.values[dataset.preferences.a] - recorded.values[dataset.preferences.b]
        parsed = ~np.isnan(difference)
        np.testing.assert_array_equal(
            recorded.first[parsed], np.where(difference[parsed] > 0, 1, -1), err_msg=recorded.name
        )
        np.testing.assert_array_equal(recorded.second[parsed], np.where(difference[parsed] >= 0, 1, -1))


def test_unparsed_verdicts(data_set) -> None:
    """174 answers in the order given could not be parsed, over all runs."""
    root = data_set("llmbar")
    datasets = [llmbar.load(root, subset=name, **OPTIONS) for name in llmbar.SETS]
    lost = sum(np.isnan(recorded.first).sum() for dataset in datasets for recorded in dataset.recorded.values())
    assert lost == 174


def test_raw_result_files_give_the_collected_verdicts(data_set, tmp_path) -> None:
    root = data_set("llmbar")
    shutil.copytree(root / "Dataset", tmp_path / "Dataset")
    raw = llmbar.load(tmp_path, subset=None, **OPTIONS)
    collected = llmbar.load(root, subset=None, **OPTIONS)
    strategies = ("CoT", "Metrics_Reference", "Rating", "Vanilla_NoRules")
    assert sorted(raw.recorded) == [f"GPT-4/{strategy}" for strategy in strategies]
    for name, recorded in raw.recorded.items():
        twin = collected.recorded[name]
        np.testing.assert_array_equal(recorded.first, twin.first)
        np.testing.assert_array_equal(recorded.second, twin.second)
        assert (recorded.values is None) == (twin.values is None)
        if recorded.values is not None:
            np.testing.assert_array_equal(recorded.values, twin.values)
    assert raw.origin.notes == ("verdicts from the raw result files",)


@pytest.fixture
def small(tmp_path):
    folder = tmp_path / "Dataset" / "LLMBar" / "Natural"
    folder.mkdir(parents=True)
    row = {"input": "q", "output_1": "x", "output_2": "y", "label": 1}
    (folder / "dataset.json").write_text(json.dumps([row]))
    return tmp_path


HEADER = "set,evaluator_llm,strategy,item,label,winner_swap_false,winner_swap_true,score_1,score_2\n"


def test_no_verdicts_at_hand(small) -> None:
    dataset = llmbar.load(small, subset="Natural", **OPTIONS)
    assert not dataset.recorded
    assert dataset.origin.notes == ("no recorded verdicts at hand",)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (HEADER + "LLMBar/Natural,m,s,0,1,3,1,,\n", "line 2: no row of verdicts .winners '3' and '1' are not"),
        (HEADER + "LLMBar/Natural,m,s,first,1,1,1,,\n", "line 2: no row of verdicts"),
        (HEADER + "LLMBar/Natural,m\n", "line 2: another number of cells"),
        (HEADER + "LLMBar/Natural,m,s,0,1,1,1,7,8,9\n", "line 2: another number of cells"),
        (HEADER + '"LLMBar', "line 2: no CSV .unexpected end of data"),
        (HEADER.replace("score_2", "x"), "no column score_2"),
    ],
)
def test_a_strange_table_is_refused(small, table, problem) -> None:
    (small / "verdicts.csv").write_text(table)
    with pytest.raises(InputError, match=problem):
        llmbar.load(small, subset="Natural", **OPTIONS)


def test_where_a_judge_was_not_run_it_was_not_asked(small) -> None:
    path = small / "Dataset" / "LLMBar" / "Natural" / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) * 2))
    rows = "LLMBar/Natural,whole,s,0,1,1,,,\nLLMBar/Natural,whole,s,1,1,1,2,,\nLLMBar/Natural,other,s,1,1,1,1,,\n"
    (small / "verdicts.csv").write_text(HEADER + rows)
    dataset = llmbar.load(small, subset="Natural", **OPTIONS)
    assert list(dataset.recorded) == ["other/s", "whole/s"]
    assert dataset.origin.notes[1] == "1 of 2 judges were not run on every pair of this subset"
    assert dataset.recorded["other/s"].asked.tolist() == [False, True]
    assert dataset.recorded["whole/s"].asked.all()
    np.testing.assert_array_equal(dataset.recorded["whole/s"].second, [np.nan, -1])


def test_a_strange_label_is_refused(small) -> None:
    path = small / "Dataset" / "LLMBar" / "Natural" / "dataset.json"
    path.write_text(path.read_text().replace('"label": 1', '"label": 0'))
    with pytest.raises(InputError, match="row 0 has label 0, not 1 or 2"):
        llmbar.load(small, subset="Natural", **OPTIONS)
