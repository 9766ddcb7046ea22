"""Anthropic HH, harmless-base, test split: counts recomputed from the same file outside this project."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rewardmeter.errors import InputError
from rewardmeter.io.named import hh_harmless_test
from rewardmeter.types import Message

OPTIONS = {"subset": None, "gold": None, "reference": None, "include_human": False}


def test_pairs_contexts_and_lengths(data_set) -> None:
    """2,312 pairs with 2,310 contexts; the chosen last turn is longer in 44.25 %, equally long in .48 %; 99.78 % share
    the context up to the last turn."""
    dataset = hh_harmless_test.load(data_set("hh-harmless-test"), **OPTIONS)
    last_turns = [text.split("\n\nAssistant:")[-1].strip() for text in dataset.response_text]
    size, gold = np.array([len(text) for text in last_turns]), dataset.preferences
    assert (len(gold), dataset.n_items) == (2312, 2310)
    assert (gold.probability == 1).all()
    assert 100 * np.mean(size[gold.a] > size[gold.b]) == pytest.approx(44.25, abs=0.00501)
    assert 100 * np.mean(size[gold.a] == size[gold.b]) == pytest.approx(0.48, abs=0.00501)
    assert 100 * (1 - int(dataset.origin.notes[0].split()[0]) / 2312) == pytest.approx(99.78, abs=0.00501)
    assert all(isinstance(prompt, tuple) and prompt[-1].role == "user" for prompt in dataset.prompts)


def load(tmp_path, *rows):
    (tmp_path / "harmless-base").mkdir()
    lines = "\n".join(json.dumps({"chosen": chosen, "rejected": rejected}) for chosen, rejected in rows)
    (tmp_path / "harmless-base" / "test.jsonl").write_text(lines)
    return hh_harmless_test.load(tmp_path, **OPTIONS)


def test_the_prompt_is_the_shared_dialogue(tmp_path) -> None:
    dataset = load(
        tmp_path,
        ("\n\nHuman: q\n\nAssistant: a", "\n\nHuman: q\n\nAssistant: b"),
        ("\n\nHuman: q\n\nAssistant: a\n\nHuman: r\n\nAssistant: c", "\n\nHuman: q\n\nAssistant: b"),
    )
    assert dataset.prompts == [(Message("user", "q"),)]
    assert list(dataset.response_text) == ["a", "b", "a\n\nHuman: r\n\nAssistant: c", "b"]
    assert dataset.origin.notes == ("1 pairs differ before the last turn: their responses hold several turns",)


def test_equal_dialogues_still_have_a_response(tmp_path) -> None:
    dialogue = "\n\nHuman: q\n\nAssistant: a"
    assert list(load(tmp_path, (dialogue, dialogue)).response_text) == ["a", "a"]


@pytest.mark.parametrize("dialogue", ["plain", "\n\nHuman: q", "\n\nHuman: q\n\nAssistant: a\n\nHuman: r"])
def test_no_dialogue(tmp_path, dialogue) -> None:
    with pytest.raises(InputError, match=r"test\.jsonl, line 1: no dialogue"):
        load(tmp_path, (dialogue, dialogue))
