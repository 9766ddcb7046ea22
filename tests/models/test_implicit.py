"""Family `dpo`. Expected values: log-softmax of transformers' own logits in float64, one unpadded chat at a time."""

from __future__ import annotations

import numpy as np
import pytest
import tiny
import torch
import transformers
from reward_items import chats, items, text

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scoring import make_scorer, signature_of
from rewardmeter.types import Item, Outcome, Response

ITEMS = items(1)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    root = tmp_path_factory.mktemp("dpo")
    return tiny.causal(root / "policy", "llama", seed=1), tiny.causal(root / "reference", "llama", seed=2)


def log_likelihoods(folder, given) -> tuple[np.ndarray, np.ndarray]:
    """Sum of the log-probabilities of each response's tokens, closing ones included, and how many there are."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).double().eval()
    sums, counts = [], []
    for chat in chats(given):
        whole = tokenizer.apply_chat_template(chat, tokenize=True, return_dict=True)["input_ids"]
        prompt = tokenizer.apply_chat_template(chat[:-1], tokenize=True, return_dict=True, add_generation_prompt=True)[
            "input_ids"
        ]
        assert whole[: len(prompt)] == prompt
        with torch.no_grad():
            each = model(torch.tensor([whole])).logits[0].log_softmax(-1)
        sums.append(sum(float(each[place - 1, whole[place]]) for place in range(len(prompt), len(whole))))
        counts.append(len(whole) - len(prompt))
    return np.array(sums), np.array(counts)


@pytest.fixture(scope="module")
def likelihoods(pair):
    return [log_likelihoods(folder, ITEMS) for folder in pair]


@pytest.mark.parametrize(
    "options", ["", "&prefix=off", "&padding=left&prefix=off", "&batch_tokens=200", "&batch_tokens=1"]
)
def test_agrees_with_the_equation(pair, likelihoods, options) -> None:
    policy, reference = pair
    (ours, n), (theirs, _) = likelihoods
    scores = make_scorer(f"dpo:{policy}?reference={reference}{options}")(ITEMS)
    assert np.abs(scores.values - 0.1 * (ours - theirs)).max() < 1e-4 * 0.1 * np.abs(ours).max()
    mean = make_scorer(f"dpo:{policy}?reference={reference}&beta=0.3&normalise=length{options}")(ITEMS)
    assert np.abs(mean.values - 0.3 * (ours - theirs) / n).max() < 1e-5
    free = make_scorer(f"dpo:{policy}?reference=none&beta=1&normalise=length{options}")(ITEMS)
    assert np.abs(free.values - ours / n).max() < 1e-5


def test_many_responses_to_one_prompt_share_it_in_both_models(pair) -> None:
    policy, reference = pair
    rng = np.random.default_rng(0)
    many = [Item(tuple(Response(text(rng, 6)) for _ in range(20)), text(rng, 150))]
    spec = f"dpo:{policy}?reference={reference}&normalise=length"
    shared, alone = make_scorer(spec), make_scorer(f"{spec}&prefix=off")
    one, other = shared(many), alone(many)
    assert np.abs(one.values - other.values).max() < 1e-5
    assert shared.tokens.starts > 0
    assert shared.tokens.read == alone.tokens.read == alone.tokens.computed == other.cost.input_tokens
    assert one.cost.input_tokens == shared.tokens.computed < alone.tokens.computed / 4


def test_the_reference_of_itself_is_zero(pair) -> None:
    policy, _ = pair
    assert np.abs(make_scorer(f"dpo:{policy}?reference={policy}")(ITEMS).values).max() == 0


def test_a_token_across_the_border_is_the_responses(pair) -> None:
    """With template=space the blank before a response melts into its first token: the prompt's last token changes."""
    policy, _ = pair
    tokenizer = transformers.AutoTokenizer.from_pretrained(policy)
    scorer = make_scorer(f"dpo:{policy}?reference=none&template=space&beta=1")
    item = Item((Response("cat sat"),), "The")
    whole = tokenizer("The cat sat")["input_ids"]
    before = tokenizer("The ")["input_ids"]
    assert whole[: len(before)] != before
    start = next(i for i, (a, b) in enumerate(zip(before, whole, strict=False)) if a != b)
    model = transformers.AutoModelForCausalLM.from_pretrained(policy).double().eval()
    with torch.no_grad():
        each = model(torch.tensor([whole])).logits[0].log_softmax(-1)
    expected = sum(float(each[place - 1, whole[place]]) for place in range(start, len(whole)))
    assert scorer([item]).values[0] == pytest.approx(expected, abs=1e-4)
    # All that is asked for is the response: the tokens counted spell it, with the blank that melted into them.
    encoded = scorer.encode(scorer.loaded(), item, item.responses[0])
    assert tokenizer.decode(encoded.extra.data) == " cat sat"


def test_the_closing_tokens_count_unless_told_otherwise(pair) -> None:
    policy, _ = pair
    tokenizer = transformers.AutoTokenizer.from_pretrained(policy)
    item = Item((Response("cat sat"), Response("")), "Why?")
    for closing, spelled in (("true", "cat sat<|eot_id|>"), ("false", "cat sat")):
        scorer = make_scorer(f"dpo:{policy}?reference=none&closing={closing}")
        assert tokenizer.decode(scorer.encode(scorer.loaded(), item, item.responses[0]).extra.data) == spelled
    scores = make_scorer(f"dpo:{policy}?reference=none&closing=false")([item])
    assert [Outcome(one).name for one in scores.outcomes] == ["SCORED", "FAILED"]
    assert scores.reasons == {1: "the response has no tokens"}


def test_truncation_leaves_the_response(pair) -> None:
    policy, _ = pair
    item = Item((Response("blue moon"), Response("blue " * 200)), "cat " * 100)
    scorer = make_scorer(f"dpo:{policy}?reference=none&max_length=40")
    loaded = scorer.loaded()
    whole = make_scorer(f"dpo:{policy}?reference=none")
    kept, full = (one.encode(one.loaded(), item, item.responses[0]) for one in (scorer, whole))
    assert list(kept.extra.data) == list(full.extra.data)
    assert [kept.ids[place + 1] for place in kept.extra.at] == list(kept.extra.data)
    # Of the long response 39 tokens are left behind the BOS, each likely or not given what is left before it.
    assert len(scorer.encode(loaded, item, item.responses[1]).extra.data) == 39
    assert scorer([item]).reasons == {0: "truncated to 40 tokens", 1: "truncated to 40 tokens"}
    cut = make_scorer(f"dpo:{policy}?reference=none&max_length=40&truncation=right")([item])
    assert set(cut.reasons.values()) == {"truncation leaves nothing of the response"}


def test_what_caps_or_scales_logits_is_followed(tmp_path) -> None:
    for kind, changes in (("gemma2", {"final_logit_softcapping": 2.0}), ("qwen3", {"tie_word_embeddings": True})):
        folder = tiny.causal(tmp_path / kind, kind, **changes)
        plain = [item for item in ITEMS if isinstance(item.prompt, str)]
        sums, n = log_likelihoods(folder, plain)
        scorer = make_scorer(f"dpo:{folder}?reference=none&beta=1&normalise=length")
        assert np.abs(scorer(plain).values - sums / n).max() < 1e-5
        assert scorer.loaded().models[0].body.take == "last_hidden_state"


def test_a_head_that_is_not_understood_is_taken_whole(tmp_path, monkeypatch) -> None:
    from rewardmeter.scorers.models import language

    folder = tiny.causal(tmp_path / "gemma2", "gemma2", final_logit_softcapping=2.0)
    monkeypatch.setattr(language, "_head", lambda head, config: head)  # as if the cap were unknown
    plain = [item for item in ITEMS if isinstance(item.prompt, str)]
    sums, n = log_likelihoods(folder, plain)
    scorer = make_scorer(f"dpo:{folder}?reference=none&beta=1&normalise=length")
    assert scorer.loaded().models[0].body.take == "logits"
    assert np.abs(scorer(plain).values - sums / n).max() < 1e-5


@pytest.mark.parametrize("dtype", ["bfloat16", "int8"])
def test_coarser_number_formats_stay_near(pair, dtype) -> None:
    policy, reference = pair
    spec = f"dpo:{policy}?reference={reference}&normalise=length&beta=1"
    exact, coarse = make_scorer(spec)(ITEMS).values, make_scorer(f"{spec}&dtype={dtype}")(ITEMS).values
    assert np.abs(exact - coarse).max() < 0.15
    assert np.corrcoef(exact, coarse)[0, 1] > 0.99


def test_errors_and_identity(pair, tmp_path) -> None:
    policy, reference = pair
    with pytest.raises(SpecError, match="reference=MODEL"):
        make_scorer(f"dpo:{policy}")
    with pytest.raises(UnknownNameError):
        make_scorer(f"dpo:{policy}?reference=none&normalise=tokens")
    with pytest.raises(SpecError, match="beta"):
        make_scorer(f"dpo:{policy}?reference=none&beta=0")
    other = tiny.causal(
        tmp_path / "other", "llama", spoken=tiny.tokenizer(template=tiny.LLAMA3, extra_special_tokens={"x": "<x>"})
    )
    with pytest.raises(SpecError, match="different vocabularies"):
        make_scorer(f"dpo:{policy}?reference={other}")(ITEMS)
    scorer = make_scorer(f"dpo:{policy}?reference={reference}")
    assert make_scorer(scorer.name) == scorer
    prints = {
        signature_of(make_scorer(f"dpo:{policy}?{options}")).fingerprint
        for options in (f"reference={reference}", f"reference={policy}", "reference=none", "reference=none&beta=0.2",
                        "reference=none&normalise=length", "reference=none&closing=false")
    }  # fmt: skip
    assert len(prints) == 6
    assert str(tmp_path) not in str(dict(signature_of(scorer).options))
