"""The score store: one SQLite file that remembers every score under (signature, input key). May import `types`,
`errors`.

Each `put` is one transaction in write-ahead mode, so that a killed process loses the batch in hand at most and several
processes can share the file. A power cut may undo the last transactions; it cannot damage the file. The table
``signatures`` says in plain words which scorer each stored score belongs to.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import platformdirs
from numpy.typing import NDArray

from rewardmeter.errors import ScorerError, StoreError
from rewardmeter.types import Cost, Outcome, Scores, Signature

__all__ = ["Store", "StoredSignature", "default_store_path"]

_APPLICATION_ID = 0x52574D54  # "RWMT"
_LAYOUT = 2
_KEYS_PER_QUERY = 500
_PATH_VARIABLE = "REWARDMETER_STORE"

_TABLES = (
    """CREATE TABLE signatures (
        id INTEGER PRIMARY KEY,
        fingerprint TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        options TEXT NOT NULL,
        revision TEXT NOT NULL,
        first_seen TEXT NOT NULL
    )""",
    # Layout 2 adds what a scorer has cost and finished pieces of work (a judge's answers).
    """CREATE TABLE costs (
        signature INTEGER PRIMARY KEY REFERENCES signatures (id),
        scored INTEGER NOT NULL,
        seconds REAL NOT NULL,
        dollars REAL,
        input_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL,
        calls INTEGER NOT NULL,
        latency REAL NOT NULL
    )""",
    "CREATE TABLE work (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    # The value has no declared type: a REAL column would turn some floats into integers on disk.
    """CREATE TABLE scores (
        signature INTEGER NOT NULL REFERENCES signatures (id),
        key BLOB NOT NULL,
        value,
        outcome INTEGER NOT NULL,
        reason TEXT,
        PRIMARY KEY (signature, key)
    ) WITHOUT ROWID""",
)

# Scored rows without a reason are nearly all rows, and two bound values cost less than five.
_PUT_SCORED = f"INSERT INTO scores VALUES ({{signature}}, ?, ?, {int(Outcome.SCORED)}, NULL)"
_PUT_OTHER = "INSERT INTO scores VALUES ({signature}, ?, ?, ?, ?)"
_PUT_COST = """INSERT INTO costs VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    scored = scored + excluded.scored, seconds = seconds + excluded.seconds, dollars = dollars + excluded.dollars,
    input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens,
    calls = calls + excluded.calls, latency = latency + excluded.latency"""
_REPLACING = """ ON CONFLICT DO UPDATE
    SET value = excluded.value, outcome = excluded.outcome, reason = excluded.reason"""
_UNLESS_THERE = f"{_REPLACING} WHERE outcome = {int(Outcome.FAILED)}"

_PRAGMAS = (
    # In write-ahead mode this can lose the last commits in a power cut, and nothing else.
    "PRAGMA synchronous = NORMAL",
    # Keys are random, so a batch touches pages all over the table: room for 16 MB of them, and for as much log.
    "PRAGMA cache_size = -16000",
    "PRAGMA wal_autocheckpoint = 4000",
)

# One statement sees one state of the file; another process may be making the tables at this moment.
_KIND = """SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
    FROM pragma_application_id, pragma_user_version"""

_DAMAGED = ("the file is damaged", "Move it away; a new store is made in its place.")
_PROBLEMS = {
    sqlite3.SQLITE_FULL: ("the disk is full", "Free some space; what was stored before is safe."),
    sqlite3.SQLITE_BUSY: ("it is locked by another process", "Wait until that process has ended, then run again."),
    sqlite3.SQLITE_LOCKED: ("it is locked by another process", "Wait until that process has ended, then run again."),
    sqlite3.SQLITE_READONLY: ("it may not be written", "Make the file and its folder writable."),
    sqlite3.SQLITE_PERM: ("it may not be opened", "Make the file and its folder readable and writable."),
    sqlite3.SQLITE_AUTH: ("it may not be opened", "Make the file and its folder readable and writable."),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", "Make the file and its folder readable and writable."),
    sqlite3.SQLITE_NOTADB: ("the file is not a score store", "Move it away; a new store is made in its place."),
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_IOERR: ("reading or writing failed", "Check the disk; network folders may not support locking."),
}


def default_store_path() -> Path:
    """Where scores are kept: the file named by REWARDMETER_STORE, else ``scores.sqlite`` in the user's cache folder."""
    named = os.environ.get(_PATH_VARIABLE)
    if named:
        return Path(named).expanduser()
    return Path(platformdirs.user_cache_dir("rewardmeter", appauthor=False)) / "scores.sqlite"


@dataclass(frozen=True, slots=True)
class StoredSignature:
    """One scorer of which the store holds scores.

    Attributes
    ----------
    fingerprint, name, options, revision:
        As in `Signature`.
    first_seen:
        When its first score was stored, UTC.
    n_scores:
        How many of its scores are stored, failures included.
    """

    fingerprint: str
    name: str
    options: dict[str, object]
    revision: str
    first_seen: str
    n_scores: int


class Store:
    """A score store in one file; the file and its folder are made if need be. Close it, or use it in a ``with``.

    Parameters
    ----------
    path:
        The file; None for `default_store_path`.
    patience:
        Seconds to wait for another process that holds the file.

    Raises
    ------
    StoreError
        If the file is no score store, is damaged, locked, or cannot be written. So does every method.
    """

    def __init__(self, path: str | Path | None = None, *, patience: float = 60.0) -> None:
        self.path = Path(path) if path is not None else default_store_path()
        self._ids: dict[str, int] = {}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            problem = f"its folder cannot be made ({error.strerror})"
            raise self._error(problem, "Make the folder writable.") from error
        with self._problems_named():
            self._connection = sqlite3.connect(self.path, timeout=patience, isolation_level=None)
            try:
                self._prepare(patience)
            except BaseException:
                self._connection.close()
                raise

    def get(self, signature: Signature, keys: NDArray[np.uint8]) -> Scores:
        """What is stored for the keys, in their order; `Outcome.MISSING` where nothing is.

        The keys, uint8 (n, 16), must be all different.
        """
        values = np.full(len(keys), np.nan)
        outcomes = np.full(len(keys), Outcome.MISSING, dtype=np.uint8)
        reasons: dict[int, str] = {}
        with self._problems_named():
            signature_id = self._signature_id(signature)
            if signature_id is None:
                return Scores(values, outcomes)
            try:
                self._read(signature_id, keys, values, outcomes, reasons)
                return Scores(values, outcomes, reasons)
            except (ScorerError, OverflowError, TypeError, ValueError) as error:  # `put` never wrote such a row
                raise self._error(*_DAMAGED) from error

    def put(self, signature: Signature, keys: NDArray[np.uint8], scores: Scores, *, replace: bool = False) -> None:
        """Keep the scores of the keys, uint8 (n, 16), all of them or, on an error, none.

        A score that is already there stays; a stored failure gives way; with ``replace`` everything does.
        `Outcome.MISSING` is nothing to keep, and with ``replace`` leaves nothing there. The cost is added to what the
        signature has cost before; an unknown price (NaN) makes the sum unknown.
        """
        scored = scores.outcomes == Outcome.SCORED
        scored[list(scores.reasons)] = False
        plain = zip(_as_bytes(keys[scored]), scores.values[scored].tolist(), strict=True)
        others = np.flatnonzero(~scored & (scores.outcomes != Outcome.MISSING))
        explained = [
            (key, float(scores.values[i]), int(scores.outcomes[i]), _storable_text(scores.reasons.get(i)))
            for key, i in zip(_as_bytes(keys[others]), others.tolist(), strict=True)
        ]
        with self._problems_named(), self._transaction():
            signature_id = self._signature_id(signature) or self._register(signature)
            if replace:
                missing = ((signature_id, key) for key in _as_bytes(keys[scores.outcomes == Outcome.MISSING]))
                self._connection.executemany("DELETE FROM scores WHERE signature = ? AND key = ?", missing)
            for statement, rows in ((_PUT_SCORED, plain), (_PUT_OTHER, explained)):
                there = _REPLACING if replace else _UNLESS_THERE
                self._connection.executemany(statement.format(signature=signature_id) + there, rows)
            cost = scores.cost
            n_scored = int(np.sum((scores.outcomes != Outcome.MISSING) & (scores.outcomes != Outcome.FAILED)))
            if n_scored or cost != Cost():
                sums = (cost.seconds, cost.dollars, cost.input_tokens, cost.output_tokens, cost.calls, cost.latency)
                self._connection.execute(_PUT_COST, (signature_id, n_scored, *sums))  # SQLite keeps NaN as NULL
        self._ids[signature.fingerprint] = signature_id

    def spent(self, signature: Signature) -> tuple[Cost, int]:
        """What a signature has cost so far, failures included, and how many inputs got a score for it."""
        query = """SELECT seconds, dollars, input_tokens, output_tokens, calls, latency, scored FROM costs
            JOIN signatures ON signature = id WHERE fingerprint = ?"""
        with self._problems_named():
            row = self._connection.execute(query, (signature.fingerprint,)).fetchone()
        if row is None:
            return Cost(), 0
        seconds, dollars, *rest, scored = row
        return Cost(seconds, float("nan") if dollars is None else dollars, *rest), int(scored)

    def recall(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """The pieces of work that were kept under these keys."""
        wanted, known = list(keys), dict[bytes, bytes]()
        with self._problems_named():
            for start in range(0, len(wanted), _KEYS_PER_QUERY):
                some = wanted[start : start + _KEYS_PER_QUERY]
                query = f"SELECT key, value FROM work WHERE key IN ({','.join('?' * len(some))})"
                known.update(self._connection.execute(query, some))
        return known

    def keep(self, key: bytes, value: bytes) -> None:
        """Keep a piece of work; it is on disk when this returns, and a later one under the same key replaces it."""
        with self._problems_named(), self._transaction():
            self._connection.execute("INSERT OR REPLACE INTO work VALUES (?, ?)", (key, value))

    def signatures(self) -> list[StoredSignature]:
        """The scorers of which scores are stored, in the order of their first score."""
        query = """SELECT fingerprint, name, options, revision, first_seen,
                (SELECT count(*) FROM scores WHERE signature = id) FROM signatures ORDER BY id"""
        with self._problems_named():
            rows = self._connection.execute(query).fetchall()
        return [
            StoredSignature(fingerprint, name, json.loads(options), revision, first_seen, n_scores)
            for fingerprint, name, options, revision, first_seen, n_scores in rows
        ]

    def close(self) -> None:
        """Let go of the file."""
        with self._problems_named():
            self._connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _prepare(self, patience: float) -> None:
        self._check_kind()
        self._write_ahead(patience)
        for pragma in _PRAGMAS:
            self._connection.execute(pragma)
        with self._transaction():  # also proves that the store can be written, before anything is scored
            if self._check_kind():
                for table in _TABLES:
                    self._connection.execute(table.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"))
                self._connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                self._connection.execute(f"PRAGMA user_version = {_LAYOUT}")

    def _check_kind(self) -> bool:
        """Whether the file is empty or of layout 1 and must get tables; raises if it belongs to somebody else."""
        application, layout, n_tables = self._connection.execute(_KIND).fetchone()
        if application == 0 and n_tables == 0:
            return True
        if application != _APPLICATION_ID:
            raise self._error("the file is another program's database", "Give the store a file of its own.")
        if layout == 1:
            return True
        if layout != _LAYOUT:
            problem = f"it has layout {layout}, and this version of rewardmeter knows layout {_LAYOUT}"
            raise self._error(problem, "Update rewardmeter, or move the file away.")
        return False

    def _write_ahead(self, patience: float) -> None:
        """Switch to write-ahead logging; where the file system has none, SQLite's older journal does as well."""
        deadline = time.monotonic() + patience
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                # SQLite does not wait by itself when two processes switch the same new file at once.
                if _primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _read(
        self,
        signature_id: int,
        keys: NDArray[np.uint8],
        values: NDArray[np.float64],
        outcomes: NDArray[np.uint8],
        reasons: dict[int, str],
    ) -> None:
        for start in range(0, len(keys), _KEYS_PER_QUERY):
            some = _as_bytes(keys[start : start + _KEYS_PER_QUERY])
            wanted = {key: start + i for i, key in enumerate(some)}
            marks = ",".join("?" * len(wanted))
            query = f"SELECT key, value, outcome, reason FROM scores WHERE signature = ? AND key IN ({marks})"
            for key, value, outcome, reason in self._connection.execute(query, (signature_id, *wanted)):
                position = wanted[key]
                outcomes[position] = outcome
                if value is not None:
                    values[position] = value
                if reason is not None:
                    reasons[position] = reason

    def _signature_id(self, signature: Signature) -> int | None:
        known = self._ids.get(signature.fingerprint)
        if known is None:
            query = "SELECT id FROM signatures WHERE fingerprint = ?"
            row = self._connection.execute(query, (signature.fingerprint,)).fetchone()
            known = int(row[0]) if row else None
        return known

    def _register(self, signature: Signature) -> int:
        options = json.dumps(dict(signature.options), sort_keys=True)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        row = (signature.fingerprint, signature.name, options, signature.revision, now)
        query = "INSERT INTO signatures (fingerprint, name, options, revision, first_seen) VALUES (?, ?, ?, ?, ?)"
        made = self._connection.execute(query, row).lastrowid
        assert made is not None
        return made

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:
            yield

    @contextmanager
    def _problems_named(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            problem, fix = _PROBLEMS.get(_primary_code(error), (str(error), "Move it away; a new store is made."))
            if _primary_code(error) == sqlite3.SQLITE_IOERR:
                problem += f" ({error.sqlite_errorname})"  # says which call of the system failed
            raise self._error(problem, fix) from error

    def _error(self, problem: str, fix: str) -> StoreError:
        return StoreError(f"score store {self.path}: {problem}. {fix} {_PATH_VARIABLE} chooses another file.")


def _primary_code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _as_bytes(keys: NDArray[np.uint8]) -> list[bytes]:
    flat, width = keys.tobytes(), keys.shape[1]
    return [flat[start : start + width] for start in range(0, len(flat), width)]


def _storable_text(text: str | None) -> str | None:
    """The text with what UTF-8 cannot hold (lone surrogates) written out."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()
