"""What the writers write, the readers read back: read(write(d)) == d for arbitrary datasets, in every container."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from dataset_content import compared_datasets, content, grouped_datasets, rated_datasets
from hypothesis import HealthCheck, given, settings

from rewardmeter.comparison.gold import choose_aspect
from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.formats.pairwise import read_pairwise
from rewardmeter.io.formats.preferences import read_preferences
from rewardmeter.io.formats.ratings import read_ratings
from rewardmeter.io.formats.write import write_pairwise, write_preferences, write_ratings
from rewardmeter.io.named import summeval

settings.register_profile("formats", deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))
few = settings.get_profile("formats")


def written(write, read, dataset: Dataset, name: str) -> Dataset:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(dataset, path)
        assert [file.name for file in Path(folder).iterdir()] == [name]
        return read(path)


@settings(few)
@given(rated_datasets())
def test_ratings_in_json_lines(dataset: Dataset) -> None:
    assert content(written(write_ratings, read_ratings, dataset, "r.jsonl")) == content(dataset)


@settings(few)
@given(rated_datasets(csv=True))
@pytest.mark.parametrize("name", ["r.csv", "r.tsv.gz"])
def test_ratings_in_csv(name: str, dataset: Dataset) -> None:
    assert content(written(write_ratings, read_ratings, dataset, name)) == content(dataset)


@settings(few, max_examples=30)
@given(rated_datasets(one_kind=True))
def test_ratings_in_parquet(dataset: Dataset) -> None:
    pytest.importorskip("pyarrow")
    assert content(written(write_ratings, read_ratings, dataset, "r.parquet")) == content(dataset)


@settings(few)
@given(compared_datasets())
def test_pairs_in_json_lines(dataset: Dataset) -> None:
    assert content(written(write_pairwise, read_pairwise, dataset, "p.jsonl.gz")) == content(dataset)


@settings(few)
@given(compared_datasets(csv=True))
def test_pairs_in_csv(dataset: Dataset) -> None:
    assert content(written(write_pairwise, read_pairwise, dataset, "p.csv")) == content(dataset)


@settings(few)
@given(compared_datasets(decided=True))
def test_preference_rows_in_json_lines(dataset: Dataset) -> None:
    assert content(written(write_preferences, read_preferences, dataset, "p.jsonl")) == content(dataset)


@settings(few)
@given(compared_datasets(csv=True, decided=True))
def test_preference_rows_in_csv(dataset: Dataset) -> None:
    assert content(written(write_preferences, read_preferences, dataset, "p.csv")) == content(dataset)


@settings(few)
@given(grouped_datasets())
def test_best_of_k_in_json_lines(dataset: Dataset) -> None:
    assert content(written(write_preferences, read_preferences, dataset, "g.jsonl")) == content(dataset)


@settings(few)
@given(grouped_datasets(csv=True))
def test_best_of_k_in_csv(dataset: Dataset) -> None:
    assert content(written(write_preferences, read_preferences, dataset, "g.csv")) == content(dataset)


def one_response(text: str | None, *, prompt: str = "p") -> Dataset:
    builder = DatasetBuilder("d")
    builder.rating(builder.response(builder.item("1", prompt=prompt), system="s", text=text), 1.0)
    return builder.build()


@pytest.mark.parametrize(
    "text", ["half \ud800 pair", "\0", '[{"role": "user", "content": "x"}]', "", "\r", '"', "\x1c"]
)
def test_odd_texts_survive_json(text: str) -> None:
    dataset = one_response(text)
    assert content(written(write_ratings, read_ratings, dataset, "r.jsonl")) == content(dataset)


def test_what_csv_cannot_hold_is_refused(tmp_path: Path) -> None:
    builder = DatasetBuilder("d")
    item = builder.item("1")
    builder.response(item, system="s", text=None)
    builder.response(item, system="t", text="there")
    for dataset, problem in (
        (one_response("\0"), "NUL"),
        (one_response("\ud800"), "surrogate"),
        (one_response("x", prompt='[{"role": "user", "content": "x"}]'), "chat"),
        (builder.build(), "missing response"),
    ):
        with pytest.raises(InputError, match=problem):
            write_ratings(dataset, tmp_path / "r.csv")
    assert list(tmp_path.iterdir()) == []


def test_writers_say_what_they_leave_out(tmp_path: Path) -> None:
    builder = DatasetBuilder("d")
    item = builder.item("1", prompt="p", columns={"code": "12"})
    a, b, c = (builder.response(item, system=name, text=name) for name in "abc")
    builder.rating(a, 1.0)
    builder.preference(a, b, 1.0)
    builder.preference(a, b, 0.5)
    builder.system_score("bleu", "a", 3.0)
    builder.verdict("judge", 0, 1.0, -1.0)
    builder.score("rm", c, 1.0)
    dataset = builder.build()
    assert write_ratings(dataset, tmp_path / "r.csv") == (
        "2 preferences are not in a ratings table.",
        "The system-level scores of bleu are left out.",
        "The verdicts of judge are left out.",
        "Column 'code' holds texts that spell numbers: it is read back as numbers.",
    )
    assert write_preferences(dataset, tmp_path / "p.jsonl") == (
        "1 ties and undecided preferences are left out.",
        "1 responses are in no preference and are left out.",
        "1 ratings are not in preference rows.",
        "The system-level scores of bleu are left out.",
        "The verdicts of judge are left out.",
    )
    assert write_pairwise(dataset, tmp_path / "p.csv.gz")[:2] == (
        "1 responses are in no preference and are left out.",
        "1 ratings are not in a pairwise table.",
    )


def test_gzipped_output_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    dataset = one_response("x")
    for name in ("1.jsonl.gz", "2.jsonl.gz"):
        write_ratings(dataset, tmp_path / name)
    assert (tmp_path / "1.jsonl.gz").read_bytes() == (tmp_path / "2.jsonl.gz").read_bytes()
    assert gzip.decompress((tmp_path / "1.jsonl.gz").read_bytes()).startswith(b'{"item":"1"')


def test_unknown_suffix_and_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'.xlsx' names no format to write"):
        write_ratings(one_response("x"), tmp_path / "r.xlsx")
    write_ratings(one_response("x"), tmp_path / "new" / "r.csv")
    assert read_ratings(tmp_path / "new" / "r.csv").n_responses == 1
    with pytest.raises(InputError, match="could not be written"):
        write_ratings(one_response("x"), tmp_path / "new" / "r.csv" / "r.csv")


def three_aspects(default: str | None, *aspects: str) -> Dataset:
    builder = DatasetBuilder("d")
    response = builder.response(builder.item("1"), system="s", text="x")
    for value, aspect in enumerate(aspects):
        builder.rating(response, float(value), aspect=aspect)
    return builder.build(Origin(default_aspect=default))


@pytest.mark.parametrize("name", ["r.csv", "r.jsonl", "r.parquet"])
@pytest.mark.parametrize(
    ("default", "aspects"),
    [
        ("relevance", ("coherence", "fluency", "relevance")),
        ("coherence", ("coherence", "fluency", "relevance")),
        (None, ("fluency", "coherence", "relevance")),
        ("overall", ("coherence", "overall", "relevance")),
    ],
)
def test_the_default_aspect_is_the_default_again(
    tmp_path: Path, name: str, default: str | None, aspects: tuple[str, ...]
) -> None:
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    dataset = three_aspects(default, *aspects)
    assert write_ratings(dataset, tmp_path / name) == ()
    again = read_ratings(tmp_path / name)
    assert content(again) == content(dataset)
    assert choose_aspect(again, None) == choose_aspect(dataset, None)


def test_a_default_aspect_that_a_table_cannot_name_is_stated(tmp_path: Path) -> None:
    notes = write_ratings(three_aspects("relevance", "overall", "relevance"), tmp_path / "r.csv")
    assert [note.partition(":")[0] for note in notes] == [
        "A ratings table cannot say that 'relevance' is the default aspect"
    ]


def test_summeval_is_read_back_with_its_default_aspect(tmp_path: Path, data_set: Callable[[str], Path]) -> None:
    dataset = summeval.load(data_set("summeval"))
    write_ratings(dataset, tmp_path / "s.csv")
    again = read_ratings(tmp_path / "s.csv")
    assert choose_aspect(again, None) == choose_aspect(dataset, None) == "relevance"
    means = [sorted(d.ratings.mean(d.n_responses, "relevance").tolist()) for d in (dataset, again) if d.ratings]
    assert len(means) == 2
    assert means[0] == means[1]


def test_two_ratings_of_one_rater_are_refused(tmp_path: Path) -> None:
    builder = DatasetBuilder("d")
    response = builder.response(builder.item("1"), system="s")
    builder.rating(response, 1.0)
    builder.rating(response, 2.0)
    with pytest.raises(InputError, match="a nameless rater rated response 0 twice"):
        write_ratings(builder.build(), tmp_path / "r.csv")


@pytest.mark.parametrize("name", ["rating", "prompt", "score.x", "rating.y", "response"])
def test_slice_named_like_a_column_is_refused(tmp_path: Path, name: str) -> None:
    builder = DatasetBuilder("d")
    builder.rating(builder.response(builder.item("1", columns={name: "x"}), system="s"), 1.0)
    with pytest.raises(InputError, match=f"slice column '{name}' would be read back as something else"):
        write_ratings(builder.build(), tmp_path / "r.csv")


def test_items_without_responses_are_stated(tmp_path: Path) -> None:
    builder = DatasetBuilder("d")
    builder.item("1")
    builder.rating(builder.response(builder.item("2"), system="s"), 1.0)
    assert write_ratings(builder.build(), tmp_path / "r.csv") == ("1 items without responses are left out.",)
