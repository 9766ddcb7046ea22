"""The `Scorer` protocol, the decorator that makes one from a function, and the registry that finds one by spec.

May import `types` and `errors`. Families live in `scorers/`, one file each, and are imported when first asked for.

Spec strings: ``[-]name[:target][?option=value&option=value]``. A leading ``-`` negates. ``package.module:object`` is
any Python callable. Examples: ``length``, ``-words``, ``chrf?beta=3``, ``recorded:BLEU-refA``, ``my.rules:politeness``.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import hashlib
import importlib
import importlib.metadata
import inspect
import json
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, cast, get_type_hints, runtime_checkable
from urllib.parse import unquote

import numpy as np

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.types import Item, Outcome, Scores, Signature, prompt_text

__all__ = [
    "PARTS",
    "Family",
    "FunctionScorer",
    "Laws",
    "Negated",
    "Scorer",
    "Spec",
    "families",
    "make_scorer",
    "parse_spec",
    "register",
    "scorer",
    "signature_of",
]

PARTS = frozenset({"prompt", "response", "references"})
"""What a scorer may declare to read."""

ENTRY_POINT_GROUP = "rewardmeter.scorers"


@dataclass(frozen=True, slots=True)
class Laws:
    """What a scorer promises; the law tests hold it to each.

    Attributes
    ----------
    pointwise:
        The score of a response does not depend on its neighbours.
    order_invariant:
        Reordering the responses of an item reorders the scores and does nothing else.
    deterministic:
        The same input gets the same score every time.
    cpu_bound:
        Pure Python or NumPy work that gains from worker processes.
    """

    pointwise: bool = True
    order_invariant: bool = True
    deterministic: bool = True
    cpu_bound: bool = False


@runtime_checkable
class Scorer(Protocol):
    """Items in, `Scores` out: one number per response, in order, greater is better.

    A scorer is a frozen dataclass whose fields are its options. It knows nothing of files, caches, benchmarks or
    trainers. Options that cannot move a score are declared with ``field(metadata={"moves_score": False})``.
    """

    @property
    def name(self) -> str:
        """Name on the board: the spec that makes this scorer."""
        ...

    @property
    def reads(self) -> frozenset[str]:
        """Which of `PARTS` the scorer looks at; the engine hides the others from it."""
        ...

    @property
    def laws(self) -> Laws:
        """What the scorer promises."""
        ...

    def __call__(self, items: Sequence[Item], /) -> Scores:
        """Score every response of every item."""
        ...


def signature_of(scorer: Scorer) -> Signature:
    """The scorer's signature: from its own ``signature`` method where it has one, else from its dataclass fields."""
    own = getattr(scorer, "signature", None)
    if callable(own):
        return cast(Signature, own())
    code = source_revision(type(scorer))
    kind: Any = type(scorer)
    options: dict[str, object] = {"class": f"{kind.__module__}:{kind.__qualname__}"}
    if dataclasses.is_dataclass(kind):
        for option in dataclasses.fields(kind):
            if option.metadata.get("moves_score", True):
                options[option.name] = getattr(scorer, option.name)
    revision = str(getattr(scorer, "revision", "") or code or "")
    if not revision:
        return Signature(scorer.name, {"class": options["class"]}, "source unknown", storable=False)
    try:
        plain = json.loads(json.dumps(options, default=_as_json))
    except TypeError:
        return Signature(scorer.name, {key: repr(value) for key, value in options.items()}, revision, storable=False)
    return Signature(scorer.name, plain, revision)


def _as_json(value: Any) -> object:
    """Sets and dataclasses as JSON values, so that options may hold them."""
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no JSON form")


def source_revision(what: object) -> str | None:
    """Hash of the file that defines a function or class, and of the neighbouring files that its modules import.

    A helper, constant or pattern is as much part of a rule as its own lines. Neighbours are modules below the same
    folder; installed packages are not followed. The path is part of the hash for scripts (``__main__``), whose
    objects have no other name. None where there is no source to read.
    """
    module = sys.modules.get(getattr(what, "__module__", "") or "")
    home = _source_file(module)
    if module is None or home is None:
        return None
    digest = hashlib.blake2b(digest_size=8)
    if module.__name__ == "__main__":
        digest.update(str(home).encode())
    waiting, seen = [module], {home}
    while waiting:
        current = waiting.pop()
        file = _source_file(current)
        if file is None:
            continue
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
        for neighbour in _imported(current):
            place = _source_file(neighbour)
            if place is not None and place not in seen and place.is_relative_to(home.parent):
                seen.add(place)
                waiting.append(neighbour)
    return digest.hexdigest()


def _source_file(module: ModuleType | None) -> Path | None:
    file = getattr(module, "__file__", None)
    path = Path(file).resolve() if file else None
    return path if path is not None and path.suffix == ".py" and path.is_file() else None


def _imported(module: ModuleType) -> list[ModuleType]:
    """Modules that a module's names come from, in the order of their names."""
    found: dict[str, ModuleType] = {}
    for value in list(vars(module).values()):
        origin = value if isinstance(value, ModuleType) else sys.modules.get(getattr(value, "__module__", None) or "")
        if isinstance(origin, ModuleType):
            found[origin.__name__] = origin
    return [found[name] for name in sorted(found)]


@dataclass(frozen=True)
class Negated:
    """A scorer turned upside down: what was best is worst. Outcomes and reasons stay."""

    inner: Scorer

    @property
    def name(self) -> str:
        return f"-{self.inner.name}"

    @property
    def reads(self) -> frozenset[str]:
        return self.inner.reads

    @property
    def laws(self) -> Laws:
        return self.inner.laws

    def signature(self) -> Signature:
        """The inner signature under the negated name."""
        return dataclasses.replace(signature_of(self.inner), name=self.name)

    def __call__(self, items: Sequence[Item], /) -> Scores:
        scores = self.inner(items)
        return dataclasses.replace(scores, values=-scores.values, signature=None)


ScoreFunction = Callable[..., Any]


@dataclass(frozen=True)
class FunctionScorer:
    """A plain function as a scorer.

    The function's parameter names say what it reads: ``prompt``, ``response``, ``references`` (a tuple), in any order.
    It returns a finite number; None abstains; an exception is that response's failure, with its text as the reason.
    """

    function: ScoreFunction
    label: str
    reads: frozenset[str]
    laws: Laws = field(default_factory=Laws)
    options: Mapping[str, object] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.label

    def signature(self) -> Signature:
        """Name, options and a hash of the code that the function may run, so that edited code is another scorer.

        Not storable: closures, and functions whose source cannot be read. What a function reads from elsewhere (files,
        the network) is not part of its signature.
        """
        try:
            closed = inspect.getclosurevars(self.function).nonlocals
        except (TypeError, ValueError):
            closed = {}
        revision = source_revision(self.function)
        if revision is None or closed:
            return Signature(self.label, {}, "source unknown", storable=False)
        try:
            options = json.loads(json.dumps(dict(self.options), default=_as_json))
        except TypeError:
            return Signature(self.label, {}, revision, storable=False)
        return Signature(self.label, options, revision)

    def __call__(self, items: Sequence[Item], /) -> Scores:
        values: list[float] = []
        outcomes: list[int] = []
        reasons: dict[int, str] = {}
        function, parameters = self.function, self.parameters
        for item in items:
            known: dict[str, object] = {"references": item.references, "prompt": item.prompt}
            if "prompt" in parameters and not isinstance(item.prompt, str):
                known["prompt"] = prompt_text(item.prompt)
            for response in item.responses:
                known["response"] = response.text
                value, outcome, reason = _call(function, {name: known[name] for name in parameters}, self.options)
                if reason:
                    reasons[len(values)] = reason
                values.append(value)
                outcomes.append(outcome)
        return Scores(np.array(values, dtype=np.float64), np.array(outcomes, dtype=np.uint8), reasons)


def _call(
    function: ScoreFunction, arguments: Mapping[str, object], options: Mapping[str, object]
) -> tuple[float, int, str]:
    try:
        value = function(**arguments, **options)
        if value is None:
            return float("nan"), Outcome.ABSTAINED, ""
        number = float(value)
    except (Exception, SystemExit) as error:  # a failure of foreign code is that response's outcome, never the run's
        return float("nan"), Outcome.FAILED, f"{type(error).__name__}: {error}"
    if not np.isfinite(number):
        return float("nan"), Outcome.FAILED, f"the function returned {number}"
    return number, Outcome.SCORED, ""


def scorer(
    function: ScoreFunction | None = None,
    /,
    *,
    name: str | None = None,
    reads: Sequence[str] | None = None,
    laws: Laws | None = None,
    **options: object,
) -> Any:
    """Make a `Scorer` from a function of ``prompt``, ``response`` and ``references`` (any of them, by name).

    Use it bare (``@scorer``), with options (``@scorer(name="politeness")``) or as a call. ``reads`` defaults to the
    parameters' names.

    Raises
    ------
    SpecError
        If the function has a parameter without default that is none of the three.
    """
    if function is None:
        return functools.partial(scorer, name=name, reads=reads, laws=laws, **options)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError) as error:
        raise SpecError(f"{function!r} cannot be a scorer: its parameters cannot be read") from error
    wanted = [
        parameter
        for parameter, what in signature.parameters.items()
        if what.kind not in (what.VAR_POSITIONAL, what.VAR_KEYWORD) and parameter not in options
    ]
    required = [p for p in wanted if signature.parameters[p].default is inspect.Parameter.empty]
    strange = [parameter for parameter in required if parameter not in PARTS]
    if strange or not PARTS & set(wanted):
        raise SpecError(
            f"function '{getattr(function, '__name__', function)}' cannot be a scorer: parameter"
            f" '{(strange or ['…'])[0]}' is none of prompt, response, references"
        )
    parameters = tuple(parameter for parameter in wanted if parameter in PARTS)
    label = name or f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', repr(function))}"
    declared = frozenset(reads) if reads is not None else frozenset(parameters)
    if not declared <= PARTS:
        raise SpecError(f"reads must be among {sorted(PARTS)}, not {sorted(declared - PARTS)}")
    return FunctionScorer(function, label, declared, laws or Laws(), dict(options), parameters)


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
    head, _, tail = body.partition("?")
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
    """

    name: str
    factory: str
    summary: str
    reads: tuple[str, ...] = ("response",)
    extra: str = ""
    takes_target: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    group: str = "other"


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
    parsed = parse_spec(spec)
    known = families()
    if parsed.name in known:
        made = _from_family(known[parsed.name], parsed)
    elif parsed.target is not None and not _near(parsed.name, known):
        made = _from_python(parsed)
    else:
        raise UnknownNameError("scorer", parsed.name, known, hint="'rewardmeter scorers' lists them.")
    return Negated(made) if parsed.negated else made


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
