"""A model per device: which worker sees which device, how blocks are dealt out, and that scores do not depend on it."""

from __future__ import annotations

import itertools
import os
import sys

import numpy as np
import pytest
from engine_scorers import Length, OnDevice, SeenParts, Told, make_dataset, naive_scores, responses_only
from hypothesis import given
from hypothesis import strategies as st

from rewardmeter.engine import devices, score
from rewardmeter.engine.blocks import LEAST, MOST, characters, cut, longest_first
from rewardmeter.engine.plan import make_plan
from rewardmeter.errors import MissingExtraError, SpecError
from rewardmeter.scoring import Negated
from rewardmeter.types import Message, Outcome

TEXTS = [f"{'x' * int(n)} {i}" for i, n in enumerate(np.random.default_rng(3).integers(1, 700, 500))]


@pytest.fixture
def four_cores(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(devices, "_processors", lambda: 4)


@pytest.mark.parametrize(
    ("listed", "devices_of_workers"),
    [
        ("0,1,2", ["0", "1", "2", "0"]),
        ("3, GPU-8a7b", ["3", "GPU-8a7b", "3", "GPU-8a7b"]),
        ("5", ["5"] * 4),
        ("1,-1,0", ["1"] * 4),  # CUDA ignores what follows -1
        ("", [None] * 4),
        ("-1", [None] * 4),
        ("NoDevFiles", [None] * 4),
    ],
)
def test_each_worker_gets_one_of_the_visible_devices(monkeypatch, tmp_path, listed, devices_of_workers):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)
    made = devices.worker_environments(OnDevice(str(tmp_path)), 4)
    assert [environment.get("CUDA_VISIBLE_DEVICES") for environment in made] == devices_of_workers
    turned = devices.worker_environments(Negated(OnDevice(str(tmp_path))), 4)
    assert turned == made


def test_without_a_list_the_devices_are_counted(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(devices, "_count_devices", lambda: 2)
    made = devices.worker_environments(OnDevice(str(tmp_path)), 2)
    assert [environment["CUDA_VISIBLE_DEVICES"] for environment in made] == ["0", "1"]


def test_a_scorer_that_names_its_device_keeps_it(monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    for made in (OnDevice(str(tmp_path), "cuda:1"), Negated(OnDevice(str(tmp_path), "cpu"))):
        assert all("CUDA_VISIBLE_DEVICES" not in settings for settings in devices.worker_environments(made, 2))


def test_scorers_bound_by_the_processor_are_left_alone():
    assert devices.worker_environments(Length(), 3) == [{}, {}, {}]


@pytest.mark.parametrize(
    ("workers", "asked", "threads"), [(1, None, "4"), (2, None, "2"), (8, None, "1"), (2, "1", "1"), (2, "16", "2")]
)
def test_workers_share_the_processors(four_cores, monkeypatch, tmp_path, workers, asked, threads):
    if asked:
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
    made = devices.worker_environments(OnDevice(str(tmp_path)), workers)
    assert {environment["OMP_NUM_THREADS"] for environment in made} == {threads}


def test_the_environment_is_put_back(monkeypatch):
    monkeypatch.setenv("A_SETTING", "old")
    monkeypatch.delenv("ANOTHER", raising=False)
    with devices.environment({"A_SETTING": "new", "ANOTHER": "x"}):
        assert (os.environ["A_SETTING"], os.environ["ANOTHER"]) == ("new", "x")
    assert os.environ["A_SETTING"] == "old"
    assert "ANOTHER" not in os.environ


def test_processes_see_their_device_from_the_start_and_scores_do_not_depend_on_it(monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "6,7")
    alone = score(OnDevice(str(tmp_path / "alone")), responses_only(TEXTS))
    shared, told = OnDevice(str(tmp_path / "shared"), company=2), Told()
    scores = score(shared, responses_only(TEXTS), workers=2, progress=told)
    assert scores.values.tobytes() == alone.values.tobytes()
    calls = shared.calls()
    assert {call["device"] for call in calls} == {"6", "7"}
    assert {call["threads"] for call in calls} == {"1"}
    assert len({(call["process"], call["device"]) for call in calls}) == 2
    assert sorted(text for call in calls for text in call["texts"]) == sorted(TEXTS)
    assert told.notes == []
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "6,7"


def test_the_replacement_of_a_dead_worker_gets_its_device(monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    texts = [*TEXTS[:60], "deadly"]
    bound = OnDevice(str(tmp_path / "log"), company=2)
    scores = score(bound, responses_only(texts), workers=2, batch_size=10)
    assert np.flatnonzero(scores.outcomes == Outcome.FAILED).tolist() == [60]
    device_of = {call["process"]: call["device"] for call in bound.calls()}
    died = {call["process"] for call in bound.calls() if "deadly" in call["texts"]}
    assert len(died) > 2
    for device in ("0", "1"):
        mine = {process for process in device_of if device_of[process] == device}
        assert len(mine & died) <= len(mine) <= len(mine & died) + 1, "one worker after the other"
        assert mine


def brute_characters(plan, unit):
    total = 0
    for i in range(plan.unit_start[unit], plan.unit_start[unit + 1]):
        j = plan.source[i]
        item = plan.dataset.response_item[j]
        prompt = plan.dataset.prompts[item]
        turns = prompt if isinstance(prompt, tuple) else ()
        spoken = "\n\n".join(f"{turn.role}: {turn.content}" for turn in turns) if turns else (prompt or "")
        total += len(plan.dataset.response_text[j] or "") if "response" in plan.reads else 0
        total += len(spoken) if "prompt" in plan.reads else 0
        total += sum(map(len, plan.dataset.references[item])) if "references" in plan.reads else 0
    return total


ROWS = [
    ("short", ("r",), ["a", "bbbb", "cc"]),
    ((Message("user", "a long question " * 9),), ("ref", "other"), ["answer", "no"]),
    ("middle " * 5, (), ["x" * 300, "y"]),
]


@pytest.mark.parametrize("pointwise", [True, False])
@pytest.mark.parametrize("parts", [("response",), ("prompt", "response"), ("prompt", "response", "references")])
def test_characters_are_those_that_the_scorer_reads(parts, pointwise):
    plan = make_plan(SeenParts(parts, pointwise), make_dataset(ROWS))
    units = np.arange(plan.n_units)
    expected = [brute_characters(plan, unit) for unit in units]
    assert characters(plan, units).tolist() == expected
    ordered, lengths = longest_first(plan, units)
    assert sorted(ordered.tolist()) == units.tolist()
    assert lengths.tolist() == [expected[unit] for unit in ordered]
    if parts == ("response",) or not pointwise:
        assert lengths.tolist() == sorted(expected, reverse=True)


def test_units_of_an_item_stay_together_where_they_share_a_prompt():
    plan = make_plan(SeenParts(("prompt", "response")), make_dataset(ROWS))
    ordered, _ = longest_first(plan, np.arange(plan.n_units))
    assert ordered.tolist() == [5, 6, 3, 4, 1, 2, 0]


@pytest.mark.parametrize("pointwise", [True, False])
def test_sorted_blocks_give_the_scores_of_each_response(tmp_path, pointwise):
    """Against the scores of each response by itself, in order."""
    rows = [(f"p{i}" * (i % 5), (f"r{i}",), [f"{'x' * ((i * j) % 11)} {j}" for j in range(4)]) for i in range(30)]
    made = DeviceParts(("prompt", "response", "references"), pointwise)
    scores = score(made, make_dataset(rows), workers=2)
    assert scores.values.tolist() == naive_scores(made, make_dataset(rows))


class DeviceParts(SeenParts):
    """`SeenParts`, bound by a device."""

    @property
    def laws(self):
        return type(super().laws)(pointwise=self.pointwise, order_invariant=False, device_bound=True)


@given(
    st.lists(st.integers(0, 5_000), max_size=3_000).map(
        lambda lengths: np.array(sorted(lengths)[::-1], dtype=np.int64)
    ),
    st.integers(1, 9),
    st.none() | st.integers(1, 50),
)
def test_blocks_hold_everything_once_and_get_smaller(lengths, lanes, fixed):
    blocks = cut(lengths, lanes, fixed=fixed)
    assert [i for block in blocks for i in range(block.start, block.stop)] == list(range(len(lengths)))
    sizes = [block.stop - block.start for block in blocks]
    if fixed:
        assert all(size == fixed for size in sizes[:-1])
        return
    assert all(size <= MOST for size in sizes)
    assert all(size >= min(LEAST, -(-len(lengths) // lanes)) for size in sizes[:-1])
    work = [int(np.sum(lengths[block] + 64)) for block in blocks]
    left = list(itertools.accumulate(reversed(work)))[::-1]
    for size, part, rest in zip(sizes, work, left, strict=True):
        assert size <= LEAST or part <= rest / (2 * lanes) + 1, "no block is more than half of a lane's part"


def test_large_jobs_begin_with_large_blocks():
    sizes = [block.stop - block.start for block in cut(np.full(10_000, 200, dtype=np.int64), 2)]
    assert sizes[0] == 2_500
    assert sizes[-2] == LEAST


def test_an_executor_that_does_not_exist():
    with pytest.raises(SpecError, match="no executor 'dask'; there are: local, ray"):
        score(Length(), responses_only(["a"]), executor="dask")


def test_ray_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"the Ray executor needs the extra 'ray'"):
        score(Length(), responses_only(["a"]), executor="ray")
