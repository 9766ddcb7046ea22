"""The SQLite store: exact round trips, who wins, and one clear error for everything that can be wrong with a file."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardmeter.errors import StoreError
from rewardmeter.io.store import Store, default_store_path
from rewardmeter.types import Cost, Outcome, Scores, Signature

SIGNATURE = Signature("length", {"unit": "characters", "factor": 2}, "1.0")
OTHER = Signature("length", {"unit": "words", "factor": 2}, "1.0")


def keys(*numbers: int):
    return np.array([list(number.to_bytes(16, "big")) for number in numbers], dtype=np.uint8).reshape(-1, 16)


def failed(*reasons: str) -> Scores:
    n = len(reasons)
    return Scores(np.full(n, np.nan), np.full(n, Outcome.FAILED, dtype=np.uint8), dict(enumerate(reasons)))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "scores.sqlite"


ANY_SCORE = st.one_of(
    st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([Outcome.SCORED, Outcome.TIE])),
    st.tuples(st.just(float("nan")), st.sampled_from([Outcome.ABSTAINED, Outcome.FAILED])),
)


@given(rows=st.lists(st.tuples(ANY_SCORE, st.none() | st.text(max_size=5)), max_size=20))
def test_what_is_put_comes_back_bit_for_bit(tmp_path_factory, rows):
    values = np.array([value for (value, _), _ in rows], dtype=np.float64)
    outcomes = np.array([outcome for (_, outcome), _ in rows], dtype=np.uint8)
    reasons = {i: reason for i, (_, reason) in enumerate(rows) if reason is not None}
    wanted = keys(*range(len(rows)))
    path = tmp_path_factory.mktemp("store") / "s.sqlite"
    with Store(path) as store:
        store.put(SIGNATURE, wanted, Scores(values, outcomes, reasons))
    with Store(path) as store:
        back = store.get(SIGNATURE, wanted[::-1])
    assert back.values[::-1].tobytes() == values.tobytes()
    assert back.outcomes[::-1].tolist() == outcomes.tolist()
    assert {len(rows) - 1 - i: reason for i, reason in back.reasons.items()} == reasons


@pytest.mark.parametrize("value", [-0.0, 3.0, 2.0**53 + 2, 5e-324, 1.7976931348623157e308, 0.1])
def test_hard_floats_come_back_bit_for_bit(path, value):
    with Store(path) as store:
        store.put(SIGNATURE, keys(1), Scores.from_values([value]))
        assert store.get(SIGNATURE, keys(1)).values.tobytes() == np.float64(value).tobytes()


def test_what_is_not_there_is_missing(path):
    with Store(path) as store:
        assert store.get(SIGNATURE, keys(1)).outcomes.tolist() == [Outcome.MISSING]
        store.put(SIGNATURE, keys(1, 3), Scores.from_values([1.0, 3.0]))
        found = store.get(SIGNATURE, keys(3, 0, 1, 2))
        assert found.outcomes.tolist() == [0, 4, 0, 4]
        assert found.values[[0, 2]].tolist() == [3, 1]
        assert store.get(OTHER, keys(1)).outcomes.tolist() == [Outcome.MISSING]
        assert len(store.get(SIGNATURE, keys())) == 0


def test_more_keys_than_one_query_takes(path):
    numbers = list(range(0, 3001, 3))
    with Store(path) as store:
        store.put(SIGNATURE, keys(*numbers), Scores.from_values([float(i) for i in numbers]))
        found = store.get(SIGNATURE, keys(*range(3001)))
    assert np.flatnonzero(found.outcomes == Outcome.SCORED).tolist() == numbers
    assert found.values[numbers].tolist() == numbers


def test_a_score_stays_and_a_failure_gives_way(path):
    with Store(path) as store:
        store.put(SIGNATURE, keys(1), failed("timeout"))
        store.put(SIGNATURE, keys(1), failed("another timeout"))
        assert store.get(SIGNATURE, keys(1)).reasons == {0: "another timeout"}
        store.put(SIGNATURE, keys(1), Scores.from_values([5.0]))
        store.put(SIGNATURE, keys(1), failed("too late"))
        store.put(SIGNATURE, keys(1), Scores.from_values([7.0]))
        found = store.get(SIGNATURE, keys(1))
    assert (found.values.tolist(), found.reasons) == ([5.0], {})


def test_missing_is_nothing_to_keep(path):
    with Store(path) as store:
        store.put(SIGNATURE, keys(1), Scores.missing(1))
        assert store.signatures()[0].n_scores == 0


def test_what_replaces_leaves_nothing_of_what_was_there(path):
    with Store(path) as store:
        store.put(SIGNATURE, keys(1, 2, 3), Scores.from_values([1.0, 2.0, 3.0]))
        store.put(OTHER, keys(3), Scores.from_values([3.0]))
        replacing = Scores(np.array([5.0, np.nan, np.nan]), np.array([0, Outcome.FAILED, Outcome.MISSING]), {1: "late"})
        store.put(SIGNATURE, keys(1, 2, 3), replacing, replace=True)
        found = store.get(SIGNATURE, keys(1, 2, 3))
        assert store.get(OTHER, keys(3)).values.tolist() == [3.0]
    assert found.outcomes.tolist() == replacing.outcomes.tolist()
    assert (found.values[0], found.reasons) == (5.0, {1: "late"})


def test_what_failed_was_paid_for_and_is_no_score(path):
    with Store(path) as store:
        for scores in (failed("timeout"), failed("timeout"), Scores.from_values([1.0])):
            store.put(SIGNATURE, keys(1), replace(scores, cost=Cost(dollars=0.5)))
        store.put(SIGNATURE, keys(2), Scores.from_values([None], cost=Cost(dollars=0.5)))
        spent, scored = store.spent(SIGNATURE)
    assert (spent.dollars, scored) == (2.0, 2), "an abstention is an answer"


def test_reasons_that_utf8_cannot_hold_are_written_out(path):
    with Store(path) as store:
        store.put(SIGNATURE, keys(1), failed("bad \ud800 and \x00"))
        assert store.get(SIGNATURE, keys(1)).reasons == {0: "bad \\ud800 and \x00"}


def test_signatures_can_be_looked_through(path):
    with Store(path) as store:
        store.put(SIGNATURE, keys(1, 2), Scores.from_values([1.0, 2.0]))
        store.put(OTHER, keys(1), Scores.from_values([1.0]))
        first, second = store.signatures()
    assert (first.fingerprint, first.name, first.revision) == (SIGNATURE.fingerprint, "length", "1.0")
    assert (first.options, first.n_scores, second.n_scores) == (dict(SIGNATURE.options), 2, 1)
    assert first.first_seen.endswith("Z")


def test_the_file_is_in_write_ahead_mode_with_the_stated_key(path):
    with Store(path):
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        (statement,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'scores'").fetchone()
        connection.close()
    assert "PRIMARY KEY (signature, key)" in statement
    assert statement.endswith("WITHOUT ROWID")


def test_an_uncommitted_batch_leaves_nothing(path):
    def interrupted():
        yield b"k" * 16, 1.0
        raise KeyboardInterrupt

    with Store(path) as store:
        store.put(SIGNATURE, keys(1), Scores.from_values([1.0]))
        with pytest.raises(KeyboardInterrupt), store._transaction():
            store._connection.executemany("INSERT INTO scores VALUES (1, ?, ?, 0, NULL)", interrupted())
        assert store.signatures()[0].n_scores == 1
        store.put(SIGNATURE, keys(2), Scores.from_values([2.0]))
        assert store.signatures()[0].n_scores == 2


def test_default_path(monkeypatch, tmp_path):
    monkeypatch.setenv("REWARDMETER_STORE", str(tmp_path / "mine.sqlite"))
    assert default_store_path() == tmp_path / "mine.sqlite"
    with Store() as store:
        assert store.path == tmp_path / "mine.sqlite"
    monkeypatch.delenv("REWARDMETER_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert default_store_path().parts[-2:] == ("rewardmeter", "scores.sqlite")


def error_of(path: Path, **options: float) -> str:
    """What opening, and then reading and writing, says; it must name the file and the way out."""

    def use():
        with Store(path, **options) as store:
            store.get(SIGNATURE, keys(*range(20_000)))
            store.put(SIGNATURE, keys(30_000), Scores.from_values([1.0]))

    with pytest.raises(StoreError) as caught:
        use()
    text = str(caught.value)
    assert str(path) in text
    assert "REWARDMETER_STORE" in text
    return text


def filled(path: Path) -> Path:
    with Store(path) as store:
        store.put(SIGNATURE, keys(*range(20_000)), Scores.from_values(np.arange(20_000.0)))
    return path


def test_a_file_that_is_no_database(path):
    path.parent.mkdir()
    path.write_bytes(b"this was never a database\n" * 100)
    assert "not a score store" in error_of(path)
    assert path.read_bytes().startswith(b"this was never")


def test_another_programs_database(path):
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE precious (x)")
    connection.close()
    assert "another program's database" in error_of(path)


def test_a_store_of_a_later_version(path):
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "layout 99" in error_of(path)


def test_another_process_may_make_the_tables_after_the_first_look(path, monkeypatch):
    """As soon as the first statement of the one is done, the other opens the file and fills it."""

    class Interrupted(sqlite3.Connection):
        def execute(self, *arguments):
            answer = super().execute(*arguments).fetchall()
            if not path.stat().st_size:
                with monkeypatch.context() as undisturbed:
                    undisturbed.setattr(sqlite3, "connect", connect)
                    Store(path).close()
            return Answer(answer)

    class Answer(list):
        def fetchone(self):
            return self[0]

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, **options, factory=Interrupted))
    Store(path).close()


def test_an_empty_file_becomes_a_store(path):
    path.parent.mkdir()
    path.touch()
    filled(path)


def test_a_truncated_store(path):
    raw = filled(path).read_bytes()
    path.write_bytes(raw[: len(raw) // 2 + 100])
    assert "damaged" in error_of(path)


def test_a_store_with_a_page_of_rubbish(path):
    raw = bytearray(filled(path).read_bytes())
    raw[4096 * 4 :] = b"\xff" * (len(raw) - 4096 * 4)
    path.write_bytes(raw)
    assert "damaged" in error_of(path)


@pytest.mark.parametrize(
    "change", ["value = 'text'", "value = NULL", "outcome = 3", "outcome = 77", "outcome = 'x'", "value = 9e999"]
)
def test_rows_that_the_store_never_wrote(path, change):
    filled(path)
    connection = sqlite3.connect(path)
    connection.execute(f"UPDATE scores SET {change} WHERE value = 7")
    connection.commit()
    connection.close()
    assert "damaged" in error_of(path)


def test_a_store_that_another_process_holds(path):
    Store(path).close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert "locked by another process" in error_of(path, patience=0.05)
    holder.close()


def test_a_folder_in_the_files_place(tmp_path):
    assert "cannot be opened" in error_of(tmp_path)


def test_a_file_in_the_folders_place(tmp_path):
    (tmp_path / "file").touch()
    assert "folder cannot be made" in error_of(tmp_path / "file" / "scores.sqlite")


def test_a_full_disk(path):
    """A real SQLITE_FULL: SQLite is told that the file may have no more pages."""
    filled(path)
    with Store(path) as store:
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match="disk is full"):
            store.put(SIGNATURE, keys(*range(20_000, 40_000)), Scores.from_values(np.ones(20_000)))
        assert store.signatures()[0].n_scores == 20_000
        assert store.get(SIGNATURE, keys(19_999)).values.tolist() == [19_999]


@pytest.fixture
def unprivileged():
    """A folder of which the rights count; root, whom no rights stop, is nobody again at its end."""
    folder = Path(tempfile.mkdtemp())  # pytest's own folders cannot be entered by nobody
    yield folder
    if os.geteuid() != os.getuid():
        os.seteuid(os.getuid())
    folder.chmod(0o755)
    shutil.rmtree(folder)


def drop_rights() -> None:
    if os.geteuid() == 0:
        os.seteuid(65534)


def test_a_folder_that_may_not_be_written(unprivileged):
    unprivileged.chmod(0o555)
    drop_rights()
    assert "cannot be opened" in error_of(unprivileged / "scores.sqlite")
    assert "folder cannot be made" in error_of(unprivileged / "deeper" / "scores.sqlite")


def test_a_file_that_may_not_be_written(unprivileged):
    path = filled(unprivileged / "scores.sqlite")
    path.chmod(0o444)
    unprivileged.chmod(0o555)
    drop_rights()
    assert "may not be written" in error_of(path)
