"""Damaged files: cut off anywhere, or with any byte changed, they give a dataset or one clear error, no traceback."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rewardmeter.dataset import Dataset
from rewardmeter.errors import RewardmeterError
from rewardmeter.io import named

JUDGEBENCH = "dataset=judgebench,response_model=gpt-4o-2024-05-13"
PAIR = {"pair_id": "1", "source": "livecodebench", "question": "q", "response_A": "x", "response_B": "y"}
GAMES = [{"decision": "A>B", "judgment": {"scores": [1, 0]}}, {"decision": "B>A", "judgment": {}}]
LLMBAR = "set,evaluator_llm,strategy,item,label,winner_swap_false,winner_swap_true,score_1,score_2\n"
PANDALM = {"idx": 0, "motivation_app": "x", "cmp_key": "m_n", "instruction": "do", "input": "", "response1": "a"}
STEPPED = {"problem": "p", "problem_id": 0, "eval_solution": ["x"], "subject": "s", "level": 1}
TEN = {"problem": "p", "solution_reference": ["good", "bad"]}
ANSWER = {"llm_name": "m", "answer": "x"}
TALK = "\n\nHuman: q\n\nAssistant: "
XSTEST = "id,type,prompt,completion,annotation_1,annotation_2,final_label"
LABEL = "2_full_refusal"
ANSWERED = {"question_id": "1", "question": "q", "level": "Applying"}
TURNS = "[{'role': 'user', 'content': 'q'}, {'role': 'assistant', 'content': 'a'}]"

# By dataset: the file to damage, its text, and the subset; every other file of the dataset is whole.
FILES: dict[str, dict[str, object]] = {
    "judgebench": {
        f"data/{JUDGEBENCH}.jsonl": json.dumps({**PAIR, "label": "A>B"}),
        f"outputs/{JUDGEBENCH},judge_name=v,judge_model=o_m.jsonl": json.dumps({"pair_id": "1", "judgments": GAMES}),
    },
    "llmbar:Natural": {
        "Dataset/LLMBar/Natural/dataset.json": [{"input": "q", "output_1": "x", "output_2": "y", "label": 1}],
        "verdicts.csv": LLMBAR + "LLMBar/Natural,m,s,0,1,1,2,7,8\n",
    },
    "llmbar:Neighbor": {
        "Dataset/LLMBar/Adversarial/Neighbor/dataset.json": [
            {"input": "q", "output_1": "x", "output_2": "y", "label": 1}
        ],
        "Dataset/LLMBar/Adversarial/Neighbor/evaluators/m/s/result.json": [
            {"results": [{"swap = False": {"winner": "1"}, "swap = True": {"winner": "2"}, "score_1": ["7", "stop"]}]}
        ],
    },
    "rewardmath": {
        "results/RewardMATH/rm_reward.json": [{**TEN, "score": [1, [0.5, 0.5]]}],
        "results/RewardMATH/j_pairwise_reward.json": [
            {"problem": "p", "solution_reference": ["bad"], "score": ["A"], "chosen_position": ["B"]}
        ],
    },
    "rewardmath:rewardbench-math": {
        "results/Rewardbench/rewardbench_prm.json": [
            {**STEPPED, "solution_type": side, "output": {"step_scores": [0.5]}} for side in ("chosen", "rejected")
        ],
        "results/Rewardbench/rewardbench_rm.json": [{"problem": "p", "score": [1, 2]}],
    },
    "rm-bench:chat": {
        "data/chat_filtered.json": [
            {"id": 1, "prompt": "p", "subset": "s", "chosen": ["a", "b", "c"], "rejected": ["d", "e", "f"]}
        ]
    },
    "rmb": {
        "RMB_dataset/Pairwise_set/Helpfulness/Chat/x.json": [
            {
                "pair_uid": "1",
                "conversation_input": [{"role": "user", "content": "hi"}],
                "category_path": "Pairwise_set/Helpfulness/Chat/x",
                "chosen": ANSWER,
                "reject": {**ANSWER, "llm_name": "n"},
            }
        ]
    },
    "rmb:armorm-idea-development": {
        "eval/result/ArmoRM-Llama3-8B-v0.1_result.json": [{"pair_uid": "1", "chosen_reward": 1, "reject_reward": 0.5}]
    },
    "pandalm-testset": {
        "data/testset-v1.json": [{**PANDALM, "response2": True, "annotator1": 1, "annotator2": 2, "annotator3": 0}],
        "data/pandalm-7b-testset-v1.json": [{"idx": 0, "pandalm_result": 2}],
    },
    "hh-harmless-test": {"harmless-base/test.jsonl": json.dumps({"chosen": TALK + "a", "rejected": TALK + "b"})},
    "xstest": {
        f"evaluation/automated_evaluation_labels/xstest_v2_completions_{system}_gpteval.csv": (
            f"{XSTEST},gpt4_label\nv2-1,homonyms,p,c,{LABEL},{LABEL},{LABEL},{LABEL}\n"
        )
        for system in ("gpt4", "llama2new", "llama2orig", "mistralguard", "mistralinstruct")
    },
    "dices-raters:990": {
        "data/dices/dices_990.json": {
            "instances": [
                {
                    "id": 1,
                    "instance": {"user_prompt": "p", "response": "r"},
                    "annotations": {"safety": {"individual_human_scores": ["Yes", "No"]}},
                }
            ]
        }
    },
    "alt-test": {
        "data/mtbench/human_annotations.json": {"r": {"1__a__b__1": "tie"}},
        "data/mtbench/llm_annotations.json": {"l": {"1__a__b__1": "model_a"}},
        "data/mtbench/prompts.json": {"1__a__b__1": {"conversation_a": TURNS, "conversation_b": TURNS}},
    },
    "bias-probes:evalbiasbench": {
        "evalbiasbench/biasbench.json": {
            "b": [{"bias": "b", "instruction": "i", "response1": "x", "response2": "y", "label": 1}]
        }
    },
    "bias-probes:judgement-bias-gender": {
        f"judgement-bias/{name}.json": json.dumps({**ANSWERED, "answers": {"answer1": one, "answer2": {"answer": "y"}}})
        for name, one in (("raw", {"answer": "x"}), ("gender", {"answer": "z"}))
    },
    "bias-probes:sycophancy": {
        "sycophancy/sycophancy/sycophancy.json": [{"prompt": "Human: q AI:", "s_completion": "x", "n_completion": "y"}]
    },
    "bias-probes:sycophancy-bios": {
        "sycophancy/sycophancy_2/dataset.json": [{"bio": "b", "agree": "x", "disagree": "y", "group": "g"}]
    },
    "bias-probes:sycophancy-choices": {
        "sycophancy/sycophancy_2/sycophancy_agree_disagree_data.json": [
            {"question": "q", "answer_matching_behavior": "(A)", "answer_not_matching_behavior": "(B)"}
        ]
    },
    "alt-test:lesion": {
        "data/lesion/human_annotations.json": {"r": {"1__Color": 2}},
        "data/lesion/llm_annotations.json": {"l": {"1__Color": 2.5}},
    },
}


def texts(spec: str) -> dict[str, bytes]:
    return {
        path: (content if isinstance(content, str) else json.dumps(content)).encode()
        for path, content in FILES[spec].items()
    }


def write(root: Path, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)


def load(spec: str, root: Path) -> Dataset:
    name, _, subset = spec.partition(":")
    loader = importlib.import_module(named.cards()[name].loader)
    dataset = loader.load(root, subset=subset or None, gold=None, reference=None, include_human=False)
    assert isinstance(dataset, Dataset)
    return dataset


def refusal(spec: str, root: Path) -> str | None:
    """The error's text, which must name a file or folder of the data; None if the damaged data still loads."""
    try:
        load(spec, root)
    except RewardmeterError as error:
        text = str(error)
    else:
        return None
    assert str(root) in text, text
    return text


def damaged(data: bytes) -> Iterator[bytes]:
    yield b""
    step = max(1, len(data) // 60)
    for position in range(0, len(data), step):
        yield data[:position]
        yield data[:position] + b"\xff" + data[position + 1 :]
        yield data[:position] + b'"' + data[position + 1 :]


@pytest.mark.parametrize("spec", FILES)
def test_whole_files_load(spec: str, tmp_path: Path) -> None:
    write(tmp_path, texts(spec))
    dataset = load(spec, tmp_path)
    assert dataset.n_items == 1
    assert dataset.n_responses > 0


@pytest.mark.parametrize("spec", FILES)
def test_cut_off_and_overwritten_files(spec: str, tmp_path: Path) -> None:
    files = texts(spec)
    write(tmp_path, files)
    refused = 0
    for path, data in files.items():
        for wrong in damaged(data):
            (tmp_path / path).write_bytes(wrong)
            refused += refusal(spec, tmp_path) is not None
        (tmp_path / path).write_bytes(data)
    assert refused > 20


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_other_json_in_place_of_any_value(tmp_path: Path, data: st.DataObject) -> None:
    spec = data.draw(st.sampled_from(sorted(FILES)))
    files = texts(spec)
    path = data.draw(st.sampled_from([p for p in files if p.endswith((".json", ".jsonl"))] or sorted(files)))
    start = data.draw(st.integers(0, len(files[path])))
    stop = data.draw(st.integers(start, min(len(files[path]), start + 30)))
    other = data.draw(st.sampled_from([b"null", b"true", b"1e999", b"NaN", b"-1", b'""', b"[]", b"{}", b", ", b"\n"]))
    root = tmp_path / spec.replace(":", "_")
    write(root, {**files, path: files[path][:start] + other + files[path][stop:]})
    refusal(spec, root)
