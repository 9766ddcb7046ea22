"""Family `prm`. Expected values: softmax of transformers' own logits in float64 at the tags, one chat at a time."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tiny
import torch
import transformers

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers.models.process import AGGREGATIONS, aggregate
from rewardmeter.scoring import make_scorer
from rewardmeter.types import Item, Message, Response

STEPS = [
    ["First add 3 and 4.", "Then multiply by 6.", "The answer is 42."],
    ["The answer is 42."],
    ["Step 1: let x = 5.", "So 2x = 10."],
]
ITEMS = [Item(tuple(Response("\n\n".join(steps)) for steps in STEPS), "What is 6 (3 + 4)?")]
CLOSED = {
    "product": lambda p: np.prod(p),
    "min": min,
    "mean": lambda p: sum(p) / len(p),
    "last": lambda p: p[-1],
    "geometric-mean": lambda p: np.prod(p) ** (1 / len(p)),
}


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    """As Qwen2.5-Math-PRM: two classes at each token, read at <extra_0>."""
    root = tmp_path_factory.mktemp("prm")
    return tiny.classifier(root / "tagger", "qwen2", labels=2, auto_class="AutoModelForTokenClassification")


@pytest.fixture(scope="module")
def shepherd(tmp_path_factory):
    """As Math-Shepherd: a language model whose + and - are compared at the tag."""
    root = tmp_path_factory.mktemp("shepherd")
    return tiny.causal(root / "shepherd", "mistral", spoken=tiny.tokenizer(adds_bos=True))


def tagger_steps(folder) -> list[np.ndarray]:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForTokenClassification.from_pretrained(folder).double().eval()
    found = []
    for steps in STEPS:
        chat = [
            {"role": "user", "content": ITEMS[0].prompt},
            {"role": "assistant", "content": "".join(step + "<extra_0>" for step in steps)},
        ]
        ids = torch.tensor([tokenizer.apply_chat_template(chat, tokenize=True, return_dict=True)["input_ids"]])
        with torch.no_grad():
            chances = model(ids).logits[0].softmax(-1)[:, 1]
        found.append(chances[ids[0] == tokenizer.convert_tokens_to_ids("<extra_0>")].numpy())
    assert [len(one) for one in found] == [3, 1, 2]
    return found


def shepherd_steps(folder) -> list[np.ndarray]:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).double().eval()
    good, bad = (tokenizer.convert_tokens_to_ids(one) for one in "+-")
    found = []
    for steps in STEPS:
        solution = "\n".join(f"{step}<extra_0>" for step in steps)
        ids = torch.tensor([tokenizer(f"{ITEMS[0].prompt} {solution}")["input_ids"]])
        with torch.no_grad():
            odds = model(ids).logits[0][:, [good, bad]].softmax(-1)[:, 0]
        found.append(odds[ids[0] == tokenizer.convert_tokens_to_ids("<extra_0>")].numpy())
    return found


SHEPHERD = "good=+&bad=-&join=\\n&template=space"


@pytest.mark.parametrize("how", AGGREGATIONS)
def test_a_token_classifier(tagger, how) -> None:
    expected = [CLOSED[how](steps) for steps in tagger_steps(tagger)]
    for options in ("", "&prefix=off", "&batch_tokens=1", "&padding=left&prefix=off"):
        scores = make_scorer(f"prm:{tagger}?aggregate={how}{options}")(ITEMS)
        assert scores.values == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("how", AGGREGATIONS)
def test_a_language_model(shepherd, how) -> None:
    expected = [CLOSED[how](steps) for steps in shepherd_steps(shepherd)]
    for options in ("", "&batch_tokens=1", "&padding=left&prefix=off"):
        scores = make_scorer(f"prm:{shepherd}?{SHEPHERD}&aggregate={how}{options}")(ITEMS)
        assert scores.values == pytest.approx(expected, abs=1e-5)


def test_the_steps_themselves(tagger, shepherd) -> None:
    for spec, expected in [
        (f"prm:{tagger}", tagger_steps(tagger)),
        (f"prm:{shepherd}?{SHEPHERD}", shepherd_steps(shepherd)),
    ]:
        for got, wanted in zip(make_scorer(spec).step_scores(ITEMS), expected, strict=True):
            assert got == pytest.approx(wanted, abs=1e-5)
    (blank,) = make_scorer(f"prm:{tagger}").step_scores([Item((Response(" \n\n "),), "Why?")])
    assert blank.reason == "the response has no step"


def test_steps_of_many_responses_share_the_prompt(tagger) -> None:
    rng = np.random.default_rng(0)
    responses = tuple(Response(f"{a} and {b}\n\nThe answer is {a}.") for a, b in rng.integers(0, 9, (20, 2)))
    many = [Item(responses, "What is 6 (3 + 4)? " * 30)]
    shared, alone = make_scorer(f"prm:{tagger}"), make_scorer(f"prm:{tagger}?prefix=off")
    assert shared(many).values == pytest.approx(alone(many).values, abs=1e-5)
    assert 0 < shared.tokens.starts < shared.tokens.computed < alone.tokens.computed / 3


def test_other_ways_to_part_and_blank_steps(tagger) -> None:
    with_blanks = Item(
        (Response("First add 3 and 4.\n\n \n\nThen multiply by 6.\n\nThe answer is 42.\n\n"),), ITEMS[0].prompt
    )
    one = make_scorer(f"prm:{tagger}")([with_blanks]).values[0]
    assert one == pytest.approx(make_scorer(f"prm:{tagger}")(ITEMS).values[0], abs=1e-6)
    lines = Item((Response("\n".join(STEPS[0])),), ITEMS[0].prompt)
    assert make_scorer(f"prm:{tagger}?split=\\n")([lines]).values[0] == pytest.approx(one, abs=1e-6)


def test_responses_that_cannot_be_scored_have_reasons(tagger) -> None:
    item = Item((Response(""), Response("a <extra_0> b\n\nc"), Response("fine")), "Why <extra_0>?")
    scores = make_scorer(f"prm:{tagger}")([item])
    assert scores.counts() == {"scored": 1, "failed": 2}
    assert scores.reasons[0] == "the response has no step"
    assert "cannot be told from the text" in scores.reasons[1]
    long = Item((Response("\n\n".join(["blue moon"] * 30)), Response("x")), "cat " * 80)
    cut = make_scorer(f"prm:{tagger}?max_length=60")([long])
    assert cut.counts() == {"scored": 1, "failed": 1}
    assert cut.reasons == {0: "truncation cuts steps off", 1: "truncated to 60 tokens"}
    system = Item((Response("x"),), (Message("system", "Be kind."), Message("user", "Why?")))
    assert make_scorer(f"prm:{tagger}")([system]).counts() == {"scored": 1}
    assert make_scorer(f"prm:{tagger}")([Item((Response("x"),))]).reasons == {0: "no prompt"}


REMOTE = '''
import torch
from transformers import Qwen2Model, Qwen2PreTrainedModel
from transformers.modeling_outputs import TokenClassifierOutput


class ProcessReward(Qwen2PreTrainedModel):
    """Laid out as the code that Qwen2.5-Math-PRM brings: a head of two layers on every token."""

    def __init__(self, config):
        super().__init__(config)
        self.num_labels = 2
        self.model = Qwen2Model(config)
        size = config.hidden_size
        self.score = torch.nn.Sequential(torch.nn.Linear(size, size), torch.nn.ReLU(), torch.nn.Linear(size, 2))
        self.post_init()

    def forward(self, input_ids=None, attention_mask=None, position_ids=None, past_key_values=None, use_cache=None):
        states = self.model(input_ids, attention_mask=attention_mask, position_ids=position_ids).last_hidden_state
        return TokenClassifierOutput(logits=self.score(states))
'''


def test_a_model_with_code_of_its_own(tmp_path) -> None:
    folder = tiny.causal(tmp_path / "own", "qwen2")
    (folder / "own_prm.py").write_text(REMOTE)
    config = json.loads((folder / "config.json").read_text())
    config |= {"architectures": ["ProcessReward"], "auto_map": {"AutoModel": "own_prm.ProcessReward"}}
    written = json.dumps(config)
    (folder / "config.json").write_text(written)
    with pytest.raises(SpecError, match="trust_remote_code=true"):
        make_scorer(f"prm:{folder}")(ITEMS)
    kind = transformers.dynamic_module_utils.get_class_from_dynamic_module("own_prm.ProcessReward", folder)
    torch.manual_seed(0)
    model = kind(transformers.AutoConfig.from_pretrained(folder)).eval()
    model.save_pretrained(folder)
    (folder / "config.json").write_text(written)
    scorer = make_scorer(f"prm:{folder}?trust_remote_code=true&aggregate=min")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = model.double()
    expected = []
    for steps in STEPS:
        chat = [
            {"role": "user", "content": ITEMS[0].prompt},
            {"role": "assistant", "content": "".join(step + "<extra_0>" for step in steps)},
        ]
        ids = torch.tensor([tokenizer.apply_chat_template(chat, tokenize=True, return_dict=True)["input_ids"]])
        with torch.no_grad():
            chances = model(ids).logits[0].softmax(-1)[:, 1]
        expected.append(float(chances[ids[0] == tokenizer.convert_tokens_to_ids("<extra_0>")].min()))
    assert scorer(ITEMS).values == pytest.approx(expected, abs=1e-5)
    assert scorer.loaded().body.take == "last_hidden_state"


def test_aggregations_against_closed_forms() -> None:
    rng = np.random.default_rng(0)
    for k in range(1, 9):
        steps = rng.random(k)
        for how in AGGREGATIONS:
            assert aggregate(steps, how) == pytest.approx(CLOSED[how](steps), rel=1e-12)
    assert aggregate(np.array([0.0, 1.0]), "geometric-mean") == 0


def test_errors_say_what_to_do(tagger, shepherd) -> None:
    for spec, error, words in [
        (f"prm:{tagger}?aggregate=max", UnknownNameError, "aggregation"),
        (f"prm:{tagger}?good=+", SpecError, "go together"),
        (f"prm:{tagger}?split=", SpecError, "must not be empty"),
        (f"prm:{tagger}?positive=2", SpecError, "positive=2"),
        (f"prm:{shepherd}?template=plain", SpecError, "give good= and bad="),
        (f"prm:{shepherd}?template=plain&good=wonderful&bad=-", SpecError, "one token each"),
    ]:
        with pytest.raises(error, match=words):
            make_scorer(spec)(ITEMS)
