"""Prompt and response as a reward model reads them: messages, a pair, or one text by a template. May import `types`,
`errors`, `scorers.chat_date`."""

from __future__ import annotations

import functools
from typing import Any

from rewardmeter.errors import MissingExtraError, SpecError
from rewardmeter.scorers.chat_date import with_fixed_date
from rewardmeter.types import Prompt, prompt_text

__all__ = ["CHAT", "as_messages", "check_template", "rendered"]

CHAT = "chat:"
"""How a template begins that is a tokenizer's own."""


def as_messages(prompt: Prompt, response: str) -> list[dict[str, str]]:
    """The chat with the response as the assistant's last turn."""
    turns = [("user", prompt)] if isinstance(prompt, str) else list(prompt)
    return [{"role": role, "content": content} for role, content in [*turns, ("assistant", response)]]


def check_template(family: str, template: str) -> None:
    """Refuse a template that has no place for the response.

    Raises
    ------
    SpecError
        That says how a template is written.
    """
    if template.startswith(CHAT) and len(template) > len(CHAT):
        return
    if "{response}" not in template:
        raise SpecError(
            f"{family}: template '{template}' has no {{response}}; write the model's own format, for example"
            " template=<user>{prompt}<assistant>{response}, or template=chat:TOKENIZER for a tokenizer's chat template"
        )


def rendered(template: str, prompt: Prompt, response: str) -> str:
    r"""One text: a template with ``{prompt}`` and ``{response}`` (``\n`` is a line break), or ``chat:TOKENIZER``, the
    chat template of a tokenizer on disk or on the hub.

    Raises
    ------
    MissingExtraError
        If the tokenizer's library is not installed.
    """
    if template.startswith(CHAT):
        tokenizer = _tokenizer(template.removeprefix(CHAT))
        messages = as_messages(prompt, response)
        return str(tokenizer.apply_chat_template(messages, tokenize=False))
    pieces = template.replace("\\n", "\n").split("{response}")
    return response.join(piece.replace("{prompt}", prompt_text(prompt)) for piece in pieces)


@functools.lru_cache(maxsize=4)
def _tokenizer(name: str) -> Any:
    try:
        from transformers import AutoTokenizer
    except ImportError as error:
        raise MissingExtraError("a chat template", "hf") from error
    tokenizer = AutoTokenizer.from_pretrained(name)
    if not tokenizer.chat_template:
        raise SpecError(f"template=chat:{name}: this tokenizer has no chat template")
    tokenizer.chat_template = with_fixed_date(tokenizer.get_chat_template())
    return tokenizer
