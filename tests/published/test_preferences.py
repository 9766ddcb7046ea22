"""Boards of the preference sets against published tables and each set's README."""

import gzip
import json

import pytest

import rewardmeter as rm

pytestmark = pytest.mark.slow


def percent(estimate):
    return round(100 * estimate.value + 1e-9, 2)


JUDGEBENCH = {
    # Paper table 3: knowledge, reasoning, math, coding, overall.
    "Skywork-Reward-Gemma-2-27B": (59.74, 66.33, 83.93, 50.00, 64.29),
    "Skywork-Reward-Llama-3.1-8B": (59.09, 64.29, 76.79, 50.00, 62.29),
    "internlm2-20b-reward": (62.34, 69.39, 66.07, 50.00, 63.43),
    "internlm2-7b-reward": (56.49, 61.22, 71.43, 50.00, 59.43),
    "GRM-Gemma-2B-rewardmodel-ft": (62.99, 53.06, 64.29, 54.76, 59.43),
}
CATEGORIES = ("knowledge", "reasoning", "math", "coding")


def test_judgebench_reproduces_the_25_published_accuracies(data_root):
    board = rm.compare(rm.load("judgebench:gpt-4o"), ["recorded"], slices=["category"], resamples=0)
    checked = 0
    for name, numbers in JUDGEBENCH.items():
        entry = board[name]
        found = [entry.slices["category"][category][1]["pair.accuracy"] for category in CATEGORIES]
        for estimate, value in zip([*found, entry["pair.accuracy"]], numbers, strict=True):
            assert percent(estimate) == value, (name, estimate, value)
            checked += 1
    assert checked == 25


@pytest.mark.parametrize(
    ("subset", "judge", "numbers"),
    [
        # README of the set, recomputed with the two-game rule.
        ("gpt-4o", "o1-mini-2024-09-12", (58.44, 62.24, 82.14, 78.57, 65.71)),
        ("claude-3-5-sonnet", "claude-3-haiku-20240307", (37.66, 29.41, 32.35, 9.68, 32.22)),
    ],
)
def test_judgebench_two_game_rule(data_root, subset, judge, numbers):
    board = rm.compare(rm.load(f"judgebench:{subset}"), ["recorded"], slices=["category"], resamples=0)
    entry = board[judge]
    found = [entry.slices["category"][category][1]["pair.accuracy"] for category in CATEGORIES]
    assert tuple(percent(estimate) for estimate in [*found, entry["pair.accuracy"]]) == numbers


def test_llmbar_reproduces_all_499_published_runs(data_root):
    with gzip.open(data_root / "llmbar" / "statistics_upstream.jsonl.gz", "rt") as stream:
        published = [json.loads(line) for line in stream]
    assert len(published) == 499
    board = rm.compare(rm.load("llmbar:all"), ["recorded"], slices=["set"], resamples=0)
    fields = {
        "correct_False": "pair.accuracy_first_order",
        "correct_True": "pair.accuracy_swapped_order",
        "correct_average": "pair.accuracy_order_average",
        "correct_both": "pair.accuracy_both_orders",
        "equal": "pair.order_agreement",
    }
    wrong = []
    for run in published:
        _, found = board[f"{run['evaluator_llm']}/{run['strategy']}"].slices["set"][run["set"].split("/")[-1]]
        for field, name in fields.items():
            value = float(run[field].split("=")[-1].strip().rstrip("%")) / 100  # "29 / 54 = 53.70370370370371%"
            if abs(found[name].value - value) > 1e-6:
                wrong.append((run["set"], run["evaluator_llm"], run["strategy"], field, value, found[name]))
    assert not wrong


REWARDMATH = {
    # README of the set: RewardMATH accuracy, MRR, % of the 9 pairs won; RewardBench-math accuracy. Names as in files.
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


def test_rewardmath_table(data_root):
    lists = rm.compare(rm.load("rewardmath:RewardMATH"), ["recorded"], resamples=0)
    pairs = rm.compare(rm.load("rewardmath:rewardbench-math"), ["recorded"], resamples=0)
    for (name, same), (accuracy, reciprocal_rank, won, rewardbench) in REWARDMATH.items():
        assert percent(lists[name]["pair.best_of_k_strict"]) == accuracy, name
        assert round(lists[name]["pair.mrr"].value, 4) == reciprocal_rank, name
        assert percent(lists[name]["pair.accuracy"]) == won, name
        assert percent(pairs[same]["pair.accuracy"]) == rewardbench, name


REWARDMATH_JUDGES = {
    # README of the set: % of the 4,347 pairs right; an answer that could not be read is wrong.
    "gpt4": 77.46, "gpt4o": 76.33, "sonnet-3-5": 69.61, "llama3_70B": 68.12, "opus": 63.75,
    "prometheus_8x7B": 57.74, "chatgpt": 51.25, "prometheus_7B": 45.07, "llama3_8B": 43.82,
}  # fmt: skip


def test_rewardmath_pairwise_judges(data_root):
    board = rm.compare(rm.load("rewardmath:RewardMATH"), ["recorded"], resamples=0, draws=0)
    found = {name: percent(board[f"{name}_pairwise"]["pair.accuracy"]) for name in REWARDMATH_JUDGES}
    assert found == REWARDMATH_JUDGES


def test_pandalm_judges_against_the_majority(data_root):
    # README of the set: 25 answers of GPT-3.5 are garbage; they name nobody and count as neither side.
    board = rm.compare(rm.load("pandalm-testset"), ["recorded"], resamples=0, draws=0)
    assert board["gpt-3.5-turbo"]["pair.accuracy"].detail["unread"] == 25
    assert board["gpt-3.5-turbo"].coverage == pytest.approx(974 / 999)


def test_shorter_wins_on_rewardbench_math(data_root):
    # README: the chosen solution has fewer characters in 91.05 % of the 447 pairs.
    board = rm.compare(rm.load("rewardmath:rewardbench-math"), ["-length"], resamples=0, store=None)
    assert percent(board["-length"]["pair.accuracy"]) == 91.05


def test_longer_wins_on_judgebench(data_root):
    # README: "longer answer wins" 46.00 % on the GPT-4o pairs.
    board = rm.compare(rm.load("judgebench:gpt-4o"), ["length"], resamples=0, store=None)
    assert percent(board["length"]["pair.accuracy"]) == 46.00


def test_wmt19_darr_with_scorers_computed_from_the_texts(data_root):
    expected = json.loads((data_root / "wmt19-darr" / "expected.json").read_text())["results"]
    for pair, record in expected.items():
        board = rm.compare(rm.load(f"wmt19-darr:{pair}"), ["chrf", "bleu"], resamples=0, store=None)
        for name, key in (("chrf", "sacrebleu sentence_chrf default"), ("bleu", "sacrebleu sentence_bleu default")):
            counts = record["scores"][key]
            estimate = board[name]["pair.accuracy"]
            assert estimate.n == record["pairs"]
            assert round(estimate.value * estimate.n) == counts["concordant"], (pair, name)
            assert estimate.detail["ties"] == counts["tied"], (pair, name)
