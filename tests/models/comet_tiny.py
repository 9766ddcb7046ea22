"""Tiny COMET checkpoints that anybody can write again: weights from names, a tokenizer from constants.

The same file is used by the tests and by `make_comet_golden.py`, which runs under unbabel-comet's old transformers;
what it writes does not depend on the version of either. A weight's numbers follow from its name and the seed.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")
PIECES = (
    "▁", "▁the", "▁cat", "▁sat", "▁on", "▁die", "▁Katze", "▁auf", "▁der", "▁Matte", "ing", "en", "er", "▁un", "th",
    *"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZäöüß0123456789.,;:!?'\"()-",
)  # fmt: skip
VOCABULARY = [*SPECIALS, *PIECES, "<mask>"]
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,;:!?'\"()-"
WORD_PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", *_LETTERS, *(f"##{one}" for one in _LETTERS)]

ENCODERS = {
    "XLM-RoBERTa": ("XLMRobertaConfig", {"type_vocab_size": 1}),
    "XLM-RoBERTa-XL": ("XLMRobertaXLConfig", {"type_vocab_size": 1}),
    "BERT": ("BertConfig", {"type_vocab_size": 2, "pad_token_id": 0}),
    "MiniLM": ("BertConfig", {"type_vocab_size": 2, "pad_token_id": 1}),
}

# Every class and every choice that a hyperparameter makes; `positions` is small where texts shall be cut; with
# the seed of `xcomet-spans` other weights of the three readings would give other spans.
CASES: dict[str, dict[str, Any]] = {
    "regression": {"class_identifier": "regression_metric", "pool": "avg", "layer_transformation": "sparsemax",
                   "layer_norm": False},
    "regression-norm-max": {"class_identifier": "regression_metric", "pool": "max", "layer_transformation": "softmax",
                            "layer_norm": True, "final_activation": "Sigmoid", "activations": "Sigmoid"},
    "regression-minilm": {"class_identifier": "regression_metric", "encoder_model": "MiniLM", "pool": "avg",
                          "layer_transformation": "softmax", "layer_norm": True},
    "regression-bert": {"class_identifier": "regression_metric", "encoder_model": "BERT", "pool": "cls",
                        "layer_norm": False},
    "regression-cut": {"class_identifier": "regression_metric", "pool": "avg", "layer_norm": False, "positions": 24},
    "referenceless": {"class_identifier": "referenceless_regression_metric", "pool": "cls",
                      "layer_transformation": "sparsemax", "layer_norm": False},
    "referenceless-layer": {"class_identifier": "referenceless_regression_metric", "pool": "default", "layer": 1},
    "referenceless-layer-avg": {"class_identifier": "referenceless_regression_metric", "pool": "avg", "layer": 2},
    "kiwi": {"class_identifier": "unified_metric", "input_segments": ["mt", "src"], "layer_norm": False,
             "layer_transformation": "sparsemax"},
    "kiwi-patch": {"class_identifier": "unified_metric", "input_segments": ["mt", "src"], "layer_norm": False,
                   "layer_transformation": "sparsemax_patch"},
    "kiwi-cut": {"class_identifier": "unified_metric", "input_segments": ["mt", "src"], "layer_norm": False,
                 "positions": 48},
    "kiwi-xl": {"class_identifier": "unified_metric", "encoder_model": "XLM-RoBERTa-XL", "layer_norm": False,
                "input_segments": ["mt", "src"], "layer_transformation": "softmax"},
    "unified": {"class_identifier": "unified_metric", "input_segments": ["mt", "src", "ref"], "layer_norm": True},
    "unified-cut": {"class_identifier": "unified_metric", "input_segments": ["mt", "src", "ref"], "layer_norm": True,
                    "positions": 48},
    "unified-bert": {"class_identifier": "unified_metric", "encoder_model": "BERT", "layer_norm": True},
    "unified-bert-cut": {"class_identifier": "unified_metric", "encoder_model": "BERT", "layer_norm": True,
                         "positions": 48},
    "unified-reference": {"class_identifier": "unified_metric", "input_segments": ["mt", "ref"]},
    "unified-word-level": {"class_identifier": "unified_metric", "input_segments": ["mt", "src", "ref"],
                           "word_level_training": True, "word_layer": 2, "error_labels": ["minor", "major"]},
    "xcomet": {"class_identifier": "xcomet_metric", "encoder_model": "XLM-RoBERTa-XL", "layer_norm": False,
               "layer_transformation": "sparsemax", "word_level_training": True, "word_layer": 2},
    "xcomet-spans": {"class_identifier": "xcomet_metric", "encoder_model": "XLM-RoBERTa-XL", "layer_norm": False,
               "layer_transformation": "sparsemax", "word_level_training": True, "word_layer": 2, "seed": 4},
}  # fmt: skip
TRAINING = {"nr_frozen_epochs": 0.3, "dropout": 0.1, "hidden_sizes": [24, 12], "activations": "Tanh"}
WIDTH, LAYERS = 16, 3


def tokenizer_json() -> str:
    """A Unigram tokenizer as XLM-R's: pieces by score, a blank before the text, ``<s> a </s></s> b </s>``."""
    scores = [0.0 if piece in SPECIALS else -8.0 + len(piece) for piece in VOCABULARY]
    added = [
        {"id": i, "content": piece, "single_word": False, "lstrip": piece == "<mask>", "rstrip": False,
         "normalized": False, "special": True}
        for i, piece in enumerate(VOCABULARY)
        if piece.startswith("<")
    ]  # fmt: skip
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    words = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]}
    begin = {"SpecialToken": {"id": "<s>", "type_id": 0}}
    end = {"SpecialToken": {"id": "</s>", "type_id": 0}}
    first, second = ({"Sequence": {"id": name, "type_id": 0}} for name in "AB")
    return json.dumps(
        {
            "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
            "pre_tokenizer": words, "decoder": metaspace,
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [begin, first, end],
                "pair": [begin, first, end, end, second, end],
                "special_tokens": {
                    name: {"id": name, "ids": [VOCABULARY.index(name)], "tokens": [name]} for name in ("<s>", "</s>")
                },
            },
            "model": {
                "type": "Unigram", "unk_id": 3, "byte_fallback": False,
                "vocab": list(zip(VOCABULARY, scores, strict=True)),
            },
        },
        ensure_ascii=False,
    )  # fmt: skip


def bert_tokenizer_json() -> str:
    """A WordPiece tokenizer as BERT's: ``[CLS] a [SEP] b [SEP]`` with token types 0 and 1."""
    single = [("[CLS]", 0), ("A", 0), ("[SEP]", 0)]
    template = [
        {"Sequence" if name in "AB" else "SpecialToken": {"id": name, "type_id": kind}}
        for name, kind in [*single, ("B", 1), ("[SEP]", 1)]
    ]
    added = [
        {"id": i, "content": piece, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
         "special": True}
        for i, piece in enumerate(WORD_PIECES[:5])
    ]  # fmt: skip
    return json.dumps(
        {
            "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
            "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                           "strip_accents": None, "lowercase": True},
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
            "post_processor": {
                "type": "TemplateProcessing", "single": template[:3], "pair": template,
                "special_tokens": {
                    name: {"id": name, "ids": [place], "tokens": [name]} for place, name in ((2, "[CLS]"), (3, "[SEP]"))
                },
            },
            "model": {
                "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100, "vocab": {piece: i for i, piece in enumerate(WORD_PIECES)},
            },
        }
    )  # fmt: skip


def write_encoder(folder: Path, case: str) -> Path:
    """Configuration and tokenizer of a case's encoder, without any weights."""
    folder.mkdir(parents=True, exist_ok=True)
    configuration(case).save_pretrained(folder)
    if CASES[case].get("encoder_model") == "BERT":
        (folder / "tokenizer.json").write_text(bert_tokenizer_json(), encoding="utf-8")
        settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512}
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
        return folder
    (folder / "tokenizer.json").write_text(tokenizer_json(), encoding="utf-8")
    names = {"bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>",
             "unk_token": "<unk>", "mask_token": "<mask>"}  # fmt: skip
    settings = {"tokenizer_class": "XLMRobertaTokenizer", "model_max_length": 512, **names}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "special_tokens_map.json").write_text(json.dumps(names))
    return folder


def configuration(case: str) -> Any:
    """The encoder's configuration: XLM-R's, XLM-R-XL's or Multilingual-MiniLM's shape, shrunk."""
    name, special = ENCODERS[CASES[case].get("encoder_model", "XLM-RoBERTa")]
    spoken = WORD_PIECES if name == "BertConfig" and special["pad_token_id"] == 0 else VOCABULARY
    return getattr(transformers, name)(
        vocab_size=len(spoken), hidden_size=WIDTH, intermediate_size=32, num_hidden_layers=LAYERS,
        num_attention_heads=2, max_position_embeddings=CASES[case].get("positions", 514),
        **{"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, **special},
    )  # fmt: skip


def hyperparameters(case: str, encoder: Path) -> dict[str, Any]:
    """What stands in ``hparams.yaml`` and in the checkpoint."""
    chosen = {key: value for key, value in CASES[case].items() if key not in ("positions", "seed")}
    return {**TRAINING, "pretrained_model": str(encoder), "encoder_model": "XLM-RoBERTa", **chosen}


def weights(case: str, seed: int = 0) -> dict[str, torch.Tensor]:
    """Every weight by name; its numbers follow from the name alone."""
    with torch.device("meta"):
        encoder = transformers.AutoModel.from_config(configuration(case), add_pooling_layer=False)
    shapes = {f"encoder.model.{name}": tuple(value.shape) for name, value in encoder.state_dict().items()}
    chosen = CASES[case]
    inputs = WIDTH * {"regression_metric": 6, "referenceless_regression_metric": 4}.get(chosen["class_identifier"], 1)
    for place, size in ((0, 24), (3, 12), (6, 1)):
        shapes |= {f"estimator.ff.{place}.weight": (size, inputs), f"estimator.ff.{place}.bias": (size,)}
        inputs = size
    if "layer" not in chosen:
        shapes |= {f"layerwise_attention.scalar_parameters.{i}": (1,) for i in range(LAYERS + 1)}
        shapes |= {"layerwise_attention.gamma": (1,)}
    if chosen.get("word_level_training"):
        labels = 1 + len(chosen.get("error_labels", ("minor", "major", "critical")))
        shapes |= {"hidden2tag.weight": (labels, WIDTH), "hidden2tag.bias": (labels,)}
    seed += chosen.get("seed", 0)
    drawn = {name: _numbers(name, shapes[name], seed) for name in sorted(shapes)}
    if chosen["class_identifier"] == "xcomet_metric":  # so that estimates lie on both sides of 1, where they are cut
        drawn["estimator.ff.6.bias"] -= 0.3
        drawn["hidden2tag.bias"] += torch.tensor([0.0, -1.5, 5.0, 3.5])  # so that every severity occurs
    return drawn


def _numbers(name: str, shape: tuple[int, ...], seed: int) -> torch.Tensor:
    drawn = np.random.default_rng([seed, zlib.crc32(name.encode())]).standard_normal(shape) * 0.3
    if name.endswith("gamma") or ("norm" in name.lower() and name.endswith("weight")):
        drawn += 1
    return torch.tensor(drawn, dtype=torch.float32)


def write(folder: Path, case: str, *, seed: int = 0, encoder_named: bool = True) -> Path:
    """A checkpoint as unbabel-comet publishes them, with its encoder's configuration in ``encoder``.

    The bare name of an encoder that is not here stands in the checkpoint if not ``encoder_named``.
    """
    encoder = write_encoder(folder.parent / f"{folder.name}-encoder", case)
    said = hyperparameters(case, encoder if encoder_named else Path("nowhere/encoder"))
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    lines = [f"{key}: {json.dumps(value)}" for key, value in said.items()]
    (folder / "hparams.yaml").write_text("\n".join(lines) + "\n")
    inside = {key: value for key, value in said.items() if key != "class_identifier"}
    torch.save(
        {"state_dict": weights(case, seed), "hyper_parameters": inside, "pytorch-lightning_version": "2.5.0",
         "epoch": 1, "global_step": 10},
        folder / "checkpoints" / "model.ckpt",
    )  # fmt: skip
    return folder
