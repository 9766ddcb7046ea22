"""Which family of models a name belongs to. Imports nothing of ours.

A model that was trained on from another one belongs to the family that it started from, where its name is that of one
base alone: Vicuna and Alpaca are Llamas, Zephyr is a Mistral. Names that started from several bases are not listed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["FAMILIES", "family_of"]

FAMILIES: Mapping[str, str] = {
    "human": r"human|people|crowd(?:worker)?",
    "gpt": r"chat-?gpt|gpt-?[345](?!all)|gpt-oss|o[134](?=$|[-_ ](?:mini|preview|pro|high|low|medium|20))|davinci",
    "claude": r"claude|(?:opus|sonnet|haiku)(?=$|[-_ .]?\d|[-_ ])",
    "gemini": r"gemini|palm-?2?|bard|bison|unicorn",
    "gemma": r"gemma",
    "llama": r"(?:code)?llama|vicuna|alpaca(?!-?eval)|pandalm|koala|guanaco|t[uü]lu",
    "mistral": r"mi[sx]tral|ministral|magistral|zephyr|pixtral|codestral",
    "qwen": r"qwen|qwq",
    "deepseek": r"deepseek",
    "falcon": r"falcon",
    "command": r"command(?=[-_ ](?:r|a|nightly|light|xlarge))|command$|cohere|aya(?=$|[-_ ])",
    "phi": r"phi(?=[-_ ]?\d)",
    "yi": r"yi(?=[-_ ]\d)|yi-(?:large|medium|lightning)",
    "internlm": r"internlm",
    "glm": r"(?:chat)?glm",
    "grok": r"grok",
    "nova": r"(?:amazon[-_ .])?nova(?=[-_ ](?:micro|lite|pro|premier))",
    "dbrx": r"dbrx",
    "olmo": r"olmo",
    "mpt": r"mpt(?=[-_ ]\d)",
    "bloom": r"bloom",
    "opt": r"opt(?=[-_ ](?:\d|iml))",
    "pythia": r"pythia",
    "cerebras": r"cerebras",
    "kimi": r"kimi|moonshot",
    "baichuan": r"baichuan",
    "granite": r"granite",
    "nemotron": r"nemotron",
}
"""Family to a pattern that its names start with, case folded, at the start of the name or after what is no letter."""

_PATTERNS = {family: re.compile(rf"(?:(?<![a-z])|(?<=meta))(?:{pattern})") for family, pattern in FAMILIES.items()}


def family_of(name: str, known: Mapping[str, str] | None = None) -> str | None:
    """The family of a model by its name; None where it is not known.

    Where several families are named (``deepseek-r1-distill-qwen``) the first one counts. ``known`` maps names to
    families and goes before the table; the empty string says that a name has none.
    """
    if known is not None and name in known:
        return known[name] or None
    folded = name.casefold()
    found = [(match.start(), family) for family, pattern in _PATTERNS.items() if (match := pattern.search(folded))]
    return min(found)[1] if found else None
