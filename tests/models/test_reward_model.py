"""Family `hf`. Expected values come from transformers' own forward in float64, one unpadded chat after the other."""

from __future__ import annotations

import dataclasses
import json
import pickle

import numpy as np
import pytest
import tiny
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from reward_items import chats, items, plain_scores

from rewardmeter.errors import MissingDataError, SpecError, UnknownNameError
from rewardmeter.scorers.models.reward_model import RewardModel
from rewardmeter.scoring import make_scorer, signature_of
from rewardmeter.types import Item, Message, Outcome, Response

ITEMS = items()


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Saved reward models by architecture, made when first asked for."""
    root, made = tmp_path_factory.mktemp("reward"), {}

    def folder(kind, **options):
        key = f"{kind}-{len(made)}" if options else kind
        if key not in made:
            made[key] = tiny.classifier(root / key, kind, **options)
        return made[key]

    return folder


@pytest.mark.parametrize("kind", tiny.DECODERS)
def test_agrees_with_a_plain_float64_pass(folders, kind) -> None:
    folder = folders(kind)
    scores = make_scorer(f"hf:{folder}")(ITEMS)
    assert scores.counts() == {"scored": 15}
    assert np.abs(scores.values - plain_scores(folder, ITEMS)).max() < 1e-5
    assert np.ptp(scores.values) > 0.1


@pytest.mark.parametrize("kind", ["llama", "qwen3", "gemma2"])
@pytest.mark.parametrize("options", ["batch_tokens=1", "batch_tokens=300", "padding=left", "prefix=off", "threads=2"])
def test_how_it_runs_moves_nothing(folders, kind, options) -> None:
    folder = folders(kind)
    usual, other = make_scorer(f"hf:{folder}"), make_scorer(f"hf:{folder}?{options}")
    assert np.abs(usual(ITEMS).values - other(ITEMS).values).max() < 1e-5
    assert signature_of(usual).fingerprint == signature_of(other).fingerprint


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000), budget=st.integers(1, 3_000), side=st.sampled_from(["left", "right"]))
def test_order_and_neighbours_move_nothing(folders, seed, budget, side) -> None:
    scorer = make_scorer(f"hf:{folders('llama')}?batch_tokens={budget}&padding={side}")
    given_items = items(seed, n=3, k=4)
    together = scorer(given_items).values
    backwards = scorer([dataclasses.replace(i, responses=i.responses[::-1]) for i in given_items[::-1]]).values
    alone = [scorer([dataclasses.replace(i, responses=(r,))]).values[0] for i in given_items for r in i.responses]
    assert np.abs(together - backwards[::-1]).max() < 1e-5
    assert np.abs(together - alone).max() < 1e-5


@pytest.mark.parametrize("pad", [None, "</s>", "<|eot_id|>", "<pad>"])
def test_the_last_token_is_found_whatever_pads(folders, pad) -> None:
    """With pad = <|eot_id|>, which ends each turn, the search for padding finds the wrong token and scores go equal."""
    spoken = tiny.tokenizer(template=tiny.LLAMA3, pad=pad)
    pad_id = None if pad is None else spoken.convert_tokens_to_ids(pad)
    folder = folders("llama", spoken=spoken, pad_token_id=pad_id)
    reference = plain_scores(folder, ITEMS)
    for side in ("left", "right"):
        scores = make_scorer(f"hf:{folder}?padding={side}&prefix=off")(ITEMS)
        assert np.abs(scores.values - reference).max() < 1e-5


def test_the_usual_search_for_padding_goes_wrong_where_ours_does_not(folders) -> None:
    """Guards the test above: transformers' classifier itself differs when pad is the token that ends the chat."""
    spoken = tiny.tokenizer(template=tiny.LLAMA3, pad="<|eot_id|>")
    folder = folders("llama", spoken=spoken, pad_token_id=spoken.pad_token_id)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    text = spoken.apply_chat_template(
        [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}], tokenize=False
    )
    with torch.no_grad():
        theirs = float(model(**spoken([text], add_special_tokens=False, return_tensors="pt")).logits[0, 0])
    ours = make_scorer(f"hf:{folder}")([Item((Response("Because."),), "Why?")]).values[0]
    assert abs(theirs - ours) > 1e-3
    ids = spoken(text, add_special_tokens=False)["input_ids"]
    assert model.config.pad_token_id == ids[-1]


def test_a_template_that_prints_the_date_prints_the_same_one_every_day(folders) -> None:
    """Llama 3.2's template asks for the day; without a clock it writes 26 Jul 2024."""
    dated = "{{ strftime_now('%A, %d %b %Y') }}" + tiny.LLAMA3 + "{% if strftime_now is defined %}!{% endif %}"
    fixed = "{{ 'Friday, 26 Jul 2024' }}" + tiny.LLAMA3 + "!"
    scores = [make_scorer(f"hf:{folders('llama', spoken=tiny.tokenizer(template=t))}")(ITEMS) for t in (dated, fixed)]
    assert scores[0].values.tobytes() == scores[1].values.tobytes()


def count_bos(scorer):
    item = Item((Response("Because."),), "Why?")
    encoded = scorer.encode(scorer.loaded(), item, item.responses[0])
    ids = list(encoded.ids)
    return next(place for place, one in enumerate([*ids, -1]) if one != 1)


@pytest.mark.parametrize(
    ("template", "adds", "bos", "count"),
    [
        (tiny.LLAMA3, True, "auto", 1),
        (tiny.LLAMA3, False, "auto", 1),
        (tiny.CHATML, True, "auto", 1),
        (tiny.CHATML, False, "auto", 0),
        (tiny.LLAMA3, True, "as-tokenized", 2),
        (tiny.LLAMA3, False, "as-tokenized", 1),
        (tiny.LLAMA3, True, "none", 0),
        (tiny.CHATML, False, "one", 1),
        (tiny.LLAMA3, True, "double", 2),
    ],
)
def test_as_many_bos_as_asked_for(folders, template, adds, bos, count) -> None:
    folder = folders("llama", spoken=tiny.tokenizer(template=template, adds_bos=adds))
    assert count_bos(make_scorer(f"hf:{folder}?bos={bos}")) == count


def test_a_doubled_bos_moves_the_score(folders) -> None:
    folder = folders("llama", spoken=tiny.tokenizer(template=tiny.LLAMA3, adds_bos=True))
    one, two = (make_scorer(f"hf:{folder}?bos={bos}")(ITEMS).values for bos in ("auto", "as-tokenized"))
    assert np.abs(one - two).max() > 1e-3
    assert np.abs(one - plain_scores(folder, ITEMS)).max() < 1e-5


def test_bos_that_the_tokenizer_has_not(folders) -> None:
    folder = folders("llama", spoken=tiny.tokenizer(template=tiny.CHATML, bos=None))
    assert np.isfinite(make_scorer(f"hf:{folder}")(ITEMS).values).all()
    with pytest.raises(SpecError, match="no BOS token"):
        make_scorer(f"hf:{folder}?bos=one").loaded()


def test_truncation_is_said_and_keeps_the_end(folders) -> None:
    folder = folders("llama")
    long = Item((Response("blue " * 30 + "moon"), Response("x")), "cat " * 100)
    scorer = make_scorer(f"hf:{folder}?max_length=64")
    encoded = [scorer.encode(scorer.loaded(), long, response) for response in long.responses]
    assert [len(one.ids) for one in encoded] == [64, 64]
    assert encoded[0].ids[0] == 1
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    assert tokenizer.decode(encoded[0].ids[-3:]).endswith("moon<|eot_id|>")
    scores = scorer([long])
    assert scores.counts() == {"scored": 2}
    assert dict(scores.reasons) == {0: "truncated to 64 tokens", 1: "truncated to 64 tokens"}
    short = scorer([Item((Response("x"),), "y")])
    assert not short.reasons
    right = make_scorer(f"hf:{folder}?max_length=64&truncation=right")
    kept = right.encode(right.loaded(), long, long.responses[0])
    assert len(kept.ids) == 64
    assert not tokenizer.decode(kept.ids).endswith("<|eot_id|>")
    refused = make_scorer(f"hf:{folder}?max_length=64&truncation=fail")([long])
    assert refused.counts() == {"failed": 2}
    assert refused.reasons[0] == "longer than 64 tokens"


def test_the_models_own_limit_is_kept(folders) -> None:
    folder = folders("llama", max_position_embeddings=128)
    scores = make_scorer(f"hf:{folder}")([Item((Response("blue " * 300),), "Why?")])
    assert scores.reasons == {0: "truncated to 128 tokens"}


def test_system_messages_that_the_template_refuses_or_drops(folders) -> None:
    chat = (Message("system", "Be kind."), Message("user", "Why?"))
    item = Item((Response("Because."),), chat)
    refused = make_scorer(f"hf:{folders('gemma')}")([item])
    assert refused.counts() == {"failed": 1}
    assert refused.reasons[0] == "the chat template refuses this chat: System role not supported"
    dropping = tiny.CHATML.replace(
        "{{ '<|im_start|>'", "{% if message['role'] != 'system' %}{{ '<|im_start|>'"
    ).replace("'<|im_end|>\n' }}", "'<|im_end|>\n' }}{% endif %}")
    dropped = make_scorer(f"hf:{folders('llama', spoken=tiny.tokenizer(template=dropping))}")([item])
    assert dropped.reasons == {0: "the chat template leaves out the system message"}
    assert not make_scorer(f"hf:{folders('qwen3')}")([item]).reasons


def test_a_system_prompt_is_added_where_there_is_none(folders) -> None:
    folder = folders("qwen3")
    with_option = make_scorer(f"hf:{folder}?system_prompt=Be kind.")([Item((Response("No."),), "Why?")])
    chat = (Message("system", "Be kind."), Message("user", "Why?"))
    written = make_scorer(f"hf:{folder}")([Item((Response("No."),), chat)])
    assert with_option.values == pytest.approx(written.values, abs=1e-6)
    kept = make_scorer(f"hf:{folder}?system_prompt=Be rude.")([Item((Response("No."),), chat)])
    assert kept.values == pytest.approx(written.values, abs=1e-6)


def test_models_without_a_template(folders, tmp_path) -> None:
    folder = folders("llama", spoken=tiny.tokenizer(template=None))
    item = [Item((Response("Because."),), "Why?")]
    with pytest.raises(SpecError, match="template=FILE"):
        make_scorer(f"hf:{folder}")(item)
    template = tmp_path / "chat.jinja"
    template.write_text(tiny.CHATML)
    by_file = make_scorer(f"hf:{folder}?template={template}")
    own = folders("llama", spoken=tiny.tokenizer(template=tiny.CHATML))
    assert by_file(item).values == pytest.approx(make_scorer(f"hf:{own}")(item).values, abs=1e-6)
    before = signature_of(by_file)
    assert str(before.options["template"]).startswith("jinja:")
    template.write_text(tiny.LLAMA3)
    assert signature_of(by_file).fingerprint != before.fingerprint
    plain = make_scorer(f"hf:{folder}?template=plain")
    encoded = plain.encode(plain.loaded(), item[0], item[0].responses[0])
    assert transformers.AutoTokenizer.from_pretrained(folder).decode(encoded.ids) == "Why?\n\nBecause."
    with pytest.raises(SpecError, match="neither plain"):
        make_scorer(f"hf:{folder}?template={tmp_path / 'absent.jinja'}")


def test_no_prompt_and_broken_text_have_reasons(folders) -> None:
    given_items = [Item((Response("x"),)), Item((Response("\ud800"), Response("fine")), "Why?")]
    scores = make_scorer(f"hf:{folders('llama')}")(given_items)
    assert [Outcome(one).name for one in scores.outcomes] == ["FAILED", "FAILED", "SCORED"]
    assert scores.reasons[0] == "no prompt"
    assert "surrogate" in scores.reasons[1]


LABELS = {0: "helpful", 1: "correct", 2: "verbose"}


def test_several_heads(folders) -> None:
    folder = folders("llama", labels=3, id2label=LABELS, label2id={v: k for k, v in LABELS.items()})
    with pytest.raises(SpecError, match=r"3 outputs \(helpful, correct, verbose\): choose one with head=NAME"):
        make_scorer(f"hf:{folder}")(ITEMS)
    columns = [plain_scores(folder, ITEMS, lambda logits, i=i: float(logits[i])) for i in range(3)]
    expected = {
        "1": columns[1],
        "verbose": columns[2],
        "0.5,0.25,-1": 0.5 * columns[0] + 0.25 * columns[1] - columns[2],
        "helpful:0.5,verbose:-1": 0.5 * columns[0] - columns[2],
    }
    for head, values in expected.items():
        assert np.abs(make_scorer(f"hf:{folder}?head={head}")(ITEMS).values - values).max() < 1e-5
    for head, error in {
        "3": UnknownNameError,
        "helpfull": UnknownNameError,
        "1,2": SpecError,
        "a,b,c": SpecError,
    }.items():
        with pytest.raises(error):
            make_scorer(f"hf:{folder}?head={head}")(ITEMS)
    soft = make_scorer(f"hf:{folder}?head=correct&activation=softmax")(ITEMS).values
    powers = np.exp(np.array(columns))
    assert np.abs(soft - powers[1] / powers.sum(axis=0)).max() < 1e-5
    logistic = make_scorer(f"hf:{folder}?head=correct&activation=sigmoid")(ITEMS).values
    assert np.abs(logistic - 1 / (1 + np.exp(-columns[1]))).max() < 1e-5


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_the_head_is_float32_in_half_precision(folders, dtype) -> None:
    folder = folders("llama")
    scorer = make_scorer(f"hf:{folder}?dtype={dtype}")
    loaded = scorer.loaded()
    assert next(loaded.body.module.parameters()).dtype == getattr(torch, dtype)
    assert loaded.head.weight.dtype == torch.float32
    values = scorer(ITEMS).values
    assert np.abs(values - plain_scores(folder, ITEMS)).max() < 0.1
    # A head in half precision gives no more than 8 (11) bits; one in float32 hardly ever stays on that grid.
    assert np.mean(torch.tensor(values).to(getattr(torch, dtype)).double().numpy() == values) < 0.5


@pytest.mark.parametrize("kind", ["bert", "roberta", "deberta-v2"])
def test_encoders_take_the_pair(tmp_path, kind) -> None:
    folder = tiny.encoder(tmp_path / kind, kind)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).double().eval()
    texts = [item for item in ITEMS if isinstance(item.prompt, str)]
    expected = []
    for item in texts:
        for response in item.responses:
            with torch.no_grad():
                expected.append(float(model(**tokenizer(item.prompt, response.text, return_tensors="pt")).logits[0, 0]))
    for options in ("", "&batch_tokens=1", "&padding=left", "&prefix=auto"):
        scores = make_scorer(f"hf:{folder}?template=pair{options}")(texts)
        assert np.abs(scores.values - expected).max() < 1e-5
    long = make_scorer(f"hf:{folder}?template=pair")([Item((Response("blue moon " * 400), Response("x")), "Why?")])
    assert long.reasons == {0: "truncated to 512 tokens"}


def test_encoders_in_eight_bits_and_bfloat16(tmp_path) -> None:
    folder = tiny.encoder(tmp_path / "bert", "bert")
    texts = ITEMS[:3]
    usual = make_scorer(f"hf:{folder}?template=pair")(texts).values
    for dtype in ("bfloat16", "int8"):
        assert np.abs(make_scorer(f"hf:{folder}?template=pair&dtype={dtype}")(texts).values - usual).max() < 0.2


REMOTE = '''
import dataclasses
import torch
from transformers import LlamaModel, LlamaPreTrainedModel
from transformers.utils import ModelOutput


@dataclasses.dataclass
class GatedOutput(ModelOutput):
    logits: torch.Tensor = None
    score: torch.Tensor = None


class GatedReward(LlamaPreTrainedModel):
    """Several objectives weighed by a gate on the whole chat; the last token is looked for by the padding id."""

    def __init__(self, config):
        super().__init__(config)
        self.model = LlamaModel(config)
        self.objectives = torch.nn.Linear(config.hidden_size, config.num_labels)
        self.gate = torch.nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    def forward(self, input_ids=None, attention_mask=None):
        states = self.model(input_ids, attention_mask=attention_mask).last_hidden_state
        real = (input_ids != self.config.pad_token_id).int()
        last = (real * torch.arange(input_ids.shape[1])).argmax(-1)
        last = states[torch.arange(len(states)), last]
        logits = self.objectives(last)
        return GatedOutput(logits=logits, score=(logits * self.gate(last).softmax(-1)).sum(-1))
'''


PLAIN_REMOTE = '''
import torch
from transformers import Qwen2Model, Qwen2PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput


class PlainReward(Qwen2PreTrainedModel):
    """Laid out as the code that Qwen2.5-Math-RM brings: offered as AutoModel only, two layers, one output."""

    def __init__(self, config):
        super().__init__(config)
        self.model = Qwen2Model(config)
        size = config.hidden_size
        self.score = torch.nn.Sequential(torch.nn.Linear(size, size), torch.nn.ReLU(), torch.nn.Linear(size, 1))
        self.post_init()

    def forward(self, input_ids=None, attention_mask=None):
        states = self.model(input_ids, attention_mask=attention_mask).last_hidden_state
        return SequenceClassifierOutput(logits=self.score(states)[:, -1])
'''


def with_code(folder, name, code, offers):
    """A checkpoint in the folder that brings its class, with random weights."""
    (folder / f"{name}_code.py").write_text(code)
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {offers: f"{name}_code.{name}"}
    (folder / "config.json").write_text(json.dumps(config))
    kind = transformers.dynamic_module_utils.get_class_from_dynamic_module(f"{name}_code.{name}", folder)
    torch.manual_seed(1)
    kind(transformers.AutoConfig.from_pretrained(folder)).save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(config))


def own_outputs(folder, offers):
    """What the model itself says in float64 of each chat, unpadded."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = getattr(transformers, offers).from_pretrained(folder, trust_remote_code=True).double().eval()
    for chat in chats(ITEMS):
        ids = tokenizer.apply_chat_template(chat, tokenize=True, return_dict=True)["input_ids"]
        with torch.no_grad():
            yield model(torch.tensor([ids]))


def test_a_model_offered_as_automodel_only(tmp_path) -> None:
    folder = tiny.causal(tmp_path / "plain", "qwen2")
    with_code(folder, "PlainReward", PLAIN_REMOTE, "AutoModel")
    scorer = make_scorer(f"hf:{folder}?trust_remote_code=true")
    assert transformers.AutoConfig.from_pretrained(folder).num_labels == 2  # what is counted is what it gives
    scores = scorer(ITEMS)
    assert scorer.loaded().body is not None
    expected = [float(one.logits[0, 0]) for one in own_outputs(folder, "AutoModel")]
    assert np.abs(scores.values - expected).max() < 1e-5


def test_a_model_with_code_of_its_own_and_a_score(tmp_path) -> None:
    folder = tiny.classifier(tmp_path / "gated", "llama", labels=3)
    with_code(folder, "GatedReward", REMOTE, "AutoModelForSequenceClassification")
    spec = f"hf:{folder}?trust_remote_code=true"
    scorer = make_scorer(spec)
    scores = scorer(ITEMS)
    outputs = list(own_outputs(folder, "AutoModelForSequenceClassification"))
    assert np.abs(scores.values - [float(one.score[0]) for one in outputs]).max() < 1e-5
    one = make_scorer(f"{spec}&head=2")(ITEMS)
    assert np.abs(one.values - [float(output.logits[0, 2]) for output in outputs]).max() < 1e-5
    with pytest.raises(SpecError, match="int8"):
        make_scorer(spec + "&dtype=int8")(ITEMS)


LLAMA31_ROPE = {
    "rope_type": "llama3",
    "rope_theta": 500_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 128,
}
PUBLISHED = {
    # What decides in config.json and tokenizer_config.json, sizes shrunk.
    "skywork-v2-qwen3": (
        "qwen3",
        {"tie_word_embeddings": True, "sliding_window": None, "use_sliding_window": False, "bos_token_id": None},
        {"bos": None, "eos": "<|im_end|>"},
    ),
    "skywork-v2-llama-3.1": (
        "llama",
        {"pad_token_id": None, "rope_parameters": LLAMA31_ROPE},
        {"adds_bos": True, "eos": "<|eot_id|>", "pad": None},
    ),
    "llama-3.1-own-pad": ("llama", {"eos_token_id": [2, 7]}, {"adds_bos": True, "eos": "<|eot_id|>"}),
    "qwen2-window-off": (
        "qwen2",
        {"sliding_window": 131_072, "use_sliding_window": False, "max_window_layers": 28},
        {"bos": None},
    ),
    "mistral-window": ("mistral", {"sliding_window": 32}, {"adds_bos": True, "pad": None}),
    "gemma2": ("gemma2", {"attn_logit_softcapping": 50.0}, {"adds_bos": True}),
}


@pytest.mark.parametrize(("kind", "changes", "spoken"), PUBLISHED.values(), ids=PUBLISHED)
def test_shapes_of_published_configurations(tmp_path, kind, changes, spoken) -> None:
    folder = tiny.classifier(
        tmp_path / "model", kind, spoken=tiny.tokenizer(template=tiny.TEMPLATES[kind], **spoken), **changes
    )
    reference = plain_scores(folder, ITEMS)
    for options in ("", "?prefix=off", "?padding=left&prefix=off", "?batch_tokens=100"):
        scores = make_scorer(f"hf:{folder}{options}")(ITEMS)
        assert np.abs(scores.values - reference).max() < 1e-5, options


def test_name_identity_and_pickling(folders) -> None:
    folder = folders("llama")
    scorer = make_scorer(f"hf:{folder}?dtype=bfloat16&bos=one&batch_tokens=100")
    assert isinstance(scorer, RewardModel)
    assert make_scorer(scorer.name) == scorer
    before = scorer(ITEMS).values
    copy = pickle.loads(pickle.dumps(scorer))
    assert copy == scorer
    assert copy(ITEMS).values.tobytes() == before.tobytes()
    prints = {
        signature_of(make_scorer(f"hf:{folder}?{option}")).fingerprint
        for option in ("bos=auto", "bos=none", "dtype=int8", "template=plain", "truncation=right", "head=0",
                       "activation=sigmoid", "system_prompt=x", "max_length=9")
    }  # fmt: skip
    assert len(prints) == 9


def test_other_weights_are_another_scorer(tmp_path) -> None:
    one, two = (tiny.classifier(tmp_path / str(seed) / "model", "llama", seed=seed) for seed in (0, 1))
    assert signature_of(make_scorer(f"hf:{one}")).name == signature_of(make_scorer(f"hf:{two}")).name
    assert signature_of(make_scorer(f"hf:{one}")).fingerprint != signature_of(make_scorer(f"hf:{two}")).fingerprint


def test_errors_say_what_to_do(folders, tmp_path) -> None:
    for spec, error, words in [
        ("hf:", SpecError, "hf needs a model"),
        ("hf:./nowhere", MissingDataError, "no model folder"),
        (f"hf:{folders('llama')}?dtype=int4", SpecError, "float32, bfloat16, float16, int8"),
        (f"hf:{folders('llama')}?bos=two", UnknownNameError, "hf bos"),
        (f"hf:{folders('llama')}?padding=top", UnknownNameError, "hf padding"),
        (f"hf:{tiny.causal(tmp_path / 'lm', 'llama')}", SpecError, "no weights for score.weight"),
    ]:
        with pytest.raises(error, match=words):
            make_scorer(spec)(ITEMS)


def other_architectures():
    sizes = {"vocab_size": 480, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "initializer_range": 0.2}
    usual = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64, **sizes}
    return {
        "gpt2": lambda: transformers.GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=2_048, **sizes),
        "opt": lambda: transformers.OPTConfig(
            hidden_size=32, ffn_dim=64, num_hidden_layers=2, num_attention_heads=4, word_embed_proj_dim=32, **sizes
        ),
        "bloom": lambda: transformers.BloomConfig(hidden_size=32, n_layer=2, n_head=4, **sizes),
        "phi": lambda: transformers.PhiConfig(**usual),
        "gemma3": lambda: transformers.Gemma3TextConfig(num_key_value_heads=2, head_dim=8, sliding_window=16, **usual),
        "electra": lambda: transformers.ElectraConfig(embedding_size=32, **usual),
    }


@pytest.mark.parametrize("kind", other_architectures())
def test_learned_positions_slopes_and_encoders_with_a_chat(tmp_path, kind) -> None:
    """Positions that are learned, that come from the mask, or that are no positions at all; a chat to an encoder."""
    config = other_architectures()[kind]()
    config.num_labels = 1
    spoken = tiny.tokenizer(template=tiny.CHATML)
    folder = tiny.save(tmp_path / kind, "AutoModelForSequenceClassification", config, spoken)
    given_items = [*items(3, n=2), Item(tuple(Response(f"x{i} y") for i in range(10)), "The cat sat. " * 30)]
    reference = plain_scores(folder, given_items)
    for options in ("", "?padding=left&prefix=off", "?batch_tokens=300&prefix=off"):
        scores = make_scorer(f"hf:{folder}{options}")(given_items)
        assert np.abs(scores.values - reference).max() < 1e-5
