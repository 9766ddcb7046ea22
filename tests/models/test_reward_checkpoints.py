"""The lists of well-known models: each line makes a scorer of its family, and says what its licence is."""

from __future__ import annotations

import pytest

from rewardmeter.scoring import families, make_scorer

LISTED = [(name, one) for name in ("hf", "dpo", "prm") for one in families()[name].checkpoints]


@pytest.mark.parametrize(("family", "checkpoint"), LISTED, ids=[one.spec for _, one in LISTED])
def test_the_line_is_a_scorer(family, checkpoint) -> None:
    scorer = make_scorer(checkpoint.spec)
    assert scorer.family == family
    assert make_scorer(scorer.name) == scorer
    assert scorer.reads == set(families()[family].reads)
    assert checkpoint.licence
