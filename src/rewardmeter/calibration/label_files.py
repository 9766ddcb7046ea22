"""Batches of questions as tables that people fill in, and their answers read back. May also import `io`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rewardmeter.calibration.evidence import human_side
from rewardmeter.calibration.questions import LARGEST_RATING, Questions
from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError
from rewardmeter.io.formats.cells import written_prompt
from rewardmeter.io.formats.write_rows import suffix_of, write_rows
from rewardmeter.io.load import load
from rewardmeter.io.rows import read_rows
from rewardmeter.types import IntArray

__all__ = ["check_apart", "check_batch", "read_answers", "write_questions"]

Record = dict[str, Any]
_SUFFIXES = (".jsonl", ".csv", ".tsv", ".parquet")


def check_apart(out: str | Path, state: str | Path, data: str | Path, labels: str | Path | None = None) -> None:
    """Refuse to write the next batch or the state over each other, the data or the answers; "" is data of no file.

    Raises
    ------
    InputError
        With what would replace what.
    """
    there = {"the data": Path(data) if str(data) else None, "the answers": None if labels is None else Path(labels)}
    for what, path in (("the labelling's state", Path(state)), ("the next batch", Path(out))):
        for name, other in there.items():
            if other is not None and (path.resolve() == other.resolve() or _one_file(path, other)):
                raise InputError(f"{what} would replace {name}", path=path, fix="Name another file for it.")
        there[what] = path


def _one_file(path: Path, other: Path) -> bool:
    return path.exists() and other.exists() and path.samefile(other)


def check_batch(path: str | Path, questions: Questions) -> None:
    """Refuse a path to which a batch cannot go: no table, or a file that holds anything but a batch to be filled in.

    Raises
    ------
    InputError
        With the reason; for answers, with the line of the first.
    """
    path = Path(path)
    if suffix_of(path) not in _SUFFIXES:
        fix = f"End the name in {', '.join(_SUFFIXES)}."
        raise InputError(f"'{suffix_of(path)}' names no format to write", path=path, fix=fix)
    if path.is_dir():
        raise InputError("this is a folder", path=path, fix="Name a file for the batch.")
    if not path.is_file() or not path.stat().st_size:
        return
    columns = {"item", "prompt", "references", questions.ask}
    columns |= {f"{name}{side}" for name in ("response", "system") for side in _sides(questions)}
    fix = "Name another file for the batch."
    foreign = f"this file is no batch that asks for {questions.ask}s, and the next batch would replace it"
    try:
        rows = list(read_rows(path))
    except InputError as error:
        raise InputError(f"{foreign} ({error.problem})", path=path, fix=fix) from error
    if not rows:
        raise InputError(foreign, path=path, fix=fix)
    for line, row in rows:
        if questions.ask not in row or not columns.issuperset(row):
            raise InputError(foreign, path=path, fix=fix)
        cell = row[questions.ask]
        if cell is not None and str(cell).strip():
            problem = "there are answers in this file, and the next batch would replace them"
            hand_in = f"Hand them in with --labels {path} and another file for the batch."
            raise InputError(problem, path=path, line=line, column=questions.ask, fix=hand_in)


def _sides(questions: Questions) -> tuple[str, ...]:
    return ("",) if questions.b is None else ("_a", "_b")


def write_questions(questions: Questions, items: Sequence[int], path: str | Path) -> int:
    """Write one row for each question of the items, with an empty column ``rating`` or ``preference`` to be filled in.

    No score, strategy or earlier judgment is in the table: raters should not know why they are asked. Systems are named
    only where the texts alone do not tell the responses of an item apart; responses without a system of their own are
    then called ``#1``, ``#2``, ... by their place in the item.

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
    sides = _sides(questions)
    columns = ["item"]
    columns += ["prompt"] if any(dataset.prompts) else []
    columns += ["references"] if any(dataset.references) else []
    columns += [f"response{side}" for side in sides] if dataset.has_texts else []
    columns += [f"system{side}" for side in sides] if not _told_apart(questions, items) else []
    rows = [int(row) for item in items for row in questions.of_item(item)]
    write_rows(_records(questions, rows, sides), [*columns, column], path)
    return len(rows)


def _told_apart(questions: Questions, items: Sequence[int]) -> bool:
    """Whether no two responses of an item have the same text, or items have one response each, of no named system."""
    dataset = questions.dataset
    if not dataset.has_texts and (dataset.systems or questions.b is not None):
        return False
    texts = [dataset.response_text[dataset.item_start[item] : dataset.item_start[item + 1]] for item in items]
    return all(len(one) == 1 or (dataset.has_texts and len(set(one)) == len(one)) for one in texts)


def _names(dataset: Dataset, item: int) -> list[str]:
    """What the responses of an item are called: by system, or by place where that is unknown or not the only one."""
    systems = [dataset.system_of(one) for one in range(*_ends(dataset, item))]
    times = Counter(systems)
    return [
        system if system is not None and times[system] == 1 else f"{system or ''}#{place}"
        for place, system in enumerate(systems, 1)
    ]


def _ends(dataset: Dataset, item: int) -> tuple[int, int]:
    return int(dataset.item_start[item]), int(dataset.item_start[item + 1])


def _records(questions: Questions, rows: Sequence[int], sides: Sequence[str]) -> Iterator[Record]:
    dataset = questions.dataset
    called = {item: _names(dataset, item) for item in np.unique(questions.item[rows]).tolist()}
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
            record[f"system{side}"] = called[item][int(responses[row]) - int(dataset.item_start[item])]
        yield record


def read_answers(path: str | Path, questions: Questions) -> Mapping[str, Mapping[int, float]]:
    """The answers of a filled table, by item and place of the question in the item; blanks are left out.

    Several raters of one thing are joined as everywhere: ratings by their mean, preferences by plurality.

    Raises
    ------
    InputError
        If the file cannot be read, has no answer, asks about something else than these questions, leaves open which of
        them is meant, answers one in two ways, or holds a rating beyond `LARGEST_RATING`.
    """
    table = load(Path(path))
    found = table.ratings if questions.ask == "rating" else table.preferences
    if found is None or not len(found):
        raise InputError(
            f"no {questions.ask} is filled in", path=path, fix=f"Fill the column '{questions.ask}' of the batch."
        )
    responses = _responses(table, questions.dataset, path)
    answers: dict[str, dict[int, float]] = {}
    place = {name: number for number, name in enumerate(questions.dataset.item_ids)}
    for a, b, value in _judged(human_side(table)):
        if abs(value) > LARGEST_RATING:
            raise InputError(f"{value:g} is beyond {LARGEST_RATING:g}", path=path, column=questions.ask)
        name = table.item_ids[int(table.response_item[a])]
        hits, flipped = _hits(questions, questions.of_item(place[name]), responses[a], responses[b])
        if not hits:
            raise InputError(f"item '{name}' has no such question", path=path, column=questions.ask)
        if len(hits) > 1:
            fix = "Keep the columns 'response' and 'system' of the batch."
            problem = f"an answer to item '{name}' fits {len(hits)} of its questions"
            raise InputError(problem, path=path, column=questions.ask, fix=fix)
        value = 1 - value if flipped else value
        if answers.setdefault(name, {}).setdefault(hits[0], value) != value:
            fix = "Name the response in the same columns in every row."
            raise InputError(f"a question of item '{name}' has two answers", path=path, column=questions.ask, fix=fix)
    return answers


def _hits(questions: Questions, rows: IntArray, a: Sequence[int], b: Sequence[int]) -> tuple[list[int], bool]:
    """Which of an item's questions can be about one of ``a`` and one of ``b``, and whether the sides are turned."""
    first = questions.a[rows]
    if questions.b is None:
        return np.flatnonzero(np.isin(first, a)).tolist(), False
    second = questions.b[rows]
    same = np.flatnonzero(np.isin(first, a) & np.isin(second, b))
    turned = np.flatnonzero(np.isin(first, b) & np.isin(second, a))
    return np.union1d(same, turned).tolist(), not len(same)


def _judged(human: Any) -> Iterator[tuple[int, int, float]]:
    if human.ratings is not None:
        for response in np.flatnonzero(~np.isnan(human.ratings.value)).tolist():
            yield response, response, float(human.ratings.value[response])
        return
    pairs = human.pairs
    yield from zip(pairs.a.tolist(), pairs.b.tolist(), pairs.probability.tolist(), strict=True)


def _responses(table: Dataset, dataset: Dataset, path: str | Path) -> list[list[int]]:
    """For each response of the table, those of the dataset with the same item, system and text, as far as it says."""
    place = {name: number for number, name in enumerate(dataset.item_ids)}
    called = {name: _names(dataset, place[name]) for name in table.item_ids if name in place}
    matched: list[list[int]] = []
    for row, item in enumerate(table.response_item.tolist()):
        name = table.item_ids[item]
        if name not in place:
            raise InputError(f"the data has no item '{name}'", path=path, column="item")
        start, stop = _ends(dataset, place[name])
        text, system = table.response_text[row], table.system_of(row)
        fits = [
            one
            for one in range(start, stop)
            if text in (None, dataset.response_text[one])
            and system in (None, dataset.system_of(one), called[name][one - start])
        ]
        if not fits:
            who = f" of system '{system}'" if system else ""
            raise InputError(f"item '{name}' of the data has no such response{who}", path=path, column="response")
        matched.append(fits)
    return matched
