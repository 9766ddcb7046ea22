"""A pairwise scorer as a pointwise one: an adaptive tournament among the responses of each item. May import the modules
beside it, `scoring`, `types`, `errors`."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers.conversions.asking import Asking, pair_item
from rewardmeter.scorers.conversions.bout import Bout
from rewardmeter.scorers.conversions.converted import Converted, inner_scorer
from rewardmeter.scoring import Forecasting, Laws, PairRequest, PairwiseJudge, Part, Run, score_stream
from rewardmeter.types import Comparisons, Cost, Item, Outcome, Scores, Unscored

__all__ = ["Tournament", "tournament"]

_AT_ONCE = 1_024  # items whose tournaments run side by side
RESULTS = ("strength", "win-rate")
TIES = ("half", "davidson")
_ALONE = Unscored("no other response to compare with", Outcome.ABSTAINED)


@dataclass(frozen=True)
class Tournament(Converted):
    """Strengths of an item's responses from a pairwise scorer's verdicts on some or all of their pairs.

    Comparisons are asked for in rounds over all items at once. Each round takes the pairs that promise most information
    under the strengths known so far; the first ones link all responses. No pair is asked twice, equal texts are one
    response, and neither choice nor result depends on the order of the responses. A comparison that failed or abstained
    counts towards the budget and says nothing; a response without any verdict has failed or abstained.

    The comparisons, the strengths and their errors are in `Scores.comparisons`.

    Parameters
    ----------
    scorer:
        A `PairwiseJudge`, or any scorer, which is then given items of two responses: (p, 1 - p) from a scorer that is
        not pointwise is a chance, otherwise the greater number wins and equal ones tie.
    comparisons:
        Budget for each item of n different responses: at least n - 1 (fewer cannot link them) and at most all pairs;
        None for all pairs of up to 5 responses and n log2 n of more.
    result:
        ``strength``: log-odds with mean 0 in the item, the mode under a normal prior. ``win-rate``: by these strengths,
        the mean chance to beat another response, ties as half, in [0, 1].
    ties:
        ``half`` a win for each side, in the model of Bradley and Terry (1952), or ``davidson``, who gives ties a
        parameter (1970); it knows win, tie and loss, so that chances are rounded.
    prior:
        Standard deviation of the strengths before any verdict, in log-odds. It keeps the undefeated finite.
    soft:
        Whether a chance counts as it is; else it is rounded to a win, a tie or a loss.
    seed:
        Of the order in which equally informative pairs are taken.
    """

    family: ClassVar[str] = "tournament"
    revision: ClassVar[str] = "2"  # 1 rounded the chances of negated scorers

    comparisons: int | None = None
    result: str = "strength"
    ties: str = "half"
    prior: float = 2.0
    soft: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.comparisons is not None and self.comparisons < 1:
            raise SpecError(f"tournament: comparisons={self.comparisons} must be at least 1")
        if self.result not in RESULTS:
            raise UnknownNameError("result of a tournament", self.result, RESULTS)
        if self.ties not in TIES:
            raise UnknownNameError("treatment of ties", self.ties, TIES)
        if not 0 < self.prior < math.inf:
            raise SpecError(f"tournament: prior={self.prior} must be a positive number")

    @property
    def laws(self) -> Laws:
        return dataclasses.replace(self.scorer.laws, pointwise=False, order_invariant=True)

    def __call__(self, items: Sequence[Item], /) -> Scores:
        return score_stream(self, items)

    def stream(self, items: Sequence[Item], run: Run, /) -> Iterator[Part]:
        """Yield the scores of the items whose tournaments have ended, after every round.

        An item of which a comparison went unanswered (the budget is spent) is left out.
        """
        start = np.concatenate([[0], np.cumsum([len(item.responses) for item in items], dtype=np.int64)])
        asking = self._asking(run)
        for first in range(0, len(items), _AT_ONCE):
            bouts = {first + i: self._bout(item) for i, item in enumerate(items[first : first + _AT_ONCE])}
            while bouts:
                finished = self._play_round(bouts, asking)
                if finished:
                    positions = [p for i in finished for p in range(int(start[i]), int(start[i + 1]))]
                    scores = Scores.concatenate([self._scores(bout) for bout in finished.values()])
                    yield positions, dataclasses.replace(scores, cost=asking.cost())
        spent = asking.cost()
        if spent != Cost():
            yield [], dataclasses.replace(Scores.from_values([]), cost=spent)

    def forecast(self, items: Sequence[Item], run: Run, /) -> Cost:
        """What the comparisons left to make would cost at most: the longest ones that the budget allows."""
        if not isinstance(self.scorer, (PairwiseJudge, Forecasting)):
            return Cost()
        asking = self._asking(run)
        dearest = [request for item in items for request in self._left_to_ask(self._bout(item), asking)]
        if isinstance(self.scorer, PairwiseJudge):
            return self.scorer.forecast_pairs(dearest, run)
        return self.scorer.forecast([pair_item(request) for request in dearest], run)

    def _asking(self, run: Run) -> Asking:
        return Asking(self.scorer, run, soft=self.soft and self.ties != "davidson")

    def _bout(self, item: Item) -> Bout:
        return Bout(item, comparisons=self.comparisons, prior=self.prior, ties=self.ties, seed=self.seed)

    def _play_round(self, bouts: dict[int, Bout], asking: Asking) -> dict[int, Bout]:
        """One round of all tournaments; those that have ended, taken out of ``bouts`` with those left unanswered."""
        rounds = {i: bout.next_round() for i, bout in bouts.items()}
        requests = [_request(bouts[i], pair) for i, pairs in rounds.items() for pair in pairs]
        answered = asking.verdicts(requests) if requests else {}
        finished: dict[int, Bout] = {}
        at = 0
        for i, pairs in rounds.items():
            verdicts = [answered[k] for k in range(at, at + len(pairs)) if k in answered]
            at += len(pairs)
            if not pairs:
                finished[i] = bouts.pop(i)
            elif len(verdicts) < len(pairs):
                del bouts[i]
            else:
                bouts[i].record(pairs, verdicts)
                if bouts[i].left <= 0:
                    finished[i] = bouts.pop(i)
        return finished

    def _left_to_ask(self, bout: Bout, asking: Asking) -> list[PairRequest]:
        """The most that is left to ask, the longest first, after the rounds of which memory knows every verdict."""
        while pairs := bout.next_round():
            requests = [_request(bout, pair) for pair in pairs]
            known = asking.known(requests)
            if len(known) < len(pairs):
                there = {frozenset(pairs[i]) for i in known}
                rest = [_request(bout, pair) for pair in bout.open_pairs() if frozenset(pair) not in there]
                rest.sort(key=lambda request: -sum(len(one.text) for one in pair_item(request).responses))
                return rest[: bout.left - len(known)]
            bout.record(pairs, [known[i] for i in range(len(pairs))])
        return []

    def _scores(self, bout: Bout) -> Scores:
        """(k,) scores of an item whose tournament has ended."""
        first, second, credit = bout.asked()
        fitted, unscored = bout.posterior(), bout.without_verdict()
        values, errors = fitted.strengths.copy(), fitted.errors
        strengths = fitted.strengths.copy()
        outcomes = np.full(bout.n, Outcome.TIE if np.all(credit == 0.5) else Outcome.SCORED, dtype=np.uint8)
        reasons = {} if bout.linked() else dict.fromkeys(range(bout.n), "no chain of verdicts links it to all others")
        if self.result == "win-rate":
            there = [i for i in range(bout.n) if i not in unscored]
            chances = fitted.expected_credit()[:, there]
            values = (chances.sum(axis=1) - 0.5) / (len(there) - 1) if len(there) > 1 else np.full(bout.n, 0.5)
        if len(bout.of) == 1:
            unscored = {0: _ALONE}
        for i, why in unscored.items():
            values[i] = strengths[i] = errors[i] = np.nan
            outcomes[i], reasons[i] = why.outcome, why.reason
        seen = Comparisons(
            bout.member[first], bout.member[second], credit, strengths[bout.of], errors[bout.of], bout.reasons()
        )
        spread = {k: reasons[i] for k, i in enumerate(bout.of.tolist()) if i in reasons}
        return Scores(values[bout.of], outcomes[bout.of], spread, comparisons=seen)


def _request(bout: Bout, pair: tuple[int, int]) -> PairRequest:
    return PairRequest(bout.item, int(bout.member[pair[0]]), int(bout.member[pair[1]]))


def tournament(
    target: str | None = None,
    comparisons: int | None = None,
    result: str = "strength",
    ties: str = "half",
    prior: float = 2.0,
    soft: bool = True,
    seed: int = 0,
) -> Tournament:
    """The scorer from a spec, ``tournament:SPEC``.

    Raises
    ------
    SpecError
        If there is no target.
    """
    inner = inner_scorer("tournament", target, "length")
    return Tournament(inner, comparisons, result, ties, prior, soft, seed)
