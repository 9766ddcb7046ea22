"""Published names from a local cache, memory that runs out, half precision, and parts of a stream."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import comet_tiny  # noqa: E402
import tiny  # noqa: E402
from huggingface_hub import constants  # noqa: E402

from rewardmeter.errors import MissingDataError  # noqa: E402
from rewardmeter.scorers.models.comet import Comet  # noqa: E402
from rewardmeter.scorers.models.metricx import MetricX  # noqa: E402
from rewardmeter.scorers.models.seq2seq_nli import Seq2SeqNLI  # noqa: E402
from rewardmeter.scoring import Run, families, make_scorer, signature_of  # noqa: E402
from rewardmeter.types import Item, Response  # noqa: E402

GOLDEN = json.loads(Path(__file__).with_name("comet_golden.json").read_text(encoding="utf-8"))
ITEMS = [
    Item((Response(sample["mt"]),), prompt=sample["src"], references=(sample["ref"],)) for sample in GOLDEN["samples"]
]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def cache(place: Path, name: str, folder: Path) -> None:
    """Put a folder into a hub cache as the repository ``name``."""
    kept = place / f"models--{name.replace('/', '--')}"
    (kept / "refs").mkdir(parents=True)
    (kept / "refs" / "main").write_text(COMMIT)
    shutil.copytree(folder, kept / "snapshots" / COMMIT)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(place))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return place


@pytest.mark.parametrize(
    ("name", "encoder", "case"),
    [
        ("Unbabel/wmt22-comet-da", "xlm-roberta-large", "regression"),
        ("Unbabel/wmt22-cometkiwi-da", "microsoft/infoxlm-large", "kiwi"),
        ("Unbabel/XCOMET-XL", "facebook/xlm-roberta-xl", "xcomet"),
        ("Unbabel/eamt22-cometinho-da", "microsoft/Multilingual-MiniLM-L12-H384", "regression-minilm"),
    ],
)
def test_one_line_from_the_local_cache(name: str, encoder: str, case: str, hub: Path, tmp_path: Path) -> None:
    """The published repositories' layout, nothing of it the real weights: no network, no encoder weights."""
    folder = comet_tiny.write(tmp_path / "model", case)
    listed = (folder / "hparams.yaml").read_text().replace(str(tmp_path / "model-encoder"), encoder)
    (folder / "hparams.yaml").write_text(listed)
    content = torch.load(folder / "checkpoints" / "model.ckpt", weights_only=True)
    content["hyper_parameters"]["pretrained_model"] = encoder
    torch.save(content, folder / "checkpoints" / "model.ckpt")
    cache(hub, name, folder)
    if case == "regression-minilm":  # its tokenizer is always that of xlm-roberta-base
        tokenizer = tmp_path / "tokenizer"
        comet_tiny.configuration("kiwi").save_pretrained(tokenizer)
        for file in (tmp_path / "model-encoder").glob("*token*.json"):
            file.rename(tokenizer / file.name)
        cache(hub, "xlm-roberta-base", tokenizer)
    cache(hub, encoder, tmp_path / "model-encoder")
    scorer = make_scorer(f"comet:{name}")
    assert COMMIT in signature_of(scorer).revision
    assert np.abs(scorer(ITEMS).values - GOLDEN["scores"][case]).max() < 1e-5


@pytest.mark.parametrize("spec", ["comet:Unbabel/wmt22-comet-da", "metricx:google/metricx-24-hybrid-large-v2p6",
                                  "seq2seq-nli:google/seahorse-large-q4"])  # fmt: skip
def test_a_model_that_is_not_here_is_named(spec: str, hub: Path) -> None:
    with pytest.raises(MissingDataError, match=spec.partition(":")[2]):
        make_scorer(spec)(ITEMS)


def test_lists_name_licences() -> None:
    """Every checkpoint's line begins with its family; non-commercial licences are marked as such."""
    for name in ("comet", "seq2seq-nli", "metricx"):
        family = families()[name]
        assert family.checkpoints
        for checkpoint in family.checkpoints:
            assert checkpoint.spec.startswith(f"{name}:")
            assert checkpoint.commercial == ("-NC-" not in checkpoint.licence)


def small(kind: str, place: Path) -> Any:
    if kind == "seq2seq-nli":
        return Seq2SeqNLI(str(tiny.seq2seq(place / "model", "t5")), device="cpu")
    return Comet(str(comet_tiny.write(place / "model", kind)), device="cpu")


@pytest.mark.parametrize("kind", ["regression", "unified", "seq2seq-nli"])
def test_a_batch_that_does_not_fit_is_halved(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = small(kind, tmp_path)
    expected = scorer(ITEMS).values
    compute, refused = type(scorer).compute, []

    def tight(self: Any, loaded: Any, inputs: Any) -> Any:
        if len(inputs) > 3:
            refused.append(len(inputs))
            raise torch.OutOfMemoryError("out of memory")
        return compute(self, loaded, inputs)

    monkeypatch.setattr(type(scorer), "compute", tight)
    assert np.abs(scorer(ITEMS).values - expected).max() < 1e-5
    assert refused
    monkeypatch.setattr(type(scorer), "compute", lambda *_: (_ for _ in ()).throw(torch.OutOfMemoryError("none")))
    with pytest.raises(torch.OutOfMemoryError):
        scorer(ITEMS)


@pytest.mark.parametrize("kind", ["regression", "unified"])
def test_parts_come_as_soon_as_they_are_known(kind: str, tmp_path: Path) -> None:
    """With small batches the first scores come before the last input is computed, and every position comes once."""
    scorer = dataclasses.replace(small(kind, tmp_path), batch_tokens=60)
    parts = list(scorer.stream(ITEMS, Run()))
    assert len(parts) > 2
    assert sorted(place for places, _ in parts for place in places) == list(range(len(ITEMS)))
    loaded = scorer.loaded()
    inputs = {one for item in ITEMS for one in scorer.encode(loaded, item, item.responses[0]).extra}
    assert sum(part.cost.input_tokens for _, part in parts) == sum(len(one.ids) for one in inputs)


@pytest.mark.parametrize("case", ["regression", "kiwi", "xcomet"])
def test_half_precision_runs_and_is_near(case: str, tmp_path: Path) -> None:
    scorer = small(case, tmp_path)
    half = dataclasses.replace(scorer, dtype="bfloat16")(ITEMS).values
    assert 0 < np.abs(half - scorer(ITEMS).values).max() < 0.3
    assert signature_of(dataclasses.replace(scorer, dtype="bfloat16")) != signature_of(scorer)


def test_no_items_no_scores(tmp_path: Path) -> None:
    assert len(small("regression", tmp_path)([])) == 0
    assert MetricX("google/metricx-24-hybrid-xl-v2p6").name == "metricx:google/metricx-24-hybrid-xl-v2p6"
