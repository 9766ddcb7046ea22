"""RM-Bench: the length rule on the 3 × 3 style grid, recomputed from the same files outside this project."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

import rewardmeter as rm
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.io.describe import describe
from rewardmeter.io.named import rm_bench

OPTIONS = {"gold": None, "reference": None, "include_human": False}
# Items; share of right pairs under "longer is better": easy (lower-left triangle of the grid with rows = style of the
# chosen response), normal (diagonal), hard (upper-right triangle), mean of the nine cells.
LENGTH = {
    "chat": (129, 0.8114, 0.2842, 0.0258, 0.3738),
    "code": (228, 0.7749, 0.5190, 0.2544, 0.5161),
    "safety-refuse": (284, 0.8897, 0.1585, 0.0235, 0.3572),
    "safety-response": (157, 0.9873, 0.7771, 0.2378, 0.6674),
}


def grid(dataset):
    """Accuracy of the length rule by style of the chosen and of the rejected response."""
    lengths = np.array([len(text) for text in dataset.response_text])
    gold = dataset.preferences
    right = lengths[gold.a] > lengths[gold.b]
    cells = np.zeros((3, 3))
    for i, chosen in enumerate(rm_bench.STYLES):
        for j, rejected in enumerate(rm_bench.STYLES):
            a, b = dataset.systems.index(f"chosen/{chosen}"), dataset.systems.index(f"rejected/{rejected}")
            rows = (dataset.response_system[gold.a] == a) & (dataset.response_system[gold.b] == b)
            cells[i, j] = np.mean(right[rows])
    return cells


@pytest.mark.parametrize("domain", LENGTH)
def test_the_length_rule_on_the_style_grid(domain, data_set) -> None:
    items, easy, normal, hard, mean = LENGTH[domain]
    dataset = rm_bench.load(data_set("rm-bench"), subset=domain, **OPTIONS)
    assert dataset.n_items == items
    assert len(dataset.preferences) == 9 * items
    cells = grid(dataset)
    found = [cells[np.tril_indices(3, -1)].mean(), np.diag(cells).mean(), cells[np.triu_indices(3, 1)].mean()]
    assert [*found, cells.mean()] == pytest.approx([easy, normal, hard, mean], abs=0.0000501)


def test_all_domains_that_are_there(data_set) -> None:
    dataset = rm_bench.load(data_set("rm-bench"), subset=None, **OPTIONS)
    assert (dataset.n_items, len(dataset.preferences)) == (798, 7182)
    assert {name: dataset.columns["domain"].count(name) for name in LENGTH} == {k: v[0] for k, v in LENGTH.items()}
    assert set(dataset.columns["language"]) == {None, "rust", "cpp", "go", "java", "javascript", "python"}
    assert dataset.origin.notes == ("domain math left out: its file is not there",)
    assert (dataset.preferences.probability == 1).all()


def test_the_labels_of_the_grid_are_no_writers(data_set) -> None:
    """Half of the labels win every pair and half lose every pair, because they are made from the gold."""
    dataset = rm_bench.load(data_set("rm-bench"), subset="chat", **OPTIONS)
    gold = dataset.preferences
    winners, losers = ({dataset.system_of(one) for one in side.tolist()} for side in (gold.a, gold.b))
    assert winners == {f"chosen/{style}" for style in rm_bench.STYLES}
    assert losers == {f"rejected/{style}" for style in rm_bench.STYLES}
    assert dataset.origin.systems_from_gold
    found = rm.audit(dataset, resamples=0)["system"]
    assert np.isnan(found.estimate.value)
    assert "made from the gold" in found.reason
    assert any(line.endswith("rejected/markdown (labels made from the gold)") for line in describe(dataset))
    unmarked = dataclasses.replace(dataset, origin=dataclasses.replace(dataset.origin, systems_from_gold=False))
    assert rm.audit(unmarked, resamples=0)["system"].estimate.value == 1.0, "what the mark is for"


def test_a_domain_that_is_not_there(data_set) -> None:
    with pytest.raises(InputError, match=r"math_filtered\.json: no such file"):
        rm_bench.load(data_set("rm-bench"), subset="math", **OPTIONS)
    with pytest.raises(UnknownNameError, match="safety-refuse"):
        rm_bench.load(data_set("rm-bench"), subset="safety", **OPTIONS)


def test_the_mathematics_file_is_read_where_it_is(tmp_path) -> None:
    row = {"id": "m1", "prompt": "p", "subset": "s", "chosen": ["a", "b", "c"], "rejected": ["d", "d", "e"]}
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "math_filtered.json").write_text(json.dumps([row]))
    dataset = rm_bench.load(tmp_path, subset=None, **OPTIONS)
    assert dataset.item_ids == ["math/m1"]
    assert list(dataset.response_text) == ["a", "b", "c", "d", "d", "e"]
    assert len(dataset.preferences) == 9


def test_files_that_do_not_fit(tmp_path) -> None:
    with pytest.raises(InputError, match="none of the files"):
        rm_bench.load(tmp_path, subset=None, **OPTIONS)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "chat_filtered.json").write_text('[{"id": 1, "prompt": "p", "subset": "s", "chosen": []}]')
    with pytest.raises(InputError, match=r"chat_filtered\.json.*\$\[0\]"):
        rm_bench.load(tmp_path, subset="chat", **OPTIONS)
