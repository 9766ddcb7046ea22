"""Whatever the bytes, a reader gives a `Dataset` or raises one `InputError`: no traceback, no other error."""

from __future__ import annotations

import gzip
import json
import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.io.formats.detect import FORMATS, read
from rewardmeter.io.formats.options import ReadOptions

RATINGS = (
    "item,prompt,references,system,response,rater,rating,score.bleu,set\n"
    '1,"Say ""hi""","[""Hé!"", ""Hi""]",A,Hello,ann,4,0.5,x\n'
    '1,"Say ""hi""",,B,"two\nlines",ann,3,,x\n'
    "2,Bye,,A,,ben,1.5,nan,y\n"
)
ROWS = [
    {"prompt": "p", "chosen": "é", "rejected": "y", "subset": "m", "chosen_score.rm": 1.5, "rejected_score.rm": 2},
    {"prompt": "q", "chosen": ["x", "z"], "rejected": ["y"], "subset": "m", "num_correct": 2},
    {"chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "x"}], "rejected": "y"},
]
PAIRS = (
    "prompt,response_a,response_b,system_a,system_b,preference,rater,verdict.j,verdict_swapped.j,score_a.m\n"
    "p,x,y,A,B,a,ann,a,b,1\n"
    "p,x,y,A,B,tie,ben,none,,\n"
)
MATRIX = 'Model,x,y\nA,"[1, 2.5]","[3, nan]"\nB,"[1, 2]","[3, 4]"\n'
NESTED = [
    {"instance_id": "1", "summarizer_id": "A", "metrics": {"expert": {"f": [1, 2]}, "rouge": {"f1": 0.5}}},
    {"instance_id": "1", "source": "s", "references": ["r"], "systems": {"A": "text"}},
]


def lines(*rows: dict[str, Any]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


SMALL_FILES = {
    "ratings.csv": RATINGS.encode(),
    "ratings.tsv": RATINGS.replace(",", "\t").replace('""\t ""', '"", ""').encode(),
    "ratings.csv.gz": gzip.compress(RATINGS.encode(), mtime=0),
    "preferences.jsonl": lines(*ROWS[:2]),
    "preferences.json": json.dumps(ROWS[:2], indent=1).encode(),
    "columns.json": b'{"id": [1, 2], "text": [["a", "b"], ["c", "d"]], "scores": [[1, 2], [3, NaN]],'
    b' "num_correct": [1, 1]}',
    "pairwise.csv": PAIRS.encode(),
    "matrix.csv": MATRIX.encode(),
    "nested.jsonl": lines(*NESTED),
}


def outcome(name: str, data: bytes, mapping: dict[str, str] | None = None, form: str | None = None) -> str:
    """What reading gives, "dataset" or "error"; anything else that the reader raises goes through."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            check(read(path, ReadOptions(mapping=mapping or {}), form))
        except InputError as error:
            message = str(error)
        except UnknownNameError:
            if mapping:  # only a mapping can name a column that the broken file has lost
                return "error"
            raise
        else:
            return "dataset"
    assert str(path) in message
    assert "\n" not in message
    return "error"


def check(dataset: Dataset) -> None:
    """Nothing that was read is a number where nothing was, or an index out of range."""
    r = dataset.n_responses
    assert len(dataset.response_text) == len(dataset.response_system) == r
    assert len(set(dataset.item_ids)) == dataset.n_items
    assert dataset.origin.notes
    if dataset.ratings is not None:
        assert np.all(np.isfinite(dataset.ratings.value))
        assert set(dataset.ratings.response.tolist()) <= set(range(r))
    for recorded in dataset.recorded.values():
        if recorded.values is not None:
            assert recorded.outcomes is not None
            assert np.array_equal(np.isfinite(recorded.values), recorded.outcomes == 0)
    assert len(list(dataset.items())) == dataset.n_items


def test_the_small_files_are_read() -> None:
    mapping = {"matrix.csv": {"rating": "x"}}
    for name, data in SMALL_FILES.items():
        assert outcome(name, data, mapping.get(name)) == "dataset", name


@pytest.mark.parametrize("name", SMALL_FILES)
def test_truncation_at_every_position(name: str) -> None:
    data = SMALL_FILES[name]
    mapping = {"rating": "x"} if name == "matrix.csv" else None
    outcomes = {outcome(name, data[:length], mapping) for length in range(len(data))}
    assert "error" in outcomes


@pytest.mark.parametrize("name", SMALL_FILES)
def test_flipped_dropped_and_doubled_bytes(name: str) -> None:
    rng = random.Random(name)
    data = SMALL_FILES[name]
    mapping = {"rating": "x"} if name == "matrix.csv" else None
    for _ in range(300):
        broken = bytearray(data)
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(broken))
            change = rng.choice(["flip", "drop", "double", "quote", "nul"])
            if change == "flip":
                broken[place] ^= 1 << rng.randrange(8)
            elif change == "drop":
                del broken[place]
            else:
                broken[place:place] = {"double": broken[place : place + 9], "quote": b'"', "nul": b"\0"}[change]
        outcome(name, bytes(broken), mapping)


@pytest.mark.parametrize("name", ["ratings.csv", "preferences.jsonl", "pairwise.csv", "nested.jsonl"])
def test_lines_swapped_dropped_and_doubled(name: str) -> None:
    rng = random.Random(name)
    for _ in range(100):
        rows = SMALL_FILES[name].splitlines(keepends=True)
        place, other = rng.randrange(len(rows)), rng.randrange(len(rows))
        rows[place], rows[other] = rows[other], rows[place]
        del rows[rng.randrange(len(rows))]
        outcome(name, b"".join(rows))


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(
    data=st.binary(max_size=80), name=st.sampled_from(["a.csv", "a.tsv", "a.jsonl", "a.json", "a", "a.parquet", "a.gz"])
)
def test_arbitrary_bytes(data: bytes, name: str) -> None:
    outcome(name, data)


NAMES = (
    "item id prompt question response references reference system rater rating rating.x aspect score.m chosen rejected"
    " chosen_model chosen_score.m rejected_score.m num_correct scores_chosen scores_rejected text scores response_a"
    " response_b system_a system_b preference verdict.j verdict_swapped.j score_a.m instance_id summarizer_id metrics"
    " systems subset other"
)
COLUMNS = st.sampled_from(NAMES.split())
CELLS = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 3),
        st.just(10**400),
        st.floats(),
        st.sampled_from(["a", "b", "tie", "", "1", "nan", "x", "\n\nHuman: a\n\nAssistant: b", "[]", "\ud800", "none"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.fixed_dictionaries({"role": st.just("user"), "content": inner}),
        st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    ),
    max_leaves=4,
)


@settings(deadline=None, max_examples=400, suppress_health_check=list(HealthCheck))
@given(
    columns=st.lists(COLUMNS, min_size=1, max_size=7, unique=True),
    form=st.sampled_from([None, *(form.name for form in FORMATS)]),
    data=st.data(),
)
def test_random_columns_and_cells_in_json(columns: list[str], form: str | None, data: st.DataObject) -> None:
    rows = [
        {column: data.draw(CELLS) for column in columns if data.draw(st.integers(0, 9))}
        for _ in range(data.draw(st.integers(1, 3)))
    ]
    outcome("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode(), form=form)


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(
    columns=st.lists(COLUMNS, min_size=1, max_size=6, unique=True),
    form=st.sampled_from([None, *(form.name for form in FORMATS)]),
    data=st.data(),
)
def test_random_columns_and_cells_in_csv(columns: list[str], form: str | None, data: st.DataObject) -> None:
    cells = st.sampled_from(
        ["", "a", "tie", "1", "2.5", "nan", "-inf", "1e999", '"[1, 2]"', '"[""x"", ""y""]"', "none"]
    )
    rows = [",".join(data.draw(cells) for _ in columns) for _ in range(data.draw(st.integers(1, 3)))]
    outcome("a.csv", ("\n".join([",".join(columns), *rows]) + "\n").encode(), form=form)


def test_broken_parquet() -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        pq.write_table(pa.table({"item": ["1", "2"], "system": ["A", "B"], "rating": [1.0, None]}), path)
        data = path.read_bytes()
    assert outcome("a.parquet", data) == "dataset"
    outcomes = [outcome("a.parquet", data[:length]) for length in range(0, len(data), 7)]
    assert set(outcomes) == {"error"}
    rng = random.Random(1)
    for _ in range(100):
        broken = bytearray(data)
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
        outcome("a.parquet", bytes(broken))
