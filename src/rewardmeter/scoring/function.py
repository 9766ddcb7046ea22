"""A plain function as a scorer. May import `types`, `errors` and the modules beside it."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rewardmeter.errors import SpecError
from rewardmeter.scoring.protocol import PARTS, Laws
from rewardmeter.scoring.signature import as_json, source_revision
from rewardmeter.types import Item, Outcome, Scores, Signature, prompt_text

__all__ = ["FunctionScorer", "ScoreFunction", "scorer"]


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
            options = json.loads(json.dumps(dict(self.options), default=as_json))
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
