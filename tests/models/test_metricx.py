"""MetricX on a tiny mT5 with the whole vocabulary, against a float64 pass and the published inference code's steps.

The formats and limits expected here are those of `metricx23/predict.py` and `metricx24/predict.py` in
github.com/google-research/metricx; the prediction is the logit of token 250089, clipped to [0, 25].
"""

from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import tiny  # noqa: E402

from rewardmeter.errors import MissingDataError, SpecError, UnknownNameError  # noqa: E402
from rewardmeter.scorers.models.metricx import MetricX  # noqa: E402
from rewardmeter.scoring import make_scorer, signature_of  # noqa: E402
from rewardmeter.types import Item, Response  # noqa: E402

TEXTS = [
    ("die Katze", "the cat", "a cat"),
    ("die Katze", "A dog barked.", "a cat"),
    ("Es {regnet}.", "It {rains}!", "It is raining {0}."),
    ("", "the moon", "the sea"),
    ("Paris " * 9, "First add 3 and 4", "add 3 and 4 to get 7"),
    ("Warum?", "", "Why is the sky blue?"),
]
ITEMS = [Item((Response(mt),), prompt=source, references=(reference,)) for source, mt, reference in TEXTS]
WRITTEN = {
    "metricx-24-hybrid-tiny": "source: {0} candidate: {1} reference: {2}",
    "metricx-24-hybrid-tiny?mode=qe": "source: {0} candidate: {1}",
    "metricx-24-hybrid-tiny?mode=reference": "source:  candidate: {1} reference: {2}",
    "metricx-23-tiny": "candidate: {1} reference: {2}",
    "metricx-23-qe-tiny": "candidate: {1} source: {0}",
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """mT5's shape with few units: the published configuration's names, an output matrix of its own, .bin weights."""
    folder = tmp_path_factory.mktemp("models") / "metricx-24-hybrid-tiny"
    tiny.seq2seq(folder, "mt5", vocab_size=250_112, d_model=8, d_ff=16, d_kv=4, num_heads=2, initializer_factor=1.0)
    net = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder)
    state = {name: value.clone() for name, value in net.state_dict().items()}
    rows = torch.randn(state["lm_head.weight"].shape, generator=torch.Generator().manual_seed(1))
    state["lm_head.weight"] = rows
    rows[250_089] = 4 * rows[250_089]
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")
    said = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(
        json.dumps({**said, "architectures": ["MT5ForRegression"], "tie_word_embeddings": False})
    )
    return folder


def named(checkpoint: Path, name: str, place: Path) -> Path:
    """The checkpoint under another name, which is where its version is read from."""
    if checkpoint.name == name:
        return checkpoint
    (place / name).symlink_to(checkpoint, target_is_directory=True)
    return place / name


def exact(checkpoint: Path, written: str, *, limit: int) -> np.ndarray:
    """(n,) predictions in float64, one at a time, by hand from the decoder's states; not clipped."""
    net = transformers.AutoModelForSeq2SeqLM.from_pretrained(checkpoint).double().eval()
    matrix = torch.load(checkpoint / "pytorch_model.bin", weights_only=True)["lm_head.weight"].double()
    spoken = transformers.AutoTokenizer.from_pretrained(checkpoint)
    values = []
    for texts in TEXTS:
        ids = spoken(written.format(*texts), max_length=limit, truncation=True)["input_ids"][:-1]  # without the end
        with torch.no_grad():
            states = net.encoder(input_ids=torch.tensor([ids])).last_hidden_state
            last = net.decoder(input_ids=torch.tensor([[0]]), encoder_hidden_states=states).last_hidden_state[0, 0]
        values.append(float(matrix[250_089] @ last))
    return np.array(values)


@pytest.mark.parametrize("case", sorted(WRITTEN))
def test_float64_agrees(case: str, checkpoint: Path, tmp_path: Path) -> None:
    name, _, options = case.partition("?")
    folder = named(checkpoint, name, tmp_path)
    scorer = make_scorer(f"metricx:{folder}?device=cpu&{options}".rstrip("&"))
    expected = exact(checkpoint, WRITTEN[case], limit=1_536 if "24" in case else 1_024)
    assert np.ptp(np.clip(expected, 0, 25)) > 0.1
    values = scorer(ITEMS).values
    assert np.abs(values + np.clip(expected, 0, 25)).max() < 1e-5
    assert values.max() <= 0


def test_predictions_are_clipped(checkpoint: Path) -> None:
    """Both ends, with the head scaled up and turned round; the best score is 0 and not -0."""
    scorer = MetricX(str(checkpoint), device="cpu")
    loaded = scorer.loaded()
    loaded.model.lm_head.weight.mul_(1e6)
    values = scorer(ITEMS).values
    assert set(values.tolist()) == {-25.0}
    loaded.model.lm_head.weight.mul_(-1.0)
    best = scorer(ITEMS).values
    assert set(best.tolist()) == {0.0}
    assert not np.any(np.signbit(best))


@pytest.mark.parametrize("mode", ["hybrid", "qe"])
def test_batch_order_and_padding_do_not_matter(mode: str, checkpoint: Path) -> None:
    scorer = MetricX(str(checkpoint), mode=mode, device="cpu")
    items = [
        Item(tuple(Response(mt) for _, mt, _ in TEXTS), prompt=source, references=(reference, source or "x"))
        for source, _, reference in TEXTS
    ]
    together = scorer(items).values
    single = dataclasses.replace(scorer, batch_tokens=1)(items).values
    backwards = scorer(items[::-1]).values.reshape(6, 6)[::-1].ravel()
    for other in (single, backwards):
        assert np.abs(together - other).max() < 1e-5


def test_what_is_read_follows_the_mode(checkpoint: Path, tmp_path: Path) -> None:
    assert MetricX(str(checkpoint)).reads == {"prompt", "response", "references"}
    assert MetricX(str(checkpoint), mode="qe").reads == {"prompt", "response"}
    assert MetricX(str(checkpoint), mode="reference").reads == {"response", "references"}
    assert MetricX("google/metricx-23-xl-v2p0").reads == {"response", "references"}
    assert MetricX("google/metricx-23-qe-xl-v2p0").reads == {"response", "prompt"}
    assert MetricX("google/metricx-24-hybrid-large-v2p6-bfloat16").reads == {"prompt", "response", "references"}
    with pytest.raises(UnknownNameError, match="mode of MetricX-23"):
        MetricX("google/metricx-23-xl-v2p0", mode="hybrid")
    with pytest.raises(SpecError, match="version=23 or version=24"):
        MetricX("some/model")
    assert MetricX("some/model", version=24).reads == {"prompt", "response", "references"}
    scores = MetricX(str(checkpoint), device="cpu")([Item((Response("a"),)), Item((Response("a"),), "x", (" ",))])
    assert dict(scores.reasons) == {0: "no prompt to be the source", 1: "no reference"}


def test_several_references(checkpoint: Path) -> None:
    references = tuple(reference for _, _, reference in TEXTS[:3])
    item = dataclasses.replace(ITEMS[0], references=references)
    scorer = MetricX(str(checkpoint), device="cpu")
    single = [scorer([dataclasses.replace(item, references=(one,))]).values[0] for one in references]
    for several, expected in (("best", max(single)), ("mean", np.mean(single)), ("first", single[0])):
        value = dataclasses.replace(scorer, several=several)([item]).values[0]
        assert value == pytest.approx(expected, abs=1e-6)


def test_cut_as_the_published_code_cuts(checkpoint: Path) -> None:
    """To the limit with the end token, which is then removed: one token less than the limit is left."""
    scorer = MetricX(str(checkpoint), max_length=16, device="cpu")
    loaded = scorer.loaded()
    spoken = loaded.tokenizer
    for item in ITEMS:
        text = f"source: {item.prompt} candidate: {item.responses[0].text} reference: {item.references[0]}"
        one = scorer.encode(loaded, item, item.responses[0])
        assert list(one.ids) == spoken(text, max_length=16, truncation=True)["input_ids"][:-1]
        assert bool(one.remark) == (len(spoken(text)["input_ids"]) > 16)
    assert "truncated to 16 tokens" in scorer(ITEMS).reasons.values()


def test_tokenizer_name_signature_and_pickle(checkpoint: Path, tmp_path: Path) -> None:
    bare = tmp_path / "metricx-24-bare"
    bare.mkdir()
    for name in ("config.json", "pytorch_model.bin"):
        (bare / name).symlink_to(checkpoint / name)
    with pytest.raises(MissingDataError, match="google/mt5-xl"):
        MetricX(str(bare), device="cpu")(ITEMS)
    tiny.tokenizer(adds_eos=True, bos=None).save_pretrained(tmp_path / "tokenizer")
    scorer = MetricX(str(bare), tokenizer=str(tmp_path / "tokenizer"), device="cpu")
    assert make_scorer(scorer.name) == scorer
    values = scorer(ITEMS).values
    assert np.array_equal(values, MetricX(str(checkpoint), device="cpu")(ITEMS).values)
    assert np.array_equal(pickle.loads(pickle.dumps(scorer))(ITEMS).values, values)
    before = signature_of(scorer).fingerprint
    tiny.tokenizer(adds_eos=True, bos=None, model_max_length=9).save_pretrained(tmp_path / "tokenizer")
    assert signature_of(scorer).fingerprint != before


def test_a_model_that_is_no_metricx(tmp_path: Path) -> None:
    small = tiny.seq2seq(tmp_path / "model", "mt5")
    with pytest.raises(SpecError, match="no token 250089"):
        MetricX(str(small), version=24, device="cpu")(ITEMS)
    with pytest.raises(SpecError, match="float16"):
        MetricX(str(small), version=24, dtype="float16")
