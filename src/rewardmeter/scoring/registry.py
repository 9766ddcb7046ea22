"""The registry that finds a scorer by its spec. May import `errors` and the modules beside it.

Families live in `scorers/`, one file each, and are imported when first asked for; installed packages add theirs through
the entry-point group ``rewardmeter.scorers``.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import importlib
import importlib.metadata
import inspect
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scoring.function import ScoreFunction, scorer
from rewardmeter.scoring.negated import negated
from rewardmeter.scoring.protocol import PARTS, Scorer
from rewardmeter.scoring.spec import Spec, convert_options, parse_spec, without_calibrator

__all__ = ["Checkpoint", "Family", "families", "make_scorer", "register"]

ENTRY_POINT_GROUP = "rewardmeter.scorers"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A well-known public model of a family, for lists: what it is called, what its licence allows, in what words.

    Attributes
    ----------
    spec:
        The one line that loads it.
    licence:
        As its publisher states it.
    commercial:
        Whether the licence allows commercial use.
    note:
        What it was made for, in a clause.
    """

    spec: str
    licence: str
    commercial: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """One registered kind of scorer.

    Attributes
    ----------
    name:
        First part of the spec.
    factory:
        ``"module:object"``, imported when first asked for. The object is called as ``factory(**options)``, with
        ``target=`` as well if `takes_target`.
    summary:
        One clause for lists.
    reads:
        What its scorers read, for lists; the scorer itself is the authority.
    extra:
        The extra that it needs; empty for none.
    shape:
        ``"pointwise"``, ``"pairwise"`` or ``"listwise"``: how its scorers see the responses of an item.
    checkpoints:
        Well-known public models.
    """

    name: str
    factory: str
    summary: str
    reads: tuple[str, ...] = ("response",)
    extra: str = ""
    takes_target: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    group: str = "other"
    shape: str = "pointwise"
    checkpoints: tuple[Checkpoint, ...] = ()


_FAMILIES: dict[str, Family] = {}


def register(family: Family) -> None:
    """Add a family to the registry; a name that is taken is an error.

    Raises
    ------
    SpecError
        If another factory is registered under that name.
    """
    known = _FAMILIES.get(family.name)
    if known is not None and known.factory != family.factory:
        raise SpecError(f"scorer name '{family.name}' is taken by {known.factory}")
    _FAMILIES[family.name] = family


@functools.cache
def _load_catalogue() -> None:
    for family in importlib.import_module("rewardmeter.scorers").CATALOGUE:
        register(family)
    for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
        package = point.dist.name if point.dist else point.module
        try:
            register(Family(point.name, f"{point.module}:{point.attr}", f"from package {package}"))
        except SpecError as error:
            warnings.warn(f"the scorer '{point.name}' of package {package} is left out: {error}", stacklevel=2)


def families() -> Mapping[str, Family]:
    """All registered families by name: the built-in ones and those of installed packages."""
    _load_catalogue()
    return dict(_FAMILIES)


def make_scorer(spec: str | Scorer | ScoreFunction) -> Scorer:
    """The scorer that a spec names; a `Scorer` comes back as it is, a function is wrapped.

    Raises
    ------
    UnknownNameError
        If no family has that name.
    SpecError
        If an option is unknown or has the wrong type.
    """
    if not isinstance(spec, str):
        if isinstance(spec, type) or not callable(spec):
            raise SpecError(f"{spec!r} is not a scorer: give a spec, a Scorer or a function of prompt and response")
        return spec if isinstance(spec, Scorer) else cast(Scorer, scorer(spec))
    plain, calibrator = without_calibrator(spec)
    if calibrator:
        return cast(Scorer, _resolve("rewardmeter.calibration:load_calibrated", spec)(plain, calibrator))
    parsed = parse_spec(spec)
    known = families()
    if parsed.name in known:
        made = _from_family(known[parsed.name], parsed)
    elif parsed.target is not None and not _near(parsed.name, known):
        made = _from_python(parsed)
    else:
        raise UnknownNameError("scorer", parsed.name, known, hint="'rewardmeter scorers' lists them.")
    return negated(made) if parsed.negated else made


def _near(name: str, known: Mapping[str, Family]) -> bool:
    """Whether a name is more likely a family misspelt than a Python module."""
    return "." not in name and name not in sys.modules and bool(difflib.get_close_matches(name, known, cutoff=0.8))


def _from_family(family: Family, spec: Spec) -> Scorer:
    if spec.target is not None and not family.takes_target:
        raise SpecError(f"scorer spec '{spec.text}': '{family.name}' takes no ':{spec.target}'")
    factory = _resolve(family.factory, spec.text)
    if inspect.isfunction(factory) and PARTS & set(inspect.signature(factory).parameters):
        return cast(Scorer, scorer(factory, name=spec.text.removeprefix("-"), **convert_options(factory, spec)))
    options = convert_options(factory, spec)
    options.update(family.options)
    if family.takes_target:
        options["target"] = spec.target
    made = factory(**options)
    if not isinstance(made, Scorer):
        made = scorer(made, name=spec.text.removeprefix("-"))
    return cast(Scorer, made)


def _from_python(spec: Spec) -> Scorer:
    found = _resolve(f"{spec.name}:{spec.target}", spec.text)
    label = spec.text.removeprefix("-")
    if isinstance(found, type):
        found = found(**convert_options(found, spec))
    elif isinstance(found, Scorer):
        if spec.options:
            kind: Any = type(found)
            if not dataclasses.is_dataclass(kind):
                raise SpecError(f"scorer spec '{spec.text}': this scorer takes no options")
            found = dataclasses.replace(cast(Any, found), **convert_options(cast(Any, kind), spec))
    elif callable(found):
        return cast(Scorer, scorer(found, name=label, **convert_options(found, spec)))
    if not isinstance(found, Scorer):
        raise SpecError(f"scorer spec '{spec.text}': {found!r} is neither a scorer nor a function")
    return found


def _resolve(path: str, spec_text: str) -> Any:
    module_name, _, attribute = path.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and not (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise
        raise SpecError(f"scorer spec '{spec_text}': there is no Python module '{module_name}'") from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            names = [name for name in dir(found) if not name.startswith("_")]
            raise UnknownNameError(f"object in module {module_name}", attribute, names)
        found = getattr(found, part)
    return found
