"""Named datasets whose gold is ratings, and DARR: raw arrays against each set's reference numbers.

Expected values come from the expected.json beside each set (published tables where its README says so, else recomputed
with scipy by the set's makers). Statistics are computed here with scipy, independently of `rewardmeter.stats`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.io.named import (
    frank,
    google_mqm,
    hanna,
    mlqe_pe_da,
    mqm_raters,
    nlg_novikova17,
    realsumm,
    summeval,
    topicalchat_judges,
    wmt19_darr,
    wmt19_sys_da,
    wmt22_ende_gemba,
    wmt23_mtme,
)

DataSet = Callable[[str], Path]

ROUNDED = 1.5e-6
"""expected.json gives 6 digits."""

COEFFICIENTS = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}


def expected_of(root: Path) -> Any:
    path = root / "expected.json"
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    return json.loads(gzip.decompress((root / "expected.json.gz").read_bytes()))


def gold_of(data: Dataset, aspect: str | None = None) -> np.ndarray:
    assert data.ratings is not None
    return data.ratings.mean(data.n_responses, aspect)


def values_of(data: Dataset, name: str) -> np.ndarray:
    values = data.recorded[name].values
    assert values is not None
    return values


def table(data: Dataset, values: np.ndarray) -> np.ndarray:
    """(items, systems), NaN where a system did not answer."""
    out = np.full((data.n_items, len(data.systems)), np.nan)
    out[data.response_item, data.response_system] = values
    return out


def correlate(coefficient: str, x: np.ndarray, y: np.ndarray) -> float:
    """NaN where either side is constant over what both have."""
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(COEFFICIENTS[coefficient](x, y)[0])


def by_item(data: Dataset, coefficient: str, x: np.ndarray, y: np.ndarray) -> tuple[float, int]:
    rows = [correlate(coefficient, a, b) for a, b in zip(table(data, x), table(data, y), strict=True)]
    return float(np.nanmean(rows)), int(np.sum(np.isfinite(rows)))


def of_means(data: Dataset, coefficient: str, x: np.ndarray, y: np.ndarray) -> float:
    return correlate(coefficient, np.nanmean(table(data, x), axis=0), np.nanmean(table(data, y), axis=0))


def alpha(data: Dataset, aspect: str | None = None) -> float:
    """Krippendorff's alpha with interval distance (Krippendorff 2011), from sums of squares.

    Disagreement within a unit of m ratings is its sum of squared differences over m - 1, and a sum of squared
    differences over all ordered pairs is 2 m times the sum of squares about the mean.
    """
    ratings = data.ratings
    assert ratings is not None
    rows = ratings.rows(aspect)
    unit, value = ratings.response[rows], ratings.value[rows]
    size = np.bincount(unit)
    pairable = size[unit] > 1
    unit, value = unit[pairable], value[pairable]
    mean = np.bincount(unit, weights=value) / np.maximum(np.bincount(unit), 1)
    size = np.bincount(unit)[unit]
    observed = np.sum(2 * size / (size - 1) * (value - mean[unit]) ** 2)
    due = 2 * len(value) * np.sum((value - value.mean()) ** 2)
    return float(1 - (len(value) - 1) * observed / due)


def check_summary_level(data: Dataset, aspect: str | None, metrics: Mapping[str, Any], coefficient: str) -> None:
    gold = gold_of(data, aspect)
    for name, reference in metrics.items():
        values = values_of(data, name)
        summary, instances = by_item(data, coefficient, gold, values)
        found = {
            "pooled": correlate(coefficient, gold, values),
            "system": of_means(data, coefficient, gold, values),
            "summary": summary,
        }
        assert instances == reference[coefficient]["summary_instances"], name
        for statistic, value in found.items():
            assert value == pytest.approx(reference[coefficient][statistic], abs=ROUNDED), (name, statistic)


@pytest.mark.parametrize("coefficient", list(COEFFICIENTS))
@pytest.mark.parametrize("aspect", ["coherence", "consistency", "fluency", "relevance"])
def test_summeval_metrics(data_set: DataSet, aspect: str, coefficient: str) -> None:
    data = summeval.load(data_set("summeval"))
    expected = expected_of(data_set("summeval"))["metrics"][aspect]
    assert set(data.recorded) == set(expected)
    check_summary_level(data, aspect, expected, coefficient)


def test_summeval_published_table(data_set: DataSet) -> None:
    """A part of the sacrerouge page on Fabbri et al. (single reference, expert relevance), Pearson, 2 digits."""
    data = summeval.load(data_set("summeval"))
    gold = gold_of(data, "relevance")
    published = {
        "rouge-1_f1": (0.28, 0.61),
        "rouge-2_recall": (0.26, 0.65),
        "bertscore_recall": (0.37, 0.84),
        "MoverScore": (0.28, 0.56),
        "qa-eval_f1": (0.30, 0.82),
    }
    for name, (summary, system) in published.items():
        values = values_of(data, name)
        assert by_item(data, "pearson", gold, values)[0] == pytest.approx(summary, abs=0.005), name
        assert of_means(data, "pearson", gold, values) == pytest.approx(system, abs=0.005), name


@pytest.mark.parametrize("gold", ["expert", "turker"])
def test_summeval_raters(data_set: DataSet, gold: str) -> None:
    data = summeval.load(data_set("summeval"), gold=gold)
    expected = expected_of(data_set("summeval"))["raters"]
    for aspect in ("coherence", "consistency", "fluency", "relevance"):
        reference = expected[f"{gold}_{aspect}"]["krippendorff_alpha_interval"]
        assert alpha(data, aspect) == pytest.approx(reference, abs=ROUNDED), aspect


def test_summeval_references(data_set: DataSet) -> None:
    one, all_of_them = (summeval.load(data_set("summeval"), reference=r) for r in (None, "all"))
    assert {len(references) for references in one.references} == {1}
    assert {len(references) for references in all_of_them.references} == {11}
    assert one.has_texts
    assert one.origin.default_aspect == "relevance"
    with pytest.raises(UnknownNameError, match="original, all"):
        summeval.load(data_set("summeval"), reference="refA")


@pytest.mark.parametrize("coefficient", ["pearson", "spearman", "kendall"])
def test_realsumm_metrics(data_set: DataSet, coefficient: str) -> None:
    data = realsumm.load(data_set("realsumm"))
    expected = expected_of(data_set("realsumm"))
    assert set(data.recorded) == {*expected["metrics"], "bert_f_score"}
    assert (data.n_items, len(data.systems), data.has_texts) == (100, 24, True)
    check_summary_level(data, None, expected["metrics"], coefficient)


def test_realsumm_has_the_right_bertscore_f1_too(data_set: DataSet) -> None:
    data = realsumm.load(data_set("realsumm"))
    precision, recall = values_of(data, "bertscore_precision"), values_of(data, "bertscore_recall")
    np.testing.assert_array_equal(values_of(data, "bertscore_f1"), precision)
    right = values_of(data, "bert_f_score")
    # Each of the three is rescaled with its own baseline, so F1 may lie a little outside its parts.
    outside = np.maximum(np.minimum(precision, recall) - right, right - np.maximum(precision, recall))
    assert np.max(outside) < 0.002
    # Two cells of the published pickles.
    row = table(data, right)[data.item_ids.index("52")]
    assert row[data.systems.index("presumm_out_trans_abs")] == 0.25522804260253906
    assert row[data.systems.index("bart_out")] == 0.3771497905254364


@pytest.mark.parametrize(
    ("subset", "key"),
    [(None, "all"), ("test", "test"), ("valid", "valid"), ("cnndm", "all cnndm"), ("bbc", "all bbc")],
)
def test_frank_plain_and_partial_correlations(data_set: DataSet, subset: str | None, key: str) -> None:
    """Partial: both sides less their mean by system, over the rows that both have."""
    data = frank.load(data_set("frank"), subset=subset)
    expected = expected_of(data_set("frank"))["results"][key]
    gold = gold_of(data, "Factuality")
    assert set(data.recorded) == set(expected)
    for name, reference in expected.items():
        both = np.isfinite(values_of(data, name)) & np.isfinite(gold)
        x, y, system = values_of(data, name)[both], gold[both], data.response_system[both]
        assert len(x) == reference["n"], name
        assert correlate("pearson", x, y) == pytest.approx(reference["pearson"], abs=ROUNDED), name
        assert correlate("spearman", x, y) == pytest.approx(reference["spearman"], abs=ROUNDED), name
        size = np.maximum(np.bincount(system), 1)
        residuals = [v - (np.bincount(system, weights=v) / size)[system] for v in (x, y)]
        assert correlate("pearson", *residuals) == pytest.approx(reference["partial_pearson"], abs=ROUNDED), name


def test_frank_shape(data_set: DataSet) -> None:
    data = frank.load(data_set("frank"))
    assert (data.n_items, data.n_responses, len(data.systems)) == (499, 2246, 9)
    assert set(data.columns["dataset"]) == {"cnndm", "bbc"}
    assert np.isnan(values_of(data, "FEQA")).sum() == 4
    assert np.isnan(values_of(data, "Dep Entail")).sum() == 83
    with pytest.raises(UnknownNameError, match="did you mean 'test'"):
        frank.load(data_set("frank"), subset="tests")


CRITERIA = ("Relevance", "Coherence", "Empathy", "Surprise", "Engagement", "Complexity")


@pytest.mark.parametrize("human", [False, True])
@pytest.mark.parametrize("aspect", CRITERIA)
def test_hanna_measures_and_judges(data_set: DataSet, aspect: str, human: bool) -> None:
    data = hanna.load(data_set("hanna"), include_human=human)
    expected = expected_of(data_set("hanna"))["with_human_row" if human else "without_human_row"]
    assert len(data.systems) == (11 if human else 10)
    gold = gold_of(data, aspect)
    for name, reference in (expected["metrics"][aspect] | expected["llm"][aspect]).items():
        values = values_of(data, name)
        found = {
            "pooled_pearson": correlate("pearson", values, gold),
            "pooled_kendall": correlate("kendall", values, gold),
            "system_pearson": of_means(data, "pearson", values, gold),
        }
        for statistic, value in found.items():
            assert value == pytest.approx(reference[statistic], abs=ROUNDED), (name, statistic)


def test_hanna_published_values(data_set: DataSet) -> None:
    """BLEU against Relevance as printed in the authors' notebook, without the human stories."""
    data = hanna.load(data_set("hanna"))
    gold, bleu = gold_of(data, "Relevance"), values_of(data, "BLEU Ξ§")
    assert correlate("pearson", gold, bleu) == pytest.approx(0.11242776621184697, abs=1e-12)
    assert correlate("spearman", gold, bleu) == pytest.approx(0.10409436871365678, abs=1e-12)
    assert correlate("kendall", gold, bleu) == pytest.approx(0.07377866242119939, abs=1e-12)
    means = [np.nanmean(table(data, side), axis=0) for side in (gold, bleu)]
    assert stats.pearsonr(*means)[1] == pytest.approx(0.005571450712541286, abs=1e-12)
    assert stats.kendalltau(*means)[1] == pytest.approx(0.02860945767195767, abs=1e-12)


def test_hanna_raters(data_set: DataSet) -> None:
    data = hanna.load(data_set("hanna"), include_human=True)
    for aspect, reference in expected_of(data_set("hanna"))["raters"].items():
        found = alpha(data, aspect)
        assert found == pytest.approx(reference["krippendorff_alpha_interval"], abs=ROUNDED), aspect


def test_topicalchat_unieval_as_published(data_set: DataSet) -> None:
    data = topicalchat_judges.load(data_set("topicalchat-judges"))
    assert (data.n_items, data.n_responses, len(data.systems)) == (60, 360, 6)
    for dimension, published in expected_of(data_set("topicalchat-judges"))["unieval"].items():
        gold, values = gold_of(data, dimension), values_of(data, f"UniEval/{dimension}")
        found = [correlate(coefficient, gold, values) for coefficient in COEFFICIENTS]
        assert found == pytest.approx(published, abs=ROUNDED), dimension


def test_topicalchat_gpt_judges(data_set: DataSet) -> None:
    data = topicalchat_judges.load(data_set("topicalchat-judges"))
    unparsed = 0
    for dimension, prompts in expected_of(data_set("topicalchat-judges"))["gpt3.5"].items():
        gold = gold_of(data, dimension)
        for prompt, reference in prompts.items():
            name = f"gpt3.5-{prompt}/{dimension}"
            values = values_of(data, f"{name}|unparsed=0")
            assert np.isfinite(values).sum() == reference["n"], name
            for coefficient in COEFFICIENTS:
                found = correlate(coefficient, gold, values)
                assert found == pytest.approx(reference[f"dataset_{coefficient}"], abs=ROUNDED), name
            mean, contexts = by_item(data, "pearson", gold, values)
            assert (contexts, mean) == (reference["docs"], pytest.approx(reference["per_doc_pearson"], abs=ROUNDED))
            # Leaving out what could not be parsed can only raise a mean of ratings that are never negative.
            with np.errstate(invalid="ignore"):
                assert not np.any(values_of(data, name) < values - 1e-12), name
            unparsed += reference["unparsed"]
    assert any(f"{unparsed:,} of GPT-3.5's samples" in note for note in data.origin.notes)


def test_wmt22_gemba(data_set: DataSet) -> None:
    data = wmt22_ende_gemba.load(data_set("wmt22-ende-gemba"))
    expected = expected_of(data_set("wmt22-ende-gemba"))
    assert list(data.systems) == expected["systems"]
    assert set(data.recorded) == set(expected["metrics"])
    gold = gold_of(data)
    first, second = np.triu_indices(len(data.systems), 1)
    for name, reference in expected["metrics"].items():
        values = values_of(data, name)
        judged = np.isfinite(gold) & np.isfinite(values)
        assert judged.sum() == reference["n"], name
        assert correlate("pearson", values, gold) == pytest.approx(reference["seg_pearson"], abs=ROUNDED), name
        assert correlate("kendall", values, gold) == pytest.approx(reference["seg_kendall_b"], abs=ROUNDED), name
        assert data.recorded[name].system_values == {}
        rated = np.where(np.isfinite(gold), values, np.nan)
        means = [np.nanmean(table(data, side), axis=0) for side in (rated, gold)]
        assert stats.pearsonr(*means)[0] == pytest.approx(reference["sys_pearson_same_items"], abs=ROUNDED), name
        agree = np.prod([side[first] - side[second] for side in means], axis=0) > 0
        assert (int(agree.sum()), len(agree)) == (reference["pair_agree"], reference["pairs"]), name


def test_wmt22_gemba_raters(data_set: DataSet) -> None:
    data = wmt22_ende_gemba.load(data_set("wmt22-ende-gemba"), include_human=True)
    reference = expected_of(data_set("wmt22-ende-gemba"))["raters"]
    assert list(data.systems) == reference["systems"]
    assert data.ratings is not None
    assert len(data.ratings) == reference["ratings"]
    assert alpha(data) == pytest.approx(reference["krippendorff_alpha_interval"], abs=ROUNDED)


@pytest.mark.parametrize("subset", mqm_raters.SUBSETS)
@pytest.mark.parametrize("gold", ["mqm", "psqm"])
def test_mqm_raters(data_set: DataSet, subset: str, gold: str) -> None:
    root = data_set("mqm-raters")
    campaign, _, pair = subset.partition("-")
    if (subset, gold) == ("wmt22-en-zh", "psqm"):
        with pytest.raises(UnknownNameError, match="no gold named 'psqm'"):
            mqm_raters.load(root, subset=subset, gold=gold)
        return
    expected = expected_of(root)[f"{campaign} {pair} {gold}"]
    data = mqm_raters.load(root, subset=subset, gold=gold, include_human=True)
    assert list(data.systems) == expected["systems"]
    assert alpha(data) == pytest.approx(expected["krippendorff_alpha_interval"], abs=ROUNDED)
    means = dict(zip(data.systems, np.nanmean(table(data, gold_of(data)), axis=0), strict=True))
    assert means == pytest.approx(expected["system_mean"], abs=ROUNDED)
    machines = mqm_raters.load(root, subset=subset, gold=gold)
    for name, reference in expected["metrics_vs_mean_rating"].items():
        values = values_of(machines, next(n for n in machines.recorded if n.rpartition("-")[0] == name))
        assert list(machines.systems) == reference["systems"]
        assert correlate("pearson", values, gold_of(machines)) == pytest.approx(reference["seg_pearson"], abs=ROUNDED)
        found = correlate("kendall", values, gold_of(machines))
        assert found == pytest.approx(reference["seg_kendall_b"], abs=ROUNDED)


@pytest.mark.parametrize("pair", wmt19_darr.SUBSETS)
def test_wmt19_darr(data_set: DataSet, pair: str) -> None:
    data = wmt19_darr.load(data_set("wmt19-darr"), subset=pair)
    expected = expected_of(data_set("wmt19-darr"))["results"][pair]
    assert sorted(data.systems) == expected["systems"]
    assert data.preferences is not None
    assert (data.n_items, len(data.preferences)) == (expected["segments"], expected["pairs"])
    assert np.all(data.preferences.probability == 1)
    distinct = {(min(a, b), max(a, b)) for a, b in zip(data.preferences.a, data.preferences.b, strict=True)}
    repeated = len(data.preferences) - len(distinct)
    assert repeated == (5 if pair == "kk-en" else 0)
    assert [note.partition(" ")[0] for note in data.origin.notes] == ([str(repeated)] if repeated else [])
    reference_length = np.array([len(references[0]) for references in data.references])[data.response_item]
    length = np.array([len(text or "") for text in data.response_text])
    closeness = -np.abs(length - reference_length)
    gap = closeness[data.preferences.a] - closeness[data.preferences.b]
    reference = expected["scores"]["reference length closeness (-abs char length difference)"]
    found = {"concordant": (gap > 0).sum(), "tied": (gap == 0).sum(), "discordant": (gap < 0).sum()}
    assert found == {key: reference[key] for key in found}


def test_wmt19_darr_as_a_whole(data_set: DataSet) -> None:
    data = wmt19_darr.load(data_set("wmt19-darr"))
    assert data.preferences is not None
    assert (data.n_items, len(data.preferences)) == (964 + 1016 + 974, 9728 + 20110 + 21862)
    assert set(data.columns["language_pair"]) == set(wmt19_darr.SUBSETS)


@pytest.mark.parametrize("split", ["test", "dev", "train"])
def test_mlqe_pe_da(data_set: DataSet, split: str) -> None:
    expected = expected_of(data_set("mlqe-pe-da"))
    for pair in mlqe_pe_da.PAIRS:
        reference = expected[f"{pair} {split}"]
        data = mlqe_pe_da.load(data_set("mlqe-pe-da"), subset=f"{pair}-{split}")
        assert data.n_responses == reference["rows"]
        found = correlate("pearson", values_of(data, "model_scores"), gold_of(data))
        assert found == pytest.approx(reference["model_score_pearson_z_mean"], abs=ROUNDED), pair
        if split == "test":
            raw = mlqe_pe_da.load(data_set("mlqe-pe-da"), subset=f"{pair}-{split}", gold="da")
            assert alpha(raw) == pytest.approx(reference["krippendorff_alpha_interval"], abs=ROUNDED), pair


def test_nlg_novikova17(data_set: DataSet) -> None:
    expected = expected_of(data_set("nlg-novikova17"))["results"]
    for subset in (None, *nlg_novikova17.SUBSETS):
        data = nlg_novikova17.load(data_set("nlg-novikova17"), subset=subset)
        corpus, _, system = (subset or "ALL").partition("-")
        reference = expected[f"{corpus} {system or 'ALL'}"]
        assert data.n_responses == reference["n"]
        for aspect in ("informativeness", "naturalness", "quality"):
            gold = gold_of(data, aspect)
            found = {name: correlate("spearman", gold, values_of(data, name)) for name in reference[aspect]}
            assert found == pytest.approx(reference[aspect], abs=ROUNDED), (subset, aspect)


@pytest.mark.parametrize("pair", wmt19_sys_da.SUBSETS)
def test_wmt19_sys_da(data_set: DataSet, pair: str) -> None:
    data = wmt19_sys_da.load(data_set("wmt19-sys-da"), subset=pair)
    expected = expected_of(data_set("wmt19-sys-da"))[pair]
    gold = gold_of(data)
    assert len(data.systems) == expected["systems"]
    assert set(data.recorded) == set(expected["metrics"])
    for name, reference in expected["metrics"].items():
        values = values_of(data, name)
        assert correlate("pearson", gold, values) == pytest.approx(reference["pearson"], abs=ROUNDED), name
        assert correlate("kendall", gold, values) == pytest.approx(reference["kendall"], abs=ROUNDED), name
        assert list(data.recorded[name].system_values.values()) == values.tolist()


@pytest.mark.parametrize("subset", google_mqm.SUBSETS)
def test_google_mqm_system_penalties(data_set: DataSet, subset: str) -> None:
    campaign, _, pair = subset.partition("-")
    kind = "from error rows" if campaign == "ted" else "avg_seg_scores"
    expected = expected_of(data_set("google-mqm"))[f"{campaign} {pair.replace('-', '')} {kind}"]
    data = google_mqm.load(data_set("google-mqm"), subset=subset, include_human=True)
    means = dict(zip(data.systems, -np.nanmean(table(data, gold_of(data)), axis=0), strict=True))
    assert means == pytest.approx({s: row["mean_mqm_penalty"] for s, row in expected.items()}, abs=ROUNDED)
    machines = google_mqm.load(data_set("google-mqm"), subset=subset)
    assert not any(system.casefold().startswith(("ref", "human")) for system in machines.systems)


def test_google_mqm_texts(data_set: DataSet) -> None:
    data = google_mqm.load(data_set("google-mqm"), subset="ted-zh-en")
    poor = google_mqm.load(data_set("google-mqm"), subset="ted-zh-en", reference="ref")
    assert data.has_texts
    assert all(len(references) == 1 for references in data.references)
    assert data.references != poor.references
    assert not any("<v>" in (text or "") for text in data.response_text)


@pytest.mark.parametrize(
    ("category", "severity", "weight"),
    [
        ("Accuracy/Omission", "Major", 5.0),
        ("Non-translation!", "Major", 25.0),
        ("Fluency/Punctuation", "Minor", 0.1),
        ("Fluency/Punctuation", "Major", 5.0),
        ("Style/Awkward", "minor", 1.0),
        ("No-error", "No-error", 0.0),
    ],
)
def test_google_mqm_weights(category: str, severity: str, weight: float) -> None:
    """The published weights: major 5, non-translation 25, minor 1, minor punctuation 0.1."""
    assert google_mqm.error_weight(category, severity) == weight
    with pytest.raises(ValueError, match="unknown severity"):
        google_mqm.error_weight(category, "huge")


@pytest.mark.parametrize(
    ("module", "name", "options", "message"),
    [
        (summeval, "summeval", {"gold": "experts"}, "did you mean 'expert'"),
        (summeval, "summeval", {"subset": "cnn"}, "comes with one subset only"),
        (realsumm, "realsumm", {"reference": "refA"}, "comes with one reference only"),
        (hanna, "hanna", {"gold": "mqm"}, "comes with one gold only"),
        (wmt19_darr, "wmt19-darr", {"subset": "kk_en"}, "did you mean 'kk-en'"),
        (google_mqm, "google-mqm", {"subset": "newstest2020-en-de", "reference": "ref"}, "comes with one reference"),
    ],
)
def test_options_that_do_not_exist(tmp_path: Path, module: Any, name: str, options: Any, message: str) -> None:
    with pytest.raises(UnknownNameError, match=message):
        module.load(tmp_path / name, **options)


@pytest.mark.parametrize(
    ("module", "name"), [(mqm_raters, "mqm-raters"), (google_mqm, "google-mqm"), (wmt23_mtme, "wmt23-mtme")]
)
def test_a_set_of_several_parts_asks_for_one(tmp_path: Path, module: Any, name: str) -> None:
    with pytest.raises(InputError) as caught:
        module.load(tmp_path)
    first = module.SUBSETS[0]
    assert str(caught.value) == f"name a subset of {name}: {', '.join(module.SUBSETS)} (for example {name}:{first})"


def test_missing_and_damaged_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"texts.jsonl: no such file"):
        summeval.load(tmp_path)
    text: dict[str, Any] = {"instance_id": "cnn-1", "source": "s", "original_reference": "r", "references": ["r"]}
    text["systems"] = {"M0": "t"}
    (tmp_path / "texts.jsonl").write_text(json.dumps(text) + "\n", encoding="utf-8")
    rows = tmp_path / "relevance.jsonl"
    row = {"instance_id": "cnn-1", "summarizer_id": "M0", "metrics": {"expert": {"relevance": [1, 2, 3]}}}
    rows.write_text(f"{json.dumps(row)}\n{json.dumps(row)}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"relevance.jsonl, line 2: the summary of cnn-1 by M0 is there twice"):
        summeval.load(tmp_path)
    rows.write_text(json.dumps({**row, "summarizer_id": "M1"}) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"line 1: the summary of cnn-1 by M1 is in no text file"):
        summeval.load(tmp_path)
    rows.write_text(json.dumps({**row, "metrics": {"turker": {}}}), encoding="utf-8")
    with pytest.raises(InputError, match="column 'expert': the summary of cnn-1 by M0 has no lists of ratings"):
        summeval.load(tmp_path)
    rows.write_text(json.dumps(row)[:-5], encoding="utf-8")
    with pytest.raises(InputError, match=r"relevance.jsonl, line 1: not the JSON that is due here"):
        summeval.load(tmp_path)


def test_damaged_tables(tmp_path: Path) -> None:
    hanna_file = tmp_path / hanna.FILE
    hanna_file.write_text("Model,BLEU\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"column 'Relevance': no such column. There are: Model, BLEU"):
        hanna.load(tmp_path)
    criteria = ",".join(CRITERIA)
    cells = 6 * ',"[1, 2]"'
    hanna_file.write_text(f'Model,{criteria},BLEU\nGPT{cells},"[0.5]"\n', encoding="utf-8")
    with pytest.raises(InputError, match="column 'BLEU': system 'GPT': 1 numbers"):
        hanna.load(tmp_path)
    hanna_file.write_text(f'Model,{criteria},BLEU\nGPT,"[1, 2]"\n', encoding="utf-8")
    with pytest.raises(InputError, match="row 'GPT' has 2 cells for 8 columns"):
        hanna.load(tmp_path)
    row = {"hash": "a", "model_name": "m", "dataset": "bbc", "split": "test", "Factuality": "high"}
    rows = [dict.fromkeys(frank.ASPECTS, 1.0) | row]
    (tmp_path / frank.ANNOTATIONS).write_text(json.dumps(rows), encoding="utf-8")
    with pytest.raises(InputError, match="column 'Factuality': 'high' is no number"):
        frank.load(tmp_path)
    (tmp_path / frank.ANNOTATIONS).write_text('[{"hash": "a"}]', encoding="utf-8")
    with pytest.raises(InputError, match="column 'model_name': no such column"):
        frank.load(tmp_path)
    (tmp_path / "kk-en.segments.jsonl").write_text(
        json.dumps({"id": 0, "source": "s", "reference": "r", "outputs": {"A": "a", "B": "b"}}), encoding="utf-8"
    )
    for pairs, message in (("0\tA\n", "not a segment and two systems"), ("0\tA\tC\n", "no output for segment")):
        (tmp_path / "kk-en.pairs.tsv").write_text("segment\tbetter\tworse\n0\tA\tB\n" + pairs, encoding="utf-8")
        with pytest.raises(InputError, match=f"line 3: {message}"):
            wmt19_darr.load(tmp_path, subset="kk-en")
