"""The mapping that would make a table readable, proposed from its column names. May import `io.formats.columns`.

Proposals go into error messages only: a column that is not named like its role is never used unasked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rewardmeter.io.formats.columns import ColumnMapping, Vocabulary

__all__ = ["suggestion"]

_USUAL_NAMES: Mapping[str, str] = {
    "rating": "rating score human humanscore humanrating label annotation overall quality gold raw z stars likert",
    "response": "response output completion answer generation text hypothesis hyp mt translation summary candidate"
    " systemoutput modeloutput prediction reply",
    "prompt": "prompt question instruction input source src context query document article",
    "reference": "reference ref target goldanswer referenceanswer groundtruth",
    "system": "system model modelname systemid systemname generator sys modelid summarizerid",
    "item": "item id hash docid instanceid segmentid segid questionid exampleid itemid index",
    "rater": "rater annotator annotatorid worker workerid judge raterid user",
    "chosen": "chosen preferred better good win positive responsechosen",
    "rejected": "rejected dispreferred worse bad lose negative responserejected",
    "response_a": "responsea answera output1 response1 outputa completiona answer1 assistanta conversationa",
    "response_b": "responseb answerb output2 response2 outputb completionb answer2 assistantb conversationb",
    "system_a": "systema modela model1",
    "system_b": "systemb modelb model2",
    "preference": "preference winner label choice humanpreference verdict vote annotator1",
}
_TELLING = ("response", "system", "rating", "rater", "chosen", "rejected", "response_a", "response_b", "preference")
"""Roles whose columns show which format is meant; all formats have prompts and items."""

_NOT_LETTERS = re.compile(r"[^a-z0-9]")


def suggestion(
    candidates: Iterable[tuple[str, tuple[str, ...], Vocabulary]],
    columns: Sequence[str],
    records: Sequence[Mapping[str, Any]],
    mapping: ColumnMapping,
) -> tuple[str, str]:
    """The nearest format and what it lacks, and the mapping that would supply it, each as a clause.

    ``candidates`` are formats by name with the roles that they lack. The nearest is the one whose own roles have the
    most columns, present or likely.
    """
    best: tuple[float, str, str] | None = None
    for name, missing, vocabulary in candidates:
        proposed = _proposed(vocabulary, columns, records, mapping)
        helpless = [role for role in missing if not any(one in proposed for one in role.split(" or "))]
        own = [role for role in _TELLING if vocabulary.knows(role)]
        evidence = sum(role in proposed or role in columns or role in mapping for role in own)
        distance = len(helpless) - evidence
        if best is None or distance < best[0]:
            pairs = {**{role: _written(columns) for role, columns in mapping.items()}, **proposed}
            fix = f"Try --map {','.join(f'{role}={column}' for role, column in pairs.items())}." if proposed else ""
            if helpless:
                fix = f"{fix} {_question(helpless[0], columns, records, set(proposed.values()))}".strip()
            best = (distance, f"nearest is the format '{name}', which lacks {' and '.join(missing) or 'nothing'}", fix)
    if best is None:
        return "the mapping belongs to no format", "Map roles of one format only."
    return best[1], best[2]


def _question(role: str, columns: Sequence[str], records: Sequence[Mapping[str, Any]], proposed: set[str]) -> str:
    """What to ask for where no column is named like the role."""
    text = f"Say which column is the {role}: --map {role.split(' or ')[0]}=COLUMN"
    if role == "rating":
        numeric = [name for name in columns if name not in proposed and _numeric(name, records)]
        if numeric:
            text += f" (numbers stand in {', '.join(numeric[:5])}{', ...' if len(numeric) > 5 else ''})"
        text += ", or name recorded scorers: --map score=COLUMN"
    return f"{text}."


def _written(columns: str | Sequence[str]) -> str:
    return columns if isinstance(columns, str) else "+".join(columns)


def _proposed(
    vocabulary: Vocabulary, columns: Sequence[str], records: Sequence[Mapping[str, Any]], mapping: ColumnMapping
) -> dict[str, str]:
    """Likely columns of the roles that are not mapped and have no column of their own name."""
    taken = set(columns) & {*vocabulary.singles, *vocabulary.families}
    proposed: dict[str, str] = {}
    for role, usual in _USUAL_NAMES.items():
        if role in mapping or role in columns or not vocabulary.knows(role):
            continue
        names = usual.split()
        likely = [name for name in columns if name not in taken and _plain(name) in names]
        if role == "rating":
            likely = [name for name in likely if _numeric(name, records)]
        likely.sort(key=lambda name: names.index(_plain(name)))
        if likely:
            proposed[role] = likely[0]
            taken.add(likely[0])
    return proposed


def _plain(name: str) -> str:
    return _NOT_LETTERS.sub("", name.lower())


def _numeric(column: str, records: Sequence[Mapping[str, Any]]) -> bool:
    found = [record.get(column) for record in records]
    given = [cell for cell in found if cell is not None and cell != ""]
    try:
        return bool(given) and all(float(cell) == float(cell) for cell in given)
    except (TypeError, ValueError, OverflowError):
        return False
