"""Specs, the decorator and the registry."""

import dataclasses
import importlib
import sys
import types

import numpy as np
import pytest

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scoring import Family, Negated, Scorer, make_scorer, parse_spec, register, scorer, signature_of
from rewardmeter.types import Item, Message, Outcome, Response, Scores


def items(*texts, prompt="p"):
    return [Item(tuple(Response(text) for text in texts), prompt)]


@pytest.mark.parametrize(
    ("text", "name", "target", "options", "negated"),
    [
        ("chrf", "chrf", None, {}, False),
        ("-length", "length", None, {}, True),
        ("chrf?beta=3&word_order=2", "chrf", None, {"beta": "3", "word_order": "2"}, False),
        ("recorded:BLEU-refA", "recorded", "BLEU-refA", {}, False),
        ("recorded:a:b", "recorded", "a:b", {}, False),
        ("regex?pattern=a%26b", "regex", None, {"pattern": "a&b"}, False),
        ("my.module:thing", "my.module", "thing", {}, False),
    ],
)
def test_specs_come_apart(text, name, target, options, negated):
    spec = parse_spec(text)
    assert (spec.name, spec.target, dict(spec.options), spec.negated) == (name, target, options, negated)


@pytest.mark.parametrize("text", ["", "-", "?a=b", "chrf?beta", "chrf?=3"])
def test_senseless_specs_are_refused(text):
    with pytest.raises(SpecError):
        parse_spec(text)


def test_unknown_names_and_options_name_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'chrf'"):
        make_scorer("chrff")
    with pytest.raises(UnknownNameError, match="beta"):
        make_scorer("chrf?betta=3")
    with pytest.raises(SpecError, match="does not read as"):
        make_scorer("chrf?beta=three")
    with pytest.raises(SpecError, match="no Python module"):
        make_scorer("no.such.module:thing")
    with pytest.raises(SpecError, match="no Python module 'nomod'"):
        make_scorer("nomod:thing")


def test_a_function_reads_what_its_parameters_name():
    @scorer
    def overlap(prompt, response):
        return float(response in prompt)

    assert isinstance(overlap, Scorer)
    assert overlap.reads == {"prompt", "response"}
    assert overlap(items("a", "b", prompt="cat")).values.tolist() == [1.0, 0.0]
    chat = [Item((Response("a"),), (Message("user", "cat"),))]
    assert overlap(chat).values.tolist() == [1.0]


def test_what_goes_wrong_in_a_function_is_that_responses_outcome():
    def picky(response):
        if response == "boom":
            raise ValueError("too loud")
        return {"none": None, "nan": float("nan")}.get(response, 1)

    scores = scorer(picky)(items("boom", "none", "nan", "fine"))
    assert [Outcome(int(o)).name for o in scores.outcomes] == ["FAILED", "ABSTAINED", "FAILED", "SCORED"]
    assert scores.reasons == {0: "ValueError: too loud", 2: "the function returned nan"}


def test_functions_with_strange_parameters_are_refused():
    with pytest.raises(SpecError, match="parameter 'x'"):
        scorer(lambda x: 1.0)


def test_negation_turns_the_order_round_and_keeps_failures():
    def length(response):
        return len(response) if response else None

    turned = Negated(scorer(length, name="len"))
    scores = turned(items("aa", "", "a"))
    assert turned.name == "-len"
    assert scores.values[[0, 2]].tolist() == [-2.0, -1.0]
    assert scores.outcomes[1] == Outcome.ABSTAINED
    assert signature_of(turned).fingerprint != signature_of(turned.inner).fingerprint


def test_python_objects_are_named_by_module_and_attribute(monkeypatch):
    module = types.ModuleType("shouting")

    def loud(response: str, times: int = 1) -> float:
        return times * sum(map(str.isupper, response))

    @dataclasses.dataclass(frozen=True)
    class Marks:
        sign: str = "!"
        name = "marks"
        reads = frozenset({"response"})
        laws = scorer(loud).laws

        def __call__(self, items):
            return Scores.from_values([float(r.text.count(self.sign)) for item in items for r in item.responses])

    module.loud, module.Marks, module.marks = loud, Marks, Marks()
    monkeypatch.setitem(sys.modules, "shouting", module)
    assert make_scorer("shouting:loud?times=3")(items("HEy")).values.tolist() == [6.0]
    assert make_scorer("shouting:Marks?sign=h")(items("hHh")).values.tolist() == [2.0]
    assert make_scorer("shouting:marks?sign=y")(items("hey")).values.tolist() == [1.0]
    with pytest.raises(UnknownNameError, match="did you mean 'loud'"):
        make_scorer("shouting:luod")


def test_a_name_belongs_to_one_family():
    make_scorer("length")
    with pytest.raises(SpecError, match="is taken"):
        register(Family("length", "elsewhere:thing", "another length"))


def test_fingerprint_follows_options_and_source():
    prints = {signature_of(make_scorer(spec)).fingerprint for spec in ("chrf", "chrf?beta=3", "chrf++", "bleu")}
    assert len(prints) == 4


@pytest.mark.parametrize("edit", ["rule", "helper"])
def test_an_edited_rule_or_helper_is_another_scorer(tmp_path, monkeypatch, edit):
    monkeypatch.syspath_prepend(str(tmp_path))
    files = {"rule": tmp_path / "mine.py", "helper": tmp_path / "mine_helper.py"}
    rule = "import mine_helper\nUNIT = 1\ndef rule(response):\n    return mine_helper.f(response) * UNIT\n"
    files["rule"].write_text(rule)
    files["helper"].write_text("def f(text):\n    return len(text)\n")

    def fingerprint():
        for name in ("mine", "mine_helper"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return signature_of(make_scorer("mine:rule")).fingerprint

    before = fingerprint()
    assert fingerprint() == before
    files[edit].write_text(files[edit].read_text().replace("UNIT = 1", "UNIT = 22").replace("len(text)", "-len(text)"))
    assert fingerprint() != before


def test_what_cannot_be_told_from_an_edited_version_is_not_stored():
    hidden = 3.0
    assert not signature_of(scorer(lambda response: hidden, name="closure")).storable
    namespace = {"__name__": "nowhere"}
    exec("def rule(response):\n    return 1.0\n", namespace)
    assert not signature_of(scorer(namespace["rule"], name="typed in")).storable


def test_an_entry_point_may_name_a_plain_function(monkeypatch):
    module = types.ModuleType("loudness")
    exec("def shouts(response: str, times: int = 1):\n    return times * response.count('!')\n", module.__dict__)
    monkeypatch.setitem(sys.modules, "loudness", module)
    register(Family("shouts", "loudness:shouts", "from a package"))
    assert make_scorer("shouts?times=2")(items("hey!!")).values.tolist() == [4.0]


def test_fields_of_any_plain_kind_make_a_storable_signature():
    @dataclasses.dataclass(frozen=True)
    class Plain:
        words: frozenset[str] = frozenset({"b", "a"})
        reads: frozenset[str] = frozenset({"response"})
        laws: object = scorer(lambda response: 1.0).laws
        name: str = "plain"

        def __call__(self, items):
            return Scores.from_values([1.0 for item in items for _ in item.responses])

    signature = signature_of(Plain())
    assert signature.storable
    assert signature.options["words"] == ["a", "b"]
    assert signature.fingerprint != signature_of(Plain(words=frozenset({"c"}))).fingerprint
    assert not signature_of(Plain(words=object())).storable


def test_function_scores_are_numbers_of_the_same_length_as_the_responses():
    made = scorer(lambda response: len(response), name="n")
    scores = made([*items("a", "bb"), *items("ccc")])
    np.testing.assert_array_equal(scores.values, [1, 2, 3])
