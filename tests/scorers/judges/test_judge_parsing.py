"""Readers of verdicts: what they read, and that nothing makes them raise or leave their range."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.scorers.judges.chat import check_chat, read_chat
from rewardmeter.scorers.judges.parsing import (
    find_label,
    find_number,
    last_object,
    read_errors,
    read_ranking,
    read_verdicts,
)

LABELS = {"a": "a", "b": "b", "c": "c", "tie": "c", "neither": "c"}


def number(text, low=1, high=5):
    found = find_number(text, "score", low, high)
    return found if found is None else found[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4", 4),
        (" **4** ", 4),
        ("4.", 4),
        ("4/5", 4),
        ("3.5", 3.5),
        ("Score: 2", 2),
        ("It is good.\n\n**Score:** 3", 3),
        ("Score: 1\nNo, wait.\nScore: 5", 5),
        ('{"score": 4}', 4),
        ('{"reasoning": "a {brace} and \\"score\\": 9", "score": 2}', 2),
        ('Here:\n```json\n{"score": 3.0}\n```', 3),
        ('{"score": 1} no: {"score": 2}', 2),
        ("<think>Score: 1 or 2?</think>\n5", 5),
    ],
)
def test_numbers_that_are_read(text, value):
    assert number(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "four",
        "4 or 5",
        "between 3 and 4",
        "I cannot judge this.",
        "Score: high",
        "The score is 4",
        "4/10",
        '{"score": "4"}',
        '{"score": true}',
        '{"score": null}',
        '{"rating": 4}',
        '{"score": [4]}',
        '{"score": 4',
        "<think>4",
    ],
)
def test_texts_without_a_number_that_counts(text):
    assert number(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "6",
        "-1",
        "Score: 55",
        '{"score": 1' + "0" * 400 + "}",
        '{"score": 5.01}',
        '{"score": 1e999}',
        '{"score": NaN}',
    ],
)
def test_numbers_out_of_range(text):
    assert find_number(text, "score", 1, 5)[0] is None


def test_a_number_is_where_it_is_said_to_be():
    for text in ("4", "Score: 4", '{"score": 4}', 'x {"score":4} y', "<think>4</think>4"):
        _, place = find_number(text, "score", 1, 5)
        assert text[place] == "4", text


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("A", "a"),
        ("**B**.", "b"),
        ("tie", "c"),
        ("[[C]]", "c"),
        ("A reads better, so\nVerdict: B", "b"),
        ('{"verdict": "A"}', "a"),
        ('{"reasoning": "B", "verdict": "tie"}', "c"),
        ("Verdict: [[A]]", "a"),
    ],
)
def test_labels_that_are_read(text, label):
    assert find_label(text, "verdict", LABELS)[0] == label


@pytest.mark.parametrize(
    "text", ["", "A or B", "A is better", "D", '{"verdict": 1}', '{"winner": "A"}', "Verdict: maybe"]
)
def test_texts_without_a_label(text):
    assert find_label(text, "verdict", LABELS) is None


def test_a_label_is_where_it_is_said_to_be():
    for text in ("A", " **A**", "Verdict: A", '{"verdict": "A"}', "[[A]]", "Verdict: [[A]]"):
        _, place = find_label(text, "verdict", LABELS)
        assert text[place] == "A", text


@pytest.mark.parametrize(
    ("text", "ranks"),
    [
        ('{"ranking": [[2], [1, 3]]}', (2.5, 1.0, 2.5)),
        ('{"ranking": [3, 2, 1]}', (3.0, 2.0, 1.0)),
        ("2 > 1 = 3", (2.5, 1.0, 2.5)),
        ("Because.\nRanking: [3] > [1] > [2]", (2.0, 3.0, 1.0)),
        ('{"ranking": [[1, 2, 3]]}', (2.0, 2.0, 2.0)),
    ],
)
def test_rankings_that_are_read(text, ranks):
    assert read_ranking(text, 3) == ranks


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2 > 1",
        "1 > 2 > 3 > 4",
        "1 > 1 > 2",
        '{"ranking": [1, 2]}',
        '{"ranking": [1, 2, 2]}',
        '{"ranking": ["1", 2, 3]}',
        '{"ranking": [true, 2, 3]}',
        '{"ranking": [0, 1, 2]}',
        '{"ranking": {"1": 1}}',
        "first, second, third",
        "1.5 > 2 > 3",
    ],
)
def test_rankings_that_name_not_each_once(text):
    assert read_ranking(text, 3) is None


def test_errors_in_both_forms():
    listed = '{"errors": [{"span": "x", "category": "Fluency/Punctuation", "severity": "Minor"}]}'
    assert read_errors(listed) == [("minor", "fluency/punctuation")]
    assert read_errors('{"errors": []}') == []
    gemba = 'Critical:\nno-error\nMajor:\naccuracy/mistranslation - "involvement"\naccuracy/omission - "the holder"\n'
    gemba += 'Minor:\nfluency/grammar - "wäre"\nfluency/register - "dir"\n'
    expected = [("major", "accuracy/mistranslation"), ("major", "accuracy/omission")]
    assert read_errors(gemba) == [*expected, ("minor", "fluency/grammar"), ("minor", "fluency/register")]
    assert read_errors("Critical:\nno-error\nMajor:\nno-error\nMinor:\nno-error") == []
    for text in (
        "",
        "The translation is fine.",
        '{"errors": "none"}',
        '{"errors": [{"category": "x"}]}',
        '{"errors": [1]}',
    ):
        assert read_errors(text) is None, text


def test_verdicts_in_both_forms():
    assert read_verdicts('{"verdicts": [{"name": "a", "verdict": "yes"}, {"name": "b", "verdict": 2}]}') == {
        "a": "yes",
        "b": "2",
    }
    assert read_verdicts('{"verdicts": {"a": "no"}}') == {"a": "no"}
    twice = '{"verdicts": [{"name": "a", "verdict": "yes"}, {"name": "a", "verdict": "no"}]}'
    for text in ("", "{}", '{"verdicts": 1}', '{"verdicts": [1]}', '{"verdicts": [{"name": "a"}]}', twice):
        assert read_verdicts(text) is None, text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(-(10**400)) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["score", "verdict", "ranking", "errors", "verdicts", "name", "severity"]), inner
        )
    ),
    max_leaves=8,
)
PIECES = st.sampled_from(
    [
        "{",
        "}",
        "[",
        "]",
        '"',
        ":",
        "score",
        "Score: ",
        "4",
        "99",
        "-",
        ".",
        "/5",
        "\n",
        "<think>",
        "</think>",
        "```json\n",
        '{"score": ',
        '"verdict"',
        "Verdict: ",
        "A",
        "[[",
        "]]",
        "Major:",
        "no-error",
        "fluency/punctuation",
        "1 > 2",
        "=",
        "\ud800",
    ]
)
TEXTS = st.one_of(JSON.map(json.dumps), st.lists(PIECES, max_size=12).map("".join), st.text(max_size=40))


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.integers(-5, 5), st.integers(1, 200))
def test_no_text_makes_a_reader_raise_or_leave_its_range(text, low, span):
    found = find_number(text, "score", low, low + span)
    assert found is None or found[0] is None or low <= found[0] <= low + span
    assert found is None or 0 <= found[1] <= len(text)
    label = find_label(text, "verdict", LABELS)
    assert label is None or (label[0] in "abc" and 0 <= label[1] <= len(text))
    ranks = read_ranking(text, 3)
    assert ranks is None or (sum(ranks) == 6 and min(ranks) >= 1 and max(ranks) <= 3)
    for reader in (read_errors, read_verdicts, last_object):
        reader(text)


@settings(max_examples=200, deadline=None)
@given(st.permutations(range(1, 6)), st.lists(st.booleans(), min_size=4, max_size=4))
def test_a_ranking_survives_being_written(order, tied):
    groups = [[order[0]]]
    for label, with_last in zip(order[1:], tied, strict=True):
        if with_last:
            groups[-1].append(label)
        else:
            groups.append([label])
    ranks = read_ranking(json.dumps({"ranking": groups}), 5)
    assert ranks == read_ranking(" > ".join(" = ".join(map(str, group)) for group in groups), 5)
    better = [sum(len(group) for group in groups[:i]) for i in range(len(groups))]
    for group, above in zip(groups, better, strict=True):
        assert {ranks[label - 1] for label in group} == {above + (len(group) + 1) / 2}


def test_long_texts_are_read_in_time():
    for text in ("{" * 200_000, '{"a":' * 50_000, "1 > " * 50_000, "[[" * 100_000, "Score:" * 50_000, "\n" * 200_000):
        for reader in (last_object, read_errors, read_verdicts, lambda t: read_ranking(t, 3)):
            assert reader(text) is None
        assert number(text) is None
        assert find_label(text, "verdict", LABELS) is None


KEYS = [
    "choices",
    "message",
    "content",
    "refusal",
    "logprobs",
    "token",
    "logprob",
    "top_logprobs",
    "finish_reason",
    "type",
    "text",
]
ANSWERS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(-(10**400))
    | st.floats()
    | st.sampled_from(["4", "text", "stop"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
CHATS = st.builds(
    lambda message, logprobs: {"choices": [{"message": message, "logprobs": {"content": logprobs}}]},
    st.dictionaries(st.sampled_from(KEYS), ANSWERS, max_size=3),
    st.lists(st.dictionaries(st.sampled_from(KEYS), ANSWERS, max_size=3), max_size=3),
)


@settings(max_examples=400, deadline=None)
@given(ANSWERS | CHATS)
def test_any_json_is_a_chat_completion_or_said_to_be_none(answer):
    if check_chat(answer) is None:
        reply = read_chat(answer)
        assert isinstance(reply.text, str)
        assert all(-1e9 <= value <= 1e-3 for token in reply.tokens or () for value in token.logprobs.values())
    else:
        assert isinstance(check_chat(answer), str)
