"""``combined:FILE.json`` as a scorer: paid once, missing members, options, faults."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

import rewardmeter as rm
from rewardmeter.calibration import load_combined, write_combination
from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.io.store import Store
from rewardmeter.scoring import make_scorer, signature_of
from rewardmeter.types import Item, Outcome, Response

SPECS = ["chrf", "bleu", "rouge-l"]
ITEMS = [
    Item((Response("the cat sat"), Response("a dog ran off")), references=("the cat sat down",)),
    Item((Response("one two three"),), references=("one two",)),
]


@pytest.fixture(scope="module")
def found():
    return rm.combine("demo", SPECS, store=None)


@pytest.fixture
def path(found, tmp_path):
    write_combination(found, tmp_path / "c.json")
    return tmp_path / "c.json"


def test_its_values_are_the_fits_of_its_members_scores(found, path):
    combined = make_scorer(f"combined:{path}")
    members = [make_scorer(one.spec)(ITEMS).values for one in found.members]
    assert np.allclose(combined(ITEMS).values, found.stack(np.stack(members, axis=-1)), rtol=0, atol=1e-12)
    assert np.array_equal(rm.score("demo", f"combined:{path}", store=None).values[:3], _by_engine(found)[:3])
    assert make_scorer(combined.name)(ITEMS).values.tolist() == combined(ITEMS).values.tolist()
    assert combined.reads == {"response", "references"}


def _by_engine(found):
    members = [rm.score("demo", one.spec, store=None).values for one in found.members]
    return found.stack(np.stack(members, axis=-1))


def test_on_a_board_every_member_is_paid_once(path, tmp_path):
    spec = f"combined:{path}"
    with Store(tmp_path / "store.sqlite") as store:
        rm.compare("demo", SPECS, store=store, resamples=0, draws=0)
        stored = store.signatures()
        calls = [spec, f"-{spec}", f"{spec}?bound=lower&level=0.8"]
        board = rm.compare("demo", [*SPECS, *calls], store=store, resamples=0, draws=0)
        assert store.signatures() == stored, "the combined scores follow from the stored ones"
        told = rm.forecast("demo", [spec], store=store)[spec]
        assert told.to_score == 0
    assert board[spec].signature != board[f"{spec}?bound=lower&level=0.8"].signature
    assert board[spec]["segment.kendall_b"].value == -board[f"-{spec}"]["segment.kendall_b"].value


def test_within_a_conversion_members_come_from_the_runs_memory(path, tmp_path):
    with Store(tmp_path / "store.sqlite") as store:
        first = rm.score("demo", f"ranked:combined:{path}", store=store)
        again = rm.score("demo", f"ranked:combined:{path}", store=store)
    assert first.values.tolist() == again.values.tolist()
    alone = rm.score("demo", f"combined:{path}", store=None)
    assert np.corrcoef(first.values[:10], alone.values[:10])[0, 1] > 0.8, "ranks within the first item"


def test_missing_members_leave_a_remark_and_too_few_an_outcome(path):
    combined = load_combined(str(path))
    m = len(combined.members)
    assert m >= 2
    whole = rm.Scores(np.full(4, 30.0), np.zeros(4, dtype=np.uint8))
    outcomes = np.array([Outcome.SCORED, Outcome.FAILED, Outcome.ABSTAINED, Outcome.MISSING], dtype=np.uint8)
    holed = rm.Scores(np.array([30.0, np.nan, np.nan, np.nan]), outcomes, {1: "lost"})
    loose = dataclasses.replace(combined, quorum=1).join([holed] + [whole] * (m - 1))
    assert loose.outcomes.tolist() == [Outcome.SCORED] * 4
    assert loose.reasons == dict.fromkeys((1, 2, 3), f"{m - 1} of {m} members have a score")
    strict = dataclasses.replace(combined, quorum=m).join([holed] + [whole] * (m - 1))
    assert strict.outcomes.tolist() == outcomes.tolist()
    assert strict.reasons[1] == f"{m - 1} of {m} members have a score: lost"
    assert np.isnan(strict.values[1:]).all()


def test_a_lower_bound_is_lower_and_its_options_are_checked(path):
    value = make_scorer(f"combined:{path}")(ITEMS).values
    low, lower = (make_scorer(f"combined:{path}?bound=lower&level={level}")(ITEMS).values for level in (0.8, 0.95))
    assert (lower < low).all()
    assert (low < value).all()
    with pytest.raises(UnknownNameError, match="upper"):
        make_scorer(f"combined:{path}?bound=upper")
    with pytest.raises(SpecError, match="no lower bound of level"):
        make_scorer(f"combined:{path}?bound=lower&level=0.9999")
    with pytest.raises(SpecError, match="strictly between"):
        make_scorer(f"combined:{path}?bound=lower&level=1")
    with pytest.raises(SpecError, match="quorum=9"):
        make_scorer(f"combined:{path}?quorum=9")
    with pytest.raises(SpecError, match="needs a file"):
        make_scorer("combined")
    with pytest.raises(SpecError, match="cannot be read"):
        make_scorer("combined:nosuch.json")


def test_a_member_that_is_another_scorer_now_is_refused(path):
    record = json.loads(path.read_text())
    record["members"][0]["spec"] = "length"
    path.write_text(json.dumps(record))
    with pytest.raises(SpecError, match=r"was fitted with length .* and that is now"):
        make_scorer(f"combined:{path}")


def test_a_combination_of_itself_ends(path):
    record = json.loads(path.read_text())
    record["members"][0]["spec"] = f"combined:{path}"
    path.write_text(json.dumps(record))
    with pytest.raises(SpecError, match="member of itself"):
        make_scorer(f"combined:{path}")


def test_the_file_moves_no_signature_and_the_fit_does(found, path, tmp_path):
    other = tmp_path / "moved.json"
    other.write_bytes(path.read_bytes())
    here, there = (signature_of(make_scorer(f"combined:{one}")) for one in (path, other))
    assert here.fingerprint == there.fingerprint
    write_combination(dataclasses.replace(found, stack=dataclasses.replace(found.stack, intercept=0.0)), other)
    assert signature_of(make_scorer(f"combined:{other}")).fingerprint != here.fingerprint


def test_a_combination_can_be_calibrated_and_combined_again(path, tmp_path):
    from rewardmeter.calibration import write_calibrator

    spec = f"combined:{path}"
    write_calibrator(rm.calibrate("demo:pairs", spec, method="temperature", store=None), tmp_path / "cal.json")
    scores = rm.score("demo", f"{spec}@{tmp_path / 'cal.json'}", store=None)
    assert np.isfinite(scores.values).all()
    again = rm.combine("demo:pairs", [spec, "length"], store=None)
    assert again.members[0].spec == spec
