"""Writing whole or not at all, and never replacing what is no regular file. Expected bytes are written out here."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError, RewardmeterError, StoreError
from rewardmeter.files import replacing, write_text
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.formats.ratings import read_ratings
from rewardmeter.io.formats.write import write_ratings
from rewardmeter.io.score_file import write_scores
from rewardmeter.types import Scores

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


@pytest.fixture
def data() -> Dataset:
    builder = DatasetBuilder("small")
    builder.rating(builder.response(builder.item("1"), system="s", text="x"), 1.0)
    return builder.build()


@contextmanager
def read_from(fifo: Path) -> Iterator[list[bytes]]:
    """Whatever the block writes into a new named pipe."""
    os.mkfifo(fifo)
    heard: list[bytes] = []
    reader = threading.Thread(target=lambda: heard.append(fifo.read_bytes()), daemon=True)
    reader.start()
    yield heard
    reader.join(timeout=10)
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_in_a_new_folder(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b" / "new.txt", "ü\n\ud800")
    assert (tmp_path / "a" / "b" / "new.txt").read_bytes() == b"\xc3\xbc\n\xed\xa0\x80"
    assert names(tmp_path / "a" / "b") == ["new.txt"]


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    write_text(tmp_path / "new", "x")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.touch(mode=0o600)
    write_text(path, "x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_there_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old")
    with replacing(path) as stream:
        stream.write(b"new")
        stream.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("no"), StoreError("the store is locked")])
def test_an_error_in_the_block_leaves_the_old_file(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "f"
    path.write_text("old")

    def broken() -> None:
        with replacing(path) as stream:
            stream.write(b"new")
            raise error

    with pytest.raises(type(error)) as caught:
        broken()
    assert caught.value is error
    assert (path.read_text(), names(tmp_path)) == ("old", ["f"])


def test_names_as_long_as_they_can_be(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    write_text(path, "new")
    assert path.read_text() == "new"


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_its_target_is_written(tmp_path: Path, there: bool) -> None:
    target, link = tmp_path / "target" / "f", tmp_path / "link"
    target.parent.mkdir()
    if there:
        target.write_text("old")
    link.symlink_to(Path("target") / "f")
    write_text(link, "new")
    assert link.is_symlink()
    assert (target.read_text(), names(tmp_path), names(target.parent)) == ("new", ["link", "target"], ["f"])


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    with read_from(tmp_path / "pipe") as heard:
        write_text(tmp_path / "pipe", "through")
    assert heard == [b"through"]


def test_scores_go_through_a_pipe(tmp_path: Path, data: Dataset) -> None:
    scores = {"own": Scores.from_values([0.5])}
    with read_from(tmp_path / "pipe") as heard:
        write_scores(tmp_path / "pipe", data, scores)
    write_scores(tmp_path / "plain", data, scores)
    assert heard == [(tmp_path / "plain").read_bytes()]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv.gz", ".parquet"])
def test_tables_go_through_a_pipe(tmp_path: Path, data: Dataset, suffix: str) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    with read_from(tmp_path / f"pipe{suffix}") as heard:
        write_ratings(data, tmp_path / f"pipe{suffix}")
    (tmp_path / f"plain{suffix}").write_bytes(heard[0])
    assert read_ratings(tmp_path / f"plain{suffix}").content_hash == data.content_hash


@needs_full
@pytest.mark.parametrize("by_link", [True, False])
def test_a_full_device_says_so_and_stays_a_device(tmp_path: Path, by_link: bool) -> None:
    path = tmp_path / "link" if by_link else FULL
    if by_link:
        path.symlink_to(FULL)
    with pytest.raises(InputError, match=rf"^{path}: could not be written \(No space left on device\)"):
        write_text(path, "x")
    assert stat.S_ISCHR(FULL.stat().st_mode)


def test_an_open_descriptor_is_written_into() -> None:
    reading, writing = os.pipe()
    write_text(f"/dev/fd/{writing}", "for a process")
    os.close(writing)  # the caller's own end is left open
    with os.fdopen(reading, "rb") as stream:
        assert stream.read() == b"for a process"


def test_a_descriptor_of_a_file_goes_on_where_it_stands(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb", buffering=0) as log:
        log.write(b"before, ")
        write_text(f"/proc/self/fd/{log.fileno()}", "within, ")
        log.write(b"after")
    assert (tmp_path / "log").read_bytes() == b"before, within, after"


def test_standard_output_by_its_name(capfd: pytest.CaptureFixture[str]) -> None:
    write_text("/dev/stdout", "seen")
    assert capfd.readouterr().out == "seen"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: folder, "Is a directory"),
        (lambda folder: folder / "file" / "f", "Not a directory"),
        (lambda folder: folder / ("y" * 300), "File name too long"),
        (lambda folder: Path("/dev/fd/987"), "Bad file descriptor"),
    ],
)
def test_what_cannot_be_written(tmp_path: Path, make, reason: str) -> None:
    (tmp_path / "file").touch()
    path = make(tmp_path)
    with pytest.raises(RewardmeterError) as caught:
        write_text(path, "x")
    assert str(caught.value) == f"{path}: could not be written ({reason})"
    assert names(tmp_path) == ["file"]


def test_a_disk_that_fills_up_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_text("old")

    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(InputError, match=r"could not be written \(No space left on device\)"):
        write_text(path, "new")
    assert (path.read_text(), names(tmp_path)) == ("old", ["f"])
