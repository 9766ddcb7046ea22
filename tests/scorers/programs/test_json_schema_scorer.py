"""JSON against a schema: verdicts by hand from the standard's wording; files, references and what may not happen."""

from __future__ import annotations

import json
import pickle
import socket
import time
from pathlib import Path

import pytest
from one_response import outcome, value

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scoring import make_scorer, signature_of
from rewardmeter.types import Outcome

pytest.importorskip("jsonschema")

PERSON = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "age": {"$ref": "#/$defs/age"}},
    "additionalProperties": False,
    "$defs": {"age": {"type": "integer", "minimum": 0}},
}
SCHEMA = json.dumps(PERSON)
NO_JSON = "no JSON: counted as wrong"


@pytest.mark.parametrize(
    ("response", "expected", "remark"),
    [
        ('{"name": "Ada", "age": 36}', 1, ""),
        (' \n{"name": "Ada"}\t', 1, ""),
        ('{"name": 5}', 0, ""),
        ('{"age": 5}', 0, ""),
        ('{"name": "Ada", "age": -1}', 0, ""),
        ('{"name": "Ada", "age": 36.0}', 1, ""),  # a number with a zero fraction is an integer
        ('{"name": "Ada", "city": "London"}', 0, ""),
        ('Here you are:\n```json\n{"name": "Ada"}\n```\nDone.', 1, ""),
        ('~~~~\n{"name": "Ada"}\n~~~~', 1, ""),
        ('```python\n{"name": "Ada"}\n```', 0, NO_JSON),
        ('```\nx\n```\n```json\n{"name": "Ada"}\n```', 1, ""),
        ('```json\n{"name": "Ada"}', 0, NO_JSON),
        ('The answer is {"name": "Ada"}', 0, NO_JSON),
        ("{'name': 'Ada'}", 0, NO_JSON),
        ('{"name": "Ada",}', 0, NO_JSON),
        ('{"name": NaN}', 0, NO_JSON),
        ('{"name": "Ada", "age": Infinity}', 0, NO_JSON),
        ("", 0, NO_JSON),
        ("null", 0, ""),
    ],
)
def test_by_hand(response: str, expected: float, remark: str) -> None:
    assert outcome("json-schema", response, SCHEMA) == (Outcome.SCORED, expected, remark)


def test_where_the_json_stands() -> None:
    fenced = '```json\n{"name": "Ada"}\n```'
    assert [value(f"json-schema?extract={where}", fenced, SCHEMA) for where in ("auto", "fenced", "whole")] == [1, 1, 0]
    bare = '{"name": "Ada"}'
    assert [value(f"json-schema?extract={where}", bare, SCHEMA) for where in ("auto", "fenced", "whole")] == [1, 0, 1]
    assert outcome("json-schema?extract=fenced", bare, SCHEMA)[2] == "no fenced block: counted as wrong"


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("", "no reference"),
        ("42", "the reference is no schema: a schema is a JSON object, true or false"),
        ("Ada", "the reference is no schema: not JSON"),
        ('{"type": "person"}', "the reference is no schema: 'person' is not valid"),
        ('{"pattern": "("}', "the reference is no schema: '(' is not a 'regex'"),
        ('{"$schema": 5}', "the reference is no schema: $schema is not a text"),
        ('{"$ref": "http://example.com/person.json"}', "the schema refers to 'http://example.com/person.json'"),
        ('{"$ref": "file:///etc/passwd"}', "the schema refers to 'file:///etc/passwd'"),
        ('{"$ref": "#/$defs/none"}', "the schema refers to '"),
        ('{"$ref": "#"}', "schema and response together are nested too deeply"),
        (
            '{"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}',
            "schema and response",
        ),
    ],
)
def test_schemas_that_cannot_be_used_fail(schema: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*arguments: object, **options: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "socket", no_network)
    monkeypatch.setattr(socket, "create_connection", no_network)
    kind, _, said = outcome("json-schema", "{}", schema)
    assert kind == Outcome.FAILED
    assert said.startswith(reason)


def test_references_to_itself_and_to_meta_schemas_are_followed() -> None:
    tree = '{"type": "object", "properties": {"child": {"$ref": "#"}}, "additionalProperties": false}'
    assert value("json-schema", '{"child": {"child": {}}}', tree) == 1
    assert value("json-schema", '{"child": {"other": {}}}', tree) == 0
    meta = '{"$ref": "https://json-schema.org/draft/2020-12/schema"}'
    assert value("json-schema", '{"type": "object"}', meta) == 1
    assert value("json-schema", '{"type": "person"}', meta) == 0


def test_the_schema_names_its_draft() -> None:
    draft4 = '{"$schema": "http://json-schema.org/draft-04/schema#", "maximum": 3, "exclusiveMaximum": true}'
    assert [value("json-schema", number, draft4) for number in ("2", "3")] == [1, 0]
    assert [value("json-schema", "1", schema) for schema in ("true", "false", "{}")] == [1, 0, 1]


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        ("[" * 1_000_000, Outcome.FAILED),
        ("[" * 300 + "]" * 300, Outcome.FAILED),
        ("[" * 150 + "]" * 150, Outcome.SCORED),
        ("9" * 1_000_000, Outcome.FAILED),
        ("1e999", Outcome.SCORED),
        ('"' + "\\" * 1_000_000, Outcome.SCORED),
        ('"' * 1_000_000, Outcome.SCORED),
        ("```json\n" * 100_000, Outcome.SCORED),
        ('{"name": "' + "a" * 1_000_000 + '"}', Outcome.SCORED),
        ('"\ud800"', Outcome.SCORED),
        ("\ufeff{}", Outcome.SCORED),
    ],
)
def test_hard_texts(response: str, kind: Outcome) -> None:
    start = time.monotonic()
    assert outcome("json-schema", response, SCHEMA)[0] == kind
    assert time.monotonic() - start < 10


def test_a_schema_file(tmp_path: Path) -> None:
    file = tmp_path / "person schema.json"
    file.write_text(SCHEMA)
    scorer = make_scorer(f"json-schema:{file}?extract=whole")
    assert scorer.reads == {"response"}
    assert [value(scorer, '{"name": "Ada"}'), value(scorer, "{}")] == [1, 0]
    assert make_scorer(scorer.name) == scorer
    assert make_scorer("json-schema").reads == {"response", "references"}
    file.write_text('{"type": "array"}')
    assert value(scorer, '{"name": "Ada"}') == 1  # it holds what it was made with
    edited = make_scorer(scorer.name)
    assert edited != scorer
    assert edited.name == scorer.name
    assert signature_of(edited).fingerprint != signature_of(scorer).fingerprint
    file.unlink()
    copy = pickle.loads(pickle.dumps(scorer))
    assert (copy, value(copy, '{"name": "Ada"}')) == (scorer, 1)


def test_specs_are_checked(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    with pytest.raises(SpecError, match=r"s\.json' cannot be read"):
        make_scorer(f"json-schema:{file}")
    with pytest.raises(SpecError, match="cannot be read"):
        make_scorer(f"json-schema:{tmp_path}")
    with pytest.raises(SpecError, match="cannot be read"):
        make_scorer("json-schema:")
    for content in (b"\xff\xfe\x00", b"{", b"5", b'{"type": 5}', b"\x80abc"):
        file.write_bytes(content)
        with pytest.raises(SpecError, match=r"s\.json'"):
            make_scorer(f"json-schema:{file}")
    with pytest.raises(UnknownNameError, match="there are: auto, fenced, whole"):
        make_scorer("json-schema?extract=first")
