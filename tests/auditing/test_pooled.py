"""What the prompt alone predicts of pooled ratings, in data where the answer is known."""

import dataclasses

import numpy as np
from small_data import rated

import rewardmeter as rm


def data(seed=0, items=80, systems=3, told=True):
    """Ratings that are mostly about the item, whose prompt says how easy it is."""
    rng = np.random.default_rng(seed)
    ease = rng.integers(0, 2, items)
    values = 3.0 * ease + rng.normal(size=(systems, items))
    made = rated(values, texts=[f"answer {i}" for i in range(items * systems)])
    word = ease if told else rng.integers(0, 2, items)
    return dataclasses.replace(made, prompts=[f"{'easy' if one else 'hard'} question" for one in word])


def test_a_prompt_predicts_pooled_ratings_and_ranks_nothing():
    """Between the groups lies 1.5^2 = 2.25 of a variance of 3.25: r is about sqrt(.69) = .83."""
    found = rm.audit(data())["prompt only, pooled"]
    assert found.measure == "pearson"
    assert found.estimate.low < (2.25 / 3.25) ** 0.5 < found.estimate.high
    assert not found.half_ties.defined
    assert found.significant


def test_a_prompt_that_says_nothing_predicts_nothing():
    assert not rm.audit(data(told=False))["prompt only, pooled"].significant


def test_without_prompts_it_says_so():
    found = rm.audit(dataclasses.replace(data(), prompts=()))["prompt only, pooled"]
    assert found.reason == "the data has no prompts"
    assert not found.estimate.defined


def test_predictions_are_of_other_items():
    """Every prompt is one word of its own: nothing can be learnt from other items, so r is 0 up to the fold means."""
    made = data()
    own = dataclasses.replace(made, prompts=[f"x{i}" for i in range(80)])
    found = rm.audit(own)["prompt only, pooled"]
    assert found.reason or abs(found.estimate.value) < 0.5
    assert not found.significant


def test_wmt23_sources(data_set, monkeypatch):
    """Published for a trained source-only sentinel on these data: pooled .469, by item undefined (Perrella et al.
    2024); words of the source, learnt on other segments, come close."""
    monkeypatch.setenv("REWARDMETER_DATA", str(data_set("wmt23-mtme").parent))
    found = rm.audit("wmt23-mtme:en-de", resamples=200)["prompt only, pooled"]
    assert 0.35 < found.estimate.value < 0.469
    assert not found.half_ties.defined
