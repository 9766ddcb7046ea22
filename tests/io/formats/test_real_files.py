"""Published files read by the general readers; every number is recomputed with numpy and scipy from what was read.

Expected values stand in the sets' own READMEs and expected.json (published tables and their recomputation); the
statistics of this package take no part.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from rewardmeter.dataset import Dataset
from rewardmeter.io.load import load

Folder = Callable[[str], Path]


def mean_rating(data: Dataset, aspect: str | None = None) -> np.ndarray:
    assert data.ratings is not None
    return data.ratings.mean(data.n_responses, aspect)


def recorded(data: Dataset, name: str) -> np.ndarray:
    values = data.recorded[name].values
    assert values is not None
    return values


def grid(data: Dataset, values: np.ndarray) -> np.ndarray:
    """Items by systems, NaN where there is nothing."""
    table = np.full((data.n_items, len(data.systems)), np.nan)
    table[data.response_item, data.response_system] = values
    return table


def test_summeval(data_set: Folder) -> None:
    """All 34 metrics against 4 dimensions: pooled and system-level Pearson of expected.json, to 6 digits."""
    folder = data_set("summeval")
    data = load(folder)
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["metrics"]
    assert (data.n_items, data.n_responses, len(data.recorded)) == (100, 1600, 34)
    assert data.has_texts
    assert {len(references) for references in data.references} == {11}
    for dimension, metrics in expected.items():
        gold = mean_rating(data, f"expert_{dimension}")
        assert set(metrics) == set(data.recorded)
        for name, values in metrics.items():
            scores = recorded(data, name)
            assert stats.pearsonr(gold, scores)[0] == pytest.approx(values["pearson"]["pooled"], abs=1e-6)
            system = np.corrcoef(grid(data, gold).mean(axis=0), grid(data, scores).mean(axis=0))[0, 1]
            assert system == pytest.approx(values["pearson"]["system"], abs=1e-6)


def test_realsumm(data_set: Folder) -> None:
    folder = data_set("realsumm")
    data = load(folder)
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["metrics"]
    assert (data.n_items, data.n_responses) == (100, 2400)
    gold = mean_rating(data)
    for name in ("rouge-1_recall", "METEOR", "MoverScore", "qa-eval_f1"):
        pooled = stats.kendalltau(gold, recorded(data, name))[0]
        assert pooled == pytest.approx(expected[name]["kendall"]["pooled"], abs=1e-6)
    assert "Left out, because it has another shape: scores_dict_abs.jsonl.gz." in data.origin.notes


def test_hanna(data_set: Folder) -> None:
    """The three values that the authors print for BLEU and Relevance, without the human row."""
    path = data_set("hanna") / "hanna_metric_scores_llm.csv.gz"
    data = load(path, mapping={"rating": "Relevance+Coherence", "score": "BLEU*+chrF*"})
    machine = np.array([data.system_of(j) != "Human" for j in range(data.n_responses)])
    assert int(machine.sum()) == 10 * 96
    gold, bleu = mean_rating(data, "Relevance")[machine], recorded(data, "BLEU Ξ§")[machine]
    assert stats.pearsonr(gold, bleu)[0] == pytest.approx(0.11242776621184697, abs=1e-12)
    assert stats.spearmanr(gold, bleu)[0] == pytest.approx(0.10409436871365678, abs=1e-12)
    assert stats.kendalltau(gold, bleu)[0] == pytest.approx(0.07377866242119939, abs=1e-12)


def test_frank(data_set: Folder) -> None:
    """Ratings and scores stand in two files; joined by article and system they give the README's correlations."""
    folder = data_set("frank")
    names = {"item": "hash", "system": "model_name"}
    human = load(folder / "human_annotations.json.gz", mapping={**names, "rating": "Factuality"})
    metrics = ["Rouge 1", "Bleu", "BertScore P Art", "FactCC", "QAGS", "FEQA"]
    machine = load(folder / "baseline_factuality_metrics_outputs.json.gz", mapping={**names, "score": metrics})
    assert human.n_responses == machine.n_responses == 2246
    gold = dict(zip(keys(human), mean_rating(human), strict=True))
    order = np.array([gold[key] for key in keys(machine)])
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["results"]["all"]
    for name in metrics:
        scores = recorded(machine, name)
        there = np.isfinite(scores)
        assert int(there.sum()) == expected[name]["n"]
        assert stats.pearsonr(order[there], scores[there])[0] == pytest.approx(expected[name]["pearson"], abs=1e-6)
        assert stats.spearmanr(order[there], scores[there])[0] == pytest.approx(expected[name]["spearman"], abs=1e-6)


def keys(data: Dataset) -> list[tuple[str, str | None]]:
    return [(data.item_ids[item], data.system_of(j)) for j, item in enumerate(data.response_item.tolist())]


def test_novikova(data_set: Folder) -> None:
    """A wide CSV, every row an item; Spearman 0.294 and -0.214 as the README gives them."""
    path = data_set("nlg-novikova17") / "emnlp_data_medians.csv.gz"
    mapping = {"item": "#", "response": "sys_ref", "prompt": "mr", "rating": "informativeness+naturalness+quality"}
    data = load(path, mapping={**mapping, "score": "METEOR+TER+Bleu_*"})
    assert data.n_responses == 2460
    bagel = np.array([domain == "BAGEL" for domain in data.columns["dataset"]])
    dusek = bagel & np.array([data.system_of(j) == "Dusek" for j in range(data.n_responses)])
    assert int(dusek.sum()) == 202
    gold = mean_rating(data, "informativeness")[dusek]
    assert stats.spearmanr(gold, recorded(data, "METEOR")[dusek])[0] == pytest.approx(0.294, abs=5e-4)
    assert stats.spearmanr(gold, recorded(data, "TER")[dusek])[0] == pytest.approx(-0.214, abs=5e-4)


def test_hh_harmless(data_set: Folder) -> None:
    """2,312 pairs, 2,310 contexts; the chosen last turn is longer in 44.25 %, as long in .48 %."""
    data = load(data_set("hh-harmless-test") / "harmless-base" / "test.jsonl.gz")
    pairs = data.preferences
    assert pairs is not None
    assert (len(pairs), data.n_items) == (2312, 2310)
    last = [len((text or "").rpartition("\n\nAssistant:")[2].strip()) for text in data.response_text]
    gap = np.array(last)[pairs.a] - np.array(last)[pairs.b]
    assert 100 * np.mean(gap > 0) == pytest.approx(44.25, abs=0.005)
    assert 100 * np.mean(gap == 0) == pytest.approx(0.48, abs=0.005)


def test_rm_bench(data_set: Folder) -> None:
    """Three chosen against three rejected responses: the counts of prompts that the README gives."""
    prompts = {"chat": 129, "code": 228, "safety-refuse": 284, "safety-response": 157}
    for name, count in prompts.items():
        data = load(data_set("rm-bench") / "data" / f"{name}_filtered.json.gz")
        groups, pairs = data.best_of_k, data.preferences
        assert groups is not None
        assert pairs is not None
        assert np.diff(groups.offsets).tolist() == [6] * count
        assert (len(pairs), data.n_items) == (9 * count, count)
        assert np.array_equal(np.flatnonzero(groups.best) % 6 < 3, np.ones(3 * count, dtype=bool))


def test_judgebench(data_set: Folder) -> None:
    """193 labels A>B and 157 B>A; "longer answer wins" is right in 46.00 %."""
    path = data_set("judgebench") / "data" / "dataset=judgebench,response_model=gpt-4o-2024-05-13.jsonl.gz"
    names = {"item": "pair_id", "prompt": "question", "response_a": "response_A", "response_b": "response_B"}
    data = load(path, mapping={**names, "preference": "label"})
    pairs = data.preferences
    assert pairs is not None
    assert np.unique(pairs.probability, return_counts=True)[1].tolist() == [157, 193]
    length = np.array([len(text or "") for text in data.response_text])
    longer = np.sign(length[pairs.a] - length[pairs.b]) == np.sign(pairs.probability - 0.5)
    assert 100 * longer.mean() == pytest.approx(46.0, abs=0.005)
