"""Anthropic's HH preferences, harmless-base, test split (Bai et al. 2022, arXiv 2204.05862).

May import `dataset`, `types`, `io.textfile` and the modules of `io.named`.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.named.choice import refuse
from rewardmeter.io.named.pairs import Pair, pairs_dataset
from rewardmeter.io.textfile import json_lines
from rewardmeter.types import Message

__all__ = ["load"]

TURN = re.compile(r"\n\n(Human|Assistant):")
ROLES = {"Human": "user", "Assistant": "assistant"}
READS = frozenset({"prompt", "response"})


class _Row(msgspec.Struct, frozen=True):
    chosen: str
    rejected: str


def load(root: Path, *, subset: str | None, gold: str | None, reference: str | None, include_human: bool) -> Dataset:
    """Chosen (``a``) against rejected answers; the prompt is the dialogue up to the last assistant turn.

    A few pairs differ before that turn too. Their prompt is what the two dialogues share, in whole turns, and their
    responses are the rest of each dialogue.
    """
    refuse("hh-harmless-test", subset=subset, gold=gold, reference=reference)
    path = root / "harmless-base" / "test.jsonl"
    pairs: list[Pair] = []
    early = 0
    for line, row in json_lines(path, _Row):
        chosen, rejected = _turns(row.chosen, path, line), _turns(row.rejected, path, line)
        shared = next((i for i, (a, b) in enumerate(zip(chosen, rejected, strict=False)) if a != b), None)
        last = min(len(chosen), len(rejected)) - 1
        shared = last if shared is None else min(shared, last)
        early += shared < max(len(chosen), len(rejected)) - 1
        pairs.append(Pair(str(line), _rest(chosen, shared), _rest(rejected, shared), 1.0, chosen[:shared]))
    notes = (f"{early} pairs differ before the last turn: their responses hold several turns",) if early else ()
    origin = Origin(str(path), "HH dialogues", "one crowd worker for each pair", notes)
    return pairs_dataset("hh-harmless-test", pairs, {}, reads=READS, origin=origin)


def _turns(dialogue: str, path: Path, line: int) -> tuple[Message, ...]:
    before, *parts = TURN.split(dialogue)
    if before.strip() or len(parts) < 4 or parts[-2] != "Assistant":
        raise InputError("no dialogue that begins with a person and ends with the assistant", path=path, line=line)
    return tuple(Message(ROLES[who], text.removeprefix(" ")) for who, text in zip(parts[::2], parts[1::2], strict=True))


def _rest(turns: tuple[Message, ...], start: int) -> str:
    """The turns from ``start`` on as one response: usually the last turn alone."""
    first, *others = turns[start:]
    return first.content + "".join(f"\n\n{_speaker(turn)}: {turn.content}" for turn in others)


def _speaker(turn: Message) -> str:
    return next(who for who, role in ROLES.items() if role == turn.role)
