"""SummEval: 34 metrics against mean expert ratings of four aspects, pooled, by article and by system."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewardmeter.stats.correlation import correlate
from rewardmeter.stats.system import system_estimates

COEFFICIENTS = {"pearson": "pearson", "spearman": "spearman", "kendall": "kendall_b"}
# Published for the single reference against expert relevance: summary level, then system level, r / rho / tau.
PUBLISHED = {
    "rouge-1_f1": (0.28, 0.26, 0.20, 0.61, 0.62, 0.50),
    "rouge-2_recall": (0.26, 0.23, 0.18, 0.65, 0.78, 0.57),
    "bertscore_recall": (0.37, 0.35, 0.27, 0.84, 0.91, 0.75),
    "MoverScore": (0.28, 0.24, 0.18, 0.56, 0.54, 0.42),
    "qa-eval_f1": (0.30, 0.29, 0.22, 0.82, 0.91, 0.77),
    "rouge-1_precision": (0.13, 0.12, 0.09, 0.29, 0.15, 0.03),
    "qa-eval_em": (0.23, 0.23, 0.19, 0.80, 0.91, 0.77),
}


def flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}_")
        else:
            yield prefix + name, value


@pytest.fixture(scope="module")
def summeval(data_set: Callable[[str], Path]) -> tuple[dict[str, Any], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Expected numbers, scores by metric, expert means by aspect; arrays are (systems, articles)."""
    folder = data_set("summeval")
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    human: dict[tuple[str, str], dict[str, list[float]]] = {}
    for path in sorted(folder.glob("*.jsonl.gz")):
        if path.name == "texts.jsonl.gz":
            continue
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            record = json.loads(line)
            key = (record["summarizer_id"], record["instance_id"])
            if path.name == "relevance.jsonl.gz":
                human[key] = record["metrics"]["expert"]
            else:
                rows.setdefault(key, {}).update(flat(record["metrics"]))
    systems, articles = (sorted({key[place] for key in human}) for place in (0, 1))
    expected = json.loads((folder / "expected.json").read_text())["metrics"]
    names = list(expected["relevance"])
    scores = {n: np.array([[rows[s, a].get(n, np.nan) for a in articles] for s in systems]) for n in names}
    gold = {d: np.array([[np.mean(human[s, a][d]) for a in articles] for s in systems]) for d in expected}
    return expected, scores, gold


@pytest.mark.parametrize("aspect", ["coherence", "consistency", "fluency", "relevance"])
def test_every_recomputed_number(summeval, aspect: str) -> None:
    expected, scores, gold = summeval
    values = np.array(list(scores.values()))
    assert not np.isnan(values).any()
    for name, statistic in COEFFICIENTS.items():
        pooled = correlate(values, gold[aspect], statistic=statistic, grouping="pooled")  # type: ignore[arg-type]
        by_item = correlate(values, gold[aspect], statistic=statistic, grouping="item")  # type: ignore[arg-type]
        system = system_estimates(values, gold[aspect], statistic=statistic)  # type: ignore[arg-type]
        for k, metric in enumerate(scores):
            numbers = expected[aspect][metric][name]
            assert pooled.value[k] == pytest.approx(numbers["pooled"], abs=6e-7), metric
            assert by_item.value[k] == pytest.approx(numbers["summary"], abs=6e-7), metric
            assert by_item.n[k] == numbers["summary_instances"], metric
            assert system[k].value == pytest.approx(numbers["system"], abs=6e-7), metric


def test_the_published_table(summeval) -> None:
    _, scores, gold = summeval
    for metric, published in PUBLISHED.items():
        found = []
        for statistic in COEFFICIENTS.values():
            row = scores[metric][None]
            summary = correlate(row, gold["relevance"], statistic=statistic, grouping="item")  # type: ignore[arg-type]
            system = system_estimates(row, gold["relevance"], statistic=statistic)  # type: ignore[arg-type]
            found.append((summary.value[0], system[0].value))
        flattened = [summary for summary, _ in found] + [system for _, system in found]
        assert flattened == pytest.approx(published, abs=5.1e-3), metric
