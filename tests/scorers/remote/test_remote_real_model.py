"""A tiny real reward model (Llama architecture, random weights, with a chat template) behind a server: its logits come
back as a direct forward pass gives them."""

from __future__ import annotations

import threading

import pytest
from contract_servers import Behaviour, served

from rewardmeter.scorers.remote.rendering import rendered
from rewardmeter.scoring import make_scorer
from rewardmeter.types import Item, Message, Response

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

TEMPLATE = (
    "{% for m in messages %}{{ '<' + m['role'] + '>' }} {{ m['content'] }} {% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
ITEMS = [
    Item(
        (Response("the cat sat"), Response("no"), Response("a much longer answer about the cat")), prompt="what sat ?"
    ),
    Item(
        (Response("yes"), Response("the mat")), prompt=(Message("system", "be brief"), Message("user", "cat or mat ?"))
    ),
]
TEXTS = "the cat sat no a much longer answer about what ? yes mat be brief or <user> <assistant> <system>"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with model and tokenizer, as a hub repository has them."""
    folder = tmp_path_factory.mktemp("tiny-reward")
    vocabulary = {word: i for i, word in enumerate(["<pad>", "<unk>", *TEXTS.split()])}
    inner = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", unk_token="<unk>")
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        num_labels=1,
        pad_token_id=0,
        max_position_embeddings=64,
    )
    transformers.LlamaForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def reward(saved):
    """The model's logit of a text, one text at a time."""
    model = transformers.AutoModelForSequenceClassification.from_pretrained(saved).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(saved)
    lock = threading.Lock()

    def logit(text: str) -> list[float]:
        with lock, torch.no_grad():
            return [float(model(**tokenizer(text, return_tensors="pt")).logits[0, 0])]

    return logit


@pytest.fixture(scope="module")
def expected(saved, reward):
    """Logits by the tokenizer's own chat template."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(saved)
    logits = []
    for item in ITEMS:
        prompt = [("user", item.prompt)] if isinstance(item.prompt, str) else item.prompt
        for response in item.responses:
            turns = [{"role": role, "content": text} for role, text in [*prompt, ("assistant", response.text)]]
            logits += reward(tokenizer.apply_chat_template(turns, tokenize=False))
    assert len(set(logits)) == 5
    return logits


def test_logits_come_back_equal(saved, reward, expected, monkeypatch):
    tokenizer = transformers.AutoTokenizer.from_pretrained(saved)
    monkeypatch.setattr("contract_servers.chat", lambda turns: tokenizer.apply_chat_template(turns, tokenize=False))
    with served(Behaviour(logits=reward)) as url:
        for spec in (
            f"vllm:{url}?model=org/reward",
            f"vllm:{url}?model=org/reward&template=chat:{saved}",
            f"vllm:{url}?model=org/reward&api=pooling&template=chat:{saved}",
            f"tei:{url}?model=org/reward&template=chat:{saved}",
            f"openrlhf:{url}?template=chat:{saved}",
        ):
            scores = make_scorer(spec)(ITEMS)
            assert scores.values.tolist() == expected, spec


def test_a_text_that_is_not_in_the_models_format_scores_otherwise(reward, expected):
    """Why there is no default text: the usual wrong one moves every score."""
    with served(Behaviour(logits=reward)) as url:
        plain = make_scorer(f"openrlhf:{url}?template={{prompt}}\\n{{response}}")(ITEMS)
    assert all(abs(one - other) > 1e-6 for one, other in zip(plain.values.tolist(), expected, strict=True))


def test_the_date_in_a_template_does_not_move(saved, tmp_path):
    tokenizer = transformers.AutoTokenizer.from_pretrained(saved)
    tokenizer.chat_template = "{{ strftime_now('%d %b %Y') }}"
    tokenizer.save_pretrained(tmp_path)
    assert rendered(f"chat:{tmp_path}", "why?", "because") == "26 Jul 2024"


def test_a_tokenizer_without_a_chat_template_is_refused(saved, tmp_path):
    from rewardmeter.errors import SpecError

    tokenizer = transformers.AutoTokenizer.from_pretrained(saved)
    tokenizer.chat_template = None
    tokenizer.save_pretrained(tmp_path)
    with served(Behaviour()) as url, pytest.raises(SpecError, match="no chat template"):
        make_scorer(f"openrlhf:{url}?template=chat:{tmp_path}")(ITEMS)
