"""Entailment. Oracle: the model's own softmax over pairs that its tokenizer puts together, in float64, one pair at a
time; the joining of parts written out here from the definition of SummaC's zero-shot variant. Label orders: the
published configurations, as quoted."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import tiny  # noqa: E402

from rewardmeter.errors import SpecError, UnknownNameError  # noqa: E402
from rewardmeter.scorers.models.nli import Entailment, label_places  # noqa: E402
from rewardmeter.scorers.models.sentences import split_sentences  # noqa: E402
from rewardmeter.scorers.models.texts import windows  # noqa: E402
from rewardmeter.scoring import make_scorer  # noqa: E402
from rewardmeter.types import Item, Outcome, Response  # noqa: E402

PUBLISHED = {
    "FacebookAI/roberta-large-mnli": ({0: "CONTRADICTION", 1: "NEUTRAL", 2: "ENTAILMENT"}, (2, 0)),
    "cross-encoder/nli-deberta-v3-base": ({0: "contradiction", 1: "entailment", 2: "neutral"}, (1, 0)),
    "MoritzLaurer/DeBERTa-v3-large-mnli-fever-anli-ling-wanli": (
        {0: "entailment", 1: "neutral", 2: "contradiction"}, (0, 2),
    ),
    "MoritzLaurer/DeBERTa-v3-xsmall-mnli-fever-anli-ling-binary": ({0: "entailment", 1: "not_entailment"}, (0, -1)),
    "sileod/deberta-v3-base-tasksource-nli": ({0: "Contradict", 1: "Entailed", 2: "Neutral"}, (1, 0)),
}  # fmt: skip
MNLI = {0: "contradiction", 1: "entailment", 2: "neutral"}
PREMISE = "The cat sat on the mat. It looked at the moon! Paris is the capital of France; Berlin is that of Germany."
RESPONSES = ("A cat looked at the moon.", "Paris is in France. Is Berlin in France? Yes it is.", "42")


def nli(folder, kind: str = "bert", labels=MNLI, **changes) -> str:
    names = {"id2label": labels, "label2id": {label: place for place, label in labels.items()}}
    return str(tiny.encoder(folder, kind, labels=len(labels), **names, **changes))


def item(*texts: str, prompt: str | None = PREMISE, references: tuple[str, ...] = ()) -> Item:
    return Item(tuple(map(Response, texts)), prompt, references)


class Oracle:
    """Probabilities of entailment and contradiction by the plain path of transformers in float64."""

    def __init__(self, folder: str) -> None:
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).double().eval()

    def __call__(self, premise: str, hypothesis: str) -> np.ndarray:
        with torch.no_grad():
            logits = self.model(**self.tokenizer(premise, hypothesis, return_tensors="pt")).logits[0]
        return logits.softmax(-1).numpy()[[1, 0]]


@pytest.mark.parametrize("model", PUBLISHED)
def test_labels_of_published_models(model: str) -> None:
    labels, places = PUBLISHED[model]
    assert label_places(labels, model) == places


@pytest.mark.parametrize(
    "labels", [{0: "LABEL_0", 1: "LABEL_1"}, {0: "entailment", 1: "entails"}, {0: "not_entailment"}]
)
def test_labels_that_do_not_say_are_refused(labels) -> None:
    with pytest.raises(SpecError, match="labels=contradiction,neutral,entailment"):
        label_places(labels, "a model")


@pytest.mark.parametrize("kind", ["bert", "roberta", "deberta-v2"])
def test_a_document_is_one_pair(tmp_path, kind: str) -> None:
    folder = nli(tmp_path / "model", kind)
    oracle = Oracle(folder)
    expected = np.array([oracle(PREMISE, response) for response in RESPONSES])
    scorer = Entailment(folder, granularity="document")
    assert np.abs(scorer([item(*RESPONSES)]).values - expected[:, 0]).max() < 1e-5
    both = Entailment(folder, granularity="document", score="entailment-contradiction")
    assert np.abs(both([item(*RESPONSES)]).values - (expected[:, 0] - expected[:, 1])).max() < 1e-5


def test_bart_classifies_pairs(tmp_path) -> None:
    """BART's head reads the last end token, so that all inputs of a batch must have as many of them."""
    spoken = tiny.tokenizer(pairs=True, model_max_length=512)
    config = transformers.BartConfig(
        vocab_size=480, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, pad_token_id=0, bos_token_id=1,
        eos_token_id=2, decoder_start_token_id=2, init_std=0.2, id2label=MNLI, label2id={v: k for k, v in MNLI.items()},
    )  # fmt: skip
    folder = str(tiny.save(tmp_path / "bart", "AutoModelForSequenceClassification", config, spoken))
    oracle = Oracle(folder)
    found = Entailment(folder, granularity="document")([item(*RESPONSES)]).values
    assert np.abs(found - [oracle(PREMISE, response)[0] for response in RESPONSES]).max() < 1e-5


@pytest.mark.parametrize("aggregate", ["mean", "min"])
@pytest.mark.parametrize("score", ["entailment", "entailment-contradiction"])
def test_sentences_join_as_in_summac(tmp_path, aggregate: str, score: str) -> None:
    folder = nli(tmp_path / "model")
    oracle = Oracle(folder)
    premises = (
        "The cat sat on the mat.",
        "It looked at the moon!",
        "Paris is the capital of France; Berlin is that of Germany.",
    )
    sentences = {
        RESPONSES[0]: RESPONSES[:1],
        RESPONSES[1]: ("Paris is in France.", "Is Berlin in France?", "Yes it is."),
        RESPONSES[2]: RESPONSES[2:],
    }
    expected = []
    for response in RESPONSES:
        best = np.array([np.max([oracle(p, s) for p in premises], axis=0) for s in sentences[response]])
        values = best[:, 0] if score == "entailment" else best[:, 0] - best[:, 1]
        expected.append(values.mean() if aggregate == "mean" else values.min())
    scorer = Entailment(folder, granularity="sentence", aggregate=aggregate, score=score)
    assert np.abs(scorer([item(*RESPONSES)]).values - expected).max() < 1e-5


def test_long_premises_are_read_in_windows_to_the_end(tmp_path) -> None:
    folder = nli(tmp_path / "model")
    oracle = Oracle(folder)
    words = [f"w{i}" for i in range(400)]
    document = " ".join(words)
    ids = oracle.tokenizer(document, add_special_tokens=False)["input_ids"]
    assert len(ids) > 700
    hypothesis = oracle.tokenizer("42", add_special_tokens=False)["input_ids"]
    values = []
    for start in range(0, len(ids) - 20, 80):
        pair = [1, *ids[start : start + 100], 2, *hypothesis, 2]
        types = [0] * (len(ids[start : start + 100]) + 2) + [1] * (len(hypothesis) + 1)
        with torch.no_grad():
            logits = oracle.model(input_ids=torch.tensor([pair]), token_type_ids=torch.tensor([types])).logits[0]
        values.append(float(logits.softmax(-1)[1]))
    scores = Entailment(folder, window=100, overlap=20)([item("42", prompt=document)])
    assert scores.values[0] == pytest.approx(max(values), abs=1e-5)
    assert not scores.reasons


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 30))
def test_windows_cover_everything_in_order(n: int, width: int, overlap: int) -> None:
    ids = list(range(n))
    parts = [list(part) for part in windows(ids, width, overlap)]
    assert all(1 <= len(part) <= width for part in parts)
    assert sorted({i for part in parts for i in part}) == ids
    assert parts[-1][-1] == n - 1
    assert len(parts) == 1 or all(later[0] > earlier[0] for earlier, later in itertools.pairwise(parts))


def test_what_is_cut_is_said(tmp_path) -> None:
    folder = nli(tmp_path / "model")
    long = "word " * 700
    cut = Entailment(folder, granularity="document")([item("x", long, prompt=long)])
    assert cut.reasons[0] == "premise truncated: a pair has 512 tokens at most"
    assert cut.reasons[1].startswith("a sentence of the response was truncated to")
    chunked = Entailment(folder)([item("x", prompt=long)])
    assert not chunked.reasons


def test_references_as_premises(tmp_path) -> None:
    folder = nli(tmp_path / "model")
    oracle = Oracle(folder)
    scorer = make_scorer(f"nli:{folder}?premise=references")
    assert scorer.reads == {"response", "references"}
    scores = scorer([item("42", references=("one", "two")), item("42")])
    assert scores.values[0] == pytest.approx(max(oracle("one", "42")[0], oracle("two", "42")[0]), abs=1e-5)
    assert scores.reasons == {1: "no reference"}


@pytest.mark.parametrize("batch_tokens", [1, 200, 100_000])
def test_batches_windows_and_order_move_nothing(tmp_path, monkeypatch, batch_tokens: int) -> None:
    monkeypatch.setattr("rewardmeter.scorers.models.pieces.CPU_BATCH", 1_000_000)
    folder = nli(tmp_path / "model", "deberta-v2")
    items = [item(*RESPONSES), item(*RESPONSES[1:], prompt=PREMISE[:40])]
    plain = Entailment(folder, granularity="sentence")
    alone = [plain([item(r.text, prompt=one.prompt)]).values[0] for one in items for r in one.responses]
    monkeypatch.setattr(Entailment, "held_tokens", lambda self, loaded: 60)
    changed = Entailment(folder, granularity="sentence", batch_tokens=batch_tokens)
    assert np.abs(changed(items).values - alone).max() < 1e-5
    backwards = [Item(one.responses[::-1], one.prompt) for one in items[::-1]]
    assert np.abs(changed(backwards).values[::-1] - alone).max() < 1e-5


def test_outcomes(tmp_path) -> None:
    folder = nli(tmp_path / "model")
    scores = Entailment(folder)([item("", "x", "..."), item("x", prompt="  ")])
    assert scores.outcomes.tolist() == [Outcome.ABSTAINED, Outcome.SCORED, Outcome.SCORED, Outcome.ABSTAINED]
    assert dict(scores.reasons) == {0: "the response is empty", 3: "the prompt is empty"}


def test_labels_may_be_given(tmp_path) -> None:
    unnamed = nli(tmp_path / "model", labels={0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"})
    with pytest.raises(SpecError, match="which of the labels"):
        Entailment(unnamed)([item("x")])
    scorer = make_scorer(f"nli:{unnamed}?labels=contradiction,entailment,neutral&granularity=document")
    assert scorer([item("x")]).values[0] == pytest.approx(Oracle(unnamed)(PREMISE, "x")[0], abs=1e-5)
    assert make_scorer(scorer.name) == scorer
    assert pickle.loads(pickle.dumps(scorer)) == scorer


def test_errors_say_what_to_do(tmp_path) -> None:
    two = nli(tmp_path / "model", labels={0: "entailment", 1: "not_entailment"})
    with pytest.raises(SpecError, match="no label for contradiction"):
        Entailment(two, score="entailment-contradiction")([item("x")])
    with pytest.raises(SpecError, match="names 3; the model has 2"):
        Entailment(two, labels="a,b,entailment")([item("x")])
    with pytest.raises(UnknownNameError, match="granularity"):
        Entailment(two, granularity="paragraph")
    with pytest.raises(SpecError, match="overlap=400"):
        Entailment(two, overlap=400)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        ("One. Two! Three", ["One.", "Two!", "Three"]),
        (
            "Dr. Smith met J. R. Doe at 3.5 p.m. on Main St. in Rome.",
            ["Dr. Smith met J. R. Doe at 3.5 p.m. on Main St. in Rome."],
        ),
        ("He said so... then left. “Why?” I asked.", ["He said so... then left.", "“Why?”", "I asked."]),
        ("今日は。漢字！Yes.", ["今日は。", "漢字！", "Yes."]),
        ("Title\n\n- point one\n- point two. More", ["Title", "- point one", "- point two.", "More"]),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


@settings(deadline=None)
@given(st.text(max_size=200))
def test_splitting_loses_nothing_but_white_space(text: str) -> None:
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())
