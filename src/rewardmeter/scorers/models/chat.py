"""From prompt and response to the token ids that a model was trained on.

Template, BOS, truncation, and where the response starts. May import `errors`, `types`, `scorers.pointwise`,
`scorers.chat_date`.
"""

from __future__ import annotations

import functools
import hashlib
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewardmeter.errors import SpecError
from rewardmeter.scorers.chat_date import with_fixed_date
from rewardmeter.scorers.pointwise import Unscored
from rewardmeter.types import Message, Prompt, prompt_text

__all__ = ["BOS", "TRUNCATION", "ChatEncoder", "Cut", "checked_text", "template_identity", "token_limit"]

BOS = ("auto", "one", "none", "double", "as-tokenized")
TRUNCATION = ("left", "right", "fail")
JOINED = {"plain": "\n\n", "space": " "}
"""Templates without a file: prompt and response with this between them."""

NO_PROMPT = Unscored("no prompt")
NO_UNICODE = Unscored("the text holds half of a surrogate pair, which is no Unicode")
NOTHING_LEFT = Unscored("the input has no tokens")
SYSTEM_LEFT_OUT = "the chat template leaves out the system message"


@dataclass(frozen=True, slots=True)
class Cut:
    """Token ids within the limit.

    Attributes
    ----------
    ids:
        What the model reads.
    shift:
        How many places to the left the kept end of the input has moved; 0 where nothing was cut there.
    kept_first:
        Tokens at the start that did not move: 1 for a kept BOS when the start was cut.
    remark:
        What was cut; empty for nothing.
    """

    ids: array[int]
    shift: int = 0
    kept_first: int = 0
    remark: str = ""

    def moved(self, position: int) -> int | None:
        """Where a position of the whole input is now; None if it was cut off."""
        if self.shift and position < self.kept_first:
            return position
        place = position - self.shift
        return place if self.kept_first * bool(self.shift) <= place < len(self.ids) else None


def template_identity(template: str) -> str:
    """What stands for the template in a signature: its name, or a hash of the file.

    Raises
    ------
    SpecError
        If it is neither a known name nor a readable file.
    """
    if template in ("", "pair", *JOINED):
        return template
    return "jinja:" + hashlib.blake2b(_read_template(template).encode(), digest_size=12).hexdigest()


def _read_template(template: str) -> str:
    try:
        return Path(template).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(
            f"template={template} is neither plain, space or pair nor a readable file with a Jinja chat template"
        ) from error


def token_limit(config: Any, tokenizer: Any, asked: int) -> int:
    """Most tokens of an input: what was asked for, within what the positions of the model and its tokenizer allow."""
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    positions = int(getattr(text, "max_position_embeddings", 0) or 0)
    if positions and getattr(text, "model_type", "") in ("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl"):
        positions -= int(text.pad_token_id or 0) + 1  # their positions start behind the padding index
    stated = int(min(getattr(tokenizer, "model_max_length", 0) or 0, 1 << 30))
    known = [limit for limit in (asked, positions, stated if stated < 1 << 30 else 0) if limit > 0]
    return min(known) if known else 1 << 30


def checked_text(text: str, remark: str = "") -> tuple[str, str] | Unscored:
    """Text and remark; or a reason where no tokenizer takes the text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return NO_UNICODE
    return text, remark


class ChatEncoder:
    """Writes chats as one model wants them.

    Parameters
    ----------
    tokenizer:
        The model's.
    template:
        Empty for the model's own chat template, ``plain`` (prompt, blank line, response), ``space`` (prompt, blank,
        response), or a file with a Jinja chat template.
    bos:
        ``auto``: one BOS if the template or the tokenizer writes any, else none; ``one``, ``none``, ``double``: that
        many; ``as-tokenized``: the template's text through the tokenizer with its special tokens, doubled or not.
    truncation:
        ``left`` cuts the start and keeps a BOS, ``right`` cuts the end, ``fail`` leaves the response unscored.
    system_prompt:
        System message for chats that have none.
    limit:
        Most tokens.

    Raises
    ------
    SpecError
        If there is no template to write the chat with, or no BOS token to put first.
    """

    def __init__(
        self, tokenizer: Any, *, template: str, bos: str, truncation: str, system_prompt: str, limit: int, model: str
    ) -> None:
        self.tokenizer, self.template, self.bos = tokenizer, template, bos
        self.truncation, self.system_prompt, self.limit = truncation, system_prompt, limit
        self.jinja: str | None = None
        if template not in ("", *JOINED):
            self.jinja = with_fixed_date(_read_template(template))
        elif not template:
            if not tokenizer.chat_template:
                raise SpecError(
                    f"{model} has no chat template: give template=FILE (a Jinja chat template), or template=plain for"
                    " the prompt, a blank line and the response"
                )
            self.jinja = with_fixed_date(tokenizer.get_chat_template())
        first = tokenizer.bos_token_id
        self.bos_id: int | None = tokenizer.cls_token_id if first is None else first
        if bos in ("one", "double") and self.bos_id is None:
            raise SpecError(f"bos={bos}: the tokenizer of {model} has no BOS token")
        encoded = tokenizer("a")["input_ids"]
        self.adds_bos = bool(encoded) and self.bos_id is not None and encoded[0] == self.bos_id
        self._prompt_ids = functools.lru_cache(maxsize=8)(self._ids_of_text)

    def text(self, prompt: Prompt | None, response: str) -> tuple[str, str] | Unscored:
        """The whole chat as text, and a remark; or why the template refuses it."""
        if prompt is None or prompt == ():
            return NO_PROMPT
        if self.template in JOINED:
            return checked_text(self._joined(prompt) + response, "")
        messages = self._messages(prompt)
        written = self._rendered([*messages, {"role": "assistant", "content": response}], opens=False)
        if isinstance(written, Unscored):
            return written
        left_out = any(one["role"] == "system" and one["content"].strip() not in written for one in messages)
        return checked_text(written, SYSTEM_LEFT_OUT if left_out else "")

    def ids(self, text: str) -> list[int]:
        """Token ids of a chat's text, with as many BOS as `bos` asks for."""
        return list(self._ids_of_text(text))

    def response_start(self, prompt: Prompt, response: str, text: str, ids: list[int]) -> int:
        """The first token of ``ids`` that is not of the prompt.

        The prompt is written with the template's opening of an answer and tokenised by itself; the response starts
        where the two lists of ids part. A token that holds the prompt's end and the response's start is the response's.
        """
        if self.template in JOINED:
            opened: str | Unscored = self._joined(prompt)
        else:
            opened = self._rendered(self._messages(prompt), opens=True)
        if isinstance(opened, Unscored) or not text.startswith(opened):
            # The template opens an answer in another way than it writes one; the response stands near the end.
            found = text.rfind(response.strip())
            opened = text[: found if found >= 0 else len(text)]
        before = self._prompt_ids(opened)
        start = 0
        for one, other in zip(before, ids, strict=False):
            if one != other:
                break
            start += 1
        return start

    def cut(self, ids: list[int]) -> Cut | Unscored:
        """The ids within the limit, or why not."""
        if not ids:
            return NOTHING_LEFT
        over = len(ids) - self.limit
        if over <= 0:
            return Cut(array("i", ids))
        if self.truncation == "fail":
            return Unscored(f"longer than {self.limit:,} tokens")
        remark = f"truncated to {self.limit:,} tokens"
        if self.truncation == "right":
            return Cut(array("i", ids[: self.limit]), remark=remark)
        if ids[0] == self.bos_id and self.limit > 1:
            return Cut(array("i", [ids[0], *ids[over + 1 :]]), shift=over, kept_first=1, remark=remark)
        return Cut(array("i", ids[over:]), shift=over, remark=remark)

    def _messages(self, prompt: Prompt) -> list[dict[str, str]]:
        turns = (Message("user", prompt),) if isinstance(prompt, str) else prompt
        written = [{"role": turn.role, "content": turn.content} for turn in turns]
        if self.system_prompt and (not written or written[0]["role"] != "system"):
            written.insert(0, {"role": "system", "content": self.system_prompt})
        return written

    def _joined(self, prompt: Prompt) -> str:
        has_system = not isinstance(prompt, str) and bool(prompt) and prompt[0].role == "system"
        before = f"{self.system_prompt}\n\n" if self.system_prompt and not has_system else ""
        return before + prompt_text(prompt) + JOINED[self.template]

    def _rendered(self, messages: list[dict[str, str]], *, opens: bool) -> str | Unscored:
        import jinja2

        try:
            return str(
                self.tokenizer.apply_chat_template(
                    messages, chat_template=self.jinja, tokenize=False, add_generation_prompt=opens
                )
            )
        except jinja2.TemplateError as error:
            return Unscored(f"the chat template refuses this chat: {error}")

    def _ids_of_text(self, text: str) -> tuple[int, ...]:
        whole = self.bos == "as-tokenized" or self.template in JOINED
        ids = self.tokenizer(text, add_special_tokens=whole, verbose=False)["input_ids"]
        if self.bos == "as-tokenized" or self.bos_id is None:
            return tuple(ids)
        bare = 0
        while bare < len(ids) and ids[bare] == self.bos_id:
            bare += 1
        wanted = {"one": 1, "none": 0, "double": 2}.get(self.bos, int(bare > 0 or self.adds_bos))
        return (*[self.bos_id] * wanted, *ids[bare:])
