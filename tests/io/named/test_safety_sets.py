"""XSTest and DICES: published agreement figures, and further numbers recomputed outside this project."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.io.named import dices_raters, xstest
from rewardmeter.types import Outcome

OPTIONS = {"reference": None, "include_human": False}
# Upstream's notebook: agreement % and kappa of the two raters; then kappa of GPT-4 and of string match against the
# final label, recomputed.
XSTEST = {
    "gpt4": (98.4, 0.9701, 0.8729, 0.8519),
    "llama2new": (95.8, 0.9258, 0.6169, 0.7326),
    "llama2orig": (96.4, 0.9293, 0.5795, 0.5822),
    "mistralguard": (93.8, 0.8923, 0.5714, 0.5577),
    "mistralinstruct": (97.6, 0.9195, 0.0637, 0.2533),
}
REFUSED_SAFE = {"llama2orig": 0.596, "llama2new": 0.296, "mistralguard": 0.188, "gpt4": 0.084, "mistralinstruct": 0.016}


@pytest.fixture(scope="module")
def raters(data_set):
    return xstest.load(data_set("xstest"), subset=None, gold=None, **OPTIONS)


@pytest.fixture(scope="module")
def final(data_set):
    return xstest.load(data_set("xstest"), subset=None, gold="final", **OPTIONS)


def by_rater(dataset):
    """(raters, responses) of ratings."""
    table = np.full((len(dataset.ratings.raters), dataset.n_responses), np.nan)
    table[dataset.ratings.rater, dataset.ratings.response] = dataset.ratings.value
    return table


def classes(values):
    """The three labels as whole numbers, 9 for none of them."""
    return np.nan_to_num(2 * np.asarray(values), nan=9).astype(int)


@pytest.mark.parametrize("system", XSTEST)
def test_xstest_raters_and_judges(system, raters, final) -> None:
    agreement, kappa, gpt4, string_match = XSTEST[system]
    of_system = raters.response_system == raters.systems.index(system)
    one, two = by_rater(raters)[:, of_system]
    assert 100 * np.mean(one == two) == pytest.approx(agreement, abs=0.0501)
    assert cohen_kappa_score(classes(one), classes(two)) == pytest.approx(kappa, abs=0.0000501)
    label = classes(final.ratings.mean(final.n_responses))[of_system]
    for judge, expected in (("gpt4", gpt4), ("string-match", string_match)):
        said = classes(final.recorded[judge].values)[of_system]
        assert cohen_kappa_score(label, said) == pytest.approx(expected, abs=0.0000501)


def test_xstest_over_refusal_on_safe_prompts(final) -> None:
    label = np.array([final.columns["label"][item] for item in final.response_item])
    assert np.sum(label == "safe") == 5 * 250
    refusal = final.ratings.mean(final.n_responses)
    for system, share in REFUSED_SAFE.items():
        rows = (label == "safe") & (final.response_system == final.systems.index(system))
        assert np.mean(refusal[rows] > 0) == pytest.approx(share, abs=1e-9)


def test_xstest_answers_that_are_no_label_are_failures(raters) -> None:
    assert np.sum(raters.recorded["gpt4"].outcomes == Outcome.FAILED) == 11
    assert np.isfinite(raters.recorded["string-match"].values).all()
    assert raters.origin.notes[1] == "judge answers that are none of the labels and count as failed: 11"


def test_xstest_without_a_column(tmp_path) -> None:
    folder = tmp_path / "evaluation" / "automated_evaluation_labels"
    folder.mkdir(parents=True)
    (folder / "xstest_v2_completions_gpt4_gpteval.csv").write_text("id,type,prompt\n")
    with pytest.raises(InputError, match="line 1: no column annotation_1, annotation_2, completion, final_label"):
        xstest.load(tmp_path, subset=None, gold=None, **OPTIONS)
    (folder / "xstest_v2_completions_gpt4_gpteval.csv").unlink()
    with pytest.raises(InputError, match="no file for the system gpt4"):
        xstest.load(tmp_path, subset=None, gold=None, **OPTIONS)


def nominal_alpha(labels):
    """Krippendorff's alpha for (items, raters), NaN where nobody rated, from the coincidence matrix."""
    values = np.unique(labels[~np.isnan(labels)])
    counts = np.stack([(labels == value).sum(axis=1) for value in values], axis=1)
    m = counts.sum(axis=1, keepdims=True)
    same = (counts * (counts - 1) / (m - 1)).sum()
    totals, n = counts.sum(axis=0), counts.sum()
    return 1 - (n - same) / (n - (totals * (totals - 1)).sum() / (n - 1))


def table(dataset):
    """(items, raters) labels; raters as they come where they are not known."""
    rows = [dataset.ratings.value[dataset.ratings.response == r] for r in range(dataset.n_responses)]
    width = max(map(len, rows))
    return np.stack([np.pad(row, (0, width - len(row)), constant_values=np.nan) for row in rows])


def majority_labels(root, subset):
    """Upstream's own majority labels as positions in No, Unsure, Yes."""
    name = {"350": "dices_350_crowdsourced", "990": "dices_990"}[subset]
    with gzip.open(root / "data" / "dices" / f"{name}.json.gz", "rt", encoding="utf-8") as file:
        instances = json.load(file)["instances"]
    order = ["No", "Unsure", "Yes"]
    return np.array([order.index(one["annotations"]["safety"]["majority_human"]) for one in instances])


@pytest.mark.parametrize(
    ("subset", "alpha", "agreement", "no", "yes"),
    [("350", 0.16086022, 0.5667, 270, 80), ("990", 0.14324966, 0.6030, 830, 160)],
)
def test_dices_agreement(subset, alpha, agreement, no, yes, data_set) -> None:
    """Krippendorff's alpha and, ties apart, majority labels as published by JUDGE-BENCH; agreement recomputed."""
    dataset = dices_raters.load(data_set("dices-raters"), subset=subset, gold=None, **OPTIONS)
    labels = table(dataset)
    assert nominal_alpha(labels) == pytest.approx(alpha, abs=5e-9)
    counts = np.stack([(labels == value).sum(axis=1) for value in (0.0, 0.5, 1.0)], axis=1)
    tied = (counts == counts.max(axis=1, keepdims=True)).sum(axis=1) > 1
    published = majority_labels(data_set("dices-raters"), subset)
    assert (np.sum(published == 0), np.sum(published == 2)) == (no, yes)
    np.testing.assert_array_equal(counts.argmax(axis=1)[~tied], published[~tied])
    m = counts.sum(axis=1)
    agree = (counts * (counts - 1)).sum(axis=1) / (m * (m - 1))
    assert np.mean(agree) == pytest.approx(agreement, abs=0.0000501)


def test_dices_raters_against_the_expert(data_set) -> None:
    root = data_set("dices-raters")
    crowd = dices_raters.load(root, subset="350", gold="crowd", **OPTIONS)
    expert = dices_raters.load(root, subset="350", gold="expert", **OPTIONS)
    gold = expert.ratings.mean(expert.n_responses)
    assert (np.sum(gold == 0), np.sum(gold == 1)) == (175, 175)
    assert list(crowd.item_ids) == list(expert.item_ids)
    labels = by_rater(crowd)
    accuracy = (labels == gold).mean(axis=1)
    assert len(accuracy) == 123
    found = [accuracy.mean(), accuracy.std(ddof=1), accuracy.min(), accuracy.max()]
    assert found == pytest.approx([0.5692, 0.0662, 0.3029, 0.6857], abs=0.000501)
    assert roc_auc_score(gold, (labels == 1).mean(axis=0)) == pytest.approx(0.7882, abs=0.0000501)


def test_dices_options(data_set) -> None:
    with pytest.raises(UnknownNameError, match="no gold named 'expert'"):
        dices_raters.load(data_set("dices-raters"), subset="990", gold="expert", **OPTIONS)


def test_dices_refuses_other_labels(tmp_path) -> None:
    (tmp_path / "data" / "dices").mkdir(parents=True)
    instance = {
        "id": 1,
        "instance": {"user_prompt": "p", "response": "r"},
        "annotations": {"safety": {"individual_human_scores": ["Yes", "Maybe"]}},
    }
    path = tmp_path / "data" / "dices" / "dices_990.json"
    path.write_text(json.dumps({"instances": [instance]}))
    with pytest.raises(InputError, match="item 1: 'Maybe' is not Yes, No or Unsure"):
        dices_raters.load(tmp_path, subset="990", gold=None, **OPTIONS)
