"""COMET checkpoints against unbabel-comet 2.2.7's scores (`comet_golden.json`, made by `make_comet_golden.py`)."""

from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import comet_tiny  # noqa: E402

from rewardmeter.errors import MissingDataError, SpecError, UnknownNameError  # noqa: E402
from rewardmeter.scorers.models.comet import Comet, error_points  # noqa: E402
from rewardmeter.scorers.models.comet_network import sparsemax  # noqa: E402
from rewardmeter.scoring import make_scorer, signature_of  # noqa: E402
from rewardmeter.types import Item, Outcome, Response  # noqa: E402

GOLDEN = json.loads(Path(__file__).with_name("comet_golden.json").read_text(encoding="utf-8"))
ITEMS = [
    Item((Response(sample["mt"]),), prompt=sample["src"], references=(sample["ref"],)) for sample in GOLDEN["samples"]
]


def spec(folder: Path, options: str = "") -> str:
    return f"comet:{folder}?device=cpu" + (f"&{options}" if options else "")


@pytest.mark.parametrize("case", sorted(GOLDEN["scores"]))
def test_same_scores_as_unbabel_comet(case: str, tmp_path: Path) -> None:
    name, _, options = case.partition("?")
    folder = comet_tiny.write(tmp_path / "model", name)
    if name == "regression-minilm":  # its tokenizer is xlm-roberta-base's unless a folder is given
        options = f"encoder={tmp_path / 'model-encoder'}"
    scores = make_scorer(spec(folder, options))(ITEMS)
    expected = np.array(GOLDEN["scores"][case])
    assert np.ptp(expected) > 0.01  # a constant would agree with anything
    assert np.abs(scores.values - expected).max() < 1e-6


def test_every_case_is_in_the_golden_file() -> None:
    assert {case.partition("?")[0] for case in GOLDEN["scores"]} == set(comet_tiny.CASES)


@pytest.mark.parametrize("case", ["regression", "regression-norm-max", "kiwi", "unified", "xcomet"])
def test_float64_agrees(case: str, tmp_path: Path) -> None:
    """The same network with every weight in float64."""
    scorer = Comet(str(comet_tiny.write(tmp_path / "model", case)), device="cpu")
    single = scorer(ITEMS).values
    network = scorer.loaded()
    network.encoder.double()
    network.estimator.double()
    if network.tagger is not None:
        network.tagger.double()
    exact = _float64(scorer)
    assert np.abs(exact - single).max() < 1e-5


def _float64(scorer: Comet) -> np.ndarray:
    """Scores with `Tensor.float` and the features' float32 taken as float64."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.Tensor, "float", torch.Tensor.double)
        patch.setattr(np, "float32", np.float64)
        return scorer(ITEMS).values


MANY = [
    Item(
        tuple(Response(GOLDEN["samples"][(i * 7 + j) % 10]["mt"] + " x" * ((i * j) % 5)) for j in range(3)),
        prompt=GOLDEN["samples"][i % 10]["src"],
        references=tuple(GOLDEN["samples"][(i + k) % 10]["ref"] for k in range(1 + i % 2)),
    )
    for i in range(20)
]


@pytest.mark.parametrize("case", ["regression", "referenceless", "kiwi", "unified", "xcomet"])
def test_batch_order_and_padding_do_not_matter(case: str, tmp_path: Path) -> None:
    folder = comet_tiny.write(tmp_path / "model", case)
    scorer = make_scorer(spec(folder))
    together = scorer(MANY).values
    one_by_one = make_scorer(spec(folder, "batch_tokens=1"))(MANY).values
    backwards = scorer(MANY[::-1]).values.reshape(-1, 3)[::-1].ravel()
    swapped = scorer([dataclasses.replace(item, responses=item.responses[::-1]) for item in MANY]).values
    for other in (one_by_one, backwards, swapped.reshape(-1, 3)[:, ::-1].ravel()):
        assert np.abs(together - other).max() < 1e-5


@pytest.mark.parametrize(
    ("case", "reads"),
    [
        ("regression", {"prompt", "response", "references"}),
        ("referenceless", {"prompt", "response"}),
        ("kiwi", {"prompt", "response"}),
        ("unified", {"prompt", "response", "references"}),
        ("unified?reference_free=true", {"prompt", "response"}),
        ("unified-reference", {"response", "references"}),
        ("xcomet", {"prompt", "response", "references"}),
        ("xcomet?reference_free=true", {"prompt", "response"}),
    ],
)
def test_reads_what_the_checkpoint_reads(case: str, reads: set[str], tmp_path: Path) -> None:
    name, _, options = case.partition("?")
    scorer = make_scorer(spec(comet_tiny.write(tmp_path / "model", name), options))
    assert scorer.reads == reads
    hidden = [
        Item(
            item.responses,
            item.prompt if "prompt" in reads else None,
            item.references if "references" in reads else (),
        )
        for item in ITEMS
    ]
    assert np.array_equal(scorer(hidden).values, scorer(ITEMS).values)


def test_several_references(tmp_path: Path) -> None:
    folder = comet_tiny.write(tmp_path / "model", "regression")
    references = tuple(sample["ref"] for sample in GOLDEN["samples"][:3])
    item = dataclasses.replace(ITEMS[0], references=(*references, "  "))
    single = [make_scorer(spec(folder))([dataclasses.replace(item, references=(one,))]).values[0] for one in references]
    for several, expected in (("best", max(single)), ("mean", np.mean(single)), ("first", single[0])):
        value = make_scorer(spec(folder, f"several={several}"))([item]).values[0]
        assert value == pytest.approx(expected, abs=1e-6)
    with pytest.raises(UnknownNameError, match="several references"):
        make_scorer(spec(folder, "several=all"))


@pytest.mark.parametrize(("case", "texts"), [("regression", 6), ("kiwi", 4), ("unified", 12)])
def test_equal_inputs_are_computed_once(case: str, texts: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four responses, one source, one reference; the unified model reads source and reference with each response."""
    scorer = Comet(str(comet_tiny.write(tmp_path / "model", case)), device="cpu")
    seen: list[object] = []
    compute = Comet.compute
    monkeypatch.setattr(Comet, "compute", lambda self, loaded, ins: seen.extend(ins) or compute(self, loaded, ins))
    responses = tuple(map(Response, ("the cat", "a dog", "die Matte", "sat")))
    twice = [Item(responses, "die Katze", ("cat",)), Item(responses[:2], "die Katze", ("cat",))]
    assert len(scorer(twice)) == 6
    assert len(seen) == len(set(seen)) == texts


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    scorer = make_scorer(spec(comet_tiny.write(tmp_path / "model", "regression")))
    scores = scorer([Item((Response("a"), Response("b"))), Item((Response("a"),), "x"), *ITEMS[:1]])
    assert [int(outcome) for outcome in scores.outcomes] == [Outcome.FAILED] * 3 + [Outcome.SCORED]
    assert dict(scores.reasons) == {0: "no prompt to be the source", 1: "no prompt to be the source", 2: "no reference"}


@pytest.mark.parametrize(("case", "limit"), [("regression-cut", 20), ("kiwi-cut", 46), ("unified-cut", 46)])
def test_cut_texts_are_remarked(case: str, limit: int, tmp_path: Path) -> None:
    scores = make_scorer(spec(comet_tiny.write(tmp_path / "model", case)))(ITEMS)
    assert set(scores.reasons.values()) == {f"truncated to {limit} tokens"}
    assert {6, 7} <= set(scores.reasons) < set(range(10))
    assert scores.coverage == 1


def test_awkward_texts_are_scored(tmp_path: Path) -> None:
    scorer = make_scorer(spec(comet_tiny.write(tmp_path / "model", "xcomet")))
    texts = ("", " \t", "\ud800 lone", "a\x00b", "👩‍👩‍👧‍👦", "<pad><pad>", "</s>", "漢字" * 400)
    items = [Item(tuple(map(Response, texts)), prompt=text, references=("x",)) for text in texts]
    assert scorer(items).coverage == 1


def test_name_signature_and_pickle(tmp_path: Path) -> None:
    here, there = (comet_tiny.write(tmp_path / place / "model", "kiwi", encoder_named=False) for place in "ab")
    one, other = (Comet(str(folder), encoder=f"{folder}-encoder") for folder in (here, there))
    assert make_scorer(one.name) == one
    assert signature_of(one).fingerprint == signature_of(other).fingerprint  # the place does not matter
    assert signature_of(dataclasses.replace(one, batch_tokens=7, device="cpu")) == signature_of(one)
    values = one(ITEMS).values
    assert np.array_equal(pickle.loads(pickle.dumps(one))(ITEMS).values, values)
    comet_tiny.write(tmp_path / "b" / "model", "kiwi", seed=1, encoder_named=False)
    assert signature_of(one).fingerprint != signature_of(other).fingerprint


def test_bad_checkpoints_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"no hparams\.yaml"):
        make_scorer(f"comet:{tmp_path}")
    folder = comet_tiny.write(tmp_path / "model", "kiwi")
    with pytest.raises(SpecError, match="reference_free"):
        make_scorer(spec(comet_tiny.write(tmp_path / "da", "regression"), "reference_free=true"))
    with pytest.raises(MissingDataError, match="nowhere/encoder"):
        make_scorer(spec(comet_tiny.write(tmp_path / "lost", "kiwi", encoder_named=False)))(ITEMS)
    with pytest.raises(SpecError, match="do not fit the encoder"):
        Comet(str(folder), encoder=str(comet_tiny.write_encoder(tmp_path / "xl", "kiwi-cut")))(ITEMS)
    for case, other, message in (
        ("regression-minilm", "regression-bert", "brings a BertTokenizer.* not the tokenizer of MiniLM"),
        ("regression-bert", "kiwi", "brings a XLMRobertaTokenizer"),
    ):
        comet_tiny.write_encoder(tmp_path / f"{case}-mixed", other)
        comet_tiny.configuration(case).save_pretrained(tmp_path / f"{case}-mixed")
        with pytest.raises(SpecError, match=message):
            Comet(str(comet_tiny.write(tmp_path / case, case)), encoder=str(tmp_path / f"{case}-mixed"))(ITEMS)
    listed = (folder / "hparams.yaml").read_text()
    (folder / "hparams.yaml").write_text(listed.replace('["mt", "src"]', '["mt", "ref"]'))
    with pytest.raises(SpecError, match="disagree on input_segments"):
        make_scorer(spec(folder))(ITEMS)
    (folder / "hparams.yaml").write_text(listed.replace("unified_metric", "ranking_metric"))
    with pytest.raises(SpecError, match=r"ranking_metric.*not supported"):
        make_scorer(spec(folder))


class _Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (print, ("run",))


def test_no_code_in_a_checkpoint_is_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = comet_tiny.write(tmp_path / "model", "kiwi")
    torch.save({"state_dict": {}, "callbacks": _Evil()}, folder / "checkpoints" / "model.ckpt")
    with pytest.raises(SpecError, match="could run code"):
        make_scorer(spec(folder))(ITEMS)
    assert capsys.readouterr().out == ""
    (folder / "checkpoints" / "model.ckpt").write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(SpecError, match=r"model\.ckpt"):
        make_scorer(spec(folder))(ITEMS)


def test_sparsemax_is_the_nearest_point_of_the_simplex() -> None:
    """Optimality: the difference is one constant where the result is positive, and no greater elsewhere."""
    rng = np.random.default_rng(0)
    for n in (1, 2, 5, 25):
        values = rng.normal(size=n)
        shares = sparsemax(values)
        assert shares.min() >= 0
        assert shares.sum() == pytest.approx(1)
        threshold = (values - shares)[shares > 0]
        assert np.ptp(threshold) < 1e-12
        assert np.all(values[shares == 0] <= threshold[0] + 1e-12)


@pytest.mark.parametrize(
    ("labels", "points"),
    [([], 0), ([0, 0], 0), ([0, 1, 1, 0], 1), ([0, 2, 1, 0, 1, 0], 6), ([3, 0, 3, 0, 3, 0], 25), ([0, 3], 0)],
)
def test_error_points(labels: list[int], points: int) -> None:
    """XCOMET's weights: minor 1, major 5, critical 10, at most 25; a span counts as it begins."""
    assert error_points(labels) == points
