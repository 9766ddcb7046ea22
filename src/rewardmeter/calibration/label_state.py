"""Where a labelling loop stands, in one small JSON file. May import `questions`, `errors`, `files`, `stats`."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from rewardmeter.calibration.labelling import STRATEGIES, UNIFORM, Chosen
from rewardmeter.calibration.questions import LARGEST_RATING, Questions
from rewardmeter.errors import InputError
from rewardmeter.files import write_text
from rewardmeter.types import FloatArray

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["FORM", "Draw", "LabelState", "Round", "label_state_path", "locked_state", "read_state", "write_state"]

FORM = 2
"""Version of the file's form; the first one did not say how many items were left at a draw."""
_MOST = 2**31 - 1
"""Items and rounds are counted in int32."""
_LARGEST = sys.float_info.max

Answers = Mapping[str, Mapping[int, float]]
"""Item to (place of the question within the item, answer)."""


def label_state_path(batch: str | Path) -> Path:
    """Where the state of a batch is kept unless another place is named: beside it."""
    return Path(batch).parent / "labelling.json"


@dataclass(frozen=True)
class Draw:
    """An item that was drawn: with which chance among how many that were left, in which round, by which strategy."""

    item: str
    chance: float
    left: int
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

    def drawn(self, questions: Questions) -> list[tuple[int, float, int]]:
        """Of every draw the item's index, the chance, and how many were left; of an item drawn again, the later one."""
        place = {name: number for number, name in enumerate(questions.dataset.item_ids)}
        latest = {draw.item: number for number, draw in enumerate(self.draws)}
        kept = [draw for number, draw in enumerate(self.draws) if latest[draw.item] == number]
        return [(place[draw.item], draw.chance, draw.left) for draw in kept]

    def with_answers(self, answers: Answers) -> LabelState:
        """A later answer to a question replaces the earlier one; those to other questions of the item stay."""
        merged = {name: {**self.answers.get(name, {}), **given} for name, given in answers.items() if given}
        return replace(self, answers={**self.answers, **merged})

    def with_draws(self, chosen: Sequence[Chosen], strategy: str) -> LabelState:
        """One more round of draws."""
        number = self.draws[-1].round + 1 if self.draws else 1
        new = tuple(Draw(one.item_id, one.chance, one.left, number, strategy) for one in chosen)
        return replace(self, draws=(*self.draws, *new))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: the contents of the file."""
        return {
            "rewardmeter_labelling": FORM,
            "data": {"name": self.data, "hash": self.hash},
            "ask": self.ask,
            "draws": [[draw.item, draw.chance, draw.left, draw.round, draw.strategy] for draw in self.draws],
            "answers": {
                name: [[place, value] for place, value in given.items()] for name, given in self.answers.items()
            },
            "rounds": [
                {"labelled": one.labelled, "left": one.left, "excess": {k: _plain(v) for k, v in one.excess.items()}}
                for one in self.rounds
            ],
        }


@contextmanager
def locked_state(path: str | Path) -> Iterator[None]:
    """Nobody else takes a turn with this state within the block: of two turns at once, one would lose its answers.

    The lock is on an empty file beside the state, and ends with the process however that ends. The file stays, since
    two runs could lock two files of one name if it were removed.

    Raises
    ------
    InputError
        If another run holds it, or the folder allows no lock.
    """
    target = Path(os.path.realpath(path))
    lock = target.with_name(f".{target.name}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        stream = lock.open("ab")
    except OSError as error:
        raise InputError(f"the labelling's state cannot be kept here: {error.strerror}", path=lock) from error
    with stream:
        try:
            if sys.platform == "win32":
                msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            fix = f"Run it again when that one has ended; it holds the lock {lock}."
            raise InputError("another run is working with this labelling's state", path=path, fix=fix) from error
        except OSError as error:
            fix = "Name a file on another file system with --state."
            raise InputError(f"the labelling's state cannot be locked: {error.strerror}", path=path, fix=fix) from error
        yield


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
        record = json.loads(path.read_text(encoding="utf-8", errors="surrogatepass"))  # as `write_text` writes
    except OSError as error:
        raise InputError(f"the labelling's state cannot be read: {error.strerror}", path=path) from error
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InputError(f"the labelling's state is no JSON: {error}", path=path, fix=fix) from error
    form = record.get("rewardmeter_labelling") if isinstance(record, dict) else None
    if form != FORM:
        what = "no state of a labelling" if form is None else f"a state of form {form!r}, and this version knows {FORM}"
        raise InputError(f"this is {what}", path=path, fix=fix)
    try:
        state = _state(record)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
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
    if len({(draw.item, draw.round) for draw in draws}) < len(draws):
        raise ValueError("an item was drawn twice in a round")
    if any(later.round < earlier.round for earlier, later in pairwise(draws)):
        raise ValueError("the draws are not in order")
    ask = _text(record["ask"])
    answers = {name: _answers(name, rows, ask) for name, rows in record["answers"].items()}
    rounds = tuple(
        Round(
            _whole(one["labelled"], 0),
            _whole(one["left"], 0),
            {k: math.nan if v is None else _number(v, -_LARGEST, _LARGEST) for k, v in one["excess"].items()},
        )
        for one in record["rounds"]
    )
    data = record["data"]
    return LabelState(_text(data["name"]), _text(data["hash"]), ask, draws, answers, rounds)


def _draw(item: Any, chance: Any, left: Any, number: Any, strategy: Any) -> Draw:
    made = Draw(_text(item), _number(chance, 0, 1 + 1e-9), _whole(left, 1), _whole(number, 1), _text(strategy))
    # a share of every draw is random: a smaller chance was never drawn with
    if made.chance * made.left < UNIFORM * (1 - 1e-9) or strategy not in STRATEGIES:
        raise ValueError(f"the draw of {item!r}")
    return made


def _answers(name: str, rows: Any, ask: str) -> dict[int, float]:
    low, high = (0.0, 1.0) if ask == "preference" else (-LARGEST_RATING, LARGEST_RATING)
    given = {_whole(place, 0): _number(value, low, high) for place, value in rows}
    if not given or len(given) < len(rows):
        raise ValueError(f"answers to '{name}'")
    return given


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{_shown(value)} is no text")
    return value


def _whole(value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST:
        raise ValueError(f"{_shown(value)} is no whole number from {least:,} to {_MOST:,}")
    return value


def _number(value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{_shown(value)} is no number from {low:g} to {high:g}")
    return float(value)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
