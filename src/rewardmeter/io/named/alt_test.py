"""Sets of the alternative annotator test (Calderon et al., ACL 2025) whose labels are numbers or preferences.

Each has 3 to 13 human raters who rated overlapping parts, and 4 to 6 LLM judges. May import `dataset`,
`io.build`, `io.textfile` and the modules of `io.named`.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TypeVar

import msgspec

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.named.choice import choose, refuse
from rewardmeter.io.named.placing import placed
from rewardmeter.io.textfile import decode_json, present, read_bytes

__all__ = ["SUBSETS", "load"]

PREFERENCES = "mtbench"
NUMBERS = ("10k_prompts", "cebab_stars", "lesion", "summeval")
SUBSETS = (PREFERENCES, *NUMBERS)
PROBABILITIES = {"model_a": 1.0, "model_b": 0.0, "tie": 0.5}

Label = TypeVar("Label", str, float)


class _Turn(msgspec.Struct, frozen=True):
    role: str
    content: str


class _Conversations(msgspec.Struct, frozen=True):
    """Each a list of turns, written as a Python literal."""

    conversation_a: str
    conversation_b: str


def load(root: Path, *, subset: str | None, gold: str | None, reference: str | None, include_human: bool) -> Dataset:
    """One set: pairs of MT-Bench answers (``mtbench``, with texts), or units with numbers from people and LLMs.

    An item is what was labelled at once. Numbers: an item has one response without a text, and the column ``aspect``
    where its id ends in one. Pairs: two conversations with equal user turns; the prompt is the first user turn, and a
    response is the rest, with later turns marked by their role.
    """
    refuse("alt-test", gold=gold, reference=reference)
    subset = choose("subset", subset, SUBSETS, PREFERENCES)
    folder = root / "data" / subset
    with placed(folder):
        return _pairs(folder) if subset == PREFERENCES else _numbers(folder, subset)


def _labels(path: Path, kind: type[dict[str, dict[str, Label]]]) -> dict[str, dict[str, Label]]:
    return decode_json(read_bytes(path), kind, path=path)


def _numbers(folder: Path, name: str) -> Dataset:
    humans = _labels(folder / "human_annotations.json", dict[str, dict[str, float]])
    judges = _labels(folder / "llm_annotations.json", dict[str, dict[str, float]])
    builder = DatasetBuilder("alt-test")
    responses: dict[str, int] = {}
    for rater, ratings in humans.items():
        for unit, value in ratings.items():
            if unit not in responses:
                aspect = unit.rpartition("__")[2] if "__" in unit else None
                responses[unit] = builder.response(builder.item(unit, columns={"aspect": aspect}))
            builder.rating(responses[unit], value, rater=rater)
    unrated = set()
    for judge, values in judges.items():
        for unit, value in values.items():
            if unit in responses:
                builder.score(judge, responses[unit], value)
            else:
                unrated.add(unit)
    notes = (f"{len(unrated)} units that only judges labelled are left out",) if unrated else ()
    return builder.build(Origin(str(folder), "AltTest", f"ratings of {len(humans)} raters ({name})", notes))


def _pairs(folder: Path) -> Dataset:
    humans = _labels(folder / "human_annotations.json", dict[str, dict[str, str]])
    judges = _labels(folder / "llm_annotations.json", dict[str, dict[str, str]])
    path = folder / "prompts.json"
    texts = decode_json(read_bytes(path), dict[str, _Conversations], path=path) if present(path) else {}
    builder = DatasetBuilder("alt-test")
    sides: dict[str, tuple[int, int]] = {}
    preferences: dict[str, list[int]] = {}
    for rater, labels in humans.items():
        for unit, label in labels.items():
            if unit not in sides:
                sides[unit] = _sides(builder, unit, texts.get(unit))
            row = builder.preference(*sides[unit], _probability(label), rater=rater)
            preferences.setdefault(unit, []).append(row)
    for judge, labels in judges.items():
        for unit, label in labels.items():
            for row in preferences.get(unit, ()):
                builder.verdict(judge, row, 2 * _probability(label) - 1)
        builder.recorded_reads(judge, ("prompt", "response"))
    return builder.build(Origin(str(folder), "AltTest", f"preference of {len(humans)} raters, ties allowed"))


def _sides(builder: DatasetBuilder, unit: str, texts: _Conversations | None) -> tuple[int, int]:
    """The two responses of ``QUESTION__SYSTEM__SYSTEM__TURN``; each pair and turn is an item of its own."""
    parts = unit.split("__")
    if len(parts) != 4:
        raise InputError(f"'{unit}' is not QUESTION__SYSTEM__SYSTEM__TURN")
    question, system_a, system_b, turn = parts
    prompt = text_a = text_b = None
    if texts is not None:
        (prompt, text_a), (_, text_b) = (_spoken(said) for said in (texts.conversation_a, texts.conversation_b))
    item = builder.item(unit, prompt=prompt, columns={"question": question, "turn": turn})
    a = builder.response(item, system=system_a, text=text_a)
    return a, builder.response(item, system=system_b, text=text_b)


def _spoken(literal: str) -> tuple[str, str]:
    """The first user turn, and what comes after it."""
    try:
        prompt, answer, *later = msgspec.convert(ast.literal_eval(literal), list[_Turn])
    except (ValueError, SyntaxError) as error:
        raise InputError(f"a conversation is no list of turns ({error})") from error
    return prompt.content, answer.content + "".join(f"\n\n{turn.role}: {turn.content}" for turn in later)


def _probability(label: str) -> float:
    if label not in PROBABILITIES:
        raise InputError(f"'{label}' is not model_a, model_b or tie")
    return PROBABILITIES[label]
