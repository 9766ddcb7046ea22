"""Verifiable instructions of IFEval, followed or not. May import `pointwise`, `errors` and the modules beside it.

Source: Zhou et al. 2023, *Instruction-Following Evaluation for Large Language Models* (arXiv 2311.07911).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rewardmeter.scorers.pointwise import Pointwise, Unscored
from rewardmeter.scorers.programs.ifeval_checks import INSTRUCTIONS, argument_problem
from rewardmeter.scorers.programs.results import Checked, check_each, one_of
from rewardmeter.scoring import Laws
from rewardmeter.types import Item, Outcome, Scores

__all__ = ["IfEval"]

UNDECIDED = Unscored("an instruction cannot be decided: mostly, the language cannot be told", Outcome.ABSTAINED)


@dataclass(frozen=True)
class IfEval(Pointwise):
    """1 if the response follows all the verifiable instructions of its item, else 0.

    The instructions stand in the item's reference, as JSON in the published data format: ``{"instruction_id_list":
    [...], "kwargs": [{...}, ...]}``, with the 25 published kinds. A response abstains where its verdict hangs on a
    language that script and small words do not settle.

    Parameters
    ----------
    mode:
        ``strict`` checks the response as it is; ``loose`` is content if it follows an instruction once its asterisks,
        its first or its last line are dropped, in any of the eight combinations.
    aggregate:
        ``all``: 1 or 0 for all instructions together; ``share``: the share of instructions followed, in [0, 1].
    """

    family: ClassVar[str] = "ifeval"
    reads: ClassVar[frozenset[str]] = frozenset({"response", "references"})
    laws: ClassVar[Laws] = Laws(cpu_bound=True)

    mode: str = "strict"
    aggregate: str = "all"

    def __post_init__(self) -> None:
        one_of("mode of ifeval", self.mode, ("strict", "loose"))
        one_of("aggregate of ifeval", self.aggregate, ("all", "share"))

    def __call__(self, items: Sequence[Item], /) -> Scores:
        return check_each(items, self._check)

    def _check(self, text: str, references: tuple[str, ...]) -> Checked:
        if len(references) > 1:
            return Unscored("more than one reference: instructions stand in one")
        instructions = _instructions(references[0])
        if isinstance(instructions, str):
            return Unscored(instructions)
        forms = [text] if self.mode == "strict" else loose_forms(text)
        verdicts = [followed(name, arguments, forms) for name, arguments in instructions]
        if self.aggregate == "all" and False in verdicts:
            return 0.0
        if None in verdicts:
            return UNDECIDED
        return sum(map(bool, verdicts)) / len(verdicts)


def loose_forms(text: str) -> list[str]:
    """The eight forms of a response that the loose criterion accepts, the response itself first."""
    lines = text.split("\n")
    cut = [text, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    return list(dict.fromkeys([*cut, *(form.replace("*", "") for form in cut)]))


def followed(name: str, arguments: tuple[Any, ...], forms: Sequence[str]) -> bool | None:
    """Whether any form of a response follows an instruction; a blank one never does; None where it cannot be told."""
    undecided = False
    for form in forms:
        verdict = INSTRUCTIONS[name].check(form, *arguments) if form.strip() else False
        if verdict:
            return True
        undecided = undecided or verdict is None
    return None if undecided else False


@functools.lru_cache(maxsize=1024)
def _instructions(reference: str) -> tuple[tuple[str, tuple[Any, ...]], ...] | str:
    """The instructions of a reference with their arguments in order, or what is wrong with it."""
    try:
        stated = json.loads(reference)
    except (ValueError, RecursionError):
        return "the reference is no JSON of instructions"
    names = stated.get("instruction_id_list") if isinstance(stated, dict) else None
    given = stated.get("kwargs") if isinstance(stated, dict) else None
    if not isinstance(names, list) or not isinstance(given, list) or len(names) != len(given) or not names:
        return "the reference needs 'instruction_id_list' and 'kwargs', two lists of one length"
    read: list[tuple[str, tuple[Any, ...]]] = []
    for name, values in zip(names, given, strict=True):
        if not isinstance(name, str) or name not in INSTRUCTIONS:
            return f"no instruction named '{name}'"
        values = values or {}
        if not isinstance(values, dict):
            return f"{name}: its arguments are no object"
        for argument in INSTRUCTIONS[name].arguments:
            if (problem := argument_problem(argument, values.get(argument.name))) is not None:
                return f"{name}: {argument.name} {problem}"
        read.append((name, tuple(_plain(values[argument.name]) for argument in INSTRUCTIONS[name].arguments)))
    return tuple(read)


def _plain(value: Any) -> Any:
    """Counts as whole numbers: data that went through a table has them as floats."""
    return int(value) if isinstance(value, float) else value
