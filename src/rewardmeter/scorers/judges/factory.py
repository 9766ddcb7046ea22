"""A judge from a spec or a judge file. May import `errors`, `scoring` and the modules beside it."""

from __future__ import annotations

import dataclasses
import inspect
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

from rewardmeter.errors import InputError, SpecError, UnknownNameError
from rewardmeter.scorers.judges.judge import Judge
from rewardmeter.scorers.judges.listwise import ListwiseJudge
from rewardmeter.scorers.judges.pairwise import PairJudge
from rewardmeter.scorers.judges.pointwise import PointwiseJudge, ReferenceJudge
from rewardmeter.scorers.judges.rubric import RubricJudge
from rewardmeter.scorers.judges.spans import SpanJudge
from rewardmeter.scorers.judges.yesno import YesNoJudge

__all__ = ["MODES", "judge"]

MODES: Mapping[str, type[Judge]] = {
    kind.mode: kind
    for kind in (PointwiseJudge, ReferenceJudge, YesNoJudge, RubricJudge, SpanJudge, PairJudge, ListwiseJudge)
}
"""Every way to judge, by the name that the option ``mode`` takes."""

_PATHS = ("template", "criteria")


def judge(target: str | None, **options: Any) -> Judge:
    """The judge that a spec names: ``judge:MODEL?…`` or ``judge:FILE.toml?…``.

    A judge file holds the options as TOML keys, ``model`` among them, the body fields of ``request`` as a table
    ("null" removes a field), and criteria as ``[[criteria]]``; paths in it count from its folder. What the spec says
    goes before what the file says.

    Raises
    ------
    InputError
        If the judge file cannot be read, or holds what is no option.
    SpecError, UnknownNameError
        If there is no model, or an option does not exist or makes no sense.
    """
    if not target:
        raise SpecError("a judge needs a model: write judge:MODEL or judge:FILE.toml")
    from_file = _read_file(Path(target)) if target.endswith(".toml") else {}
    merged = from_file | options
    kind = _kind(str(merged.pop("mode", "pointwise")))
    known = [one.name for one in dataclasses.fields(kind) if one.name not in ("target", "given")]
    for name in merged:
        if name not in known:
            raise UnknownNameError(f"option of judges with mode={kind.mode}", name, known)
    given = tuple(options.items()) if from_file else ()
    return kind(target=target, given=given, **merged)


def _kind(mode: str) -> type[Judge]:
    if mode not in MODES:
        raise UnknownNameError("judge mode", mode, MODES)
    return MODES[mode]


def _all_options() -> tuple[dict[str, inspect.Parameter], dict[str, Any]]:
    """The options of all modes, as the registry looks for them on a factory."""
    empty, keyword = inspect.Parameter.empty, inspect.Parameter.KEYWORD_ONLY
    hints: dict[str, Any] = {"target": str | None, "mode": str}
    for kind in MODES.values():
        of_kind = get_type_hints(kind)
        hints |= {
            one.name: of_kind[one.name] for one in dataclasses.fields(kind) if one.name not in ("target", "given")
        }
    parameters = {
        name: inspect.Parameter(name, keyword, default=empty, annotation=hint) for name, hint in hints.items()
    }
    return parameters, hints


def _read_file(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"the judge file cannot be read ({error.strerror})", path=path) from error
    except ValueError as error:
        raise InputError(f"not TOML: {error}", path=path) from error
    options: dict[str, Any] = {}
    for key, value in table.items():
        if key == "criteria" and isinstance(value, list):
            options[key] = str(path)
        elif key == "request" and isinstance(value, dict):
            options[key] = json.dumps({name: None if one == "null" else one for name, one in value.items()})
        elif key == "scale" and isinstance(value, list) and len(value) == 2:
            options[key] = f"{value[0]}-{value[1]}"
        elif key not in _OPTIONS:
            raise InputError(f"'{key}' is no option of a judge", path=path, fix="docs/judges.md lists them.")
        else:
            options[key] = _checked(key, value, path)
    for name in _PATHS:
        written = table.get(name)
        if isinstance(written, str) and (name == "criteria" or written.endswith(".txt") or "/" in written):
            options[name] = str(path.parent / Path(written).expanduser())
    if not options.get("model"):
        raise InputError("the judge file names no model", path=path, fix='Write model = "…".')
    return options


def _checked(key: str, value: object, path: Path) -> object:
    """The value as the option's type; whole numbers may stand for numbers."""
    kinds = getattr(_HINTS[key], "__args__", (_HINTS[key],))
    if float in kinds and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        wanted = " or ".join(kind.__name__ for kind in kinds if kind is not type(None))
        raise InputError(f"{key} = {value!r} is not of type {wanted}", path=path)
    return value


_OPTIONS, _HINTS = _all_options()
_factory: Any = judge
_factory.__signature__ = inspect.Signature(list(_OPTIONS.values()))
_factory.__annotations__ = _HINTS
