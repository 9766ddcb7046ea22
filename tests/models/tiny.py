"""Tiny models of true architectures with random weights, saved to a folder and read back by the real path.

Everything follows from the seed: the same call saves the same weights and the same tokenizer. Nothing here is a fake of
a model class: shapes are shrunk, the classes are those of the published checkpoints.

    folder = tiny.classifier(tmp_path / "model", "llama")            # decoder with a score head and a chat template
    folder = tiny.causal(tmp_path / "model", "qwen3")                # language model
    folder = tiny.encoder(tmp_path / "model", "deberta-v2", labels=3)
    folder = tiny.seq2seq(tmp_path / "model", "t5")
    folder = tiny.embedder(tmp_path / "model", "bert")               # without a head
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

CORPUS = (
    "The cat sat on the mat and looked at the moon. Why is the sky blue? Because air scatters short waves of light more"
    " than long ones. Write a poem about the sea. Paris is the capital of France; Berlin is the capital of Germany.",
    "First add 3 and 4 to get 7. Then multiply by 6, which makes 42. The answer is 42. Step 1: let x = 5. Step 2: so"
    " 2x = 10. Hence \\boxed{10}. user assistant system premise hypothesis source reference translation score",
    "Der schnelle braune Fuchs springt über den faulen Hund. Das Wetter ist heute schön. Ich verstehe die Frage nicht.",
)

LLAMA3 = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
"""Turns as Llama 3 writes them: the template writes the BOS itself."""

CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""Turns as Qwen writes them: no BOS anywhere."""

GEMMA = (
    "{{ bos_token }}"
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
"""Turns as Gemma writes them: BOS in the template, no system turn."""

TEMPLATES = {"llama": LLAMA3, "qwen3": CHATML, "qwen2": CHATML, "mistral": LLAMA3, "gemma2": GEMMA, "gemma": GEMMA}

SPECIALS = (
    "<pad>", "<s>", "</s>", "<unk>", "<mask>",
    "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|im_start|>", "<|im_end|>",
    "<start_of_turn>", "<end_of_turn>", "<extra_0>",
)  # fmt: skip


@functools.cache
def _trained() -> str:
    raw = Tokenizer(models.BPE(unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=480,
        special_tokens=list(SPECIALS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(CORPUS, trainer)
    return str(raw.to_str())


def tokenizer(
    *,
    adds_bos: bool = False,
    adds_eos: bool = False,
    pairs: bool = False,
    pad: str | None = "<pad>",
    bos: str | None = "<s>",
    eos: str | None = "</s>",
    template: str | None = None,
    padding_side: str = "right",
    model_max_length: int = 4_096,
    **more: Any,
) -> Any:
    """A byte-level BPE tokenizer, trained in memory on a few sentences.

    Parameters
    ----------
    adds_bos, adds_eos:
        Whether it puts BOS before and EOS after what it encodes, unasked.
    pairs:
        Encode pairs as BERT-like models do: ``<s> first </s> second </s>``, with token types 0 and 1.
    pad, bos, eos:
        Those tokens; None leaves one out.
    template:
        Jinja chat template.
    """
    raw = Tokenizer.from_str(_trained())
    if pairs:
        raw.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>",
            pair="<s> $A </s> $B:1 </s>:1",
            special_tokens=[(name, raw.token_to_id(name)) for name in ("<s>", "</s>")],
        )
    elif adds_bos or adds_eos:
        before, after = "<s> " if adds_bos else "", " </s>" if adds_eos else ""
        raw.post_processor = processors.TemplateProcessing(
            single=f"{before}$A{after}",
            pair=f"{before}$A{after} {before}$B:1{after}",
            special_tokens=[(name, raw.token_to_id(name)) for name in ("<s>", "</s>")],
        )
    if pairs:
        more = {"cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>", **more}
    made = transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw,
        bos_token=bos,
        eos_token=eos,
        unk_token="<unk>",
        pad_token=pad,
        padding_side=padding_side,
        model_max_length=model_max_length,
        **more,
    )
    made.chat_template = template
    return made


def pair_tokenizer(kind: str = "bert") -> Any:
    """The tokenizer of an encoder; BERT's and DeBERTa's give token types as well."""
    names = ["input_ids", "token_type_ids", "attention_mask"] if kind == "bert" or "deberta" in kind else None
    return tokenizer(pairs=True, model_max_length=512, **({"model_input_names": names} if names else {}))


DECODERS = {
    "llama": ("LlamaConfig", {}),
    "mistral": ("MistralConfig", {"sliding_window": None}),
    "qwen2": ("Qwen2Config", {}),
    "qwen3": ("Qwen3Config", {"head_dim": 8}),
    "gemma": ("GemmaConfig", {"head_dim": 8}),
    "gemma2": ("Gemma2Config", {"head_dim": 8, "query_pre_attn_scalar": 8, "sliding_window": 16}),
}
"""Config class and what differs in it, by the name of the architecture."""

ENCODERS = {
    "bert": ("BertConfig", {}),
    "roberta": ("RobertaConfig", {"type_vocab_size": 1}),
    "xlm-roberta": ("XLMRobertaConfig", {"type_vocab_size": 1}),
    "deberta-v2": (
        "DebertaV2Config",
        {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_biased_input": False,
         "share_att_key": True, "norm_rel_ebd": "layer_norm", "position_buckets": 32, "type_vocab_size": 0},
    ),
}  # fmt: skip


def config(kind: str, **changes: Any) -> Any:
    """A configuration of the named architecture, shrunk to 2 layers and 32 hidden units."""
    if kind in DECODERS:
        name, special = DECODERS[kind]
        base = {"num_key_value_heads": 2, "max_position_embeddings": 4_096}
    else:
        name, special = ENCODERS[kind]
        base = {"max_position_embeddings": 514, "type_vocab_size": 2}
    return getattr(transformers, name)(
        **{
            "vocab_size": 480,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "initializer_range": 0.2,  # the usual 0.02 makes all texts score nearly alike
            "pad_token_id": 0,
            "bos_token_id": 1,
            "eos_token_id": 2,
            **base,
            **special,
            **changes,
        }
    )


def save(
    folder: Path, auto_class: str, configuration: Any, spoken: Any, *, seed: int = 0, dtype: str = "float32"
) -> Path:
    """Random weights of a configuration, with the tokenizer ``spoken``, in a folder."""
    torch.manual_seed(seed)
    model = getattr(transformers, auto_class).from_config(configuration).to(getattr(torch, dtype)).eval()
    model.save_pretrained(folder)
    if spoken is not None:
        spoken.save_pretrained(folder)
    return Path(folder)


def classifier(
    folder: Path,
    kind: str = "llama",
    *,
    labels: int = 1,
    seed: int = 0,
    dtype: str = "float32",
    spoken: Any = None,
    auto_class: str = "AutoModelForSequenceClassification",
    **changes: Any,
) -> Path:
    """A decoder with a score head: a reward model; ``spoken`` replaces its tokenizer."""
    spoken = spoken or tokenizer(template=TEMPLATES[kind])
    return save(folder, auto_class, config(kind, num_labels=labels, **changes), spoken, seed=seed, dtype=dtype)


def causal(folder: Path, kind: str = "llama", *, seed: int = 0, spoken: Any = None, **changes: Any) -> Path:
    """A language model with a chat template."""
    spoken = spoken or tokenizer(template=TEMPLATES[kind])
    return save(folder, "AutoModelForCausalLM", config(kind, **changes), spoken, seed=seed)


def encoder(
    folder: Path, kind: str = "bert", *, labels: int = 1, seed: int = 0, spoken: Any = None, **changes: Any
) -> Path:
    """An encoder with a classification head, its tokenizer made for pairs of texts."""
    made = config(kind, num_labels=labels, **changes)
    return save(folder, "AutoModelForSequenceClassification", made, spoken or pair_tokenizer(kind), seed=seed)


def embedder(folder: Path, kind: str = "bert", *, seed: int = 0, spoken: Any = None, **changes: Any) -> Path:
    """An encoder without a head."""
    return save(folder, "AutoModel", config(kind, **changes), spoken or pair_tokenizer(kind), seed=seed)


def seq2seq(folder: Path, kind: str = "t5", *, seed: int = 0, spoken: Any = None, **changes: Any) -> Path:
    """An encoder-decoder language model: ``t5``, ``mt5`` or ``bart``."""
    shared = {"vocab_size": 480, "pad_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 0}
    if kind == "bart":
        made = transformers.BartConfig(
            **{**shared, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
               "decoder_attention_heads": 4, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "bos_token_id": 1,
               "max_position_embeddings": 1_024, "init_std": 0.2, "forced_eos_token_id": 2, **changes}
        )  # fmt: skip
    else:
        name = {"t5": "T5Config", "mt5": "MT5Config"}[kind]
        made = getattr(transformers, name)(
            **{**shared, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4,
               "feed_forward_proj": "gated-gelu", "initializer_factor": 2.0, **changes}
        )  # fmt: skip
    spoken = spoken or tokenizer(adds_eos=True, pad="<pad>", bos=None, model_max_length=512)
    return save(folder, "AutoModelForSeq2SeqLM", made, spoken, seed=seed)
