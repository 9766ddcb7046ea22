"""Plays a tournament whose every comparison is written down as paid, and kills itself like kill -9 on the way.

Usage: tournament_kill_target.py STORE LOG COMPARISONS
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from planted_judges import PlantedJudge, item_of

from rewardmeter.io.store import Store
from rewardmeter.scorers.conversions.tournament import Tournament
from rewardmeter.scoring import Compared, PairRequest, Run

ITEMS = [item_of(*(f"{i}{letter}:{j / 2}" for j, letter in enumerate("abcdefg"))) for i in range(4)]


@dataclass(frozen=True)
class PaidJudge(PlantedJudge):
    """Writes down each comparison before it answers."""

    log: str = field(default="", metadata={"moves_score": False})
    dies_after: int = field(default=10**9, metadata={"moves_score": False})

    def compare_pairs(self, requests: Sequence[PairRequest], run: Run, /) -> Iterator[Compared]:
        """As planted, up to the end."""
        for compared in super().compare_pairs(requests, run):
            with Path(self.log).open("a") as log:
                log.write("|".join(sorted(self.calls[-1])) + "\n")
            yield compared
            if len(self.calls) >= self.dies_after:
                os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    judge = PaidJudge(log=sys.argv[2], dies_after=int(sys.argv[3]))
    for positions, scores in Tournament(judge).stream(ITEMS, Run(Store(Path(sys.argv[1])))):
        for position, value in zip(positions, scores.values.tolist(), strict=True):
            print(position, value)
