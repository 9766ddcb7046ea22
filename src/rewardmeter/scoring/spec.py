"""Spec strings and their options. May import `errors` and `scoring.protocol`.

A spec is ``[-]name[:target][?option=value&option=value]``. A leading ``-`` negates; ``package.module:object`` is any
Python callable. Examples: ``length``, ``-words``, ``chrf?beta=3``, ``recorded:BLEU-refA``, ``my.rules:politeness``.
A target that is a spec with options of its own stands in brackets: ``pairs:[chrf?beta=3]?temperature=10``.
Behind ``@`` stands the file of a calibrator, whose name ends in .json: ``chrf@calibrator.json``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_type_hints
from urllib.parse import unquote

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scoring.protocol import PARTS

__all__ = ["Spec", "as_target", "convert_options", "parse_spec", "spec_in_target", "without_calibrator"]


@dataclass(frozen=True, slots=True)
class Spec:
    """A scorer spec taken apart."""

    text: str
    name: str
    target: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    negated: bool = False


def parse_spec(text: str) -> Spec:
    """Take a spec string apart; see the module's docstring for the grammar.

    Raises
    ------
    SpecError
        If the name is empty or an option is not written ``key=value``.
    """
    body = text.strip()
    negated = body.startswith("-")
    body = body[1:] if negated else body
    head, tail = _parted(body)
    name, colon, target = head.partition(":")
    if not name:
        raise SpecError(f"scorer spec '{text}' has no name; write for example chrf, length or recorded:NAME")
    options: dict[str, str] = {}
    for part in filter(None, tail.split("&")):
        key, equals, value = part.partition("=")
        if not equals or not key:
            raise SpecError(f"scorer spec '{text}': option '{part}' must be written key=value")
        options[key] = unquote(value)
    return Spec(text.strip(), name, target if colon else None, options, negated)


def without_calibrator(text: str) -> tuple[str, str]:
    """The spec before the ``@``, and the calibrator's file behind it; empty where there is none."""
    spec, at, path = text.strip().rpartition("@")
    return (spec, path) if at and spec and path.endswith(".json") else (text.strip(), "")


def spec_in_target(target: str) -> str:
    """The spec that a target holds, freed of the brackets around it."""
    return target[1:-1] if _bracketed(target) == len(target) else target


def as_target(spec: str) -> str:
    """A spec as the target of another: in brackets where it has options or a calibrator, or could be taken for a
    bracketed one."""
    head, tail = _parted(spec)
    if not tail and not without_calibrator(spec)[1] and "?" not in head and not head.startswith("["):
        return spec
    return f"[{head}?{tail.replace('[', '%5B').replace(']', '%5D')}]" if tail else f"[{head}]"


def _parted(body: str) -> tuple[str, str]:
    """What stands before and after the question mark that begins the options, which is not one within brackets."""
    name, colon, target = body.partition(":")
    inside = _bracketed(target) if "?" not in name else 0
    if inside and target[inside : inside + 1] in ("", "?"):
        return name + colon + target[:inside], target[inside + 1 :]
    head, _, tail = body.partition("?")
    return head, tail


def _bracketed(text: str) -> int:
    """How many characters an opening bracket at the start, what is in it and its closing bracket take; 0 for none."""
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if depth <= 0:
            return position + 1 if character == "]" and position else 0
    return 0


def convert_options(factory: Callable[..., Any], spec: Spec) -> dict[str, Any]:
    """The spec's option strings as the types that the factory's annotations ask for.

    Raises
    ------
    UnknownNameError
        If the factory has no such option.
    SpecError
        If a value does not read as the annotated type.
    """
    if not spec.options:
        return {}
    parameters = inspect.signature(factory).parameters
    names = [name for name in parameters if name not in ("target", *PARTS)]
    constructor: Any = factory
    hints = get_type_hints(constructor.__init__ if isinstance(factory, type) else constructor)
    converted: dict[str, Any] = {}
    for key, text in spec.options.items():
        if key not in names:
            raise UnknownNameError(f"option of scorer '{spec.name}'", key, names)
        converted[key] = _convert(text, hints.get(key, str), spec, key)
    return converted


_TRUTH: Mapping[str, bool] = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _convert(text: str, hint: Any, spec: Spec, key: str) -> Any:
    kinds = [hint, *getattr(hint, "__args__", ())]
    if type(None) in kinds and text.lower() in ("none", ""):
        return None
    if bool in kinds and text.lower() in _TRUTH:
        return _TRUTH[text.lower()]
    for kind in (int, float):
        if kind in kinds:
            try:
                return kind(text)
            except ValueError:
                continue
    if str in kinds or hint is Any:
        return text
    allowed = getattr(hint, "__name__", str(hint))
    raise SpecError(f"scorer spec '{spec.text}': option {key}={text} does not read as {allowed}")
