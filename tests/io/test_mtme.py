"""The mt-metrics-eval reader on small test sets made here; expected values are written out by hand."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.io.mtme import is_directory, language_pairs, read_directory, write_metric_scores
from rewardmeter.types import Outcome

NAN = float("nan")
SEGMENTS = 3
OUTPUTS = {
    "SysB": ["b1", "b2", "b3"],
    "SysA": ["a1", "a2", "a3"],
    "Quiet": ["q1", "q2", "q3"],
    "refA": ["ra1", "ra2", "ra3"],
    "refB": ["rb1", "rb2", "rb3"],
}
MQM: dict[str, list[float | None]] = {"SysB": [-1, -5, None], "SysA": [0, -2.5, None], "refA": [0, 0, None]}


def write(root: Path, file: str, content: str) -> Path:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8", newline="")
    return path


def blocks(scores: Mapping[str, Sequence[float | None]]) -> str:
    return "".join(f"{system}\t{value}\n" for system, values in scores.items() for value in values)


def spans(*weights: float) -> str:
    return json.dumps({"errors": [{"start": 0, "end": 1, "category": "x", "score": w} for w in weights]})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three segments, three systems, two references, MQM for all but one system, six metrics."""
    write(tmp_path, "sources/en-de.txt", "s1\ns2\ns3\n")
    write(tmp_path, "documents/en-de.docs", "news\tdoc1\nnews\tdoc1\nsocial\tdoc2\n")
    for system, lines in OUTPUTS.items():
        write(tmp_path, f"system-outputs/en-de/{system}.txt", "\n".join(lines) + "\n")
    for name in ("refA", "refB"):
        write(tmp_path, f"references/en-de.{name}.txt", "\n".join(OUTPUTS[name]) + "\n")
    write(tmp_path, "human-scores/en-de.mqm.seg.score", blocks(MQM))
    write(tmp_path, "human-scores/en-de.mqm.sys.score", "SysA\t-1.25\nSysB\t-3\nrefA\t0\n")
    write(tmp_path, "human-scores/en-de.da.seg.score", blocks({"SysA": [50, 60, 70], "Quiet": [10, 20, 30]}))
    metrics = "metric-scores/en-de/"
    write(tmp_path, metrics + "BLEU-refA.seg.score", blocks({s: [1, 2, 3] for s in ("SysA", "SysB", "Quiet")}))
    write(tmp_path, metrics + "BLEU-refA.sys.score", "SysA\t31.5\nSysB\t30\nQuiet\t9\nrefB\t50\n")
    write(tmp_path, metrics + "BLEU-refB.seg.score", blocks({s: [4, 5, 6] for s in ("SysA", "SysB")}))
    write(tmp_path, metrics + "BLEU-refA.refB.seg.score", blocks({s: [7, 8, 9] for s in ("SysA", "SysB")}))
    write(tmp_path, metrics + "ChrF-all.seg.score", blocks({s: [7, 8, 9] for s in ("SysA", "SysB")}))
    write(tmp_path, metrics + "My-QE-src.seg.score", blocks({"SysB": [0.25, 0.5, 0.75]}))
    write(tmp_path, metrics + "Corpus-src.sys.score", "SysA\t1\nSysB\t2\n")
    write(tmp_path, metrics + "BLEU-refA.domain.score", "news\tSysA\t1\n")
    return tmp_path


def matrix(data: Dataset, values: np.ndarray) -> dict[str, list[float]]:
    """Values per response as one list per system, in the order of the segments."""
    table = values.reshape(data.n_items, len(data.systems))
    return {system: table[:, column].tolist() for column, system in enumerate(data.systems)}


def gold(data: Dataset) -> dict[str, list[float]]:
    assert data.ratings is not None
    return matrix(data, data.ratings.mean(data.n_responses))


def test_items_texts_and_gold(root: Path) -> None:
    data = read_directory(root, "en-de")
    assert data.systems == ("SysA", "SysB")
    assert data.item_ids == ["1", "2", "3"]
    assert data.columns == {"domain": ["news", "news", "social"], "document": ["doc1", "doc1", "doc2"]}
    item = data.item(1)
    assert [(r.system, r.text) for r in item.responses] == [("SysA", "a2"), ("SysB", "b2")]
    assert (item.prompt, item.references) == ("s2", ("ra2",))
    np.testing.assert_equal(gold(data), {"SysA": [0, -2.5, NAN], "SysB": [-1, -5, NAN]})
    assert data.ratings is not None
    assert data.ratings.raters == ()
    assert data.ratings.system_values == {"overall": {"SysA": -1.25, "SysB": -3.0}}
    assert data.origin.gold == "MQM (expert)"
    assert data.origin.alternatives == {"gold": ("da", "mqm"), "reference": ("refA", "refB")}
    notes = " ".join(data.origin.notes)
    assert "Quiet" in notes
    assert "refA" in notes
    assert "2 of 3 segments" in notes


def test_recorded_scores_and_published_system_scores(root: Path) -> None:
    recorded = read_directory(root, "en-de").recorded
    assert list(recorded) == ["BLEU-refA", "Corpus-src", "My-QE-src"]
    data = read_directory(root, "en-de")
    values = recorded["My-QE-src"].values
    assert values is not None
    np.testing.assert_equal(matrix(data, values), {"SysA": [NAN] * 3, "SysB": [0.25, 0.5, 0.75]})
    assert recorded["BLEU-refA"].system_values == {"SysA": 31.5, "SysB": 30.0}
    assert recorded["BLEU-refA"].reads == {"response", "references"}
    assert recorded["My-QE-src"].reads == {"prompt", "response"}
    assert recorded["Corpus-src"].system_values == {"SysA": 1.0, "SysB": 2.0}
    assert recorded["Corpus-src"].values is not None
    assert np.all(np.isnan(recorded["Corpus-src"].values))


def test_system_score_without_a_file_is_the_mean_over_all_segments(root: Path) -> None:
    assert read_directory(root, "en-de").recorded["My-QE-src"].system_values == {"SysB": 0.5}
    # Gold without system scores: both sides are to be averaged over the same segments, which is not the reader's job.
    assert read_directory(root, "en-de", gold="da").recorded["My-QE-src"].system_values == {}


@pytest.mark.parametrize(
    ("reference", "metrics", "texts"),
    [
        (None, ["BLEU-refA"], ("ra1",)),
        ("refA", ["BLEU-refA"], ("ra1",)),
        ("refB", ["BLEU-refB"], ("rb1",)),
        ("refB.refA", ["BLEU-refA.refB", "BLEU-refA", "BLEU-refB", "ChrF-all"], ("rb1", "ra1")),
    ],
)
def test_reference_chooses_texts_and_metric_variants(
    root: Path, reference: str | None, metrics: list[str], texts: tuple[str, ...]
) -> None:
    data = read_directory(root, "en-de", reference=reference)
    assert set(data.recorded) == {*metrics, "Corpus-src", "My-QE-src"}
    assert data.item(0).references == texts


def test_most_used_reference_is_the_standard_one(root: Path) -> None:
    write(root, "metric-scores/en-de/COMET-refB.seg.score", blocks({"SysA": [1, 2, 3]}))
    data = read_directory(root, "en-de")
    assert "BLEU-refB" in data.recorded
    assert data.item(0).references == ("rb1",)


def test_synthetic_reference_is_the_last_choice(root: Path) -> None:
    for name in ("COMET", "BLEU", "ChrF"):
        write(root, f"metric-scores/en-de/{name}-synthetic_ref.seg.score", blocks({"SysA": [1, 2, 3]}))
    write(root, "references/en-de.synthetic_ref.txt", "x\ny\nz\n")
    assert read_directory(root, "en-de").item(0).references == ("ra1",)
    assert "ChrF-all" in read_directory(root, "en-de", reference="refA.refB").recorded


def test_human_translations_on_request(root: Path) -> None:
    data = read_directory(root, "en-de", include_human=True)
    assert data.systems == ("SysA", "SysB", "refA")
    assert gold(data)["refA"][:2] == [0, 0]
    bleu = data.recorded["BLEU-refA"].values
    assert bleu is not None
    np.testing.assert_equal(matrix(data, bleu)["refA"], [NAN] * 3)


def test_a_reference_among_the_systems_is_said_to_be_its_own_reference(root: Path) -> None:
    def own(reference: str, include_human: bool = True) -> list[str]:
        notes = read_directory(root, "en-de", reference=reference, include_human=include_human).origin.notes
        return [note for note in notes if "itself" in note]

    assert own("refA") == ["refA is also the reference: reference-based scorers compare it with itself."]
    assert own("refB") == []
    assert own("refA", include_human=False) == []
    assert own("refA.refB") == ["refA is also one of the references: reference-based scorers compare it with itself."]
    shutil.copy(root / "references/en-de.refB.txt", root / "system-outputs/en-de/SysB.txt")
    assert own("refB") == ["SysB is also the reference: reference-based scorers compare it with itself."]


def test_a_copy_of_a_reference_is_human(root: Path) -> None:
    shutil.copy(root / "references/en-de.refB.txt", root / "system-outputs/en-de/SysB.txt")
    assert read_directory(root, "en-de").systems == ("SysA",)


def test_gold_choice(root: Path) -> None:
    data = read_directory(root, "en-de", gold="da")
    assert gold(data) == {"Quiet": [10, 20, 30], "SysA": [50, 60, 70]}
    assert data.ratings is not None
    assert data.ratings.system_values == {}
    with pytest.raises(UnknownNameError, match=r"no gold named 'mqn'; did you mean 'mqm'\?"):
        read_directory(root, "en-de", gold="mqn")
    with pytest.raises(UnknownNameError, match="no reference named 'refZ'"):
        read_directory(root, "en-de", reference="refZ")
    with pytest.raises(UnknownNameError, match="no language pair named 'de-en'; there are: en-de"):
        read_directory(root, "de-en")


def test_language_pair_may_be_left_out_where_there_is_one(root: Path) -> None:
    assert is_directory(root)
    assert not is_directory(root / "sources")
    assert language_pairs(root) == ("en-de",)
    assert read_directory(root).name == f"{root.name}:en-de"
    write(root, "sources/en-zh.txt", "s1\n")
    with pytest.raises(InputError) as caught:
        read_directory(root)
    assert str(caught.value) == f"name a language pair of {root}: en-de, en-zh (for example {root}:en-de)"
    with pytest.raises(InputError, match="the folder holds no language pair"):
        read_directory(root / "sources")


def test_ratings_of_single_raters_are_sums_of_weights(root: Path) -> None:
    one = "".join(f"{s}\t{cell}\n" for s in ("SysA", "SysB") for cell in (spans(5, 0.1), "None", "None"))
    two = "".join(f"{s}\t{cell}\n" for s in ("SysB", "SysA") for cell in (spans(), spans(25), "None"))
    write(root, "human-scores/en-de.mqm.rater1.seg.rating", one)
    write(root, "human-scores/en-de.mqm.rater2.seg.rating", two)
    write(root, "human-scores/en-de.mqm.merged.seg.rating", one)
    data = read_directory(root, "en-de", gold="mqm-raters")
    assert data.ratings is not None
    assert data.ratings.raters == ("rater1", "rater2")
    assert data.ratings.response.tolist() == [0, 0, 1, 1, 2, 3]
    assert data.ratings.value.tolist() == [-5.1, 0.0, -5.1, 0.0, -25.0, -25.0]
    assert data.ratings.rater.tolist() == [0, 1, 0, 1, 1, 1]
    assert data.ratings.system_values["overall"] == {"SysA": -1.25, "SysB": -3.0}


def test_merged_ratings_name_their_rater_in_the_line_or_nobody(root: Path) -> None:
    rows = [f"SysA\t{spans(1)}\tann", "SysA\tNone", f"SysA\t{spans(2)}\tbob"]
    write(root, "human-scores/en-de.mqm.merged.seg.rating", "\n".join(rows) + "\n")
    data = read_directory(root, "en-de", gold="mqm-raters")
    assert data.ratings is not None
    assert [data.ratings.raters[r] for r in data.ratings.rater] == ["ann", "bob"]
    write(root, "human-scores/en-de.mqm.merged.seg.rating", f"SysA\t{spans(1)}\nSysA\tNone\nSysA\tNone\n")
    data = read_directory(root, "en-de", gold="mqm-raters")
    assert data.ratings is not None
    assert data.ratings.rater.tolist() == [-1]


def test_rating_slots_in_columns_are_raters(root: Path) -> None:
    for slot, value in ((1, 3), (2, 5)):
        write(root, f"human-scores/en-de.psqm-col{slot}.seg.score", blocks({"SysA": [value, None, value]}))
    data = read_directory(root, "en-de", gold="psqm")
    assert data.ratings is not None
    assert data.ratings.raters == ("psqm-col1", "psqm-col2")
    np.testing.assert_equal(gold(data), {"SysA": [4, NAN, 4]})


def test_scores_alone_are_enough(root: Path) -> None:
    for folder in ("sources", "documents", "references", "system-outputs"):
        shutil.rmtree(root / folder)
    data = read_directory(root, "en-de")
    assert (data.n_items, data.systems, data.has_texts) == (3, ("SysA", "SysB"), False)


def test_texts_alone_are_enough(root: Path) -> None:
    shutil.rmtree(root / "human-scores")
    shutil.rmtree(root / "metric-scores")
    data = read_directory(root, "en-de")
    assert data.ratings is None
    assert data.systems == ("Quiet", "SysA", "SysB")


def test_gzipped_files_give_the_same_dataset(root: Path) -> None:
    plain = read_directory(root, "en-de")
    for path in [path for path in root.rglob("*") if path.is_file()]:
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert read_directory(root, "en-de").content_hash == plain.content_hash


def test_line_ends_marks_and_odd_separators(root: Path) -> None:
    plain = read_directory(root, "en-de")
    for path in [path for path in root.rglob("*") if path.is_file()]:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_directory(root, "en-de").content_hash == plain.content_hash
    write(root, "sources/en-de.txt", "s1\u2028still s1\ns\x0b2\x85\ns3")
    assert list(read_directory(root, "en-de").prompts) == ["s1\u2028still s1", "s\x0b2\x85", "s3"]


def test_nan_in_a_metric_is_a_failed_score(root: Path) -> None:
    write(root, "metric-scores/en-de/My-QE-src.seg.score", "SysA\tnan\nSysA\tNone\nSysA\t1\n")
    outcomes = read_directory(root, "en-de").recorded["My-QE-src"].outcomes
    assert outcomes is not None
    missing = Outcome.MISSING
    assert outcomes.tolist() == [Outcome.FAILED, missing, missing, missing, Outcome.SCORED, missing]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(order=st.permutations([system for system in ("SysA", "SysB", "refA") for _ in range(SEGMENTS)]))
def test_order_of_the_blocks_does_not_matter(root: Path, order: list[str]) -> None:
    """Lines of a system keep their order among themselves; all else is arbitrary."""
    values: dict[str, list[float]] = {"SysA": [1, 2, 3], "SysB": [4, 5, 6], "refA": [7, 8, 9]}
    rest = {system: iter(numbers) for system, numbers in values.items()}
    write(root, "metric-scores/en-de/My-QE-src.seg.score", "".join(f"{s}\t{next(rest[s])}\n" for s in order))
    data = read_directory(root, "en-de", include_human=True)
    scores = data.recorded["My-QE-src"].values
    assert scores is not None
    assert matrix(data, scores) == values


@pytest.mark.parametrize(
    ("file", "content", "line", "message"),
    [
        ("human-scores/en-de.mqm.seg.score", "SysA\t0\nSysA\t1\n", 2, "system 'SysA' has 2 scores for 3 segments"),
        ("human-scores/en-de.mqm.seg.score", blocks({"Sys?": [1, 2, 3]}), 1, "unknown system 'Sys?'"),
        ("human-scores/en-de.mqm.seg.score", "SysA\t0\nSysA\tnan\nSysA\t1\n", None, "a score of system 'SysA' is NaN"),
        ("human-scores/en-de.mqm.sys.score", "SysA\t0\nSysA\t0\n", 2, "two system scores"),
        ("metric-scores/en-de/BLEU-refA.seg.score", "SysA\t1\nSysA\tgood\nSysA\t1\n", 2, "'good' is no number"),
        ("metric-scores/en-de/BLEU-refA.seg.score", "SysA\t1\nSysA\t-inf\nSysA\t1\n", 2, "the score is infinite"),
        ("metric-scores/en-de/BLEU-refA.seg.score", "SysA\t1\nSysA\nSysA\t1\n", 2, "1 fields where"),
        ("metric-scores/en-de/BLEU-refA.seg.score", "SysA\t1\nSysA\t2\t3\nSysA 1\n", 2, "3 fields where"),
        ("metric-scores/en-de/BLEU-refA.seg.score", "SysA\t1\t2\nSysA\nSysA\t1\n", 1, "3 fields where"),
        ("metric-scores/en-de/BLEU-refA.seg.score", "", None, "no scores in the file"),
        ("metric-scores/en-de/BLEU-refA.sys.score", "SysA\tx\n", 1, "'x' is no number"),
        ("system-outputs/en-de/SysA.txt", "a1\na2\n", 3, "2 lines where en-de.txt has 3"),
        ("sources/en-de.txt", "", None, "the file is empty"),
        ("references/en-de.refA.txt", "1\n2\n3\n4\n", 4, "4 lines where en-de.txt has 3"),
        ("documents/en-de.docs", "news d\nnews\nnews d\n", 2, "not a domain and a document"),
    ],
)
def test_errors_name_file_and_line(root: Path, file: str, content: str, line: int | None, message: str) -> None:
    write(root, file, content)
    with pytest.raises(InputError) as caught:
        read_directory(root, "en-de")
    assert message in str(caught.value)
    assert caught.value.path == str(root / file)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("SysA\n", 1, "1 fields where"),
        (f"SysA\t{spans(1)}\nSysA\t{{\nSysA\tNone\n", 2, "no JSON of error spans"),
        ('SysA\tNone\nSysA\t{"errors": [{"start": 1}]}\nSysA\tNone\n', 2, "an error span has no weight"),
        ("Sys?\tNone\n", 1, "unknown system"),
        ("SysA\tNone\n", None, "system 'SysA' has 1 ratings for 3 segments"),
        ("", None, "no ratings in the file"),
    ],
)
def test_errors_in_rating_files(root: Path, content: str, line: int | None, message: str) -> None:
    path = write(root, "human-scores/en-de.mqm.merged.seg.rating", content)
    with pytest.raises(InputError) as caught:
        read_directory(root, "en-de", gold="mqm-raters")
    assert message in str(caught.value)
    assert (caught.value.path, caught.value.line) == (str(path), line)


def test_damaged_files(root: Path) -> None:
    path = root / "sources/en-de.txt"
    path.write_bytes(b"s1\ns2 \xff\ns3\n")
    with pytest.raises(InputError, match="line 2: byte 6 is not UTF-8"):
        read_directory(root, "en-de")
    path.with_name("en-de.txt.gz").write_bytes(gzip.compress(b"s1\ns2\ns3\n")[:-6])
    path.unlink()
    with pytest.raises(InputError, match="not a whole gzip file"):
        read_directory(root, "en-de")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cut=st.integers(0, 60), junk=st.binary(max_size=12))
def test_any_bytes_give_a_dataset_or_an_input_error(root: Path, cut: int, junk: bytes) -> None:
    path = root / "metric-scores/en-de/My-QE-src.seg.score"
    whole = blocks({"SysA": [1, 2, 3], "SysB": [4, 5, 6]}).encode()
    path.write_bytes(whole[:cut] + junk + whole[cut:])
    try:
        data = read_directory(root, "en-de")
    except InputError as error:
        where = error.path
    else:
        where = str(path)
        values = data.recorded["My-QE-src"].values
        assert values is not None
        assert not np.any(np.isinf(values))
    assert where == str(path)


@given(scores=st.lists(st.floats(-1e300, 1e300) | st.just(NAN), min_size=6, max_size=6))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_written_scores_read_back_the_same(root: Path, scores: list[float]) -> None:
    data = read_directory(root, "en-de")
    files = write_metric_scores(root / "metric-scores/en-de", data, "mine?x=1", np.array(scores), reference="refA")
    assert [file.name for file in files] == ["mine?x=1-refA.seg.score", "mine?x=1-refA.sys.score"]
    back = read_directory(root, "en-de").recorded["mine?x=1-refA"]
    np.testing.assert_array_equal(back.values, scores)
    for column, system in enumerate(data.systems):
        finite = [x for x in scores[column :: len(data.systems)] if np.isfinite(x)]
        assert (system in back.system_values) == bool(finite)
        if finite:
            assert back.system_values[system] == pytest.approx(float(np.mean(finite)))


def test_scores_that_cannot_be_written(root: Path) -> None:
    data = read_directory(root, "en-de")
    with pytest.raises(InputError, match="cannot name a metric file"):
        write_metric_scores(root, data, "a/b", np.zeros(6))
    short = replace(data, response_system=np.zeros(6, dtype=np.int32))
    with pytest.raises(InputError, match="not every system answers every item once"):
        write_metric_scores(root, short, "a", np.zeros(6))
