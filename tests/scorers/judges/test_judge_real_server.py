"""Judges against a real OpenAI-compatible server: ``transformers serve`` with a tiny model that is made here.

The model is a two-layer Llama that a few steps of training have taught to answer every chat with ``4``, so that there
is a verdict to be read. The server ignores ``logprobs`` and breaks the connection when it is sent a JSON schema; a
judge has to find out both.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from rewardmeter.dataset import Dataset
from rewardmeter.engine import score
from rewardmeter.io.store import Store
from rewardmeter.scoring import make_scorer
from rewardmeter.types import Item, Outcome, Response

pytestmark = pytest.mark.slow
for needed in ("torch", "transformers", "fastapi", "uvicorn"):
    pytest.importorskip(needed)

TEMPLATE = "{% for message in messages %}<{{ message.role }}>{{ message.content }}<end>{% endfor %}<answer>"


def make_model(folder: Path) -> None:
    """A model and a tokenizer, saved as any other."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    special = ["<pad>", "<end>", "<answer>", "<system>", "<user>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    corpus = ["judge the response from 1 to 5", "answer with the number alone", "a request and a response to it"]
    raw.train_from_iterator(
        corpus, trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet)
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="<pad>", eos_token="<end>")
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=4096,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    model = LlamaForCausalLM(config)
    teach(model, tokenizer)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def teach(model, tokenizer) -> None:
    """After ``<answer>`` comes 4, then the end."""
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for step in range(60):
        words = torch.randint(5, len(tokenizer), (8, 4 + step % 8))
        tail = tokenizer("<answer>4<end>", add_special_tokens=False, return_tensors="pt")["input_ids"]
        ids = torch.cat([words, tail.expand(8, -1)], dim=1)
        labels = ids.clone()
        labels[:, : words.shape[1] + 1] = -100
        optimizer.zero_grad()
        loss = model(input_ids=ids, labels=labels).loss
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.1


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    make_model(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(folder)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    log = (tmp_path_factory.mktemp("log") / "server.log").open("wb+")
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_until_there(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}/v1", folder
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def wait_until_there(url, process, log):
    deadline = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            log.seek(0)
            assert process.poll() is None, log.read().decode()
            assert time.monotonic() < deadline, log.read().decode()
            time.sleep(0.3)


ITEMS = [Item((Response(f"answer {i}"), Response(f"reply {i}")), prompt=f"question {i}") for i in range(4)]


def test_a_verdict_is_read_and_missing_logprobs_are_noticed(server):
    url, model = server
    scores = make_scorer(f"judge:{model}?base_url={url}&max_tokens=4")(ITEMS)
    assert scores.values.tolist() == [4.0] * 8
    assert set(scores.reasons.values()) == {"no usable logprobs: the verdict as written"}
    assert scores.cost.calls == 8
    assert scores.cost.input_tokens > 100
    assert 8 <= scores.cost.output_tokens <= 32


def test_a_schema_that_the_server_cannot_take_is_left_out(server):
    url, model = server
    scores = make_scorer(f"judge:{model}?mode=listwise&base_url={url}&max_tokens=4&retries=1")(ITEMS)
    assert scores.outcomes.tolist() == [Outcome.ABSTAINED] * 8, "4 is no ranking of two"
    assert set(scores.reasons.values()) <= {
        "the judge gave no readable verdict",
        "the judge's answer was cut off at max_tokens",
    }


def test_the_engine_pays_once(server, tmp_path):
    url, model = server
    n = 6
    one = np.zeros(n, dtype=np.int32)
    texts, systems = [f"r {i}" for i in range(n)], tuple("abcdef")
    data = Dataset("made", ["i"], one, texts, np.arange(n, dtype=np.int32), systems, ["?"], [()])
    with Store(tmp_path / "s.sqlite") as store:
        spec = f"judge:{model}?base_url={url}&max_tokens=4&samples=2&logprobs=no&input_price=1&output_price=1"
        first = score(make_scorer(spec), data, store=store)
        again = score(make_scorer(spec), data, store=store)
    assert first.values.tolist() == again.values.tolist()
    assert (first.cost.calls, again.cost.calls) == (12, 0)
    assert first.cost.dollars == pytest.approx((first.cost.input_tokens + first.cost.output_tokens) / 1e6)
