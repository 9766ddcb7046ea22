"""RMB: counts and trivial rules, recomputed from the same files outside this project."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rewardmeter.errors import InputError
from rewardmeter.io.named import rmb
from rewardmeter.types import Message

OPTIONS = {"gold": None, "reference": None, "include_human": False}
PERCENT = 0.00501


@pytest.fixture(scope="module")
def pairwise(data_set):
    return rmb.load(data_set("rmb"), subset=None, **OPTIONS)


def lengths(dataset):
    return np.array([len(text) for text in dataset.response_text])


def item_column(dataset, name):
    return np.array([dataset.columns[name][item] for item in dataset.response_item[dataset.preferences.a]])


def test_longer_is_chosen(pairwise) -> None:
    size, gold = lengths(pairwise), pairwise.preferences
    longer = size[gold.a] > size[gold.b]
    goal, task = item_column(pairwise, "goal"), item_column(pairwise, "task")
    assert (gold.probability == 1).all()
    counts = {name: int(np.sum(task == name)) for name in ("Translation", "Summarization", "Code", "Reasoning")}
    assert counts == {"Translation": 851, "Summarization": 530, "Code": 1224, "Reasoning": 1235}
    assert (np.sum(goal == "Helpfulness"), np.sum(goal == "Harmlessness")) == (8456, 6087)
    shares = {
        "Helpfulness": 100 * np.mean(longer[goal == "Helpfulness"]),
        "Harmlessness": 100 * np.mean(longer[goal == "Harmlessness"]),
        **{name: 100 * np.mean(longer[task == name]) for name in ("Summarization", "Translation", "Code", "Chat")},
    }
    assert shares == pytest.approx(
        {
            "Helpfulness": 64.83,
            "Harmlessness": 54.31,
            "Summarization": 73.40,
            "Translation": 52.76,
            "Code": 59.80,
            "Chat": 68.58,
        },
        abs=PERCENT,
    )
    assert 100 * np.mean(size[gold.a] == size[gold.b]) == pytest.approx(0.2, abs=0.0501)


def test_prompts_and_systems(pairwise) -> None:
    assert len(set(zip(pairwise.columns["goal"], pairwise.prompts, strict=True))) == 1806 + 844
    assert len(pairwise.systems) == 14
    assert (pairwise.response_system >= 0).all()
    assert pairwise.has_texts
    chats = [prompt for prompt in pairwise.prompts if not isinstance(prompt, str)]
    assert chats
    assert {tuple(turn.role for turn in chat)[-1] for chat in chats} == {"user"}


@pytest.mark.parametrize(("subset", "prompts", "pairs"), [("helpfulness", 1806, 8456), ("harmlessness", 844, 6087)])
def test_parts(subset, prompts, pairs, data_set) -> None:
    dataset = rmb.load(data_set("rmb"), subset=subset, **OPTIONS)
    assert len(set(dataset.prompts)) == prompts
    assert len(dataset.preferences) == pairs


def test_best_of_n_lists(data_set) -> None:
    dataset = rmb.load(data_set("rmb"), subset="bon", **OPTIONS)
    groups = dataset.best_of_k
    sizes = np.diff(groups.offsets)
    assert len(groups) == 3786
    assert {int(k) - 1: int(np.sum(sizes == k)) for k in np.unique(sizes)} == {2: 2878, 3: 712, 4: 165, 5: 24, 6: 7}
    assert np.array_equal(np.flatnonzero(groups.best), groups.offsets[:-1])
    assert 100 * np.mean(1 / sizes) == pytest.approx(31.04, abs=PERCENT)
    size = lengths(dataset)[groups.response]
    above = [
        size[start] > size[start + 1 : stop].max()
        for start, stop in zip(groups.offsets[:-1], groups.offsets[1:], strict=True)
    ]
    assert 100 * np.mean(above) == pytest.approx(43.40, abs=PERCENT)


def test_recorded_armorm(data_set) -> None:
    dataset = rmb.load(data_set("rmb"), subset="armorm-idea-development", **OPTIONS)
    values, gold = dataset.recorded["ArmoRM"].values, dataset.preferences
    assert len(gold) == dataset.n_items == 849
    assert 100 * np.mean(values[gold.a] > values[gold.b]) == pytest.approx(79.51, abs=PERCENT)
    assert not dataset.has_texts


def answer(model, text):
    return {"llm_name": model, "answer": text}


@pytest.fixture
def write(tmp_path):
    folder = tmp_path / "RMB_dataset" / "Pairwise_set" / "Helpfulness" / "Chat"
    folder.mkdir(parents=True)

    def put(*rows):
        base = {"conversation_input": [{"role": "user", "content": "hi"}], "category_path": "Pairwise_set/H/Chat/Small"}
        full = [{"pair_uid": str(number), **base, **row} for number, row in enumerate(rows)]
        (folder / "Small Talk.json").write_text(json.dumps(full))
        return tmp_path

    return put


def test_two_answers_of_one_model_in_two_pairs_are_two_items(write) -> None:
    root = write(
        {"chosen": answer("m", "x"), "reject": answer("n", "y")},
        {"chosen": answer("m", "x"), "reject": answer("o", "z")},
        {"chosen": answer("m", "other"), "reject": answer("n", "y")},
    )
    dataset = rmb.load(root, subset="helpfulness", **OPTIONS)
    assert list(dataset.item_ids) == ["0", "0#2"]
    assert dataset.origin.notes == (
        "conversations that are several items, as one model has different answers to them: 1",
    )
    assert dataset.columns == {"goal": ["H"] * 2, "task": ["Chat"] * 2, "subtask": ["Small"] * 2}


def test_chats_keep_their_turns(write) -> None:
    turns = [{"role": role, "content": role[0]} for role in ("user", "assistant", "user")]
    root = write({"conversation_input": turns, "chosen": answer("m", "x"), "reject": answer("n", "y")})
    prompt = rmb.load(root, subset=None, **OPTIONS).prompts[0]
    assert prompt == (Message("user", "u"), Message("assistant", "a"), Message("user", "u"))


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"chosen": answer("m", "x"), "reject": answer("m", "y")}, "row '0' holds two answers of one model"),
        ({"chosen": answer("m", "x")}, "row '0' lacks its id, its chosen or its rejected answer"),
        ({"chosen": answer("m", "x"), "reject": answer("n", "y"), "category_path": "x"}, "category path 'x'"),
        ({"chosen": answer("m", 1), "reject": answer("n", "y")}, r"Expected `str`, got `int` - at `\$\[0\]"),
    ],
)
def test_rows_that_do_not_fit_are_refused_with_their_file(write, row, problem) -> None:
    with pytest.raises(InputError, match=rf"Small Talk\.json: .*{problem}"):
        rmb.load(write(row), subset=None, **OPTIONS)
