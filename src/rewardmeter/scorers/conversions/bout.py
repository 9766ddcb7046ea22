"""One item's tournament: what was asked and answered, what is asked next. May import `strengths`, `types`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from rewardmeter.scorers.conversions.strengths import Posterior, next_pairs, posterior
from rewardmeter.types import Item, Outcome, Unscored

__all__ = ["Bout", "default_comparisons"]

Verdict = float | Unscored


def default_comparisons(n: int) -> int:
    """All pairs of up to 5 responses, n log2 n of more: what sorting takes."""
    every = n * (n - 1) // 2
    return every if n <= 5 else min(every, math.ceil(n * math.log2(n)))


class Bout:
    """The tournament among the n different texts of one item.

    They are numbered in the order of a hash of seed and text, so that nothing depends on the order in which the item
    lists them; equal texts are one response.

    Attributes
    ----------
    of:
        (k,) number of each response's text.
    member:
        (n,) a response with that text.
    """

    def __init__(self, item: Item, *, comparisons: int | None, prior: float, ties: str, seed: int) -> None:
        self.item, self._prior, self._ties = item, prior, ties
        digest = {response.text: _digest(seed, response.text) for response in item.responses}
        number = {text: i for i, text in enumerate(sorted(digest, key=digest.__getitem__))}
        self.of = np.array([number[response.text] for response in item.responses], dtype=np.int64)
        self.n = len(number)
        self.member = np.array([int(np.flatnonzero(self.of == i)[0]) for i in range(self.n)], dtype=np.int64)
        wanted = default_comparisons(self.n) if comparisons is None else max(comparisons, self.n - 1)
        self.budget = min(wanted, self.n * (self.n - 1) // 2)
        self._asked = np.zeros((self.n, self.n), dtype=bool)
        self._pairs: list[tuple[int, int]] = []
        self._verdicts: list[Verdict] = []
        self._lead = np.zeros(self.n, dtype=np.int64)

    @property
    def left(self) -> int:
        """How many comparisons the budget still allows."""
        return self.budget - len(self._pairs)

    def next_round(self) -> list[tuple[int, int]]:
        """The pairs to ask next, in the order of showing.

        At most one half of the responses' number, so that choosing can learn; all at once where the budget is enough
        for all that are left, and there is nothing to choose.
        """
        chosen = self.open_pairs()
        if len(chosen) > self.left:
            some = min(self.left, max(1, self.n // 2))
            chosen = next_pairs(self.posterior(), self._asked, self._groups(), some) if some > 0 else []
        ordered = []
        for i, j in chosen:  # who was shown first less often, second more often, is shown first
            pair = (j, i) if self._lead[j] < self._lead[i] else (i, j)
            self._lead[pair[0]] += 1
            self._lead[pair[1]] -= 1
            ordered.append(pair)
        return ordered

    def record(self, pairs: Sequence[tuple[int, int]], verdicts: Sequence[Verdict]) -> None:
        """Take in a round's verdicts, in the order in which they were asked for."""
        for (i, j), verdict in zip(pairs, verdicts, strict=True):
            self._asked[i, j] = self._asked[j, i] = True
            self._pairs.append((i, j))
            self._verdicts.append(verdict)

    def open_pairs(self) -> list[tuple[int, int]]:
        """All pairs that were never asked."""
        return list(zip(*(axis.tolist() for axis in np.nonzero(np.triu(~self._asked, 1))), strict=True))

    def asked(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """First, second and credit of all comparisons; NaN where no verdict came."""
        pairs = np.array(self._pairs, dtype=np.int64).reshape(-1, 2)
        credit = [math.nan if isinstance(verdict, Unscored) else verdict for verdict in self._verdicts]
        return pairs[:, 0], pairs[:, 1], np.array(credit, dtype=np.float64)

    def reasons(self) -> dict[int, str]:
        """Why no verdict came, by comparison."""
        return {i: verdict.reason for i, verdict in enumerate(self._verdicts) if isinstance(verdict, Unscored)}

    def posterior(self) -> Posterior:
        """The strengths by what is known."""
        first, second, credit = self.asked()
        there = np.isfinite(credit)
        return posterior(first[there], second[there], credit[there], self.n, self._prior, self._ties)

    def without_verdict(self) -> dict[int, Unscored]:
        """The responses of which nothing is known, and why; abstained where nobody failed."""
        known = {one for pair in self._with_verdict() for one in pair}
        why: dict[int, Unscored] = {}
        for pair, verdict in zip(self._pairs, self._verdicts, strict=True):
            if isinstance(verdict, Unscored):
                for one in set(pair) - known:
                    if one not in why or why[one].outcome != Outcome.FAILED:
                        why[one] = verdict
        return {i: Unscored(f"no comparison gave a verdict: {v.reason}", v.outcome) for i, v in why.items()}

    def linked(self) -> bool:
        """Whether a chain of verdicts links any two responses that have one."""
        group = self._groups()
        return len({int(group[i]) for pair in self._with_verdict() for i in pair}) <= 1

    def _with_verdict(self) -> list[tuple[int, int]]:
        pairs = zip(self._pairs, self._verdicts, strict=True)
        return [pair for pair, verdict in pairs if not isinstance(verdict, Unscored)]

    def _groups(self) -> npt.NDArray[np.int64]:
        group = np.arange(self.n)
        for i, j in self._with_verdict():
            group[group == group[j]] = group[i]
        return group


def _digest(seed: int, text: str) -> bytes:
    return blake2b(f"{seed} {text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
