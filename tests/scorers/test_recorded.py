"""Recorded scores come out as the data has them, outcomes included."""

from __future__ import annotations

import numpy as np
import pytest

from rewardmeter.dataset import Dataset
from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.scorers.recorded import recorded_names, recorded_scores
from rewardmeter.scoring import make_scorer, signature_of
from rewardmeter.types import Outcome


@pytest.fixture
def data() -> Dataset:
    builder = DatasetBuilder("small")
    responses = [builder.response(builder.item("one"), system=system, text=system) for system in "abcd"]
    builder.score("BLEU-refA", responses[0], 3.5)
    builder.score("BLEU-refA", responses[1], None, outcome=Outcome.FAILED)
    builder.score("BLEU-refA", responses[2], None, outcome=Outcome.ABSTAINED)
    builder.verdict("judge", builder.preference(responses[0], responses[1], 1.0), 1.0)
    return builder.build()


def test_outcomes_are_kept(data: Dataset) -> None:
    scores = recorded_scores(data, "BLEU-refA")
    assert np.array_equal(scores.values, [3.5, np.nan, np.nan, np.nan], equal_nan=True)
    assert scores.outcomes.tolist() == [Outcome.SCORED, Outcome.FAILED, Outcome.ABSTAINED, Outcome.MISSING]
    assert scores.signature is not None
    assert (scores.signature.name, scores.signature.storable) == ("BLEU-refA", False)


def test_a_judge_of_pairs_has_no_scores(data: Dataset) -> None:
    assert recorded_scores(data, "judge").counts() == {"missing": 4}


def test_names(data: Dataset) -> None:
    assert recorded_names(data) == recorded_names(data, None) == ("BLEU-refA", "judge")
    assert recorded_names(data, "judge") == ("judge",)
    with pytest.raises(UnknownNameError, match="no recorded scorer named 'BLEU-refB'; did you mean 'BLEU-refA'"):
        recorded_names(data, "BLEU-refB")
    with pytest.raises(UnknownNameError, match="did you mean 'judge'"):
        recorded_scores(data, "jugde")


def test_data_without_recorded_scores_says_so(data: Dataset) -> None:
    bare = DatasetBuilder("bare").build()
    with pytest.raises(SpecError, match="'bare' carries no recorded scores"):
        recorded_names(bare)
    with pytest.raises(UnknownNameError, match="'bare' carries no recorded scores"):
        recorded_names(bare, "x")


@pytest.mark.parametrize("spec", ["recorded", "recorded:BLEU", "-recorded"])
def test_the_spec_alone_is_no_scorer(spec: str) -> None:
    with pytest.raises(SpecError, match="scores that a dataset carries"):
        signature_of(make_scorer(spec))
