"""The doctor on reward models: sound ones are cleared, and the known traps of chat templates are measured."""

from __future__ import annotations

import numpy as np
import pytest
import tiny

import rewardmeter as rm
from rewardmeter.api import doctor
from rewardmeter.scoring import make_scorer


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    """A tiny reward model whose tokenizer adds a BOS token that its chat template has written already."""
    folder = tmp_path_factory.mktemp("doctor") / "llama"
    return tiny.classifier(folder, "llama", spoken=tiny.tokenizer(adds_bos=True, template=tiny.TEMPLATES["llama"]))


def test_a_reward_model_is_sound_and_its_choices_are_measured(llama):
    diagnosis = doctor(f"hf:{llama}", items=3)
    assert not diagnosis.failures, diagnosis.failures
    found = {one.change: one for one in diagnosis.findings}
    must_hold = {"padding=left", "prefix=off", "batch_tokens=1", "each response by itself", "threads=2"}
    assert must_hold <= set(found)
    assert all(found[change].largest < 1e-5 for change in must_hold)
    twice = found["bos=double"]
    assert not twice.must_hold
    assert twice.largest > 1e-3, "a second BOS token moves the scores of this model"
    assert found["bos=none"].largest > 1e-3
    # Against scores of the scorer with that option, by hand.
    data = rm.load("demo")
    texts = [data.item(i) for i in (0, 47, 95)]
    asked = [rm.Item(item.responses, item.prompt) for item in texts]
    as_is, double = (make_scorer(spec)(asked).values for spec in (f"hf:{llama}", f"hf:{llama}?bos=double"))
    assert twice.largest == pytest.approx(np.abs(double - as_is).max(), abs=1e-6)
    assert 0 < found["dtype=bfloat16"].largest < 0.1
    assert found["dtype=bfloat16"].accuracy is not None
