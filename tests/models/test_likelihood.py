"""BARTScore and GPTScore. Oracle: the loss of transformers for one example at a time, in float64."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import tiny  # noqa: E402

from rewardmeter.errors import MissingDataError, SpecError, UnknownNameError  # noqa: E402
from rewardmeter.scorers.models.likelihood import BartScore, GptScore  # noqa: E402
from rewardmeter.scorers.models.pieces import CPU_BATCH  # noqa: E402
from rewardmeter.scoring import make_scorer, signature_of  # noqa: E402
from rewardmeter.types import Item, Message, Outcome, Response  # noqa: E402

PROMPT = "Why is the sky blue?"
RESPONSES = ("Because air scatters short waves of light.", "42", "Das Wetter ist heute schön, 漢字!\nAnd more.")
REFERENCES = ("Air scatters blue light more than red.", "It is the air.")


def item(*texts: str, prompt=PROMPT, references: tuple[str, ...] = ()) -> Item:
    return Item(tuple(map(Response, texts)), prompt, references)


def bart(folder) -> str:
    spoken = tiny.tokenizer(pairs=True, model_max_length=512)
    return str(tiny.seq2seq(folder, "bart", spoken=spoken, decoder_start_token_id=2))


def t5(folder) -> str:
    return str(tiny.seq2seq(folder, "t5"))


def seq2seq_oracle(folder: str, source: str, target: str) -> float:
    """Minus the loss of transformers with the target's tokens, special ones included, as labels."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).double().eval()
    with torch.no_grad():
        labels = tokenizer(target, return_tensors="pt").input_ids
        return -float(model(**tokenizer(source, return_tensors="pt"), labels=labels).loss)


@pytest.mark.parametrize("make", [bart, t5])
def test_faithfulness_is_minus_the_loss(tmp_path, make) -> None:
    folder = make(tmp_path / "model")
    scorer = make_scorer(f"bartscore:{folder}")
    assert scorer.reads == {"prompt", "response"}
    expected = [seq2seq_oracle(folder, PROMPT, response) for response in RESPONSES]
    assert np.abs(scorer([item(*RESPONSES)]).values - expected).max() < 1e-5


def test_precision_recall_and_f_over_references(tmp_path) -> None:
    folder = bart(tmp_path / "model")
    precision = np.array([[seq2seq_oracle(folder, one, r) for one in REFERENCES] for r in RESPONSES])
    recall = np.array([[seq2seq_oracle(folder, r, one) for one in REFERENCES] for r in RESPONSES])
    texts = [item(*RESPONSES, references=REFERENCES)]
    for direction, expected in (("precision", precision), ("recall", recall), ("f", (precision + recall) / 2)):
        scorer = BartScore(folder, direction=direction)
        assert scorer.reads == {"references", "response"}
        assert np.abs(scorer(texts).values - expected.max(axis=1)).max() < 1e-5
        mean = BartScore(folder, direction=direction, several="mean")
        assert np.abs(mean(texts).values - expected.mean(axis=1)).max() < 1e-5


DECODERS = {
    "gpt2": lambda folder: gpt2(folder),
    "llama": lambda folder: str(tiny.causal(folder, "llama", spoken=tiny.tokenizer(adds_bos=True))),
    "qwen3": lambda folder: str(tiny.causal(folder, "qwen3")),
    "llama with end token": lambda folder: str(
        tiny.causal(folder, "llama", spoken=tiny.tokenizer(adds_bos=True, adds_eos=True))
    ),
}


def gpt2(folder, **changes) -> str:
    """GPT-2's layout: no padding token, one token for beginning and end, absolute positions."""
    config = transformers.GPT2Config(
        vocab_size=480, n_embd=32, n_layer=2, n_head=4, n_positions=128, bos_token_id=2, eos_token_id=2,
        initializer_range=0.2, **changes,
    )  # fmt: skip
    spoken = tiny.tokenizer(pad=None, bos="</s>", eos="</s>", model_max_length=128)
    return str(tiny.save(folder, "AutoModelForCausalLM", config, spoken))


def causal_oracle(folder: str, before: str, response: str, *, special: bool) -> tuple[float, int]:
    """Minus the loss over the response's tokens, tokenized by themselves, and how many there are."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).double().eval()
    context = ([tokenizer.bos_token_id] if special else []) + tokenizer(before, add_special_tokens=False).input_ids
    answer = tokenizer(response, add_special_tokens=False).input_ids
    ids, labels = torch.tensor([context + answer]), torch.tensor([[-100] * len(context) + answer])
    with torch.no_grad():
        return -float(model(input_ids=ids, labels=labels).loss), len(answer)


@pytest.mark.parametrize("kind", DECODERS)
def test_gptscore_is_minus_the_loss(tmp_path, kind: str) -> None:
    folder = DECODERS[kind](tmp_path / "model")
    found = [
        causal_oracle(folder, f"{PROMPT}\n\n", response, special=kind.startswith("llama")) for response in RESPONSES
    ]
    scores = make_scorer(f"gptscore:{folder}")([item(*RESPONSES)])
    assert np.abs(scores.values - [mean for mean, _ in found]).max() < 1e-5
    summed = make_scorer(f"gptscore:{folder}?normalise=sum")([item(*RESPONSES)])
    assert np.abs(summed.values - [mean * count for mean, count in found]).max() < 1e-4


def test_a_template_from_a_file(tmp_path) -> None:
    folder = gpt2(tmp_path / "model")
    template = tmp_path / "template.txt"
    template.write_text("Question: {prompt}\nA {true} answer:\n{response}\n")
    scorer = make_scorer(f"gptscore:{folder}?template={template}")
    mean, _ = causal_oracle(folder, f"Question: {PROMPT}\nA {{true}} answer:\n", "42", special=False)
    assert scorer([item("42")]).values[0] == pytest.approx(mean, abs=1e-5)
    before = signature_of(scorer).fingerprint
    template.write_text("{prompt} {response}")
    assert signature_of(scorer).fingerprint != before
    for wrong, problem in (("{response} {prompt}", "must end with"), ("{response}", "must hold {prompt}")):
        template.write_text(wrong)
        with pytest.raises(SpecError, match=problem):
            GptScore(folder, template=str(template))
    with pytest.raises(MissingDataError, match="no template"):
        GptScore(folder, template=str(tmp_path / "none"))


def test_without_a_context_the_first_token_follows_the_end_token(tmp_path) -> None:
    folder = gpt2(tmp_path / "model")
    template = tmp_path / "template.txt"
    template.write_text("{prompt}{response}")
    mean, _ = causal_oracle(folder, "", "42", special=True)
    assert GptScore(folder, template=str(template))([item("42", prompt="")]).values[0] == pytest.approx(mean, abs=1e-5)


def test_long_prompts_lose_their_beginning_and_long_responses_their_end(tmp_path) -> None:
    folder = gpt2(tmp_path / "model")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).double().eval()
    long = "word " * 150
    scores = GptScore(folder)([item("42", long, prompt=long)])
    assert dict(scores.reasons) == {
        0: "the prompt lost its beginning: 128 tokens at most",
        1: "the response was truncated to 127 tokens",
    }
    for place, response in enumerate(("42", long)):
        ids = tokenizer(f"{long}\n\n", add_special_tokens=False).input_ids
        answer = tokenizer(response, add_special_tokens=False).input_ids[:127]
        kept = torch.tensor([(ids + answer)[-128:]])
        labels = kept.clone()
        labels[:, : 128 - len(answer)] = -100
        with torch.no_grad():
            loss = float(model(input_ids=kept, labels=labels).loss)
        assert scores.values[place] == pytest.approx(-loss, abs=1e-5)


@pytest.mark.parametrize("kind", ["bart", "gpt2"])
@pytest.mark.parametrize("batch_tokens", [1, 60, 100_000])
def test_batches_and_order_move_nothing(tmp_path, monkeypatch, kind: str, batch_tokens: int) -> None:
    monkeypatch.setattr("rewardmeter.scorers.models.pieces.CPU_BATCH", 1_000_000)
    folder, scorer = (bart(tmp_path / "m"), BartScore) if kind == "bart" else (gpt2(tmp_path / "m"), GptScore)
    items = [item(*RESPONSES), item(*RESPONSES[1:], prompt="Write a poem about the sea.")]
    alone = [scorer(folder)([item(r.text, prompt=one.prompt)]).values[0] for one in items for r in one.responses]
    changed = scorer(folder, batch_tokens=batch_tokens)
    assert np.abs(changed(items).values - alone).max() < 1e-5
    backwards = [Item(one.responses[::-1], one.prompt) for one in items[::-1]]
    assert np.abs(changed(backwards).values[::-1] - alone).max() < 1e-5


def test_outcomes_and_remarks(tmp_path) -> None:
    folder = bart(tmp_path / "model")
    scores = BartScore(folder)([item("", "x", "word " * 700), item("x", prompt="")])
    assert scores.outcomes.tolist() == [Outcome.ABSTAINED, Outcome.SCORED, Outcome.SCORED, Outcome.ABSTAINED]
    assert dict(scores.reasons) == {
        0: "the response is empty",
        2: "text truncated to 512 tokens",
        3: "the prompt is empty",
    }
    missing = BartScore(folder, direction="recall")([item("x")])
    assert missing.reasons == {0: "no reference"}
    assert GptScore(gpt2(tmp_path / "gpt2"))([item(" ")]).reasons == {0: "the response is empty"}


def test_a_batch_is_as_large_as_the_cpu_and_its_logits_allow(tmp_path, monkeypatch) -> None:
    scorer = GptScore(gpt2(tmp_path / "model"), batch_tokens=1_000_000, device="cpu")
    assert scorer.budget(scorer.loaded()) == CPU_BATCH
    monkeypatch.setattr("rewardmeter.scorers.models.likelihood.LOGITS", 480 * 100)
    assert scorer.budget(scorer.loaded()) == 100
    assert GptScore(scorer.target, batch_tokens=7).budget(scorer.loaded()) == 7


def test_a_chat_is_text_with_roles(tmp_path) -> None:
    folder = gpt2(tmp_path / "model")
    chat = (Message("user", PROMPT),)
    mean, _ = causal_oracle(folder, f"user: {PROMPT}\n\n", "42", special=False)
    assert GptScore(folder)([item("42", prompt=chat)]).values[0] == pytest.approx(mean, abs=1e-5)


def test_names_pickles_errors(tmp_path) -> None:
    folder = bart(tmp_path / "model")
    scorer = make_scorer(f"bartscore:{folder}?direction=f&several=mean")
    assert make_scorer(scorer.name) == scorer
    assert pickle.loads(pickle.dumps(scorer)) == scorer
    with pytest.raises(UnknownNameError, match="direction"):
        BartScore(folder, direction="both")
    with pytest.raises(UnknownNameError, match="several"):
        BartScore(folder, several="min")
    with pytest.raises(UnknownNameError, match="normalisation"):
        GptScore(folder, normalise="none")
    with pytest.raises(SpecError, match="max_length=200 is more than the 128 positions"):
        GptScore(gpt2(tmp_path / "gpt2"), max_length=200)([item("x")])
