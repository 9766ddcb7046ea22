"""A scorer that streams, remembers and pays as a judge does; `main` scores 60 responses, to be killed meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from engine_scorers import responses_only

from rewardmeter.engine import score
from rewardmeter.io.store import Store
from rewardmeter.scoring import Laws, Part, Run, score_stream
from rewardmeter.types import Cost, Item, Scores

PRICE = 0.25
"""Dollars of a call; sums of it are exact."""

DATA = responses_only([f"text {i}" for i in range(60)])


@dataclass(frozen=True)
class Teller:
    """Length, told in reverse order at a price; what it was told it remembers under the text, whatever the scale."""

    scale: float = 1.0
    log: str = field(default=os.devnull, metadata={"moves_score": False})
    seconds: float = field(default=0.0, metadata={"moves_score": False})
    price: float = field(default=PRICE, metadata={"moves_score": False})
    name: ClassVar[str] = "teller"
    reads: ClassVar[frozenset[str]] = frozenset({"response"})
    laws: ClassVar[Laws] = Laws()

    def __call__(self, items: Sequence[Item]) -> Scores:
        return score_stream(self, items)

    def stream(self, items: Sequence[Item], run: Run) -> Iterator[Part]:
        texts = [response.text for item in items for response in item.responses]
        known = run.memory.recall([text.encode() for text in texts])
        here = [i for i, text in enumerate(texts) if text.encode() in known]
        if here:
            yield here, Scores.from_values([int(known[texts[i].encode()]) * self.scale for i in here])
        for i in reversed(range(len(texts))):
            if i in here or not run.budget.reserve(self.price):
                continue
            if "bad" in texts[i]:
                run.budget.settle(self.price, 0.0)
                raise ValueError(f"cannot read {texts[i]}")
            time.sleep(self.seconds)
            with Path(self.log).open("a") as log:
                log.write(texts[i] + "\n")
            run.budget.settle(self.price, self.price)
            run.memory.keep(texts[i].encode(), str(len(texts[i])).encode())
            yield [i], Scores.from_values([len(texts[i]) * self.scale], cost=Cost(dollars=self.price, calls=1))


def main(store_path: str, log: str, seconds: str, scale: str = "1") -> None:
    with Store(store_path) as store:
        score(Teller(float(scale), log, float(seconds)), DATA, store=store)
