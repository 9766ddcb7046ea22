"""Rows of JSON, CSV, TSV and Parquet files: what is read, and the one error that says what is wrong and where."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import pytest

from rewardmeter.errors import InputError
from rewardmeter.io.rows import open_rows, read_rows


def rows_of(tmp_path: Path, name: str, data: str | bytes) -> list[tuple[int, dict[str, Any]]]:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(read_rows(path))


def error_of(tmp_path: Path, name: str, data: str | bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        rows_of(tmp_path, name, data)
    assert caught.value.path == str(tmp_path / name)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("name", "container", "data", "lines"),
    [
        ("a.jsonl", "JSON lines", '{"x": 1, "y": "é"}\n\n{"x": 2, "y": null}\n', [1, 3]),
        ("a.jsonl", "JSON lines", '\ufeff{"x": 1, "y": "é"}\n{"x": 2, "y": null}', [1, 2]),
        ("a.json", "JSON lines", '{"x": 1, "y": "é"}\n{"x": 2, "y": null}', [1, 2]),
        ("a.json", "JSON list", '[\n {"x": 1, "y": "é"},\n\n {"x":\n 2, "y": null}\n]\n', [2, 4]),
        ("a.json", "JSON columns", '{"x": [1, 2], "y": ["é", null], "id": [7, 8]}', [1, 2]),
        ("a.data", "JSON list", '[{"x": 1, "y": "é"}, {"x": 2, "y": null}]', [1, 1]),
    ],
)
def test_json_containers(tmp_path: Path, name: str, container: str, data: str, lines: list[int]) -> None:
    rows = rows_of(tmp_path, name, data)
    assert open_rows(tmp_path / name).container == container
    assert [line for line, _ in rows] == lines
    assert [(row["x"], row["y"]) for _, row in rows] == [(1, "é"), (2, None)]


def test_json_that_the_strict_decoder_refuses_is_read(tmp_path: Path) -> None:
    """NaN, infinities and lone surrogates are no JSON, but Python's json writes them."""
    record = {"score": math.nan, "other": math.inf, "text": "cut \ud83d"}
    for name, data in (("a.jsonl", json.dumps(record)), ("a.json", f"[\n{json.dumps(record)}\n]")):
        [(line, row)] = rows_of(tmp_path, name, data)
        assert math.isnan(row["score"])
        assert row["other"] == math.inf
        assert row["text"] == "cut \ud83d"
        assert line == (1 if name.endswith("l") else 2)


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.csv", "x,y\n1,é\n\n2,\n", [(2, {"x": "1", "y": "é"}), (4, {"x": "2", "y": ""})]),
        ("a.csv", "\ufeffx,y\r\n1,é\r\n", [(2, {"x": "1", "y": "é"})]),
        ("a.csv", 'x , y\n"a, ""b""\nc",2\n3,4\n', [(2, {"x": 'a, "b"\nc', "y": "2"}), (4, {"x": "3", "y": "4"})]),
        ("a.csv", "x;y\n1;2,5\n", [(2, {"x": "1", "y": "2,5"})]),
        ("a.tsv", 'x\ty\n"a\tb"\t2\n', [(2, {"x": "a\tb", "y": "2"})]),
        ("a.tsv", 'x\ty\n"He said\t2\n', [(2, {"x": '"He said', "y": "2"})]),
        ("a.txt", "x\ty\n1\t2\n", [(2, {"x": "1", "y": "2"})]),
    ],
)
def test_delimited_text(tmp_path: Path, name: str, data: str, expected: list[Any]) -> None:
    assert rows_of(tmp_path, name, data) == expected


def test_tsv_without_quoting_says_so(tmp_path: Path) -> None:
    rows_of(tmp_path, "a.tsv", 'x\ty\n"He said\t2\n')
    assert open_rows(tmp_path / "a.tsv").container == "TSV without quoting"


def test_gzip_is_told_by_content(tmp_path: Path) -> None:
    assert rows_of(tmp_path, "a.csv", gzip.compress(b"x\n1\n")) == [(2, {"x": "1"})]


def test_parquet_keeps_null_and_nan_apart(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    columns = {
        "i": [1, None, 3],
        "f": [1.5, None, math.nan],
        "g": [1.5, 2.5, math.nan],
        "s": ["a", None, "c"],
        "l": [["a", "b"], None, []],
        "m": [[{"role": "user", "content": "x"}], [], None],
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    rows = [row for _, row in read_rows(tmp_path / "a.parquet")]
    assert str(rows) == str([dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)])
    (tmp_path / "b.parquet.gz").write_bytes(gzip.compress((tmp_path / "a.parquet").read_bytes()))
    assert str([row for _, row in read_rows(tmp_path / "b.parquet.gz")]) == str(rows)
    assert [line for line, _ in read_rows(tmp_path / "a.parquet")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "data", "line", "problem"),
    [
        ("a.jsonl", '{"x": 1}\n{"x": 2, "y": "ab', 2, "breaks off at character 15"),
        ("a.jsonl", '{"x": 1}\n{"x": 2, "y"', 2, "breaks off at character 13"),
        ("a.jsonl", '{"x": 1}\n{"x": 2} y\n', 2, "no valid JSON at character 10"),
        ("a.jsonl", '{"x": 1}\n[1, 2]\n', 2, "a list stands where a row is due"),
        ("a.jsonl", '{"x": 1}\n\0\n', 2, "NUL byte at character 1"),
        ("a.jsonl", '{"x": 1}\n' + '{"x":' * 100_000, 2, "no valid JSON"),
        ("a.json", '[{"x": 1},\n{"x": 2}', 2, "breaks off"),
        ("a.json", '[{"x": 1}\n{"x": 2}]', 2, "expected , or ]"),
        ("a.json", '[{"x": 1},\n{"x": NaN},\n 3]', 3, "a number stands where a row is due"),
        ("a.json", '[{"x": NaN}]\n{"x": 2}', 2, "something follows the list"),
        ("a.json", "[\n[1, 2], [3]]", 2, "a list stands where a row is due"),
        ("a.json", '{\n"x": 1\n}', None, "one JSON object, not rows"),
        ("a.csv", "x,y\n1,2\n1,2,3\n", 3, "3 fields where the header has 2"),
        ("a.csv", "x,y\n1,2\n1\n", 3, "1 field where the header has 2"),
        ("a.csv", 'x,y\n1,2\n"a,3\n4,5\n', 3, "broken quoting"),
        ("a.csv", 'x,y\n1,2\n"a"b,3\n4,5\n', 3, "broken quoting"),
        ("a.csv", "x,y,x\n1,2,3\n", 1, "column 'x' stands twice"),
        ("a.csv", "x,y\n1,a\0b\n", 2, "NUL byte at character 4"),
        ("a.csv", "\n\n", None, "no header line"),
        ("a.txt", "some text\nmore text\n", None, "neither JSON nor a table"),
        ("a.csv", "", None, "the file is empty"),
        ("a.parquet", "x,y\n", None, "no Parquet file"),
        ("a.xlsx", b"PK\x03\x04....", None, "a zip archive or an Excel workbook"),
        ("a.jsonl.zst", b"\x28\xb5\x2f\xfd....", None, "compressed with zstd"),
    ],
)
def test_errors_name_the_line_and_the_mend(
    tmp_path: Path, name: str, data: str | bytes, line: int | None, problem: str
) -> None:
    error = error_of(tmp_path, name, data)
    assert error.line == line
    assert problem in error.problem
    assert error.fix or problem == "the file is empty"


@pytest.mark.parametrize(
    ("data", "line", "problem", "fix"),
    [
        (
            "x,y\n1,é\n2,3\n".encode("latin-1"),
            2,
            "byte 6 (0xe9) is not UTF-8; the line looks like Windows-1252",
            "iconv",
        ),
        ("x,y\n1,é\n".encode() + "2,é\n".encode("latin-1"), 3, "the file mixes encodings", "Windows-1252"),
        ("x,y\n1,é\n".encode("utf-16"), 1, "the file is UTF-16, not UTF-8", "iconv -f UTF-16"),
        ("x,y\n1,é".encode()[:-1], 2, "a character is cut off", "truncated"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_other_encodings_are_named(
    tmp_path: Path, data: bytes, line: int, problem: str, fix: str, zipped: bool
) -> None:
    error = error_of(tmp_path, "a.csv", gzip.compress(data) if zipped else data)
    assert error.line == line
    assert problem in error.problem
    assert fix in str(error.fix)


def test_other_encoding_in_json_lines(tmp_path: Path) -> None:
    error = error_of(tmp_path, "a.jsonl", b'{"x": 1}\n{"x": "caf\xe9"}\n')
    assert (error.line, error.problem[:32]) == (2, "byte 19 (0xe9) is not UTF-8; the")


def test_truncated_gzip_names_the_line_that_it_reached(tmp_path: Path) -> None:
    plain = "".join(f'{{"x": {i}, "text": "{i * 7919 % 10007} words"}}\n' for i in range(5000)).encode()
    error = error_of(tmp_path, "a.jsonl.gz", gzip.compress(plain)[:-2000])
    assert "ends too early" in error.problem
    assert error.line is not None
    assert 1000 < error.line <= 5000
    damaged = bytearray(gzip.compress(plain))
    damaged[len(damaged) // 2] ^= 0xFF
    assert "gzip stream" in error_of(tmp_path, "b.jsonl.gz", bytes(damaged)).problem


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        open_rows(tmp_path / "no.csv")
    with pytest.raises(InputError, match="a folder, not a file"):
        open_rows(tmp_path)


def test_one_bad_line_among_100_000_is_named(tmp_path: Path) -> None:
    lines = [f"{i},text {i}" for i in range(100_000)]
    lines[77_777] = '77777,"never closed'
    error = error_of(tmp_path, "a.csv", "x,y\n" + "\n".join(lines))
    assert error.line == 77_779
    lines[77_777] = "77777,a,b"
    assert error_of(tmp_path, "b.csv", "x,y\n" + "\n".join(lines)).line == 77_779


def test_a_5_mb_field_is_read(tmp_path: Path) -> None:
    text = "word " * 1_000_000
    assert rows_of(tmp_path, "a.csv", f'x,y\n1,"{text}"\n') == [(2, {"x": "1", "y": text})]
    assert rows_of(tmp_path, "a.jsonl", json.dumps({"x": text})) == [(1, {"x": text})]
