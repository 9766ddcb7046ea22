"""Batches of questions as tables that people fill in, and their answers read back. May also import `io`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rewardmeter.calibration.evidence import human_side
from rewardmeter.calibration.questions import Questions
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError
from rewardmeter.io.formats.cells import written_prompt
from rewardmeter.io.formats.write_rows import write_rows
from rewardmeter.io.load import load

__all__ = ["read_answers", "write_questions"]

Record = dict[str, Any]


def write_questions(questions: Questions, items: Sequence[int], path: str | Path) -> int:
    """Write one row for each question of the items, with an empty column ``rating`` or ``preference`` to be filled in.

    No score, strategy or earlier judgment is in the table: raters should not know why they are asked. Systems are named
    only where the texts alone do not tell the responses of an item apart.

    Returns
    -------
    How many rows.

    Raises
    ------
    InputError
        If the file cannot be written, or cannot hold a text.
    """
    dataset = questions.dataset
    column = questions.ask
    sides = ("",) if questions.b is None else ("_a", "_b")
    columns = ["item"]
    columns += ["prompt"] if any(dataset.prompts) else []
    columns += ["references"] if any(dataset.references) else []
    columns += [f"response{side}" for side in sides] if dataset.has_texts else []
    columns += [f"system{side}" for side in sides] if dataset.systems and not _told_apart(dataset, items) else []
    rows = [int(row) for item in items for row in questions.of_item(item)]
    write_rows(_records(questions, rows, sides), [*columns, column], path)
    return len(rows)


def _told_apart(dataset: Dataset, items: Sequence[int]) -> bool:
    """Whether no two responses of an item have the same text."""
    if not dataset.has_texts:
        return False
    texts = [dataset.response_text[dataset.item_start[item] : dataset.item_start[item + 1]] for item in items]
    return all(len(set(one)) == len(one) for one in texts)


def _records(questions: Questions, rows: Sequence[int], sides: Sequence[str]) -> Iterator[Record]:
    dataset = questions.dataset
    for row in rows:
        item = int(questions.item[row])
        record: Record = {
            "item": dataset.item_ids[item],
            "prompt": written_prompt(dataset.prompts[item]) if dataset.prompts else None,
            "references": list(dataset.references[item]) if dataset.references else None,
        }
        for side, responses in zip(sides, (questions.a, questions.b), strict=False):
            assert responses is not None
            record[f"response{side}"] = dataset.response_text[int(responses[row])]
            record[f"system{side}"] = dataset.system_of(int(responses[row]))
        yield record


def read_answers(path: str | Path, questions: Questions) -> Mapping[str, Mapping[int, float]]:
    """The answers of a filled table, by item and place of the question in the item; blanks are left out.

    Several raters of one thing are joined as everywhere: ratings by their mean, preferences by plurality.

    Raises
    ------
    InputError
        If the file cannot be read, has no answer, or asks about something else than these questions.
    """
    table = load(Path(path))
    found = table.ratings if questions.ask == "rating" else table.preferences
    if found is None or not len(found):
        raise InputError(
            f"no {questions.ask} is filled in", path=path, fix=f"Fill the column '{questions.ask}' of the batch."
        )
    human = human_side(table)
    response = _responses(table, questions.dataset, path)
    answers: dict[str, dict[int, float]] = {}
    place = {name: number for number, name in enumerate(questions.dataset.item_ids)}
    for a, b, value in _judged(human):
        name = table.item_ids[int(table.response_item[a])]
        rows = questions.of_item(place[name])
        first = questions.a[rows] == response[a]
        if questions.b is None:
            hits, flipped = np.flatnonzero(first), False
        else:
            second = questions.b[rows] == response[b]
            same = np.flatnonzero(first & second)
            turned = np.flatnonzero((questions.a[rows] == response[b]) & (questions.b[rows] == response[a]))
            hits, flipped = (same, False) if len(same) else (turned, True)
        if not len(hits):
            raise InputError(f"item '{name}' has no such question", path=path, column=questions.ask)
        answers.setdefault(name, {})[int(hits[0])] = 1 - value if flipped else value
    return answers


def _judged(human: Any) -> Iterator[tuple[int, int, float]]:
    if human.ratings is not None:
        for response in np.flatnonzero(~np.isnan(human.ratings.value)).tolist():
            yield response, response, float(human.ratings.value[response])
        return
    pairs = human.pairs
    yield from zip(pairs.a.tolist(), pairs.b.tolist(), pairs.probability.tolist(), strict=True)


def _responses(table: Dataset, dataset: Dataset, path: str | Path) -> list[int]:
    """The dataset's response for each of the table's: same item, system and text, as far as both say."""
    place = {name: number for number, name in enumerate(dataset.item_ids)}
    matched: list[int] = []
    for row, item in enumerate(table.response_item.tolist()):
        name = table.item_ids[item]
        if name not in place:
            raise InputError(f"the data has no item '{name}'", path=path, column="item")
        start, stop = (int(end) for end in dataset.item_start[place[name] : place[name] + 2])
        text, system = table.response_text[row], table.system_of(row)
        fits = [
            one
            for one in range(start, stop)
            if text in (None, dataset.response_text[one]) and system in (None, dataset.system_of(one))
        ]
        if not fits:
            who = f" of system '{system}'" if system else ""
            raise InputError(f"item '{name}' of the data has no such response{who}", path=path, column="response")
        matched.append(next((one for one in fits if one not in matched[-(stop - start) :]), fits[0]))
    return matched
