"""SEAHORSE- and TRUE-style metrics on tiny T5 and mT5 models, against a float64 pass through the whole model."""

from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import comet_tiny  # noqa: E402
import tiny  # noqa: E402

from rewardmeter.errors import SpecError, UnknownNameError  # noqa: E402
from rewardmeter.scorers.models.first_token import single_token  # noqa: E402
from rewardmeter.scorers.models.seq2seq_nli import Seq2SeqNLI  # noqa: E402
from rewardmeter.scoring import make_scorer, signature_of  # noqa: E402
from rewardmeter.types import Item, Outcome, Response  # noqa: E402

PAIRS = [
    ("The cat sat on the mat and looked at the moon.", "The cat sat on the mat."),
    ("The cat sat on the mat and looked at the moon.", "A dog barked."),
    ("Paris is the capital of France; Berlin is the capital of Germany.", "Berlin is the capital of Germany"),
    ("", "First add 3 and 4"),
    ("Warum ist der Himmel blau?", ""),
    ("First add 3 and 4 to get 7. " * 6, "The answer is 42."),
]
ITEMS = [Item((Response(hypothesis),), prompt=premise, references=(premise or "x",)) for premise, hypothesis in PAIRS]


def model(folder: Path, kind: str) -> Path:
    """A tiny model whose first token is not all but certain: mT5 does not scale what its output matrix is given."""
    return tiny.seq2seq(folder, kind, **({"initializer_factor": 0.4} if kind == "mt5" else {}))


def float64(folder: Path, texts: list[str], *, limit: int = 2_048) -> np.ndarray:
    """(n, vocabulary) probabilities at the first step, one text at a time, everything in float64."""
    net = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).double().eval()
    spoken = transformers.AutoTokenizer.from_pretrained(folder)
    rows = []
    for text in texts:
        ids = torch.tensor([spoken(text)["input_ids"][:limit]])
        with torch.no_grad():
            out = net(input_ids=ids, decoder_input_ids=torch.tensor([[net.config.decoder_start_token_id]]))
        rows.append(out.logits[0, 0].softmax(-1).numpy())
    return np.array(rows)


def joined(pairs: list[tuple[str, str]]) -> list[str]:
    return [f"premise: {premise} hypothesis: {hypothesis}" for premise, hypothesis in pairs]


@pytest.mark.parametrize("kind", ["t5", "mt5"])
def test_float64_agrees(kind: str, tmp_path: Path) -> None:
    folder = model(tmp_path / "model", kind)
    spoken = transformers.AutoTokenizer.from_pretrained(folder)
    yes, no = (spoken(answer, add_special_tokens=False)["input_ids"][0] for answer in "10")
    exact = float64(folder, joined(PAIRS))
    values = make_scorer(f"seq2seq-nli:{folder}?device=cpu")(ITEMS).values
    assert np.ptp(exact[:, yes]) > 1e-4
    assert np.abs(values - exact[:, yes]).max() < 1e-6
    among = make_scorer(f"seq2seq-nli:{folder}?device=cpu&among=labels")(ITEMS).values
    assert np.abs(among - exact[:, yes] / (exact[:, yes] + exact[:, no])).max() < 1e-5
    assert not np.allclose(among, values)


def untied(folder: Path, kind: str) -> Path:
    """A checkpoint as published: an output matrix that is not the embeddings, as configured; .bin weights."""
    model(folder, kind)
    loaded = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder)
    state = {name: value.clone() for name, value in loaded.state_dict().items()}
    state["lm_head.weight"] = torch.randn(state["lm_head.weight"].shape, generator=torch.Generator().manual_seed(5))
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")
    said = json.loads((folder / "config.json").read_text())
    said.pop("scale_decoder_outputs", None)
    (folder / "config.json").write_text(json.dumps({**said, "tie_word_embeddings": False}))
    return folder


@pytest.mark.parametrize("kind", ["t5", "mt5"])
def test_the_output_matrix_of_a_published_shape_is_kept(kind: str, tmp_path: Path) -> None:
    """mT5 and T5 v1.1 have an output matrix of their own, and T5 v1.1 does not scale what goes into it.

    Expected: the decoder's last states times that matrix, by hand.
    """
    folder = untied(tmp_path / "model", kind)
    values = make_scorer(f"seq2seq-nli:{folder}?device=cpu")(ITEMS).values
    assert np.ptp(values) > 0.05 * values.max()
    net = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).double().eval()
    spoken = transformers.AutoTokenizer.from_pretrained(folder)
    matrix = torch.load(folder / "pytorch_model.bin", weights_only=True)["lm_head.weight"].double()
    yes = spoken("1", add_special_tokens=False)["input_ids"][0]
    for text, value in zip(joined(PAIRS), values, strict=True):
        with torch.no_grad():
            states = net.encoder(input_ids=torch.tensor([spoken(text)["input_ids"]])).last_hidden_state
            last = net.decoder(input_ids=torch.tensor([[0]]), encoder_hidden_states=states).last_hidden_state[0, 0]
        assert value == pytest.approx(float((matrix @ last).softmax(-1)[yes]), rel=1e-3)


@pytest.mark.parametrize("among", ["vocabulary", "labels"])
def test_batch_order_and_padding_do_not_matter(among: str, tmp_path: Path) -> None:
    folder = model(tmp_path / "model", "mt5")
    scorer = Seq2SeqNLI(str(folder), among=among, device="cpu")
    items = [Item(tuple(Response(h) for _, h in PAIRS), prompt=premise) for premise, _ in PAIRS]
    together = scorer(items).values
    single = dataclasses.replace(scorer, batch_tokens=1)(items).values
    backwards = scorer(items[::-1]).values.reshape(6, 6)[::-1].ravel()
    left = tiny.tokenizer(adds_eos=True, bos=None, padding_side="left")
    left.save_pretrained(tmp_path / "left")
    padded_left = dataclasses.replace(scorer, tokenizer=str(tmp_path / "left"))(items).values
    for other in (single, backwards, padded_left):
        assert np.abs(together - other).max() < 1e-5


def test_premise_from_references(tmp_path: Path) -> None:
    folder = model(tmp_path / "model", "t5")
    scorer = make_scorer(f"seq2seq-nli:{folder}?device=cpu&premise=reference")
    assert scorer.reads == {"response", "references"}
    premises = tuple(premise for premise, _ in PAIRS[1:3])
    item = Item((Response("Berlin"),), references=premises)
    by_prompt = make_scorer(f"seq2seq-nli:{folder}?device=cpu")
    single = [by_prompt([Item(item.responses, prompt=premise)]).values[0] for premise in premises]
    for several, expected in (("best", max(single)), ("mean", np.mean(single)), ("first", single[0])):
        again = dataclasses.replace(scorer, several=several)  # type: ignore[type-var]
        assert again([item]).values[0] == pytest.approx(expected, abs=1e-6)
    assert dict(scorer([Item((Response("a"),), prompt="x")]).reasons) == {0: "no reference"}
    assert dict(by_prompt([Item((Response("a"),))]).reasons) == {0: "no prompt to be the premise"}


def test_only_the_premise_is_cut(tmp_path: Path) -> None:
    """The hypothesis's tokens are all there, the premise's last ones are gone, and the end token stays."""
    folder = model(tmp_path / "model", "t5")
    scorer = Seq2SeqNLI(str(folder), max_length=40, device="cpu")
    loaded = scorer.loaded()
    spoken = loaded.tokenizer
    long = Item((Response("The answer is 42."),), prompt="First add 3 and 4 to get 7. " * 20)
    one = scorer.encode(loaded, long, long.responses[0])
    text = spoken.decode(one.ids)
    assert len(one.ids) == 40
    assert text.startswith("premise: First add 3")
    assert text.endswith(" hypothesis: The answer is 42.</s>")
    assert one.remark == "premise truncated to fit 40 tokens"
    both = Item((Response("The answer is 42. " * 20),), prompt="First add 3")
    two = scorer.encode(loaded, both, both.responses[0])
    assert len(two.ids) == 40
    assert spoken.decode(two.ids).startswith("premise: hypothesis: The answer is 42.")
    assert two.ids[-1] == spoken.eos_token_id
    scores = scorer([long, both, ITEMS[0]])
    assert dict(scores.reasons) == {0: one.remark, 1: "truncated to 40 tokens, hypothesis included"}
    assert scores.coverage == 1


def test_token_of_an_answer() -> None:
    """With T5's pieces "1" is ``▁1``; written as ``▁`` and ``1`` its first token is that of "0" as well: an error."""
    fast = transformers.PreTrainedTokenizerFast
    spoken = fast(tokenizer_object=_unigram(("▁", "▁1", "▁0", "1", "0")), unk_token="<unk>")
    assert spoken.convert_ids_to_tokens(single_token(spoken, "1", "m")) == "▁1"
    unmarked = tiny.tokenizer()
    assert unmarked.convert_ids_to_tokens(single_token(unmarked, "0", "m")) == "0"
    for pieces in (("▁", "1", "0"), ("▁", "0")):
        with pytest.raises(SpecError, match="no single token for '1'"):
            single_token(fast(tokenizer_object=_unigram(pieces), unk_token="<unk>"), "1", "m")


def _unigram(pieces: tuple[str, ...]) -> Any:
    from tokenizers import Tokenizer

    content = json.loads(comet_tiny.tokenizer_json())
    vocabulary = [*comet_tiny.SPECIALS, *pieces]
    content["model"]["vocab"] = [[piece, -1.0] for piece in vocabulary]
    content["added_tokens"] = [one for one in content["added_tokens"] if one["content"] in comet_tiny.SPECIALS]
    return Tokenizer.from_str(json.dumps(content))


def test_awkward_texts_name_signature_and_pickle(tmp_path: Path) -> None:
    folder = model(tmp_path / "model", "mt5")
    scorer = make_scorer(f"seq2seq-nli:{folder}?among=labels&device=cpu")
    assert make_scorer(scorer.name) == scorer
    texts = ("", " \t", "\ud800 lone", "a\x00b", "👩‍👩‍👧‍👦", "<pad><pad>", "</s>", "premise: x hypothesis: y")
    scores = scorer([Item(tuple(map(Response, texts)), prompt=text) for text in texts])
    assert np.all(scores.outcomes == Outcome.SCORED)
    assert np.array_equal(pickle.loads(pickle.dumps(scorer))(ITEMS).values, scorer(ITEMS).values)
    assert signature_of(scorer) == signature_of(dataclasses.replace(scorer, threads=1))  # type: ignore[type-var]
    assert signature_of(scorer) != signature_of(make_scorer(f"seq2seq-nli:{folder}"))


def test_wrong_options_and_models(tmp_path: Path) -> None:
    folder = model(tmp_path / "model", "t5")
    for option in ("premise=title", "among=all", "several=worst"):
        with pytest.raises(UnknownNameError):
            make_scorer(f"seq2seq-nli:{folder}?{option}")
    with pytest.raises(SpecError, match="float16"):
        make_scorer(f"seq2seq-nli:{folder}?dtype=float16")
    bart = tiny.seq2seq(tmp_path / "bart", "bart")
    with pytest.raises(SpecError, match="is a bart model"):
        make_scorer(f"seq2seq-nli:{bart}")(ITEMS)
    half = make_scorer(f"seq2seq-nli:{folder}?dtype=bfloat16&device=cpu")(ITEMS).values
    whole = make_scorer(f"seq2seq-nli:{folder}?device=cpu")(ITEMS).values
    assert 0 < np.abs(half - whole).max() < 0.05
