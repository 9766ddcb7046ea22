"""Raters of real data one by one: the alternative annotator test, ceilings, rater models and variance components."""

from __future__ import annotations

import csv
import gzip
import json

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from rewardmeter.stats.correlation import correlate
from rewardmeter.stats.humans.alternative import alternative_annotator_test
from rewardmeter.stats.humans.ceiling import leave_one_rater_out, plurality_of_others
from rewardmeter.stats.humans.components import rating_components
from rewardmeter.stats.humans.dawid_skene import dawid_skene
from rewardmeter.stats.humans.judgments import triples
from rewardmeter.stats.humans.mace import mace
from rewardmeter.stats.humans.projection import more_items_or_raters
from rewardmeter.stats.resampling import item_folds
from rewardmeter.stats.ties import calibrate_ties


def read_json(path):
    if path.exists():
        return json.loads(path.read_text())
    with gzip.open(path.with_name(path.name + ".gz"), "rt", encoding="utf-8") as file:
        return json.load(file)


def annotation_set(folder):
    """(raters, items) of people and (items,) of each LLM; text labels as positions in one sorted list."""
    humans, judges = read_json(folder / "human_annotations.json"), read_json(folder / "llm_annotations.json")
    item = {name: n for n, name in enumerate(dict.fromkeys(name for said in humans.values() for name in said))}
    everybody = [*humans.values(), *judges.values()]
    labels = {label for said in everybody for label in said.values()}
    if all(isinstance(label, int | float) for label in labels):
        code = {label: float(label) for label in labels}
    else:
        code = {label: float(n) for n, label in enumerate(sorted(labels, key=str))}

    def row(said):
        values = np.full(len(item), np.nan)
        for name, label in said.items():
            if name in item:
                values[item[name]] = code[label]
        return values

    return np.array([row(said) for said in humans.values()]), {name: row(said) for name, said in judges.items()}


def test_alternative_annotator_test_reproduces_all_published_rows(data_set):
    """Calderon et al. 2025, the authors' notebook: winning rate, advantage probability and verdict, 52 rows."""
    home = data_set("alt-test")
    with open(home / "published_alt_test.csv", encoding="utf-8") as file:
        published = list(csv.DictReader(file))
    sets = {name: annotation_set(home / "data" / name) for name in dict.fromkeys(row["dataset"] for row in published)}
    for row in published:
        people, judges = sets[row["dataset"]]
        found = alternative_annotator_test(
            people, judges[row["llm"]], scoring=row["scoring"], epsilon=float(row["epsilon"])
        )
        assert found.winning_rate == pytest.approx(float(row["winning_rate"]), abs=0.00501), row
        advantage = found.advantage_probability
        assert advantage.value == pytest.approx(float(row["advantage_probability"]), abs=0.00501), row
        assert advantage.low < advantage.value < advantage.high
        assert found.passed == (row["outcome"] == "PASSED"), row
    assert len(published) == 52


def test_alternative_annotator_test_on_texts(data_set):
    """kilogram, exact match, epsilon 0.1: winning rate and advantage as recomputed elsewhere."""
    people, judges = annotation_set(data_set("alt-test") / "data" / "kilogram")
    found = alternative_annotator_test(people, judges["gpt-4o"], scoring="accuracy", epsilon=0.1)
    assert found.winning_rate == pytest.approx(0.16, abs=0.00501)
    assert found.advantage_probability.value == pytest.approx(0.876, abs=0.000501)


LABELS = {"No": 0.0, "Unsure": 1.0, "Yes": 2.0}


@pytest.fixture
def dices(data_set):
    """(123 raters, 350 items), and the experts' labels."""
    folder = data_set("dices-raters") / "data" / "dices"
    crowd = read_json(folder / "dices_350_crowdsourced.json")["instances"]
    said = [[LABELS[s] for s in one["annotations"]["safety"]["individual_human_scores"]] for one in crowd]
    experts = {
        one["id"]: LABELS[one["annotations"]["safety"]["majority_human"]]
        for one in read_json(folder / "dices_350_expert.json")["instances"]
    }
    return np.array(said).T, np.array([experts[one["id"]] for one in crowd])


def test_dices_consensus_is_a_poor_proxy_of_expertise(dices):
    """Accuracy of the raters against the expert, and its rank correlation with agreement with the others' majority;
    mean, sd, extremes and correlation as recomputed elsewhere, where a drawn vote counts as Yes."""
    said, expert = dices
    accuracy = (said == expert).mean(axis=1)
    assert [accuracy.mean(), accuracy.std(ddof=1), accuracy.min(), accuracy.max()] == pytest.approx(
        [0.5692, 0.0662, 0.3029, 0.6857], abs=5.1e-5
    )
    gold = plurality_of_others(said)
    drawn = np.isnan(gold)
    assert 0 < drawn.sum() < 500
    with_drawn = (said == np.where(drawn, LABELS["Yes"], gold)).mean(axis=1)
    assert spearmanr(accuracy, with_drawn).statistic == pytest.approx(0.1851, abs=5.1e-5)

    def agreement(scores, others):
        return np.mean(scores[0] == others)

    ceiling = leave_one_rater_out(said, agreement, others=plurality_of_others, bounds=(0.0, 1.0))
    assert ceiling.value == pytest.approx(
        np.mean([(a == b)[~np.isnan(b)].mean() for a, b in zip(said, gold, strict=True)])
    )


def test_dices_rater_models_take_many_raters(dices):
    """123 judgments of each unit: products of chances that small underflow where they are not taken as logarithms."""
    said, _ = dices
    unit, rater, value = triples(said)
    for fit in (dawid_skene, mace):
        model = fit(unit, rater, value.astype(int), steps=500)
        assert model.converged
        assert (model.labels >= 0).all()
        assert model.probability.sum(axis=1) == pytest.approx(np.ones(350))


def wmt20(home, name):
    """(3 slots, systems, rated segments)."""
    slots = []
    for k in (1, 2, 3):
        blocks = {}
        with gzip.open(home / "human-scores" / "wmt20" / f"{name}-col{k}.seg.score.gz", "rt") as file:
            for line in file:
                system, value = line.split("\t")
                blocks.setdefault(system, []).append(np.nan if value.strip() == "None" else float(value))
        slots.append(list(blocks.values()))
    ratings = np.array(slots)
    return ratings[..., ~np.isnan(ratings).all(axis=(0, 1))]


def test_wmt20_ceiling(data_set):
    """One slot against the mean of the two others, by scipy; with interval, and for a tie-calibrated accuracy."""
    ratings = wmt20(data_set("mqm-raters"), "en-de.mqm")
    assert ratings.shape == (3, 10, 681)
    expected = [pearsonr(ratings[r].ravel(), np.delete(ratings, r, axis=0).mean(axis=0).ravel())[0] for r in range(3)]
    fold = item_folds(681, 20, np.random.default_rng(1))
    ceiling = leave_one_rater_out(
        ratings, lambda s, g: correlate(s, g, statistic="pearson", grouping="pooled").value, fold=fold
    )
    assert ceiling.value == pytest.approx(np.mean(expected), abs=1e-11)
    assert ceiling.low < ceiling.value < ceiling.high
    assert ceiling.high - ceiling.low < 0.15
    tenths = np.round(10 * ratings)  # whole numbers, so that differences that are equal are equal
    tied = leave_one_rater_out(tenths, lambda s, g: calibrate_ties(s, g).accuracy, bounds=(0.0, 1.0))
    direct = [calibrate_ties(tenths[r : r + 1], np.delete(tenths, r, axis=0).sum(axis=0)).accuracy[0] for r in range(3)]
    assert tied.value == pytest.approx(np.mean(direct), abs=1e-12)


def test_side_by_side_components(data_set):
    """zh-en, 8 raters, 10 systems, 377 segments, 3 ratings each: all components can be told, and more items help."""
    name = "sxs_mqm_generalMT2023_zhen.3ratingsPerSegment.trimmed.tsv.gz"
    weight = {"Major": 5.0, "Minor": 1.0}
    totals = {}
    with gzip.open(data_set("wmt23-raters") / "sxs-mqm" / name, "rt", encoding="utf-8", newline="\n") as file:
        next(file)
        for line in file:
            system, doc, segment, _, rater, _, _, _, severity = line.rstrip("\n").split("\t")
            key = (f"{doc} {segment}", rater, system)
            totals[key] = totals.get(key, 0.0) - weight.get(severity, 0.0)
    item, rater, system = (np.unique(column, return_inverse=True)[1] for column in zip(*totals, strict=True))
    value = np.array(list(totals.values()))
    fold = item_folds(377, 20, np.random.default_rng(1))
    found = rating_components(value, item, rater, system=system, fold=fold)
    assert found.levels.tolist()[:3] == [377, 8, 10]
    assert found["item"] > 0
    assert found["residual"] > found["item x system"] > 0
    # The components add up to the variance of a rating: each level's share of chance pairs is small.
    assert found.variance.sum() == pytest.approx(value.var(), rel=0.1)
    plans = more_items_or_raters(found, items=377, raters=8, ratings_per_response=3)
    assert plans["items"].standard_error.value < plans["now"].standard_error.value
    assert plans["now"].generalisability.low < plans["now"].generalisability.value
