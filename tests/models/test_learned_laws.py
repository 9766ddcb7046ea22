"""The laws of all scorers, held to learned metrics on tiny models: outcomes, independence, names, fingerprints."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("transformers")

import comet_tiny
import tiny

from rewardmeter.scorers.models.comet import Comet
from rewardmeter.scorers.models.metricx import MetricX
from rewardmeter.scorers.models.seq2seq_nli import Seq2SeqNLI
from rewardmeter.scoring import PARTS, Scorer, make_scorer, signature_of
from rewardmeter.types import Item, Outcome, Response

TEXT = st.one_of(st.text(max_size=30), st.sampled_from(["the cat sat", "die Katze", "", " ", "\ud800", "x " * 300]))
ITEMS = st.lists(
    st.builds(
        Item,
        responses=st.lists(TEXT.map(Response), min_size=1, max_size=3).map(tuple),
        prompt=st.one_of(st.none(), TEXT),
        references=st.lists(TEXT, max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=4,
)
NAMES = ("regression", "referenceless", "kiwi", "unified", "xcomet", "seq2seq-nli", "metricx")
OTHER: dict[str, Any] = {
    "several": "mean", "max_length": 16, "dtype": "bfloat16", "model_revision": "v1", "trust_remote_code": True,
    "device": "cuda:1", "threads": 3, "batch_tokens": 99, "encoder": "some/encoder", "tokenizer": "some/tokenizer",
    "reference_free": True, "premise": "reference", "among": "labels", "version": 24, "mode": "qe",
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    place = tmp_path_factory.mktemp("models")
    scorers: dict[str, Any] = {
        case: Comet(str(comet_tiny.write(place / case, case)), device="cpu") for case in NAMES[:5]
    }
    scorers["seq2seq-nli"] = Seq2SeqNLI(str(tiny.seq2seq(place / "nli", "t5")), device="cpu")
    shape = {"vocab_size": 250_112, "d_model": 8, "initializer_factor": 1.0}
    scorers["metricx"] = MetricX(str(tiny.seq2seq(place / "metricx-24", "mt5", **shape)), device="cpu")
    return scorers


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=ITEMS)
def test_a_number_or_a_reason_and_no_neighbours(name: str, made: dict[str, Any], items: list[Item]) -> None:
    scorer = made[name]
    together = scorer(items)
    assert len(together) == sum(len(item.responses) for item in items)
    scored = together.outcomes == Outcome.SCORED
    assert np.array_equal(np.isfinite(together.values), scored)
    assert set(np.flatnonzero(~scored).tolist()) <= set(together.reasons)
    alone = [scorer([dataclasses.replace(item, responses=(one,))]) for item in items for one in item.responses]
    assert [int(one.outcomes[0]) for one in alone] == together.outcomes.tolist()
    assert [one.reasons.get(0) for one in alone] == [together.reasons.get(i) for i in range(len(together))]
    single = np.array([one.values[0] for one in alone])
    assert np.nanmax(np.abs(single - together.values), initial=0.0) < 1e-5
    assert scorer(items).values.tobytes() == together.values.tobytes()  # the same twice, to the last bit


@pytest.mark.parametrize("name", NAMES)
def test_states_what_it_is(name: str, made: dict[str, Any]) -> None:
    scorer = made[name]
    assert isinstance(scorer, Scorer)
    assert scorer.reads <= PARTS
    assert scorer.laws.device_bound
    assert make_scorer(scorer.name) == scorer
    assert signature_of(scorer).storable


@pytest.mark.parametrize("name", ["unified", "seq2seq-nli", "metricx"])
def test_every_option_is_in_the_name_and_those_that_move_a_score_in_the_fingerprint(
    name: str, made: dict[str, Any]
) -> None:
    scorer = made[name]
    for option in dataclasses.fields(scorer):
        if option.name == "target":
            continue
        other = dataclasses.replace(scorer, **{option.name: OTHER[option.name]})
        assert make_scorer(other.name) == other != scorer
        same = signature_of(other).fingerprint == signature_of(scorer).fingerprint
        assert same != option.metadata.get("moves_score", True), option.name
