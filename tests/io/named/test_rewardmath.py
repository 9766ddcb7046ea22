"""RewardMATH and RewardBench-math: numbers recomputed from the same files outside this project, with the benchmark's
definitions (accuracy: the correct solution strictly above all nine wrong ones; MRR: ties count against it)."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import gmean

from rewardmeter.errors import InputError
from rewardmeter.io.named import rewardmath
from rewardmeter.io.named.step_scores import aggregated

OPTIONS = {"gold": None, "reference": None, "include_human": False}
# RewardMATH accuracy %, MRR, % of the nine pairs won, RewardBench-math accuracy %.
REWARD_MODELS = {
    ("internlm2", "internlm2"): (37.27, 0.5517, 75.98, 92.84),
    ("internlm2_20b", "internlm2-20b"): (33.95, 0.5195, 73.08, 95.08),
    ("grm_llama3", "GRM-Llama3-8B"): (24.43, 0.4580, 70.30, 91.50),
    ("skywork_llama3", "Skywork-Llama-3.1-8B"): (22.15, 0.4469, 71.50, 96.87),
    ("ArmoRM", "ArmoRM"): (20.50, 0.4218, 67.31, 92.84),
    ("Eurus-RM", "Eurus-RM"): (16.98, 0.3830, 63.19, 60.85),
    ("beaver", "beaver"): (7.25, 0.2659, 48.59, 51.45),
    ("oasst-rm", "oasst-rm"): (7.04, 0.2703, 49.87, 60.40),
    ("grm_gemma", "GRM_Gemma_2B"): (4.97, 0.2410, 45.69, 93.06),
    ("ReasonEval_7B", "ReasonEval_7B"): (18.22, 0.3849, 61.08, 63.09),
    ("Math_Shepherd", "Math_Shepherd"): (17.18, 0.3468, 51.64, 94.41),
    ("ReasonEval_34B", "ReasonEval_34B"): (15.94, 0.3663, 60.11, 83.45),
    ("Easy_to_hard", "Easy_to_hard"): (14.08, 0.3529, 59.26, 67.79),
}
GEOMETRIC = {
    "Math_Shepherd": (15.73, 81.43),
    "Easy_to_hard": (16.36, 29.08),
    "ReasonEval_7B": (20.29, 14.77),
    "ReasonEval_34B": (18.43, 19.69),
}
DIRECT = {
    "gpt4o": 25.98, "gpt4": 22.47, "opus": 2.48, "sonnet-3-5": 2.07, "llama3_8B": 2.07, "prometheus_7B": 2.28,
    "llama3_70B": 0.62, "chatgpt": 0.21, "prometheus_8x7B": 0.21,
}  # fmt: skip
PAIRWISE = {
    "gpt4": 77.46, "gpt4o": 76.33, "sonnet-3-5": 69.61, "llama3_70B": 68.12, "opus": 63.75, "prometheus_8x7B": 57.74,
    "chatgpt": 51.25, "prometheus_7B": 45.07, "llama3_8B": 43.82,
}  # fmt: skip
PERCENT = 0.00501


@pytest.fixture(scope="module")
def groups(data_set):
    return rewardmath.load(data_set("rewardmath"), subset=None, **OPTIONS)


@pytest.fixture(scope="module")
def pairs(data_set):
    return rewardmath.load(data_set("rewardmath"), subset="rewardbench-math", **OPTIONS)


def ten(dataset, name):
    return dataset.recorded[name].values.reshape(483, 10)


def strict_accuracy(dataset, name):
    scores = ten(dataset, name)
    return 100 * np.mean(scores[:, :1] > scores[:, 1:].max(axis=1, keepdims=True))


def pair_accuracy(dataset, name):
    values, gold = dataset.recorded[name].values, dataset.preferences
    return 100 * np.mean(values[gold.a] > values[gold.b])


def test_scores_are_joined_by_problem(groups, data_set) -> None:
    path = data_set("rewardmath") / "results" / "RewardMATH" / "gpt4o_reward.json.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = {row["problem"]: row["score"] for row in json.load(file)}
    np.testing.assert_array_equal(ten(groups, "gpt4o"), [rows[problem] for problem in groups.prompts])


def test_groups_have_one_correct_solution_first(groups) -> None:
    np.testing.assert_array_equal(groups.best_of_k.offsets, np.arange(484) * 10)
    np.testing.assert_array_equal(groups.best_of_k.response, np.arange(4830))
    np.testing.assert_array_equal(groups.best_of_k.best.reshape(483, 10), [[True] + [False] * 9] * 483)
    assert {groups.system_of(10 * item) for item in range(483)} == {"human_to_GPT-4"}
    assert not groups.has_texts


@pytest.mark.parametrize("names", REWARD_MODELS, ids=lambda names: names[0])
def test_reward_models(names, groups, pairs) -> None:
    accuracy, reciprocal_rank, won, rewardbench = REWARD_MODELS[names]
    scores = ten(groups, names[0])
    assert strict_accuracy(groups, names[0]) == pytest.approx(accuracy, abs=PERCENT)
    rank = 1 + np.sum(scores[:, 1:] >= scores[:, :1], axis=1)
    assert np.mean(1 / rank) == pytest.approx(reciprocal_rank, abs=0.0000501)
    assert 100 * np.mean(scores[:, :1] > scores[:, 1:]) == pytest.approx(won, abs=PERCENT)
    assert pair_accuracy(pairs, names[1]) == pytest.approx(rewardbench, abs=PERCENT)


@pytest.mark.parametrize("name", GEOMETRIC)
def test_geometric_means_of_process_reward_models(name, groups, pairs) -> None:
    accuracy, rewardbench = GEOMETRIC[name]
    assert strict_accuracy(groups, f"{name}|geometric_mean") == pytest.approx(accuracy, abs=PERCENT)
    assert pair_accuracy(pairs, f"{name}|geometric_mean") == pytest.approx(rewardbench, abs=PERCENT)


@pytest.mark.parametrize("name", DIRECT)
def test_judges_that_rate(name, groups) -> None:
    """The recomputed numbers count the last two problems of three files twice, as those files do."""
    scores = ten(groups, name)
    right = scores[:, 0] > scores[:, 1:].max(axis=1)
    rows = [*right, *right[-2:]] if name in ("chatgpt", "gpt4", "gpt4o") else right
    assert 100 * np.mean(rows) == pytest.approx(DIRECT[name], abs=PERCENT)


@pytest.mark.parametrize("name", PAIRWISE)
def test_judges_that_compare(name, groups) -> None:
    recorded = groups.recorded[f"{name}_pairwise"]
    gold = np.where(groups.preferences.probability == 1, 1.0, -1.0)
    assert 100 * np.mean(recorded.first == gold) == pytest.approx(PAIRWISE[name], abs=PERCENT)
    assert np.isnan(recorded.second).all()


def test_position_bias_survives_loading(groups) -> None:
    """ChatGPT answered "A", the solution shown first, for 3,638 of 4,347 pairs."""
    assert np.sum(groups.recorded["chatgpt_pairwise"].first == 1) == 3638
    assert np.sum(np.isnan(groups.recorded["llama3_8B_pairwise"].first)) == 621


def test_every_preference_is_the_correct_solution_against_a_wrong_one(groups) -> None:
    gold = groups.preferences
    correct = np.where(gold.probability == 1, gold.a, gold.b)
    wrong = np.where(gold.probability == 1, gold.b, gold.a)
    assert (correct % 10 == 0).all()
    assert np.array_equal(np.sort(wrong), [r for r in range(4830) if r % 10])


def test_repeated_rows_are_stated(groups) -> None:
    notes = [note for note in groups.origin.notes if "repeat" in note]
    assert [note.partition(":")[0] for note in notes] == [
        "chatgpt_reward.json", "gpt4_reward.json", "gpt4o_reward.json",
    ]  # fmt: skip
    assert all("2 rows" in note for note in notes)


def test_rewardbench_pairs_have_texts_and_a_length_shortcut(pairs) -> None:
    """The human solution has fewer characters in 91.05 % of the pairs, steps joined by a line feed."""
    assert pairs.has_texts
    assert len(pairs.preferences) == pairs.n_items == 447
    lengths = np.array([len(text) for text in pairs.response_text])
    a, b = pairs.preferences.a, pairs.preferences.b
    assert 100 * np.mean(lengths[a] < lengths[b]) == pytest.approx(91.05, abs=PERCENT)
    assert (pairs.preferences.probability == 1).all()
    assert set(pairs.columns["level"]) == {1, 2, 3, 4, 5}
    assert pairs.columns["subject"][0] == "Algebra"


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=40))
def test_aggregations_against_numpy_and_scipy(steps) -> None:
    found = aggregated(steps)
    assert found[""] == pytest.approx(np.prod(steps))
    assert found["|geometric_mean"] == pytest.approx(gmean(steps))


def test_no_steps_give_no_number() -> None:
    assert all(np.isnan(value) for value in aggregated([]).values())


@pytest.fixture
def small(tmp_path):
    folder = tmp_path / "results" / "RewardMATH"
    folder.mkdir(parents=True)

    def write(name, rows):
        (folder / f"{name}_reward.json").write_text(json.dumps(rows))

    write("rm", [{"problem": "p", "solution_reference": ["good", "bad", "bad"], "score": [1, 0.5, 2]}])
    return tmp_path, write


def test_two_solutions_of_one_writer_are_two_systems(small) -> None:
    dataset = rewardmath.load(small[0], subset="RewardMATH", **OPTIONS)
    assert dataset.systems == ("good", "bad", "bad#2")


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        ("other", {"solution_reference": ["good", "worse", "bad"]}, "other solutions than in the other files"),
        ("other", {"score": [1, 2]}, "other solutions than in the other files"),
        ("judge_pairwise", {"solution_reference": ["bad", "bad"], "score": ["A", "C"]}, "verdict 'C'"),
    ],
)
def test_files_that_do_not_fit_are_refused(small, name, change, problem) -> None:
    root, write = small
    row = {"problem": "p", "solution_reference": ["good", "bad", "bad"], "score": [1, 2, 3]}
    write(name, [{**row, "chosen_position": ["A", "B"], **change}])
    with pytest.raises(InputError, match=problem):
        rewardmath.load(root, subset=None, **OPTIONS)


def test_rows_that_contradict_are_refused(small) -> None:
    root, write = small
    row = {"problem": "p", "solution_reference": ["good", "bad", "bad"], "score": [1, 2, 3]}
    write("other", [row, {**row, "score": [1, 2, 4]}])
    with pytest.raises(InputError, match="row 1 has other scores for a problem that an earlier row has"):
        rewardmath.load(root, subset=None, **OPTIONS)
