"""Scorers that check an answer by running a rule on it: verifiable rewards.

Importing this package imports none of them. May import `scoring` of ours.
"""

from __future__ import annotations

from rewardmeter.scoring import Family

__all__ = ["FAMILIES"]

_HERE = "rewardmeter.scorers.programs"


def _program(name: str, factory: str, summary: str, *, takes_target: bool = False, extra: str = "programs") -> Family:
    return Family(
        name,
        f"{_HERE}.{factory}",
        summary,
        reads=("response", "references"),
        extra=extra,
        takes_target=takes_target,
        group="program",
    )


FAMILIES: tuple[Family, ...] = (
    _program("math", "mathematics:Math", "final answer mathematically equal to a reference, by Math-Verify"),
    _program(
        "json-schema",
        "json_schema:json_schema",
        "JSON that is valid against a schema: a file's (json-schema:FILE) or the reference",
        takes_target=True,
    ),
    _program("ifeval", "ifeval:IfEval", "IFEval's verifiable instructions, followed or not", extra=""),
    _program("quantity", "quantity:Quantity", "the reference's quantity, whatever its unit, by pint"),
)
