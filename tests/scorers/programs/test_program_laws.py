"""What every scorer of the protocol promises, held against the programs, whatever the text."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.scorers.programs import FAMILIES
from rewardmeter.scoring import Scorer, make_scorer, signature_of
from rewardmeter.types import Item, Outcome, Response, Scores

for package in ("math_verify", "jsonschema", "pint"):
    pytest.importorskip(package)

OPTIONS = {
    "math": ("answer=boxed", "no_answer=abstain", "decimals=2", "timeout=3"),
    "json-schema": ("extract=fenced", "extract=whole"),
    "ifeval": ("mode=loose", "aggregate=share"),
    "quantity": ("take=first", "take=any", "tolerance=0.1", "assume_unit=true", "no_answer=abstain"),
}
SPECS = [spec for name, options in OPTIONS.items() for spec in (name, *(f"{name}?{option}" for option in options))]
every_program = pytest.mark.parametrize("spec", SPECS)

KWARGS: dict[str, object] = {"num_words": 3, "relation": "at least", "language": "de", "keywords": ["a"]}
NAMES = ("length_constraints:number_words", "language:response_language", "keywords:existence", "no such kind")
TASKS = st.lists(st.sampled_from(NAMES), max_size=2).map(
    lambda names: json.dumps({"instruction_id_list": names, "kwargs": [KWARGS] * len(names)})
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "$ref", "items", "minimum", "enum", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
).map(json.dumps)
PIECES = st.sampled_from(
    [
        "", " \n\t\u00a0", "5 km", "3.2e9999 m", "5 ft 10 in", "20 °C", "-40 °F", "50 %", "½ m²", "1/0 kg",
        r"\frac{1}{2}", "$x^2$", r"\boxed{", r"$\{1,2\}$", "[0,1)", "inf nan", "NaN", '{"a": 1}', "```json\n[1]\n```",
        '{"$ref": "#"}', "P.S. *a* <<b>>", "x\ud800y", "a\x00b\x1f", "👩‍👩‍👧", "שלום ١٢٣", "the cat sat",
        "Der Hund und die Katze", "'\'\'\"\"\"", "((((", "1" * 50,
    ]
)  # fmt: skip
TEXTS = st.one_of(PIECES, st.text(max_size=20), JSON_VALUES, TASKS, st.lists(PIECES, max_size=3).map(" ".join))
ITEMS = st.lists(
    st.builds(
        Item,
        responses=st.lists(TEXTS.map(Response), min_size=1, max_size=3).map(tuple),
        prompt=st.none(),
        references=st.lists(TEXTS, max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=3,
)
LAW = settings(max_examples=25, deadline=None)


def same(one: Scores, other: Scores) -> bool:
    """Equal to the last bit, outcomes and reasons included."""
    return (
        one.values.tobytes() == other.values.tobytes()
        and np.array_equal(one.outcomes, other.outcomes)
        and dict(one.reasons) == dict(other.reasons)
    )


def test_every_family_and_option_is_listed() -> None:
    assert set(OPTIONS) == {family.name for family in FAMILIES}
    for family in FAMILIES:
        module, _, attribute = family.factory.partition(":")
        factory = getattr(importlib.import_module(module), attribute)
        options = set(inspect.signature(factory).parameters) - {"target"}
        assert options == {option.partition("=")[0] for option in OPTIONS[family.name]}, family.name
        assert family.group == "program"
        assert set(family.reads) == make_scorer(family.name).reads


@every_program
def test_name_and_pickle_round_trips(spec: str) -> None:
    scorer = make_scorer(spec)
    assert isinstance(scorer, Scorer)
    assert scorer.name == spec
    assert make_scorer(scorer.name) == scorer
    items = [Item((Response("5 km"), Response("")), references=("5000 m",))]
    before = scorer(items)
    for copy in (pickle.loads(pickle.dumps(make_scorer(spec))), pickle.loads(pickle.dumps(scorer))):
        assert copy == scorer
        assert signature_of(copy) == signature_of(scorer)
        assert same(copy(items), before)


def test_every_option_changes_the_fingerprint(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text("{}")
    scorers = [make_scorer(spec) for spec in [*SPECS, f"json-schema:{file}", f"json-schema:{file}?extract=whole"]]
    assert len({signature_of(scorer).fingerprint for scorer in scorers}) == len(scorers)
    assert all(signature_of(scorer).storable for scorer in scorers)


@every_program
@LAW
@given(items=ITEMS)
def test_a_number_or_a_reason_from_each_response_alone(spec: str, items: list[Item]) -> None:
    scorer = make_scorer(spec)
    scores = scorer(items)
    assert len(scores) == sum(len(item.responses) for item in items)
    scored = scores.outcomes <= Outcome.TIE
    assert set(np.flatnonzero(~scored).tolist()) <= set(scores.reasons)
    assert all(scores.reasons.values())
    assert np.all((scores.values[scored] >= 0) & (scores.values[scored] <= 1))
    assert not np.any(scores.outcomes == Outcome.TIE)
    alone = [dataclasses.replace(item, responses=(response,)) for item in items for response in item.responses]
    assert same(scores, Scores.concatenate([scorer([item]) for item in alone]))
    assert same(scores, make_scorer(spec)(items))


@every_program
def test_without_references_all_have_failed(spec: str) -> None:
    for references in ((), ("",), (" \n", "")):
        scores = make_scorer(spec)([Item((Response("5 km"), Response("")), references=references)])
        assert scores.outcomes.tolist() == [Outcome.FAILED] * 2
        assert scores.reasons == {0: "no reference", 1: "no reference"}


@every_program
def test_no_items_no_scores(spec: str) -> None:
    assert len(make_scorer(spec)([])) == 0
