"""Mathematical equivalence of answers, by Math-Verify. May import `pointwise` and the modules beside it.

Source: Hynek Kydlíček, *Math-Verify: Math Verification Library*, 2025 (https://github.com/huggingface/math-verify).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rewardmeter.errors import SpecError
from rewardmeter.scorers.pointwise import Pointwise, Unscored
from rewardmeter.scorers.programs.processes import Helper, LostError
from rewardmeter.scorers.programs.results import Checked, Remarked, check_each, one_of, require, wrong_or_abstained
from rewardmeter.scoring import Laws
from rewardmeter.types import Item, Scores

__all__ = ["Math"]

NO_ANSWER = "no mathematical expression found in the response"


@dataclass(frozen=True)
class Math(Pointwise):
    r"""1 if the response's final answer is mathematically equal to a reference, else 0.

    Both sides are read by Math-Verify: LaTeX between its marks (``$...$``, ``\[...\]``, ``\boxed{...}``) or plain
    expressions in running text, the place after "final answer is" first, then a box, then the last expression. A text
    that is one bare expression without marks (``2\sqrt{3}``, ``[0, 1)``) is read as LaTeX. Fractions, decimals,
    percentages, sets, intervals, equations, inequalities and matrices are compared by value. The order matters little:
    reference first.

    The work is done in a helper process, so that it can be stopped in any thread or worker.

    Parameters
    ----------
    answer:
        Where the response's answer stands: ``last`` for the rule above, ``boxed`` for the last ``\boxed{...}`` only.
    no_answer:
        What a response without an answer is: ``wrong`` (0, with a remark that can be counted) or ``abstain``.
    decimals:
        Decimal places to which floating point numbers are compared.
    timeout:
        Seconds of processor time for one response; one that takes longer has failed.
    """

    family: ClassVar[str] = "math"
    reads: ClassVar[frozenset[str]] = frozenset({"response", "references"})
    laws: ClassVar[Laws] = Laws(cpu_bound=True)

    answer: str = "last"
    no_answer: str = "wrong"
    decimals: int = 6
    timeout: float = 5.0

    def __post_init__(self) -> None:
        one_of("place of the answer", self.answer, ("last", "boxed"))
        one_of("meaning of no answer", self.no_answer, ("wrong", "abstain"))
        if not 0 <= self.decimals <= 100:
            raise SpecError(f"math: decimals={self.decimals} must be between 0 and 100")
        if not 0 < self.timeout <= 86_400:
            raise SpecError(f"math: timeout={self.timeout} must be more than 0 seconds and at most a day")

    def __call__(self, items: Sequence[Item], /) -> Scores:
        require("math_verify", "the scorer 'math'")
        return check_each(items, self._check)

    def _check(self, text: str, references: tuple[str, ...]) -> Checked:
        job = {"references": references, "response": text, "answer": self.answer, "decimals": self.decimals}
        try:
            said = _helper().ask(job, self.timeout)
        except LostError as lost:
            return Unscored(str(lost))
        match said["verdict"]:
            case "equal":
                return 1.0
            case "different":
                return Remarked(0.0, "the comparison broke off: counted as wrong") if said["error"] else 0.0
            case "no answer":
                return wrong_or_abstained(self.no_answer, NO_ANSWER)
            case "no reference":
                return Unscored("the references hold no mathematical expression")
            case other:
                return Unscored(str(other))


@functools.cache
def _helper() -> Helper:
    return Helper(Path(__file__).with_name("math_process.py"))
