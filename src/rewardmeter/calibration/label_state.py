"""Where a labelling loop stands, in one small JSON file. May import `questions`, `errors`, `files`, `stats`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from rewardmeter.calibration.labelling import STRATEGIES, Chosen
from rewardmeter.calibration.questions import Questions
from rewardmeter.errors import InputError
from rewardmeter.files import write_text
from rewardmeter.types import FloatArray

__all__ = ["FORM", "Draw", "LabelState", "Round", "label_state_path", "read_state", "write_state"]

FORM = 1
"""Version of the file's form."""

Answers = Mapping[str, Mapping[int, float]]
"""Item to (place of the question within the item, answer)."""


def label_state_path(batch: str | Path) -> Path:
    """Where the state of a batch is kept unless another place is named: beside it."""
    return Path(batch).with_name("labelling.json")


@dataclass(frozen=True)
class Draw:
    """An item that was drawn: in which round, by which strategy, with which chance among those that were left."""

    item: str
    chance: float
    round: int
    strategy: str


@dataclass(frozen=True)
class Round:
    """What one round of answers left: items with answers, items that may still be labelled, and by scorer the upper
    end of the excess loss over the loss of the mean or a coin."""

    labelled: int
    left: int
    excess: Mapping[str, float]


@dataclass(frozen=True)
class LabelState:
    """All that the loop remembers.

    Attributes
    ----------
    data, hash:
        The dataset's name and content hash.
    ask:
        ``"rating"`` or ``"preference"``.
    draws:
        In order.
    answers:
        Of items, whether they were drawn or not.
    rounds:
        One for each time that answers came in.
    """

    data: str
    hash: str
    ask: str
    draws: tuple[Draw, ...] = ()
    answers: Answers = field(default_factory=dict)
    rounds: tuple[Round, ...] = ()

    @property
    def open(self) -> tuple[Draw, ...]:
        """Draws of the latest round that nobody has answered, unless some of that round were."""
        if not self.draws:
            return ()
        latest = [draw for draw in self.draws if draw.round == self.draws[-1].round]
        return () if any(draw.item in self.answers for draw in latest) else tuple(latest)

    def labels(self, questions: Questions) -> FloatArray:
        """float64 (Q,): what the data holds, overlaid with the answers."""
        labels = questions.known.copy()
        place = {name: number for number, name in enumerate(questions.dataset.item_ids)}
        for name, answers in self.answers.items():
            rows = questions.of_item(place[name])
            labels[rows[list(answers)]] = list(answers.values())
        return labels

    def drawn(self, questions: Questions) -> list[tuple[int, float]]:
        """Item index and chance of every draw; of an item that was drawn again, the later one."""
        place = {name: number for number, name in enumerate(questions.dataset.item_ids)}
        latest = {draw.item: number for number, draw in enumerate(self.draws)}
        kept = [draw for number, draw in enumerate(self.draws) if latest[draw.item] == number]
        return [(place[draw.item], draw.chance) for draw in kept]

    def with_answers(self, answers: Answers) -> LabelState:
        """Later answers to an item replace earlier ones."""
        return replace(self, answers={**self.answers, **{name: dict(given) for name, given in answers.items()}})

    def with_draws(self, chosen: Sequence[Chosen], strategy: str) -> LabelState:
        """One more round of draws."""
        number = self.draws[-1].round + 1 if self.draws else 1
        new = tuple(Draw(one.item_id, one.chance, number, strategy) for one in chosen)
        return replace(self, draws=(*self.draws, *new))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: the contents of the file."""
        return {
            "rewardmeter_labelling": FORM,
            "data": {"name": self.data, "hash": self.hash},
            "ask": self.ask,
            "draws": [[draw.item, draw.chance, draw.round, draw.strategy] for draw in self.draws],
            "answers": {
                name: [[place, value] for place, value in given.items()] for name, given in self.answers.items()
            },
            "rounds": [
                {"labelled": one.labelled, "left": one.left, "excess": {k: _plain(v) for k, v in one.excess.items()}}
                for one in self.rounds
            ],
        }


def write_state(state: LabelState, path: str | Path) -> None:
    """Write the file, whole or not at all.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    record = state.to_dict()
    rows = [f'"{key}": {json.dumps(value, ensure_ascii=False, allow_nan=False)}' for key, value in record.items()]
    write_text(path, "{\n" + ",\n".join(rows) + "\n}\n")


def read_state(path: str | Path, questions: Questions) -> LabelState:
    """The state of a file, if it belongs to these questions.

    Raises
    ------
    InputError
        If it cannot be read, is broken, or belongs to other data; it says which.
    """
    path = Path(path)
    fix = "Name another file with --state, or remove this one to begin anew."
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"the labelling's state cannot be read: {error.strerror}", path=path) from error
    except (UnicodeDecodeError, ValueError) as error:
        raise InputError(f"the labelling's state is no JSON: {error}", path=path, fix=fix) from error
    form = record.get("rewardmeter_labelling") if isinstance(record, dict) else None
    if form != FORM:
        what = "no state of a labelling" if form is None else f"a state of form {form!r}, and this version knows {FORM}"
        raise InputError(f"this is {what}", path=path, fix=fix)
    try:
        state = _state(record)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"the labelling's state is broken: {error}", path=path, fix=fix) from error
    dataset = questions.dataset
    if state.hash != dataset.content_hash:
        raise InputError(f"this labelling is about other data, '{state.data}'", path=path, fix=fix)
    if state.ask != questions.ask:
        raise InputError(f"this labelling asks for {state.ask}s, not {questions.ask}s", path=path, fix=fix)
    place = {name: number for number, name in enumerate(dataset.item_ids)}
    for name in (*(draw.item for draw in state.draws), *state.answers):
        if name not in place:
            raise InputError(f"the labelling's state is broken: no item '{name}'", path=path, fix=fix)
    for name, given in state.answers.items():
        if any(not 0 <= row < len(questions.of_item(place[name])) for row in given):
            raise InputError(f"the labelling's state is broken: answers to '{name}'", path=path, fix=fix)
    return state


def _state(record: Mapping[str, Any]) -> LabelState:
    draws = tuple(_draw(*row) for row in record["draws"])
    answers = {
        str(name): {int(place): _finite(value) for place, value in rows} for name, rows in record["answers"].items()
    }
    rounds = tuple(
        Round(
            int(one["labelled"]),
            int(one["left"]),
            {str(k): math.nan if v is None else _finite(v) for k, v in one["excess"].items()},
        )
        for one in record["rounds"]
    )
    data = record["data"]
    return LabelState(str(data["name"]), str(data["hash"]), str(record["ask"]), draws, answers, rounds)


def _draw(item: Any, chance: Any, number: Any, strategy: Any) -> Draw:
    value = _finite(chance)
    if not isinstance(item, str) or not 0 < value <= 1 + 1e-9 or strategy not in STRATEGIES:
        raise ValueError(f"the draw of {item!r}")
    return Draw(item, value, int(number), strategy)


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
