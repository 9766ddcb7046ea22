"""Sets of the alternative annotator test: published counts, and its winning rates for two sets by brute force."""

from __future__ import annotations

import ast
import csv
import gzip
import json

import numpy as np
import pytest
from scipy.stats import false_discovery_control, ttest_1samp

from rewardmeter.errors import InputError
from rewardmeter.io.named import alt_test

OPTIONS = {"gold": None, "reference": None, "include_human": False}
# Raters, units and labels of people, number of LLMs.
SIZES = {
    "mtbench": (3, 120, 246, 6),
    "10k_prompts": (13, 1698, 3844, 6),
    "summeval": (3, 6400, 19200, 6),
    "cebab_stars": (10, 711, 2193, 6),
    "lesion": (6, 500, 2980, 4),
}


def arrays(dataset):
    """(raters, units) of people's labels and unit labels of each LLM, NaN where there is none."""
    if dataset.preferences is not None:
        gold = dataset.preferences
        unit, rater, value, names = dataset.response_item[gold.a], gold.rater, 2 * gold.probability - 1, gold.raters
    else:
        ratings = dataset.ratings
        unit, rater, value, names = ratings.response, ratings.rater, ratings.value, ratings.raters
    people = np.full((len(names), dataset.n_items), np.nan)
    people[rater, unit] = value
    judges = {}
    for name, recorded in dataset.recorded.items():
        judges[name] = np.full(dataset.n_items, np.nan)
        if recorded.values is not None:
            judges[name][:] = recorded.values
        else:
            judges[name][unit] = recorded.first
    return people, judges


@pytest.mark.parametrize("subset", SIZES)
def test_sizes(subset, data_set) -> None:
    dataset = alt_test.load(data_set("alt-test"), subset=subset, **OPTIONS)
    people, judges = arrays(dataset)
    raters, units, labels, llms = SIZES[subset]
    assert people.shape == (raters, units)
    assert np.isfinite(people).sum() == labels
    assert len(judges) == llms
    assert all(np.isfinite(said).all() for said in judges.values())


def score(said, others, scoring):
    """How well labels agree with those of the others who labelled the unit."""
    if scoring == "accuracy":
        return np.nanmean(np.where(np.isnan(others), np.nan, others == said), axis=0)
    return -np.sqrt(np.nanmean((others - said) ** 2, axis=0))


def alternative_annotator_test(people, llm, scoring, epsilon):
    """Winning rate and advantage probability, one rater after the other left out (Calderon et al. 2025, section 3)."""
    wins, p_values = [], []
    for rater, own in enumerate(people):
        others = np.delete(people, rater, axis=0)
        units = ~np.isnan(own) & (~np.isnan(others)).any(axis=0)
        if units.sum() < 30:
            continue
        person, model = (score(said[units], others[:, units], scoring) for said in (own, llm))
        model_wins, person_wins = (model >= person).astype(float), (person >= model).astype(float)
        wins.append(model_wins.mean())
        p_values.append(ttest_1samp(person_wins - model_wins, epsilon, alternative="less").pvalue)
    rejected = false_discovery_control(np.nan_to_num(p_values, nan=1.0), method="by") < 0.05
    return rejected.mean(), np.mean(wins)


@pytest.mark.parametrize("subset", ["mtbench", "10k_prompts", "lesion", "cebab_stars"])
def test_the_published_winning_rates(subset, data_set) -> None:
    root = data_set("alt-test")
    people, judges = arrays(alt_test.load(root, subset=subset, **OPTIONS))
    with open(root / "published_alt_test.csv", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] == subset]
    assert {row["llm"] for row in rows} == set(judges)
    for row in rows:
        found = alternative_annotator_test(people, judges[row["llm"]], row["scoring"], float(row["epsilon"]))
        published = (float(row["winning_rate"]), float(row["advantage_probability"]))
        assert found == pytest.approx(published, abs=0.00501), row


def test_pairs_have_texts_and_systems(data_set) -> None:
    dataset = alt_test.load(data_set("alt-test"), subset=None, **OPTIONS)
    with gzip.open(data_set("alt-test") / "data" / "mtbench" / "prompts.json.gz", "rt", encoding="utf-8") as file:
        published = json.load(file)
    assert dataset.has_texts
    for a, b in zip(dataset.preferences.a, dataset.preferences.b, strict=True):
        item = int(dataset.response_item[a])
        unit = dataset.item_ids[item]
        assert unit.split("__")[1:3] == [dataset.system_of(int(a)), dataset.system_of(int(b))]
        for response, side in ((a, "conversation_a"), (b, "conversation_b")):
            first, answer, *later = ast.literal_eval(published[unit][side])
            assert dataset.prompts[item] == first["content"]
            assert dataset.response_text[response].startswith(answer["content"])
            assert all(turn["content"] in dataset.response_text[response] for turn in later)


@pytest.mark.parametrize(
    ("unit", "label", "turns", "problem"),
    [
        ("1__a__b", "tie", "[]", "not QUESTION__SYSTEM__SYSTEM__TURN"),
        ("1__a__b__1", "both", None, "'both' is not model_a, model_b or tie"),
        ("1__a__b__1", "tie", "[", "a conversation is no list of turns"),
        ("1__a__b__1", "tie", "[{'role': 'user'}]", "a conversation is no list of turns"),
    ],
)
def test_strange_pairs_are_refused(tmp_path, unit, label, turns, problem) -> None:
    folder = tmp_path / "data" / "mtbench"
    folder.mkdir(parents=True)
    for kind in ("human", "llm"):
        (folder / f"{kind}_annotations.json").write_text(json.dumps({"x": {unit: label}}))
    if turns is not None:
        texts = {"conversation_a": turns, "conversation_b": turns}
        (folder / "prompts.json").write_text(json.dumps({unit: texts}))
    with pytest.raises(InputError, match=problem):
        alt_test.load(tmp_path, subset=None, **OPTIONS)
