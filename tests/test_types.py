"""The core types refuse what would be a silent number."""

import numpy as np
import pytest

from rewardmeter.errors import InputError, ScorerError, UnknownNameError
from rewardmeter.types import Cost, Message, Outcome, Scores, Signature, prompt_text


def test_none_abstains_and_non_finite_values_fail_with_a_reason():
    scores = Scores.from_values([1.5, None, float("nan"), float("inf")])
    assert [Outcome(int(o)).name for o in scores.outcomes] == ["SCORED", "ABSTAINED", "FAILED", "FAILED"]
    assert np.isnan(scores.values[1:]).all()
    assert scores.reasons == {2: "the scorer returned nan", 3: "the scorer returned inf"}
    assert scores.counts() == {"scored": 1, "abstained": 1, "failed": 2}
    assert scores.coverage == 0.25


@pytest.mark.parametrize(
    ("values", "outcomes"),
    [([0.0], [Outcome.FAILED]), ([np.nan], [Outcome.SCORED]), ([np.inf], [Outcome.TIE])],
)
def test_a_number_and_a_failure_exclude_each_other(values, outcomes):
    with pytest.raises(ScorerError, match="a failure must not be a number"):
        Scores(np.array(values), np.array(outcomes, dtype=np.uint8))


def test_concatenation_keeps_order_reasons_and_cost():
    first = Scores.from_values([1.0, float("nan")], cost=Cost(seconds=1, dollars=0.5))
    second = Scores.from_values([float("nan"), 2.0], cost=Cost(seconds=2, input_tokens=7))
    both = Scores.concatenate([first, second])
    assert both.values[0] == 1.0
    assert both.values[3] == 2.0
    assert sorted(both.reasons) == [1, 2]
    assert both.cost == Cost(seconds=3, dollars=0.5, input_tokens=7)
    assert len(Scores.concatenate([])) == 0


def test_fingerprint_changes_with_every_part_of_the_signature():
    base = Signature("chrf", {"beta": 2}, "1")
    parts = [("chrf", {"beta": 3}, "1"), ("chrf", {"beta": 2}, "2"), ("x", {"beta": 2}, "1")]
    others = [Signature(*each) for each in parts]
    prints = {signature.fingerprint for signature in (base, *others)}
    assert len(prints) == 4
    assert Signature("chrf", {"beta": 2}, "1").fingerprint == base.fingerprint
    assert str(base) == "chrf|beta:2|version:1"


def test_a_chat_reads_as_lines():
    assert prompt_text((Message("user", "Hi"), Message("assistant", "Hello"))) == "user: Hi\n\nassistant: Hello"
    assert prompt_text(None) == ""


def test_input_errors_say_where_and_what_to_do():
    error = InputError("rating 'x' is no number", path="a.csv", line=1204, column="rating", fix="Write a number.")
    assert str(error) == "a.csv, line 1,204, column 'rating': rating 'x' is no number. Write a number."


def test_unknown_names_get_the_nearest():
    assert str(UnknownNameError("scorer", "chrff", ["chrf", "bleu"])) == "no scorer named 'chrff'; did you mean 'chrf'?"
    assert "there are: a, b" in str(UnknownNameError("slice column", "zzz", ["a", "b"]))
