"""Scoring: outcomes, the store, batches and what is told, in one process."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import pytest
from engine_scorers import (
    Costly,
    Inconsistent,
    Length,
    Longest,
    Moody,
    NeedsMore,
    RandomLength,
    Returns,
    Told,
    make_dataset,
    responses_only,
)

from rewardmeter.engine import score
from rewardmeter.engine.calls import BatchSize
from rewardmeter.errors import MissingExtraError, ScorerError, StoreError
from rewardmeter.io.store import Store
from rewardmeter.scoring import Laws, Negated, scorer, signature_of
from rewardmeter.types import Item, Outcome, Scores


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "scores.sqlite") as opened:
        yield opened


def rows_of(store):
    with sqlite3.connect(store.path) as connection:
        rows = connection.execute("SELECT key, value, outcome, reason FROM scores ORDER BY key").fetchall()
    connection.close()
    return rows


def same(left: Scores, right: Scores) -> bool:
    return (
        left.values.tobytes() == right.values.tobytes()
        and left.outcomes.tobytes() == right.outcomes.tobytes()
        and left.reasons == right.reasons
        and left.signature == right.signature
    )


def test_equal_inputs_are_scored_once_and_shared():
    length = Length()
    scores = score(length, responses_only(["aa", "b", "aa", "", "b"]))
    assert scores.values.tolist() == [2, 1, 2, 0, 1]
    assert length.texts == ["aa", "b", ""]
    assert scores.signature == signature_of(length)


@pytest.mark.parametrize("batch_size", [None, 1, 3, 100])
def test_only_the_guilty_response_fails(batch_size):
    texts = [f"text {i}" for i in range(40)]
    texts[7], texts[8], texts[31] = "bad 7", "bad 8", "bad 31"
    texts[3], texts[4], texts[5] = "nan", "inf", "none"
    scores = score(Moody(), responses_only(texts), batch_size=batch_size)
    failed = {i: f"ValueError: cannot read bad {i}" for i in (7, 8, 31)}
    assert scores.reasons == {3: "the scorer returned nan", 4: "the scorer returned -inf", **failed}
    assert np.flatnonzero(scores.outcomes == Outcome.FAILED).tolist() == [3, 4, 7, 8, 31]
    assert np.flatnonzero(scores.outcomes == Outcome.ABSTAINED).tolist() == [5]
    good = scores.outcomes == Outcome.SCORED
    assert scores.values[good].tolist() == [len(text) for text, fine in zip(texts, good, strict=True) if fine]


def test_a_listwise_scorer_loses_the_guilty_item_only():
    data = make_dataset([("p", (), ["a", "bb"]), ("q", (), ["ccc", "bad"]), ("r", (), ["d", "ee"])])
    scores = score(Longest(), data, batch_size=3)
    assert scores.outcomes.tolist() == [0, 0, 3, 3, 0, 0]
    assert scores.values[[0, 1, 4, 5]].tolist() == [-1, 0, -1, 0]
    assert scores.reasons == {2: "RuntimeError: no", 3: "RuntimeError: no"}


def test_a_long_reason_is_cut():
    scores = score(Moody(), responses_only(["bad " + "x" * 9999]))
    assert len(scores.reasons[0]) == 500
    assert scores.reasons[0].endswith("x…")


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (None, "returned NoneType instead of Scores"),
        ([1.0, 2.0], "returned list instead of Scores"),
        (Scores.from_values([1.0]), "returned 1 scores for 2 responses"),
        (Scores(np.full(2, np.nan), np.full(2, 9, dtype=np.uint8)), "outcome 9"),
    ],
)
def test_a_broken_contract_is_an_error_that_names_the_scorer(what, words):
    with pytest.raises(ScorerError, match=f"scorer 'returns' returned .*{words.removeprefix('returned ')}"):
        score(Returns(what), responses_only(["x", "y"]), batch_size=2)


def test_a_failure_dressed_as_a_number_is_an_error():
    with pytest.raises(ScorerError, match=r"scorer 'inconsistent'.*failure must not be a number"):
        score(Inconsistent(), responses_only(["x"]))


def test_what_no_response_is_to_blame_for_ends_the_run():
    with pytest.raises(MissingExtraError, match=r"rewardmeter\[models\]"):
        score(NeedsMore(), responses_only(["x", "y"]))


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"batch_size": 0}])
def test_numbers_that_make_no_sense(wrong):
    with pytest.raises(ValueError, match="at least 1"):
        score(Length(), responses_only(["x"]), **wrong)


def test_second_run_comes_from_the_store_with_the_same_bytes(store):
    data = responses_only(["nan", "none", "abc", "", "bad", "abc"])
    bare = score(Moody(), data)
    cold = score(Moody(), data, store=store)
    warm = score(Moody(), data, store=store, retry_failed=False)
    assert same(bare, cold)
    assert same(cold, warm)
    assert len(rows_of(store)) == 5

    length, told = Length(), Told()
    score(length, data, store=store)
    score(length, data, store=store, progress=told)
    assert len(length.texts) == 5
    assert (told.total, told.from_store, told.done, told.failed, told.steps) == (6, 6, 6, 0, 0)


def test_only_what_is_new_is_scored(store):
    length = Length()
    score(length, responses_only(["a", "bb"]), store=store)
    scores = score(length, responses_only(["ccc", "bb", "a"]), store=store)
    assert scores.values.tolist() == [3, 2, 1]
    assert length.texts == ["a", "bb", "ccc"]


def test_other_options_are_another_scorer(store):
    @dataclass(frozen=True)
    class Scaled(Length):
        factor: float = 1.0

        def __call__(self, items: list[Item]) -> Scores:
            plain = super().__call__(items)
            return replace(plain, values=plain.values * self.factor)

    data = responses_only(["a", "bb"])
    assert score(Scaled(), data, store=store).values.tolist() == [1, 2]
    assert score(Scaled(factor=3.0), data, store=store).values.tolist() == [3, 6]
    assert score(Scaled(), data, store=store).values.tolist() == [1, 2]


def test_failures_are_kept_and_tried_again(store):
    @dataclass(frozen=True)
    class Recovering(Length):
        broken: tuple[bool, ...] = (True,)

        def signature(self):
            return signature_of(Length())

        def __call__(self, items: list[Item]) -> Scores:
            if self.broken[0] and any(r.text == "bb" for item in items for r in item.responses):
                raise TimeoutError("too slow")
            return super().__call__(items)

    data = responses_only(["a", "bb", "ccc"])
    first = score(Recovering(), data, store=store)
    assert first.reasons == {1: "TimeoutError: too slow"}
    assert [row[2:] for row in rows_of(store) if row[1] is None] == [(Outcome.FAILED, "TimeoutError: too slow")]

    left_alone = Recovering(broken=(False,))
    told = Told()
    assert same(score(left_alone, data, store=store, retry_failed=False, progress=told), first)
    assert (left_alone.texts, told.from_store, told.failed) == ([], 3, 1)

    healed = Recovering(broken=(False,))
    assert score(healed, data, store=store).values.tolist() == [1, 2, 3]
    assert healed.texts == ["bb"]
    assert [row[1:] for row in rows_of(store) if row[2]] == []


def test_an_abstention_is_kept_and_not_asked_again(store):
    asked = []

    @dataclass(frozen=True)
    class Shy(Length):
        def __call__(self, items: list[Item]) -> Scores:
            asked.append(len(items[0].responses))
            return Scores.from_values([None])

    data = responses_only(["a"])
    for _ in range(2):
        assert score(Shy(), data, store=store).counts() == {"abstained": 1}
    assert asked == [1]


def test_listwise_scores_are_kept_per_item(store):
    longest = Longest()
    data = make_dataset([("p", (), ["a", "bb"]), ("q", (), ["a", "bad"])])
    first = score(longest, data, store=store, batch_size=1)
    assert first.outcomes.tolist() == [0, 0, 3, 3]
    again = score(longest, data, store=store, batch_size=1)
    assert same(first, again)
    assert longest.calls == [1, 1, 1], "only the failed item is scored again"
    swapped = score(longest, make_dataset([("p", (), ["bb", "a"])]), store=store)
    assert swapped.values.tolist() == [0, -1]
    assert longest.calls == [1, 1, 1, 1], "another order is another input"


@dataclass(frozen=True)
class Share:
    """The share of the item's characters that a response has among those that did not fail."""

    broken: tuple[str, ...] = field(default=(), metadata={"moves_score": False})
    apart: bool = field(default=False, metadata={"moves_score": False})
    stops: bool = field(default=False, metadata={"moves_score": False})
    name: ClassVar[str] = "share"
    reads: ClassVar[frozenset[str]] = frozenset({"response"})
    laws: ClassVar[Laws] = Laws(pointwise=False)

    def __call__(self, items):
        return Scores.concatenate([self.of_item(item) for item in items])

    def of_item(self, item):
        texts = [response.text for response in item.responses]
        whole = sum(len(text) for text in texts if text not in self.broken)
        return Scores.from_values([np.nan if text in self.broken else len(text) / whole for text in texts])


@dataclass(frozen=True)
class StreamedShare(Share):
    """The same, each response's score yielded by itself, until it is killed after the first."""

    def stream(self, items, run):
        for item in items:
            scores = self.of_item(item)
            for i in range(len(scores)):
                yield [i], Scores(scores.values[i : i + 1], scores.outcomes[i : i + 1])
                if self.stops:
                    raise KeyboardInterrupt


def test_scores_that_rest_on_each_other_are_never_of_two_runs(store):
    data = responses_only(["a", "bbb", "cccc"])
    assert score(Share(broken=("bbb",)), data, store=store).values[[0, 2]].tolist() == [0.2, 0.8]
    assert score(Share(), data, store=store).values.tolist() == [0.125, 0.375, 0.5]
    assert score(Share(broken=("a",)), data, store=store).values.tolist() == [0.125, 0.375, 0.5], "from the store"


def test_a_kill_leaves_no_old_scores_beside_new_ones(store):
    data = responses_only(["a", "bbb", "cccc"])
    score(StreamedShare(broken=("a",)), data, store=store)
    with pytest.raises(KeyboardInterrupt):
        score(StreamedShare(stops=True), data, store=store)
    assert [row[1] for row in rows_of(store)] == [0.125], "the old .43 and .57 are gone"
    assert score(StreamedShare(), data, store=store).values.tolist() == [0.125, 0.375, 0.5]


def test_a_stream_that_breaks_within_an_item_begins_it_again(store):
    @dataclass(frozen=True)
    class Breaking(StreamedShare):
        tries: list[int] = field(default_factory=list, compare=False, metadata={"moves_score": False})

        def stream(self, items, run):
            self.tries.append(len(items))
            if len(self.tries) > 1:
                yield from super().stream(items, run)
                return
            yield [0], Scores.from_values([0.75])
            raise TimeoutError("too slow")

    told, breaking = Told(), Breaking()
    data = make_dataset([(None, (), ["a", "bbb", "cccc"]), (None, (), ["a", "b"])])
    made = score(breaking, data, store=store, progress=told)
    assert made.values.tolist() == [0.125, 0.375, 0.5, 0.5, 0.5]
    assert breaking.tries == [2, 1, 1]
    assert (told.done, told.failed) == (5, 0)
    assert same(score(breaking, data, store=store), made)


def test_a_negated_scorer_is_the_scorer_paid_once(store):
    data, length = responses_only(["aa", "b"]), Length()
    score(length, data, store=store)
    upside_down = score(Negated(length), data, store=store)
    assert (upside_down.values.tolist(), length.texts) == ([-2, -1], ["aa", "b"])
    assert upside_down.signature == signature_of(Negated(length))


def test_minus_zero_is_zero_with_and_without_store(store):
    negated, data = Negated(Length()), responses_only(["", "a"])
    bare, cold, warm = score(negated, data), score(negated, data, store=store), score(negated, data, store=store)
    assert not np.signbit(bare.values[0])
    assert same(bare, cold)
    assert same(cold, warm)


WITHOUT_SOURCE = scorer(eval("lambda response: len(response)"), name="nameless")


@pytest.mark.parametrize("made", [WITHOUT_SOURCE, RandomLength()], ids=["without source", "random"])
def test_what_must_not_be_stored_goes_round_the_store_and_says_so(store, made):
    told = Told()
    for _ in range(2):
        assert score(made, responses_only(["a"]), store=store, progress=told).values.tolist() == [1]
    assert len(told.notes) == 2
    assert "not stored" in told.notes[0]
    assert rows_of(store) == []
    with pytest.warns(RuntimeWarning, match="not stored"):
        score(made, responses_only(["a"]), store=store)


def test_a_full_disk_costs_the_store_and_not_the_scores(store):
    """A real SQLITE_FULL: SQLite is told that the file may have no more pages."""
    score(Length(), responses_only(["first"]), store=store)
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    data = responses_only([f"text {'x' * i}" for i in range(500)])
    told = Told()
    scores = score(Length(), data, store=store, progress=told, batch_size=250)
    assert same(scores, score(Length(), data))
    assert len(told.notes) == 1
    assert "disk is full" in told.notes[0]
    assert "nothing is stored" in told.notes[0]
    with pytest.warns(RuntimeWarning, match="disk is full"):
        score(Length(), data, store=store)
    store._connection.execute("PRAGMA max_page_count = 100000")
    length = Length()
    assert score(length, responses_only(["first"]), store=store).coverage == 1
    assert length.texts == []


def test_a_store_that_cannot_be_read_ends_the_run_before_it_begins(store):
    class Unreadable:
        def get(self, signature, keys):
            raise StoreError("damaged")

    length, told = Length(), Told()
    with pytest.raises(StoreError, match="damaged"):
        score(length, responses_only(["a"]), store=Unreadable(), progress=told)
    assert length.calls == []


def test_an_interrupt_keeps_what_is_done(store):
    @dataclass(frozen=True)
    class Interrupted(Length):
        def __call__(self, items: list[Item]) -> Scores:
            if len(self.calls) == 3:
                raise KeyboardInterrupt
            return super().__call__(items)

    data = responses_only(["a", "bb", "ccc", "dddd", "eeeee"])
    told = Told()
    with pytest.raises(KeyboardInterrupt):
        score(Interrupted(), data, store=store, batch_size=1, progress=told)
    assert (told.done, told.finished) == (3, 1)
    assert sorted(row[1] for row in rows_of(store)) == [1, 2, 3]


def test_all_responses_are_told_whatever_they_share(store):
    texts = ["a", "a", "bad", "bad", None, "none"]
    told = Told()
    score(Moody(), responses_only(texts), store=store, progress=told)
    assert (told.total, told.from_store, told.done, told.failed, told.finished) == (6, 0, 6, 3, 1)
    told = Told()
    score(Moody(), responses_only(texts), store=store, progress=told)
    assert (told.total, told.from_store, told.done, told.failed, told.finished) == (6, 3, 6, 3, 1)


def test_costs_are_summed_and_only_what_this_run_spent(store):
    data = responses_only(["a", "b", "b", "c"])
    cost = score(Costly(), data, store=store, batch_size=2).cost
    assert (cost.seconds, cost.dollars, cost.input_tokens) == (6.0, 1.5, 9)
    assert score(Costly(), data, store=store).cost.dollars == 0
    assert score(Length(), data).cost.seconds > 0


def test_batches_grow_while_calls_are_quick_and_shrink_when_they_are_slow():
    size = BatchSize()
    seen = [size.units]
    for _ in range(6):
        size.observe(size.units, 1e-6)
        seen.append(size.units)
    assert seen == [1, 8, 64, 512, 4096, BatchSize.MOST, BatchSize.MOST]
    size.observe(BatchSize.MOST, 100.0)
    assert size.units == BatchSize.MOST // 8
    for _ in range(9):
        size.observe(size.units, 100.0)
    assert size.units == 1
    size.observe(1, 0.05)
    assert size.units == 2
    fixed = BatchSize(7)
    fixed.observe(7, 1e-9)
    assert fixed.units == 7


def test_a_quick_scorer_is_called_seldom():
    length = Length()
    score(length, responses_only([str(i) for i in range(20_000)]))
    assert len(length.calls) <= 9
