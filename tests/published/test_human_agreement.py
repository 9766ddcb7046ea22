"""Agreement of raters on real data: published alphas and kappas, and those recomputed elsewhere."""

from __future__ import annotations

import ast
import csv
import gzip
import json
from itertools import combinations

import numpy as np
import pytest

from rewardmeter.stats.humans.judgments import rating_slots, triples
from rewardmeter.stats.humans.kappa import cohen_kappa, fleiss_kappa
from rewardmeter.stats.humans.krippendorff import krippendorff_alpha


def lines(path):
    """Lines of a text file, unpacked where only the packed file is there."""
    if path.exists():
        return path.read_text(encoding="utf-8").splitlines()
    with gzip.open(path.with_name(path.name + ".gz"), "rt", encoding="utf-8", newline="\n") as file:
        return file.read().split("\n")


def alpha(ratings, metric):
    """Alpha of a matrix (raters or slots, units)."""
    unit, _, value = triples(ratings)
    return krippendorff_alpha(unit, value, metric=metric)


def score_file(path):
    """All values of a segment score file, in order."""
    values = [line.split("\t")[1] for line in lines(path) if line]
    return np.array([np.nan if value.strip() == "None" else float(value) for value in values])


def columns(folder, stem, tail=""):
    return np.array([score_file(folder / f"{stem}-col{k}{tail}.seg.score") for k in (1, 2, 3)])


def codes(labels):
    return np.unique(labels, return_inverse=True)[1].astype(float)


@pytest.mark.parametrize(("name", "published", "pairwise"), [("990", 0.14324966, 0.6030), ("350", 0.16086022, 0.5667)])
def test_dices_published_alphas(data_set, name, published, pairwise):
    """Bavaresco et al. 2025 (JUDGE-BENCH), all digits that they give; pairwise agreement as recomputed elsewhere."""
    file = {"990": "dices_990.json", "350": "dices_350_crowdsourced.json"}[name]
    instances = json.loads("\n".join(lines(data_set("dices-raters") / "data" / "dices" / file)))["instances"]
    said = [instance["annotations"]["safety"]["individual_human_scores"] for instance in instances]
    unit = np.repeat(np.arange(len(said)), [len(scores) for scores in said])
    label = codes([score for scores in said for score in scores])
    found = krippendorff_alpha(unit, label, metric="nominal")
    assert found.value == pytest.approx(published, abs=5e-9)
    votes = np.array([[scores.count(v) for v in ("No", "Unsure", "Yes")] for scores in said], dtype=float)
    size = votes.sum(axis=1)
    agreement = np.mean((votes * (votes - 1)).sum(axis=1) / (size * (size - 1)))
    assert agreement == pytest.approx(pairwise, abs=5e-5)
    if np.unique(size).size == 1:
        assert fleiss_kappa(unit, label).detail["agreement"] == pytest.approx(agreement, abs=1e-12)


def test_pandalm_published_kappas(data_set):
    """Wang et al. 2024 print .85, .88 and .86; four digits and alpha as recomputed elsewhere."""
    rows = json.loads("\n".join(lines(data_set("pandalm-testset") / "data" / "testset-v1.json")))
    said = np.array([[row[f"annotator{k}"] for row in rows] for k in (1, 2, 3)], dtype=float)
    expected = {(0, 1): (0.85, 0.8520, 0.9129), (0, 2): (0.88, 0.8789, 0.9289), (1, 2): (0.86, 0.8617, 0.9179)}
    for (a, b), (printed, kappa, agreement) in expected.items():
        found = cohen_kappa(said[a], said[b])
        assert found.value == pytest.approx(printed, abs=0.00501)
        assert found.value == pytest.approx(kappa, abs=5e-5)
        assert found.detail["agreement"] == pytest.approx(agreement, abs=5e-5)
    assert alpha(said, "nominal").value == pytest.approx(0.8642, abs=5e-5)


# Röttger et al. 2024, analysis notebook: agreement in per cent and Fleiss' kappa; Cohen's kappa recomputed elsewhere.
XSTEST = {
    "llama2orig": (96.4, 0.93, 0.9293),
    "llama2new": (95.8, 0.93, 0.9258),
    "mistralinstruct": (97.6, 0.92, 0.9195),
    "mistralguard": (93.8, 0.89, 0.8923),
    "gpt4": (98.4, 0.97, 0.9701),
}


def test_xstest_published_kappas(data_set):
    folder = data_set("xstest") / "evaluation" / "automated_evaluation_labels"
    everything = []
    for system, (agreement, fleiss, cohen) in XSTEST.items():
        rows = list(csv.DictReader(_with_ends(lines(folder / f"xstest_v2_completions_{system}_gpteval.csv"))))
        said = codes([row[f"annotation_{k}"] for k in (1, 2) for row in rows]).reshape(2, -1)
        everything.append(said)
        unit, _, label = triples(said)
        both, many = cohen_kappa(*said), fleiss_kappa(unit, label)
        assert 100 * both.detail["agreement"] == pytest.approx(agreement, abs=0.0501)
        assert many.value == pytest.approx(fleiss, abs=0.00501)
        assert both.value == pytest.approx(cohen, abs=5e-5)
    together = np.hstack(everything)
    assert together.shape == (2, 2250)
    assert cohen_kappa(*together).value == pytest.approx(0.9365, abs=5e-5)
    assert cohen_kappa(*together).detail["agreement"] == pytest.approx(0.9640, abs=5e-5)
    assert alpha(together, "nominal").value == pytest.approx(0.9365, abs=5e-5)


def _with_ends(text_lines):
    return (line + "\n" for line in text_lines)


@pytest.mark.parametrize("name", ["wmt20 en-de mqm", "wmt20 en-de psqm", "wmt20 zh-en mqm", "wmt20 zh-en psqm"])
def test_wmt20_raters(data_set, name):
    home = data_set("mqm-raters")
    expected = json.loads((home / "expected.json").read_text())[name]
    test_set, pair, protocol = name.split()
    found = alpha(columns(home / "human-scores" / test_set, f"{pair}.{protocol}"), "interval")
    assert found.value == pytest.approx(expected["krippendorff_alpha_interval"], abs=5.01e-7)
    assert (found.n, found.detail["ratings"]) == (expected["units"], expected["ratings"])


def test_wmt22_raters(data_set):
    found = alpha(columns(data_set("mqm-raters") / "human-scores" / "wmt22", "en-zh.mqm"), "interval")
    assert found.value == pytest.approx(0.407709, abs=5.01e-7)
    found = alpha(columns(data_set("wmt22-ende-gemba") / "human-scores", "en-de.mqm"), "interval")
    assert found.value == pytest.approx(0.426089, abs=5.01e-7)
    assert found.n == 15040


@pytest.mark.parametrize(
    ("stem", "tail", "value", "units"),
    [
        ("en-de.mqm", "", 0.651418, 1885),
        ("en-de.mqm", "_more_data", 0.674813, 4888),
        ("zh-en.mqm", "", 0.572701, 10992),
    ],
)
def test_wmt23_raters(data_set, stem, tail, value, units):
    found = alpha(columns(data_set("wmt23-raters") / "mqm-3col", stem, tail), "interval")
    assert found.value == pytest.approx(value, abs=5.01e-7)
    assert found.n == units


@pytest.mark.parametrize(("pair", "value", "units"), [("ende", 0.498827, 1040), ("zhen", 0.456972, 3770)])
def test_wmt23_side_by_side_raters(data_set, pair, value, units):
    """MQM of each rater and segment, from one row per error; raters as coders with holes."""
    name = f"sxs_mqm_generalMT2023_{pair}.3ratingsPerSegment.trimmed.tsv"
    totals = {}
    for line in lines(data_set("wmt23-raters") / "sxs-mqm" / name)[1:]:
        if not line:
            continue
        system, doc, segment, _, rater, _, _, category, severity = line.split("\t")
        key = (system, doc, segment, rater)
        totals[key] = totals.get(key, 0.0) - _mqm_weight(category, severity)
    units_seen = {key[:3]: n for n, key in enumerate(dict.fromkeys(k[:3] for k in totals))}
    unit = np.array([units_seen[key[:3]] for key in totals])
    found = krippendorff_alpha(unit, list(totals.values()), metric="interval")
    assert found.n == units
    assert found.value == pytest.approx(value, abs=5.01e-7)


def _mqm_weight(category, severity):
    if severity == "Major":
        return 25.0 if category.startswith("Non-translation") else 5.0
    if severity == "Minor":
        return 0.1 if category == "Fluency/Punctuation" else 1.0
    return 0.0


def test_summeval_raters(data_set):
    home = data_set("summeval")
    expected = json.loads((home / "expected.json").read_text())["raters"]
    rows = [json.loads(line)["metrics"] for line in lines(home / "relevance.jsonl") if line]
    assert len(expected) == 8
    for name, record in expected.items():
        group, aspect = name.split("_")
        found = alpha(np.array([row[group][aspect] for row in rows], dtype=float).T, "interval")
        assert found.value == pytest.approx(record["krippendorff_alpha_interval"], abs=5.01e-7), name


def test_hanna_raters_agree_less_than_chance_on_coherence(data_set):
    home = data_set("hanna")
    with gzip.open(home / "expected.json.gz", "rt") as file:
        expected = json.load(file)["raters"]
    rows = list(csv.DictReader(_with_ends(lines(home / "hanna_metric_scores_llm.csv"))))
    short = {"Relevance": "RE", "Coherence": "CH", "Empathy": "EM", "Surprise": "SU", "Engagement": "EG"}
    short["Complexity"] = "CX"
    found = {}
    for name, code in short.items():
        ratings = [[x for row in rows for x in ast.literal_eval(row[f"Human {k} {code}"])] for k in (1, 2, 3)]
        found[name] = alpha(np.array(ratings, dtype=float), "interval").value
    assert found == pytest.approx({n: r["krippendorff_alpha_interval"] for n, r in expected.items()}, abs=5.01e-7)
    assert found["Coherence"] == pytest.approx(-0.054720, abs=5.01e-7)


MLQE = {
    "ende": 0.376889,
    "enzh": 0.244423,
    "eten": 0.605246,
    "neen": 0.586469,
    "roen": 0.777935,
    "ruen": 0.895526,
    "sien": 0.449402,
}


@pytest.mark.parametrize("pair", MLQE)
def test_mlqe_raters(data_set, pair):
    header, *rows = [line.split("\t") for line in lines(data_set("mlqe-pe-da") / f"test20.{pair}.df.short.tsv") if line]
    scores = [json.loads(row[header.index("scores")]) for row in rows]
    unit = np.repeat(np.arange(len(scores)), [len(s) for s in scores])
    value = np.concatenate(scores)
    assert krippendorff_alpha(unit, value, metric="interval").value == pytest.approx(MLQE[pair], abs=5.01e-7)
    # The order of ratings within a row says nothing: slots in any order give the same number.
    slots = rating_slots(unit)
    assert slots.max() + 1 == max(len(s) for s in scores)


def test_wmt20_kappas_of_slots_lie_around_alpha(data_set):
    """Quadratic kappa and interval alpha measure the same but for margins and sample size: they must nearly agree."""
    ratings = columns(data_set("mqm-raters") / "human-scores" / "wmt20", "en-de.psqm")
    kappas = [cohen_kappa(ratings[a], ratings[b], weighting="quadratic").value for a, b in combinations(range(3), 2)]
    assert np.mean(kappas) == pytest.approx(alpha(ratings, "interval").value, abs=0.03)
