"""Items and plain reference passes that the tests of reward models share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from rewardmeter.types import Item, Message, Response

SENTENCE = "the cat sat on a mat and why is sky blue because 42 Paris Berlin moon it was not Step"
WORDS = [*SENTENCE.split(), "\n\n"]


def text(rng: np.random.Generator, n: int) -> str:
    """n words."""
    return " ".join(rng.choice(WORDS, n))


def items(seed: int = 0, *, n: int = 4, k: int = 3, prompt: int = 40, response: int = 40) -> list[Item]:
    """n items of k responses; prompts and responses of up to so many words, one of the prompts a chat."""
    rng = np.random.default_rng(seed)

    def one() -> Item:
        answers = tuple(Response(text(rng, int(rng.integers(1, response)))) for _ in range(k))
        return Item(answers, text(rng, int(rng.integers(1, prompt))))

    made = [one() for _ in range(n)]
    turns = (Message("user", "Why?"), Message("assistant", "Because."), Message("user", text(rng, 5)))
    return [*made, Item(made[0].responses, turns)]


def chats(given: Sequence[Item]) -> Iterator[list[dict[str, str]]]:
    """Each response's chat as messages, in order."""
    for item in given:
        turns = (Message("user", item.prompt),) if isinstance(item.prompt, str) else item.prompt or ()
        for response in item.responses:
            yield [
                *({"role": turn.role, "content": turn.content} for turn in turns),
                {"role": "assistant", "content": response.text},
            ]


def plain_scores(folder: Path, given: Sequence[Item], read: Callable[[Any], float] | None = None) -> np.ndarray:
    """The reference: the model in float64, one unpadded chat after the other, through its own forward."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).double().eval()
    model.config.pad_token_id = None  # so that it takes the last token, whatever it is
    found = []
    for chat in chats(given):
        ids = tokenizer.apply_chat_template(chat, tokenize=True, return_dict=True)["input_ids"]
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids])).logits[0]
        found.append(float(logits[0]) if read is None else read(logits))
    return np.array(found)
