"""Structured output: valid JSON, and valid against a JSON Schema. May import `pointwise`, `errors` and the
modules beside it.

Source: JSON Schema, draft 2020-12 and the drafts before it (https://json-schema.org/specification), by the package
jsonschema.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from rewardmeter.errors import SpecError
from rewardmeter.scorers.pointwise import Unscored, spec_of
from rewardmeter.scorers.programs.json_text import DeepError, json_in, read_json
from rewardmeter.scorers.programs.results import (
    Checked,
    Remarked,
    check_each,
    one_of,
    require,
    scores_with_remarks,
)
from rewardmeter.scoring import Laws
from rewardmeter.types import Item, Scores

__all__ = ["JsonSchema", "json_schema"]

NOT_JSON = "no JSON: counted as wrong"


@dataclass(frozen=True)
class JsonSchema:
    """1 if the response is JSON that is valid against a schema, else 0; one that is no JSON scores 0 with a remark.

    The schema is a file's, or with no file each item's reference. ``$ref`` is followed within the schema and to the
    published meta-schemas; nothing is fetched. ``format`` is an annotation, as the standard has it by default.

    Parameters
    ----------
    extract:
        Which part of the response is to be JSON: ``whole``, ``fenced`` (its first fenced block) or ``auto`` (the fenced
        block if there is one, else the whole).
    path:
        The file; None for references.
    schema:
        The file's text, so that the scorer means the same in another process or after an edit.
    digest:
        Hash of that text; it stands in the signature for it.
    """

    family: ClassVar[str] = "json-schema"
    laws: ClassVar[Laws] = Laws(cpu_bound=True)
    revision: ClassVar[str] = "1"

    extract: str = "auto"
    path: str | None = None
    schema: str = field(default="", repr=False, metadata={"moves_score": False})
    digest: str = ""

    def __post_init__(self) -> None:
        one_of("place of the JSON", self.extract, ("auto", "fenced", "whole"))

    @property
    def name(self) -> str:
        """The spec; it names the file, whose content is part of the signature."""
        options = {} if self.extract == "auto" else {"extract": self.extract}
        return spec_of(self.family if self.path is None else f"{self.family}:{self.path}", options)

    @property
    def reads(self) -> frozenset[str]:
        """The references are read where they are the schemas."""
        return frozenset({"response", "references"} if self.path is None else {"response"})

    def __call__(self, items: Sequence[Item], /) -> Scores:
        require("jsonschema", "the scorer 'json-schema'")
        if self.path is not None:
            validator = _validator(self.schema)
            return scores_with_remarks(
                self._check(response.text, validator) for item in items for response in item.responses
            )
        return check_each(items, self._check_against_reference)

    def _check_against_reference(self, text: str, references: tuple[str, ...]) -> Checked:
        try:
            validators = [_validator(reference) for reference in references]
        except SpecError as error:
            return Unscored(f"the reference is no schema: {error}")
        checked = [self._check(text, validator) for validator in validators]
        for wanted in (1.0, 0.0):  # one schema that it is valid against is enough
            if wanted in checked:
                return wanted
        return checked[0]

    def _check(self, text: str, validator: Any) -> Checked:
        part = json_in(text, self.extract)
        if part is None:
            return Remarked(0.0, "no fenced block: counted as wrong")
        try:
            value = read_json(part)
        except DeepError as error:
            return Unscored(str(error))
        except ValueError:
            return Remarked(0.0, NOT_JSON)
        return _verdict(validator, value)


def _verdict(validator: Any, value: Any) -> Checked:
    from referencing.exceptions import Unresolvable

    try:
        return float(validator.is_valid(value))
    except Unresolvable as error:
        return Unscored(f"the schema refers to '{error.ref}', which is no part of it; nothing is fetched")
    except RecursionError:
        return Unscored("schema and response together are nested too deeply to be checked")
    except (ArithmeticError, ValueError, TypeError, KeyError) as error:  # a schema may hold what no check foresees
        return Unscored(f"the schema cannot be applied: {type(error).__name__}")


@functools.lru_cache(maxsize=256)
def _validator(schema_text: str) -> Any:
    """The validator of a schema, by the draft that its ``$schema`` names, 2020-12 where it names none.

    Raises
    ------
    SpecError
        If the text is no JSON or no schema.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    try:
        schema = read_json(schema_text)
    except ValueError as error:
        raise SpecError(f"not JSON ({error})") from error
    if not isinstance(schema, (dict, bool)):
        raise SpecError("a schema is a JSON object, true or false")
    draft = schema.get("$schema", "") if isinstance(schema, dict) else ""
    if not isinstance(draft, str):
        raise SpecError("$schema is not a text")
    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        raise SpecError(f"{error.message} (at {error.json_path})") from error
    except Exception as error:  # checking a schema is foreign code on foreign data
        raise SpecError(f"{type(error).__name__}: {error}") from error
    published = importlib.import_module("jsonschema_specifications").REGISTRY  # the default one fetches
    return kind(schema, registry=published)


def json_schema(target: str | None = None, extract: str = "auto") -> JsonSchema:
    """The schema scorer from a spec, where the target is the schema's file.

    Raises
    ------
    SpecError
        If the file cannot be read or holds no schema.
    """
    if target is None:
        return JsonSchema(extract)
    try:
        content = Path(target).read_bytes()
        text = content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise SpecError(f"json-schema: the schema '{target}' cannot be read: {error}") from error
    require("jsonschema", "the scorer 'json-schema'")
    try:
        _validator(text)
    except SpecError as error:
        raise SpecError(f"json-schema: '{target}' is no schema: {error}") from error
    return JsonSchema(extract, target, text, hashlib.blake2b(content, digest_size=16).hexdigest())
