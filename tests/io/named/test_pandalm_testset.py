"""PandaLM test set: published kappas and label counts, and further numbers recomputed outside this project."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score

from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.io.named import pandalm_testset

OPTIONS = {"subset": None, "reference": None, "include_human": False}


@pytest.fixture(scope="module")
def raters(data_set):
    return pandalm_testset.load(data_set("pandalm-testset"), gold=None, **OPTIONS)


@pytest.fixture(scope="module")
def majority(data_set):
    return pandalm_testset.load(data_set("pandalm-testset"), gold="majority", **OPTIONS)


def labels(dataset):
    """(3, 999) with 1, 0 and 0.5 by rater."""
    gold = dataset.preferences
    return np.stack([gold.probability[gold.rater == rater] for rater in range(3)])


def nominal_alpha(classes):
    """Krippendorff's alpha of (raters, units) without holes: 1 - observed / expected disagreement."""
    raters, units = classes.shape
    pairs = [(i, j) for i in range(raters) for j in range(raters) if i != j]
    observed = np.mean([np.mean(classes[i] != classes[j]) for i, j in pairs])
    counts = np.unique(classes, return_counts=True)[1]
    total = raters * units
    return 1 - observed / (1 - np.sum(counts * (counts - 1)) / (total * (total - 1)))


def test_kappas_between_raters(raters) -> None:
    """Published .85, .88, .86; recomputed .8520, .8789, .8617; Krippendorff's alpha .8642."""
    classes = (2 * labels(raters)).astype(int)
    assert raters.preferences.raters == ("annotator1", "annotator2", "annotator3")
    kappas = [cohen_kappa_score(classes[i], classes[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert kappas == pytest.approx([0.8520, 0.8789, 0.8617], abs=0.0000501)
    agree = [np.mean(classes[i] == classes[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert agree == pytest.approx([0.9129, 0.9289, 0.9179], abs=0.0000501)
    assert nominal_alpha(classes) == pytest.approx(0.8642, abs=0.0000501)


def test_the_published_distribution_of_majorities(majority) -> None:
    probability = majority.preferences.probability
    counts = [int(np.sum(probability == value)) for value in (0.5, 1.0, 0.0)]
    assert counts == [105, 422, 472]
    assert (majority.preferences.rater == -1).all()


@pytest.mark.parametrize(
    ("judge", "accuracy", "f1", "unparsed"),
    [("gpt-3.5-turbo", 0.6977, 0.5274, 25), ("pandalm-7b", 0.6677, 0.5743, 0)],
)
def test_judges_against_the_majority(judge, accuracy, f1, unparsed, majority) -> None:
    verdicts = majority.recorded[judge].first
    gold = np.sign(2 * majority.preferences.probability - 1)
    assert np.sum(np.isnan(verdicts)) == unparsed
    assert np.mean(verdicts == gold) == pytest.approx(accuracy, abs=0.0000501)
    said = np.nan_to_num(verdicts, nan=9)
    macro = f1_score(gold, said, labels=[-1, 0, 1], average="macro")
    assert macro == pytest.approx(f1, abs=0.0000501)
    assert np.isnan(majority.recorded[judge].second).all()


def test_the_longer_response_wins(majority) -> None:
    """.6753 of the 887 pairs with a winner and unequal lengths."""
    size = np.array([len(text) for text in majority.response_text])
    gold = majority.preferences
    difference = size[gold.a] - size[gold.b]
    counts = (difference != 0) & (gold.probability != 0.5)
    assert np.sum(counts) == 887
    won = (difference > 0) == (gold.probability == 1)
    assert np.mean(won[counts]) == pytest.approx(0.6753, abs=0.0000501)


def test_texts_and_systems_are_those_of_the_file(raters, data_set) -> None:
    with gzip.open(data_set("pandalm-testset") / "data" / "testset-v1.json.gz", "rt", encoding="utf-8") as file:
        rows = json.load(file)
    gold = raters.preferences
    for number, row in enumerate(rows):
        a, b = int(gold.a[3 * number]), int(gold.b[3 * number])
        assert "_".join(raters.systems[raters.response_system[r]] for r in (a, b)) == row["cmp_key"]
        assert raters.response_text[a] == str(row["response1"])
        assert raters.response_text[b] == str(row["response2"])
        assert row["instruction"] in raters.prompts[raters.response_item[a]]
    assert len(set(raters.prompts)) == 170


def test_bare_json_values_are_words_and_stated(raters) -> None:
    """Six rows hold the JSON value true, the answer "True" to a question whether a statement is correct."""
    assert raters.response_text.count("True") == 2
    assert raters.origin.notes[0].startswith("responses that are a bare JSON true or false")
    assert [note.rpartition(": ")[2] for note in raters.origin.notes] == ["6", "6"]


def test_options(data_set) -> None:
    with pytest.raises(UnknownNameError, match="there are: raters, majority"):
        pandalm_testset.load(data_set("pandalm-testset"), gold="expert", **OPTIONS)


def row(**change):
    base = {"idx": 0, "motivation_app": "x", "cmp_key": "m_n", "instruction": "do", "input": "", "response1": "a"}
    return {**base, "response2": "b", "annotator1": 1, "annotator2": 2, "annotator3": 0, **change}


@pytest.mark.parametrize(
    ("rows", "gold", "problem"),
    [
        ([row()], "majority", "row 0: three raters, three labels. Take gold=raters"),
        ([row(annotator2=7)], "raters", r"row 0 has cmp_key 'm_n' and labels \(1, 7, 0\)"),
        ([row(cmp_key="m")], "raters", "row 0 has cmp_key 'm'"),
    ],
)
def test_rows_that_do_not_fit_are_refused(tmp_path, rows, gold, problem) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "testset-v1.json").write_text(json.dumps(rows))
    with pytest.raises(InputError, match=problem):
        pandalm_testset.load(tmp_path, gold=gold, **OPTIONS)
