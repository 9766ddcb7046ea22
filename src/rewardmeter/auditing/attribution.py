"""Which parts of a response move its score? For any scorer, by scoring the response without them. May import
`dataset`, `engine`, `errors`, `scoring`, `stats`, `types` and the files of this folder."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rewardmeter.auditing.result import Span
from rewardmeter.auditing.units import UnitKind, joined_units, text_units
from rewardmeter.dataset import Dataset
from rewardmeter.engine import score as engine_score
from rewardmeter.errors import InputError, SpecError
from rewardmeter.scoring import Scorer, paid_scorers
from rewardmeter.stats.shapley import (
    all_coalitions,
    antithetic_orders,
    exact_shapley,
    order_coalitions,
    sampled_shapley,
)
from rewardmeter.types import FloatArray, Item, Scores

__all__ = ["Attribution", "Method", "attribute"]

Method = Literal["occlusion", "shapley"]
Coalitions = NDArray[np.bool_]
EXACT_UNITS = 8
"""Up to here all 2^n variants are scored, and nothing is drawn."""
MOST_VARIANTS = 100_000


@dataclass(frozen=True, eq=False)
class Attribution:
    """What each part of one response adds to its score.

    Attributes
    ----------
    scorer:
        Its name.
    text:
        The response.
    full, empty:
        Scores of the whole response and of the empty one; NaN where there is none.
    spans:
        The parts, which cover the text in order, and their effects, in units of the score.
    errors:
        Standard error of each effect from the drawing of orders; 0 where nothing was drawn.
    unit, method:
        What was asked for.
    says:
        How it was done, in words.
    variants:
        How many different texts were scored.
    unscored:
        How many of them got no score; effects that need one of these are NaN.
    reasons:
        Why, to how often.
    note:
        What to know: that neighbours were joined, or that a score is missing. Empty where there is nothing.
    """

    scorer: str
    text: str
    full: float
    empty: float
    spans: tuple[Span, ...]
    errors: tuple[float, ...]
    unit: str
    method: str
    says: str
    variants: int
    unscored: int
    reasons: dict[str, int]
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; None for what is undefined."""
        return {
            "scorer": self.scorer,
            "text": self.text,
            "full": _plain(self.full),
            "empty": _plain(self.empty),
            "unit": self.unit,
            "method": self.method,
            "says": self.says,
            "spans": [
                {"start": one.start, "stop": one.stop, "effect": _plain(one.effect), "error": _plain(error)}
                for one, error in zip(self.spans, self.errors, strict=True)
            ],
            "variants": self.variants,
            "unscored": self.unscored,
            "reasons": self.reasons,
            "note": self.note,
        }


def attribute(
    scorer: Scorer,
    item: Item,
    response_index: int = 0,
    *,
    unit: UnitKind = "sentence",
    method: Method = "occlusion",
    samples: int = 64,
    most_units: int = 64,
    seed: int = 0,
    score: Callable[[Scorer, Dataset], Scores] = engine_score,
) -> Attribution:
    """What each sentence or word of a response adds to its score.

    ``"occlusion"`` takes one part out at a time: the effect is the score of the response less that of the rest (Li et
    al. 2016). Where two parts say the same, either can be missed and both get 0. ``"shapley"`` averages over orders in
    which the parts come in (Shapley 1953): effects sum up to the score of the response less that of the empty one. With
    eight parts or fewer it is exact, with more it is estimated from random orders, each with its reverse.

    What is left of a response is no natural text, and a scorer that was never shown such may respond to that.

    Parameters
    ----------
    item:
        Prompt, references and responses, as the scorer needs them. A scorer that is not pointwise sees the other
        responses of the item beside each variant.
    response_index:
        Which response to take apart.
    unit:
        ``"sentence"`` or ``"word"``; see `text_units`.
    samples:
        Orders to draw for Shapley values of more than eight parts; each takes as many scores as there are parts. An odd
        number is made even.
    most_units:
        With more parts than that neighbours are joined, and the note says so.
    score:
        How a dataset is scored: the engine by default; pass your own to give it a store or a budget.

    Raises
    ------
    InputError
        If there is no such response, a number makes no sense, or the scores are recorded.
    SpecError
        If the unit or the method is unknown.
    """
    _check(scorer, item, response_index, unit, method, samples=samples, most_units=most_units)
    text = item.responses[response_index].text
    found = text_units(text, unit)
    units = joined_units(found, most_units)
    plan = _plan(method, len(units), samples, seed)
    variants = [text, "", *_variants(text, units, plan.coalitions)]
    distinct = {variant: place for place, variant in enumerate(dict.fromkeys(variants))}
    scored = _scored(scorer, item, response_index, list(distinct), score)
    values = scored.values[[distinct[variant] for variant in variants]]
    effects, errors = _effects(plan, values)
    joined = f"{len(found):,} {unit}s were joined to {len(units):,} parts." if len(units) < len(found) else ""
    return Attribution(
        scorer.name,
        text,
        float(values[0]),
        float(values[1]),
        tuple(Span(a, b, float(effect)) for (a, b), effect in zip(units, effects, strict=True)),
        tuple(errors.tolist()),
        unit,
        method,
        plan.says,
        len(distinct),
        int(np.isnan(scored.values).sum()),
        _reasons(scored),
        " ".join(said for said in (joined, _missing(effects, values[1], method)) if said),
    )


@dataclass(frozen=True, eq=False)
class _Plan:
    """Which parts are kept in each variant, bool (V, n), and the orders, (M, n), that they come from, if any."""

    says: str
    coalitions: Coalitions
    orders: NDArray[np.int64] | None = None
    exact: bool = False


def _plan(method: Method, n: int, samples: int, seed: int) -> _Plan:
    if method == "occlusion":
        return _Plan("score with the part less the score without it", ~np.eye(n, dtype=bool))
    if n <= EXACT_UNITS:
        return _Plan(f"Shapley values over all {2**n:,} sets of the parts", all_coalitions(n), exact=True)
    if samples * (n + 1) > MOST_VARIANTS:
        raise InputError(
            f"{samples:,} orders of {n:,} parts are {samples * (n + 1):,} scores, more than {MOST_VARIANTS:,}",
            fix="Ask for fewer samples, or for fewer units.",
        )
    orders = antithetic_orders(n, samples, np.random.default_rng(seed))
    says = f"Shapley values from {len(orders):,} orders of the parts, half of them the others' reverses"
    return _Plan(says, order_coalitions(orders).reshape(-1, n), orders)


def _effects(plan: _Plan, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Effects and their standard errors, from the values of the response, of the empty one and of the variants."""
    full, rest = values[0], values[2:]
    if plan.orders is not None:
        return sampled_shapley(plan.orders, rest.reshape(len(plan.orders), -1))
    effects = exact_shapley(rest) if plan.exact else full - rest
    return effects, np.where(np.isnan(effects), np.nan, 0.0)


def _variants(text: str, units: Sequence[tuple[int, int]], coalitions: Coalitions) -> list[str]:
    parts = [text[a:b] for a, b in units]
    return ["".join(part for part, kept in zip(parts, row, strict=True) if kept) for row in coalitions.tolist()]


def _scored(
    scorer: Scorer, item: Item, place: int, variants: list[str], score: Callable[[Scorer, Dataset], Scores]
) -> Scores:
    """Scores of the variants, (V,): as responses of one item, or, beside the other responses, of an item each."""
    alone = scorer.laws.pointwise
    around = [response.text for response in item.responses]
    rows = [variants] if alone else [[*around[:place], variant, *around[place + 1 :]] for variant in variants]
    n, width = len(rows), len(rows[0])
    dataset = Dataset(
        "variants of a response",
        [f"variant {row}" for row in range(n)],
        np.repeat(np.arange(n, dtype=np.int32), width),
        [text for row in rows for text in row],
        np.full(n * width, -1, dtype=np.int32),
        prompts=() if item.prompt is None else [item.prompt] * n,
        references=[item.references] * n if item.references else (),
    )
    scores = score(scorer, dataset)
    if alone:
        return scores
    chosen = place + width * np.arange(n)
    reasons = {row: scores.reasons[at] for row, at in enumerate(chosen.tolist()) if at in scores.reasons}
    return Scores(scores.values[chosen], scores.outcomes[chosen], reasons)


def _reasons(scores: Scores) -> dict[str, int]:
    """Why variants have no score, the commonest first."""
    lost = np.flatnonzero(np.isnan(scores.values)).tolist()
    return dict(Counter(scores.reasons.get(place, "no reason was given") for place in lost).most_common())


def _missing(effects: FloatArray, empty: float, method: Method) -> str:
    """What to know of effects that are undefined, or of there being none."""
    if not len(effects):
        return "There is nothing to take out of a response without text."
    lost = int(np.isnan(effects).sum())
    if not lost:
        return ""
    if math.isnan(empty) and (method == "shapley" or len(effects) == 1):
        advice = "; occlusion does not" if len(effects) > 1 else ", and there is nothing else to compare with"
        return f"The empty response has no score, and the effects need one{advice}."
    return f"{lost:,} of {len(effects):,} effects are undefined: a variant that they need has no score."


def _check(scorer: Scorer, item: Item, place: int, unit: str, method: str, *, samples: int, most_units: int) -> None:
    if not 0 <= place < len(item.responses):
        raise InputError(f"there is no response {place} among {len(item.responses)}")
    for what, name, known in (("unit", unit, get_args(UnitKind)), ("method", method, get_args(Method))):
        if name not in known:
            raise SpecError(f"{what} must be one of {', '.join(known)}, not '{name}'")
    if samples < 2 or most_units < 1:
        raise InputError(f"{samples} samples of at most {most_units} units make no attribution")
    if not paid_scorers(scorer):
        raise InputError(
            f"scorer '{scorer.name}' is recorded: it has no score for a response without a part",
            fix="Name a scorer that can be run.",
        )


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value
