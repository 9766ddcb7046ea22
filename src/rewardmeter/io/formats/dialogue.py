"""Prompt and responses of a comparison, whether they are texts, chats or whole dialogues. May import `types`.

Two chats that are compared share their first messages: those are the prompt (TRL calls this an implicit prompt). Two
dialogue strings in the style of Anthropic's HH data share their text up to an ``Assistant:`` turn.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rewardmeter.io.formats.cells import BadCellError, chat, chat_of_text, shown, text_of
from rewardmeter.types import Message, Prompt, prompt_text

__all__ = ["Candidate", "candidate", "compared"]

Candidate = str | tuple[Message, ...]

_TURN = re.compile(r"\n\n(Human|Assistant):")
_HH_ASSISTANT = "\n\nAssistant:"
_HH_ROLES = {"Human": "user", "Assistant": "assistant"}


def candidate(cell: Any, *, text_cells: bool) -> Candidate:
    """A response as its cell holds it: a text, or a chat that ends with it."""
    if isinstance(cell, list):
        return chat(cell)
    text = text_of(cell)
    if text is None:
        raise BadCellError("there is no response", "Give both responses, or delete the row.")
    return (chat_of_text(text) if text_cells else None) or text


def compared(prompt: Prompt | None, candidates: Sequence[Candidate]) -> tuple[Prompt | None, list[str]]:
    """The prompt and the text of each response, what all share moved into the prompt."""
    chats = [one for one in candidates if not isinstance(one, str)]
    if chats:
        if len(chats) < len(candidates):
            raise BadCellError("some responses are texts, others lists of messages", "Write all in the same way.")
        shared = _shared_messages(chats)
        return _joined(prompt, chats[0][:shared]), [_remainder(one[shared:]) for one in chats]
    texts = [one for one in candidates if isinstance(one, str)]
    if prompt is None and all(_TURN.match(text) for text in texts):
        return _split_dialogues(texts)
    return prompt, texts


def _shared_messages(chats: Sequence[tuple[Message, ...]]) -> int:
    """How many messages all chats begin with; each keeps at least one as its response."""
    shortest = min(len(one) for one in chats)
    if not shortest:
        raise BadCellError("a chat without messages", "Give both responses, or delete the row.")
    shared = 0
    while shared < shortest - 1 and len({one[shared] for one in chats}) == 1:
        shared += 1
    return shared


def _joined(prompt: Prompt | None, shared: tuple[Message, ...]) -> Prompt | None:
    """The prompt column and the shared messages as one prompt; often the one repeats the other."""
    if not shared or prompt is None:
        return shared or prompt
    if isinstance(prompt, str):
        if not any(message.content == prompt for message in shared):
            return (Message("user", prompt), *shared)
        return prompt if len(shared) == 1 else shared
    return shared if shared[: len(prompt)] == prompt else prompt + shared


def _remainder(messages: tuple[Message, ...]) -> str:
    return messages[0].content if len(messages) == 1 else prompt_text(messages)


def _split_dialogues(texts: Sequence[str]) -> tuple[Prompt | None, list[str]]:
    shared = texts[0].rfind(_HH_ASSISTANT, 0, _shared_length(texts))
    if shared < 0:
        raise BadCellError(
            f"the dialogues share no beginning up to an Assistant turn ({shown(texts[0])})",
            "Put the prompt into a column of its own.",
        )
    marks = list(_TURN.finditer(texts[0], 0, shared))
    ends = [*(mark.start() for mark in marks[1:]), shared]
    messages = tuple(
        Message(_HH_ROLES[mark.group(1)], texts[0][mark.end() : end].strip())
        for mark, end in zip(marks, ends, strict=True)
    )
    return messages or None, [text[shared + len(_HH_ASSISTANT) :].strip() for text in texts]


def _shared_length(texts: Sequence[str]) -> int:
    """How many characters all texts begin with: as many as the first and the last of them in sorted order."""
    low, high = min(texts), max(texts)
    return next((i for i, (x, y) in enumerate(zip(low, high, strict=False)) if x != y), len(low))
