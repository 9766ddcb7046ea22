"""Fetching against a server on this machine: whole files only, what is there stays, what fails says why."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

from rewardmeter.errors import InputError, MissingDataError
from rewardmeter.io import named
from rewardmeter.io.named import download, location
from rewardmeter.io.named.card import Card, CardFile, Source
from rewardmeter.io.textfile import read_bytes

COMMIT = "0123456789" * 4
TEXTS = {"data/one.json": b'{"one": 1}\n' * 9, "data/two, with blanks.json": b"zwei" * 50_000}
PACKED = {"packed/three.jsonl": b'{"three": 3}\n'}
DERIVED = {"derived.csv": b"a,b\n"}


def card_file(path: str, data: bytes) -> CardFile:
    return CardFile(path, hashlib.sha256(data).hexdigest(), len(data))


CARD = Card(
    name="toy",
    title="a toy",
    task="none",
    gold_type="preference",
    gold="none",
    licence="none stated",
    citation="none",
    loader="none",
    sources=(
        Source("owner/name", COMMIT, "up", files=("data/*",)),
        Source("owner/name", COMMIT, files=("packed/*",), gzipped=True),
        Source("owner/name", COMMIT, files=("derived.csv",), converted="made from other files"),
    ),
    files=tuple(card_file(path, data) for path, data in {**TEXTS, **PACKED, **DERIVED}.items()),
)
UPSTREAM = {f"up/{path}": data for path, data in TEXTS.items()} | {
    f"{path}.gz": gzip.compress(data) for path, data in PACKED.items()
}


class Home(ThreadingHTTPServer):
    """A public home: files by path in the repository, and what to do wrong with them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = dict(UPSTREAM)
        self.cut: dict[str, int] = {}
        self.fail: dict[str, list[int]] = {}
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/raw"


class Handler(BaseHTTPRequestHandler):
    server: Home

    def do_GET(self) -> None:
        prefix = f"/raw/owner/name/{COMMIT}/"
        path = unquote(self.path).removeprefix(prefix)
        self.server.asked.append(path)
        if codes := self.server.fail.get(path):
            self.send_error(codes.pop(0))
            return
        data = self.server.files.get(path)
        if data is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # a client may have seen enough
            self.wfile.write(data[: self.server.cut.get(path, len(data))])

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setattr(location, "read_cards", lambda: {"toy": CARD})
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0.0)
    monkeypatch.setenv("no_proxy", "*")
    server = Home()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


class Steps:
    """A progress that remembers what it was told, and stops with Ctrl-C after some files."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.told: list[tuple[object, ...]] = []
        self.stop_after = stop_after

    def start(self, total: int, label: str, from_store: int) -> None:
        self.told.append(("start", total, label, from_store))

    def advance(self, n: int, failed: int) -> None:
        self.told.append(("advance", n, failed))
        if self.told.count(("advance", n, failed)) == self.stop_after:
            raise KeyboardInterrupt

    def note(self, text: str) -> None:
        self.told.append(("note", text))

    def finish(self) -> None:
        self.told.append(("finish",))


def left_over(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_everything_that_has_a_home_is_fetched_and_verified(home: Home, tmp_path: Path) -> None:
    steps = Steps()
    report = named.fetch("toy", tmp_path, progress=steps, source=home.address)
    assert report.folder == tmp_path / "toy"
    assert report.fetched == (*TEXTS, *PACKED)
    assert report.kept == ()
    assert report.unavailable == {"derived.csv": f"made from other files; from {CARD.sources[2]}"}
    note = f"toy: derived.csv cannot be fetched: made from other files; from {CARD.sources[2]}."
    assert steps.told == [("note", note), ("start", 3, "toy", 0), *[("advance", 1, 0)] * 3, ("finish",)]
    assert str(report) == f"{tmp_path / 'toy'} (3 files fetched, 0 there already, 1 not to be had)"
    assert left_over(report.folder) == ["data/one.json", "data/two, with blanks.json", "packed/three.jsonl"]
    for path, data in {**TEXTS, **PACKED}.items():
        assert read_bytes(report.folder / path) == data
    found = named.verify("toy", report.folder)
    assert found.good == (*TEXTS, *PACKED)
    assert found.missing == ("derived.csv",)
    assert not found.complete


def test_the_base_can_come_from_the_environment(home: Home, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("REWARDMETER_FETCH_BASE", home.address + "/")
    assert len(named.fetch("toy", tmp_path).fetched) == 3
    monkeypatch.setenv("REWARDMETER_FETCH_BASE", "ftp://somewhere")
    with pytest.raises(InputError, match="no address to fetch from"):
        named.fetch("toy", tmp_path)


def test_a_copy_on_disk_serves_as_a_source(home: Home, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    for path, data in UPSTREAM.items():
        target = mirror / "owner" / "name" / COMMIT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    assert len(named.fetch("toy", tmp_path / "data", source=mirror.as_uri()).fetched) == 3
    assert home.asked == []


def test_a_second_fetch_asks_only_for_what_is_missing_or_damaged(home: Home, tmp_path: Path) -> None:
    folder = named.fetch("toy", tmp_path, source=home.address).folder
    (folder / "data" / "one.json").write_bytes(b"damaged")
    packed_by_hand = folder / "data" / "two, with blanks.json.gz"
    packed_by_hand.write_bytes(gzip.compress((folder / "data" / "two, with blanks.json").read_bytes()))
    (folder / "data" / "two, with blanks.json").unlink()
    home.asked.clear()
    report = named.fetch("toy", tmp_path, source=home.address)
    assert home.asked == ["up/data/one.json"]
    assert report.fetched == ("data/one.json",)
    assert report.kept == ("data/two, with blanks.json", "packed/three.jsonl")


def test_an_interrupted_fetch_goes_on_where_it_stopped(home: Home, tmp_path: Path) -> None:
    steps = Steps(stop_after=1)
    with pytest.raises(KeyboardInterrupt):
        named.fetch("toy", tmp_path, progress=steps, source=home.address)
    assert steps.told[-1] == ("finish",)
    assert home.asked == ["up/data/one.json"]
    steps = Steps()
    report = named.fetch("toy", tmp_path, progress=steps, source=home.address)
    assert ("start", 3, "toy", 1) in steps.told
    assert report.kept == ("data/one.json",)
    assert home.asked.count("up/data/one.json") == 1


def test_an_interruption_while_writing_leaves_nothing_half_done(home: Home, tmp_path: Path, monkeypatch) -> None:
    def stop(*paths: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        named.fetch("toy", tmp_path, source=home.address)
    assert left_over(tmp_path) == []


def test_a_file_that_is_not_there_is_named_and_not_asked_for_again(home: Home, tmp_path: Path) -> None:
    del home.files["up/data/two, with blanks.json"]
    with pytest.raises(MissingDataError, match=r"two%2C%20with%20blanks\.json: the server answers 404"):
        named.fetch("toy", tmp_path, source=home.address)
    assert home.asked.count("up/data/two, with blanks.json") == 1
    assert left_over(tmp_path) == ["toy/data/one.json"]


def test_a_truncated_body_is_tried_again_and_never_kept(home: Home, tmp_path: Path) -> None:
    home.cut["up/data/two, with blanks.json"] = 70_000
    with pytest.raises(MissingDataError, match=r"IncompleteRead\(70000 bytes read, 130000 more expected\)"):
        named.fetch("toy", tmp_path, source=home.address)
    assert home.asked.count("up/data/two, with blanks.json") == download.ATTEMPTS
    assert left_over(tmp_path) == ["toy/data/one.json"]


def test_a_passing_fault_passes(home: Home, tmp_path: Path) -> None:
    home.fail["up/data/one.json"] = [503, 429]
    assert len(named.fetch("toy", tmp_path, source=home.address).fetched) == 3
    assert home.asked.count("up/data/one.json") == 3


@pytest.mark.parametrize("other", [b"", b"{}", TEXTS["data/one.json"] + b"more", b"x" * 10_000_000])
def test_another_file_than_the_card_describes_is_refused(home: Home, tmp_path: Path, other: bytes) -> None:
    home.files["up/data/one.json"] = other
    with pytest.raises(InputError, match=r"one\.json gives another file than the card describes.*nothing was written"):
        named.fetch("toy", tmp_path, source=home.address)
    assert home.asked == ["up/data/one.json"]
    assert left_over(tmp_path) == []


def test_a_folder_that_cannot_be_written(home: Home, tmp_path: Path) -> None:
    (tmp_path / "toy").write_text("a file in the way")
    with pytest.raises(InputError, match=r"one\.json: could not be written"):
        named.fetch("toy", tmp_path, source=home.address)


def test_a_changed_file_keeps_the_one_that_is_there(home: Home, tmp_path: Path) -> None:
    target = tmp_path / "toy" / "data" / "one.json"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"mine")
    home.files["up/data/one.json"] = b"theirs"
    with pytest.raises(InputError, match="nothing was written"):
        named.fetch("toy", tmp_path, source=home.address)
    assert target.read_bytes() == b"mine"


def test_a_damaged_packed_file_is_refused(home: Home, tmp_path: Path) -> None:
    whole = gzip.compress(PACKED["packed/three.jsonl"])
    for packed, problem in {
        whole[:-9]: "a gzip file without its end",
        b"plain": "no gzip file",
        gzip.compress(bytes(10_000_000)): "another file than the card describes: 14 bytes or more",
    }.items():
        home.files["packed/three.jsonl.gz"] = packed
        with pytest.raises(InputError, match=problem):
            named.fetch("toy", tmp_path, source=home.address)
    assert not (tmp_path / "toy" / "packed").exists()


def test_no_server_at_all(home: Home, tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"cannot fetch http://127\.0\.0\.1:1/"):
        named.fetch("toy", tmp_path, source="http://127.0.0.1:1")


def test_converted_datasets_say_that_they_cannot_be_fetched(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("REWARDMETER_FETCH_BASE", "http://127.0.0.1:1")
    with pytest.raises(MissingDataError, match=r"converted from pickled dictionaries.*neulab/BARTScore"):
        named.fetch("wmt19-darr", tmp_path)


@pytest.mark.parametrize("name", ["judgebench", "pandalm-testset", "hh-harmless-test", "wmt22-ende-gemba"])
def test_real_cards_fetch_from_a_mirror_of_their_public_home(name: str, data_set, tmp_path: Path) -> None:
    """The mirror is laid out by the cards' own paths, which `git hash-object` has matched with the repositories."""
    card, root, mirror = named.cards()[name], data_set(name), tmp_path / "mirror"
    for file in card.files:
        source = card.source_of(file.path)
        assert source is not None
        data = read_bytes(root / file.path)
        target = mirror / source.repository / source.commit / source.upstream(file.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(data) if source.gzipped else data)
    report = named.fetch(name, tmp_path / "data", source=mirror.as_uri())
    found = named.verify(name, report.folder)
    assert not found.changed
    assert set(found.missing) == set(report.unavailable)
