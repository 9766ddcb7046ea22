"""ROUGE against values made by rouge-score (make_rouge_golden.py); subsequences against plain dynamic programming."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_item import scores, value

from rewardmeter.errors import UnknownNameError
from rewardmeter.scorers import lcs, porter
from rewardmeter.scoring import make_scorer
from rewardmeter.types import Outcome

GOLDEN = json.loads(Path(__file__).with_name("rouge_golden.json").read_text(encoding="utf-8"))
SPECS = {"rouge-1": "rouge1", "rouge-2": "rouge2", "rouge-l": "rougeL", "rouge-lsum": "rougeLsum"}
TOKENS = st.lists(st.sampled_from("abcde"), max_size=14)


@pytest.mark.parametrize("family", SPECS)
@pytest.mark.parametrize(("measure", "column"), [("precision", 0), ("recall", 1), ("f1", 2)])
@pytest.mark.parametrize(("stem", "key"), [("false", "plain"), ("true", "stemmed")])
def test_equals_rouge_score(family: str, measure: str, column: int, stem: str, key: str) -> None:
    spec = f"{family}?measure={measure}&stem={stem}"
    found = [value(spec, case["response"], *case["references"]) for case in GOLDEN]
    assert found == [case[key][SPECS[family]][column] for case in GOLDEN]


def test_stems_equal_nltks() -> None:
    golden = json.loads(Path(__file__).with_name("porter_golden.json").read_text(encoding="utf-8"))
    assert {word: porter.stem(word) for word in golden} == golden
    assert len(golden) > 400


def test_worked_examples_of_the_paper() -> None:
    # Lin 2004, section 3.1: LCS of 3 and of 2 out of 4 tokens; section 3.2: a union of 4 out of 5.
    assert value("rouge-l", "police kill the gunman", "police killed the gunman") == 3 / 4
    assert value("rouge-l", "the gunman kill police", "police killed the gunman") == 2 / 4
    assert value("rouge-lsum?measure=recall", "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", "w1 w2 w3 w4 w5") == 4 / 5


def test_pooled_references_add_up_counts() -> None:
    # 1 and 2 shared of 2 response tokens each time, references of 3 and 2: precision 3/4, recall 3/5.
    texts = ("a b", "a x y", "b a")
    assert value("rouge-1?several=pooled&measure=precision", *texts) == 3 / 4
    assert value("rouge-1?several=pooled&measure=recall", *texts) == 3 / 5
    assert value("rouge-1?several=pooled", *texts) == pytest.approx(2 * 3 / (4 + 5))
    assert value("rouge-1", *texts) == 1


def table(left: Sequence[str], right: Sequence[str]) -> list[list[int]]:
    """Lengths of longest common subsequences of all prefixes."""
    lengths = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i, one in enumerate(left):
        for j, other in enumerate(right):
            lengths[i + 1][j + 1] = lengths[i][j] + 1 if one == other else max(lengths[i][j + 1], lengths[i + 1][j])
    return lengths


def walked_back(left: Sequence[str], right: Sequence[str]) -> set[int]:
    """The subsequence that rouge-score reads out of the table."""
    lengths = table(left, right)
    i, j, found = len(left), len(right), set()
    while i and j:
        if left[i - 1] == right[j - 1]:
            i, j = i - 1, j - 1
            found.add(i)
        elif lengths[i][j - 1] > lengths[i - 1][j]:
            j -= 1
        else:
            i -= 1
    return found


@settings(max_examples=300, deadline=None)
@given(TOKENS, TOKENS, st.sampled_from([1, lcs.KEPT_BITS]))
def test_subsequences_equal_plain_dynamic_programming(left: list[str], right: list[str], kept: int) -> None:
    where = lcs.positions_of(right)
    assert lcs.lcs_length(where, len(right), left) == table(left, right)[-1][-1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lcs, "KEPT_BITS", kept)  # 1: rows are computed again block by block
        assert lcs.common_positions(left, where, len(right)) == walked_back(left, right)


def test_positions_of_long_lists() -> None:
    tokens = [f"t{position % 7}" for position in range(2_000)]
    expected = {f"t{k}": sum(1 << position for position in range(k, 2_000, 7)) for k in range(7)}
    assert lcs.positions_of(tokens) == expected


@pytest.mark.parametrize("spec", SPECS)
def test_undefined_is_not_zero(spec: str) -> None:
    assert value(spec, "", "some words here") == 0  # nothing of the reference is recalled
    missing = scores(spec, "some words", "")
    assert (missing.outcomes[0], missing.reasons[0]) == (Outcome.FAILED, "no reference")
    unreadable = scores(spec, "some words", "漢字")
    assert math.isnan(unreadable.values[0])
    assert unreadable.outcomes[0] == Outcome.ABSTAINED


def test_rouge_2_of_a_one_word_reference_abstains() -> None:
    assert scores("rouge-2", "yes", "yes").outcomes[0] == Outcome.ABSTAINED
    assert value("rouge-2", "yes it is", "yes", "yes it was") == pytest.approx(0.5)


def test_unknown_measure() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'recall'"):
        make_scorer("rouge-l?measure=recal")
