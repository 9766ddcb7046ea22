"""Tokenizers as InfoXLM and mT5 publish them, a SentencePiece file and little else, are read with the right ids.

Expected ids are SentencePiece's own: for mT5 as they are, for XLM-R moved by one behind fairseq's special tokens.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
sentencepiece = pytest.importorskip("sentencepiece")

import comet_tiny  # noqa: E402
import tiny  # noqa: E402

from rewardmeter.scorers.models.comet import Comet  # noqa: E402
from rewardmeter.scorers.models.loading import load_tokenizer  # noqa: E402
from rewardmeter.scorers.models.metricx import MetricX  # noqa: E402
from rewardmeter.scorers.models.seq2seq_nli import Seq2SeqNLI  # noqa: E402
from rewardmeter.types import Item, Response  # noqa: E402

TEXTS = ("The cat sat on the mat", "ﬁne  ① Straße…", " x ", "", "candidate: a reference: b", "1", "漢字")


def train(file: Path, **settings: Any) -> Any:
    """A small SentencePiece model with the normalisation of XLM-R and mT5 (nmt_nfkc)."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*tiny.CORPUS] * 20), model_writer=written, vocab_size=80, model_type="unigram",
        hard_vocab_limit=False, minloglevel=2, **settings,
    )  # fmt: skip
    file.write_bytes(written.getvalue())
    return sentencepiece.SentencePieceProcessor(model_file=str(file))


def test_infoxlm_folder(tmp_path: Path) -> None:
    folder = comet_tiny.write(tmp_path / "model", "kiwi")
    encoder = tmp_path / "model-encoder"
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        (encoder / name).unlink()
    pieces = train(encoder / "sentencepiece.bpe.model")  # <unk> 0, <s> 1, </s> 2, as fairseq's
    assert len(pieces) + 2 <= len(comet_tiny.VOCABULARY)
    scorer = Comet(str(folder), device="cpu")
    loaded = scorer.loaded()
    assert loaded.tokenizer.pad_token_id == 1
    for text in TEXTS:
        expected = [0, *(one + 1 if one else 3 for one in pieces.encode(text)), 2]
        assert loaded.tokens(text) == (tuple(expected), False)
    assert scorer([Item((Response("The cat"),), prompt="the mat")]).coverage == 1


def test_mt5_folder(tmp_path: Path) -> None:
    """As in google/mt5-xl: spiece.model, a configuration, no tokenizer.json and no extra ids."""
    folder = tiny.seq2seq(tmp_path / "metricx-24-tiny", "mt5", vocab_size=250_112, d_model=8, eos_token_id=1)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    pieces = train(folder / "spiece.model", pad_id=0, eos_id=1, unk_id=2, bos_id=-1, user_defined_symbols=["▁1", "▁0"])
    names = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    (folder / "special_tokens_map.json").write_text(json.dumps(names))
    (folder / "tokenizer_config.json").write_text(json.dumps({**names, "extra_ids": 0, "sp_model_kwargs": {}}))
    spoken = load_tokenizer(str(folder))
    for text in TEXTS:
        assert spoken(text)["input_ids"] == [*pieces.encode(text), 1]
    item = Item((Response("the cat"),), prompt="a mat", references=("x",))
    metric = MetricX(str(folder), device="cpu")
    one = metric.encode(metric.loaded(), item, item.responses[0])
    assert list(one.ids) == pieces.encode("source: a mat candidate: the cat reference: x")
    entailment = Seq2SeqNLI(str(folder), device="cpu")
    assert entailment.loaded().tokens == (pieces.piece_to_id("▁1"), pieces.piece_to_id("▁0"))
    assert entailment([item]).coverage == metric([item]).coverage == 1
