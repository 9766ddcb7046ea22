"""Edits on responses of published sets: every one applies somewhere, and what applies passes its own check."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import rewardmeter as rm
from rewardmeter.auditing.edits import EDITS, Changed, Material, apply_edit
from rewardmeter.types import prompt_text

SETS = ("judgebench", "rm-bench", "llmbar", "wmt23-mtme:en-de", "wmt23-mtme:zh-en", "rmb")
PER_SET = 40


def materials(name):
    """The first responses of items spread evenly over a set."""
    dataset = rm.load(name)
    items = [dataset.item(int(i)) for i in np.linspace(0, dataset.n_items - 1, PER_SET)]
    texts = [item.responses[0].text or "" for item in items]
    for i, item in enumerate(items):
        others = tuple(texts[:i] + texts[i + 1 :])
        yield Material(texts[i], prompt_text(item.prompt), others, tuple(item.references))


@pytest.fixture(scope="module")
def outcomes(data_set):
    """How often each edit came to what, and what its checks found wrong."""
    counts: Counter[tuple[str, str]] = Counter()
    wrong = []
    for name in SETS:
        data_set(name.split(":")[0])
        for i, material in enumerate(materials(name)):
            for edit in EDITS:
                made = apply_edit(edit, material, np.random.default_rng(i))
                counts[edit.name, type(made).__name__] += 1
                if isinstance(made, str):
                    wrong.append((name, i, edit.name, made))
    return counts, wrong


def test_no_check_fails(outcomes):
    assert outcomes[1] == []


def test_every_edit_applies_to_some_responses(outcomes):
    seldom = {edit.name: outcomes[0][edit.name, Changed.__name__] for edit in EDITS}
    assert min(seldom.values()) >= 3, seldom
    total = len(SETS) * PER_SET
    for name in ("truncated ending", "mixed-up pair", "flattery", "negation swap", "dropped sentence"):
        assert seldom[name] > total / 3, (name, seldom[name])
