"""Worker processes: the same bytes whatever their number, and what happens when they die."""

from __future__ import annotations

import numpy as np
import pytest
from engine_scorers import (
    CpuBoundLength,
    Deadly,
    Inconsistent,
    Length,
    Moody,
    Returns,
    Slow,
    Told,
    Unbuildable,
    make_dataset,
    responses_only,
)

from rewardmeter.engine import score
from rewardmeter.errors import ScorerError
from rewardmeter.io.store import Store
from rewardmeter.types import Outcome

TEXTS = ["bad", "nan", "none", *(f"text {'x' * (i % 17)} {i % 150}" for i in range(400))]


@pytest.mark.parametrize("batch_size", [None, 7])
@pytest.mark.parametrize("workers", [2, 3])
def test_the_same_bytes_whatever_the_number_of_workers(tmp_path, workers, batch_size):
    data = make_dataset([(f"p{i}", (), TEXTS[i : i + 5]) for i in range(0, len(TEXTS), 5)])
    alone = score(Moody(), data)
    with Store(tmp_path / "scores.sqlite") as store:
        told = Told()
        shared = score(Moody(), data, store=store, workers=workers, batch_size=batch_size, progress=told)
        stored = score(Moody(), data, store=store, retry_failed=False)
    for other in (shared, stored):
        assert other.values.tobytes() == alone.values.tobytes()
        assert other.outcomes.tobytes() == alone.outcomes.tobytes()
        assert other.reasons == alone.reasons
    assert (told.done, told.failed, told.notes) == (len(TEXTS), 2, [])


def test_the_work_is_shared(tmp_path):
    log = tmp_path / "log"
    score(Slow(str(log), 0.01), responses_only([f"t{i}" for i in range(60)]), workers=2)
    lines = [line.split() for line in log.read_text().splitlines()]
    assert sorted(text for _, text in lines) == sorted(f"t{i}" for i in range(60))
    assert len({process for process, _ in lines}) == 2


def test_a_killed_worker_is_replaced_and_its_batch_scored_again(tmp_path):
    texts = [*(f"text {i}" for i in range(20)), "weak"]
    scores = score(Deadly(str(tmp_path / "once")), responses_only(texts), workers=2, batch_size=4)
    assert (tmp_path / "once").exists()
    assert scores.values.tolist() == [len(text) for text in texts]


def test_only_the_response_that_kills_its_workers_fails(tmp_path):
    texts = [f"text {i}" for i in range(12)]
    texts[5] = "deadly"
    scores = score(Deadly(str(tmp_path / "once")), responses_only(texts), workers=2, batch_size=4)
    assert np.flatnonzero(scores.outcomes == Outcome.FAILED).tolist() == [5]
    assert scores.reasons == {5: "the worker process died on it twice (signal SIGKILL)"}
    assert np.delete(scores.values, 5).tolist() == [len(text) for text in texts if text != "deadly"]


@pytest.mark.parametrize(
    ("scorer", "words"),
    [(Returns(None), "returned NoneType"), (Inconsistent(), "failure must not"), (Unbuildable(), "cannot be rebuilt")],
)
def test_a_broken_contract_reaches_the_parent(scorer, words):
    with pytest.raises(ScorerError, match=words):
        score(scorer, responses_only(["x", "y", "z"]), workers=2)


def test_what_cannot_be_sent_is_scored_here_and_said():
    told = Told()
    unsendable = CpuBoundLength()
    unsendable.calls.append(lambda: None)
    scores = score(unsendable, responses_only(["a", "bb"]), workers=2, progress=told)
    assert scores.values.tolist() == [1, 2]
    assert "cannot be sent" in told.notes[0]


def test_scorers_that_gain_nothing_stay_here_and_it_is_said():
    told = Told()
    length = Length()
    score(length, responses_only(["a", "bb"]), workers=2, progress=told)
    assert length.texts == ["a", "bb"]
    assert "one process" in told.notes[0]


def test_one_input_needs_no_workers():
    lonely = CpuBoundLength()
    score(lonely, responses_only(["a", "a"]), workers=2)
    assert lonely.texts == ["a"]
