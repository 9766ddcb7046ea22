"""What the five families of texts state of themselves, without loading a model: reads, names, signatures, licences."""

from __future__ import annotations

import dataclasses
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.errors import MissingExtraError
from rewardmeter.scorers.models import minilm, text_families
from rewardmeter.scorers.models.pieces import in_halves
from rewardmeter.scoring import Laws, Scorer, Streaming, families, make_scorer, parse_spec, signature_of

FAMILIES = {family.name: family for family in text_families.FAMILIES}
CHANGES = {
    "embedding": {"against": "prompt", "several": "mean", "pooling": "cls", "prefix": "query: "},
    "bertscore": {"measure": "recall", "layer": "1"},
    "nli": {"premise": "references", "granularity": "sentence", "aggregate": "min", "score": "entailment-contradiction",
            "window": "100", "overlap": "10", "labels": "a,b,entailment"},
    "bartscore": {"direction": "f", "several": "mean"},
    "gptscore": {"normalise": "sum"},
}  # fmt: skip
MODEL = {"model_revision": "abc", "dtype": "bfloat16", "max_length": "64", "trust_remote_code": "true"}
RUNNING = {"device": "cpu", "threads": "1", "batch_tokens": "77"}
OF_FILES = {"idf", "baseline", "template"}
"""Options that name a file; their own tests change them."""


@pytest.fixture
def folder(tmp_path) -> str:
    (tmp_path / "config.json").write_text("{}")
    return str(tmp_path)


def spec(name: str, folder: str, options: dict[str, str]) -> str:
    written = "&".join(f"{key}={value.replace(' ', '%20')}" for key, value in options.items())
    return f"{name}:{folder}?{written}" if written else f"{name}:{folder}"


@pytest.mark.parametrize("name", FAMILIES)
def test_states_what_it_is(name: str, folder: str) -> None:
    scorer = make_scorer(f"{name}:{folder}")
    assert isinstance(scorer, Scorer)
    assert isinstance(scorer, Streaming)
    assert scorer.reads == set(families()[name].reads)
    assert scorer.laws == Laws(device_bound=True)
    assert families()[name].extra == "hf"
    assert {option.name for option in dataclasses.fields(scorer)} == (  # type: ignore[arg-type]
        {"target", *CHANGES[name], *MODEL, *RUNNING} | ({"idf", "baseline"} if name == "bertscore" else set())
        | ({"template"} if name == "gptscore" else set())
    )  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_options_that_move_scores_move_the_fingerprint_and_no_others(name: str, folder: str) -> None:
    base = signature_of(make_scorer(f"{name}:{folder}")).fingerprint
    moved = [spec(name, folder, {key: value}) for key, value in {**CHANGES[name], **MODEL}.items()]
    prints = {signature_of(make_scorer(one)).fingerprint for one in moved}
    assert len(prints | {base}) == len(moved) + 1
    for key, value in RUNNING.items():
        assert signature_of(make_scorer(spec(name, folder, {key: value}))).fingerprint == base
    for one in moved:
        scorer = make_scorer(one)
        assert make_scorer(scorer.name) == scorer
        assert pickle.loads(pickle.dumps(scorer)) == scorer


def test_a_folder_is_its_content_and_not_its_place(tmp_path) -> None:
    for place in ("one/model", "two/model"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "config.json").write_text("{}")
    one, two = (signature_of(make_scorer(f"nli:{tmp_path / place}")) for place in ("one/model", "two/model"))
    assert one.fingerprint == two.fingerprint
    (tmp_path / "two/model/config.json").write_text("[]")
    assert signature_of(make_scorer(f"nli:{tmp_path / 'two/model'}")).fingerprint != one.fingerprint


@pytest.mark.parametrize("checkpoint", [one for family in FAMILIES.values() for one in family.checkpoints], ids=str)
def test_every_listed_checkpoint_is_a_spec_with_a_licence(checkpoint) -> None:
    assert parse_spec(checkpoint.spec).name in FAMILIES
    assert make_scorer(checkpoint.spec).name == checkpoint.spec
    assert checkpoint.licence


def test_without_the_package_minilm_names_its_extra(monkeypatch) -> None:
    monkeypatch.setattr(minilm.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"rewardmeter\[minilm\]"):
        minilm.minilm_folder("embedding:minilm")


@settings(deadline=None)
@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=50), st.integers(1, 50))
def test_what_does_not_fit_is_done_in_halves(members: list[int], fits: int) -> None:
    torch = pytest.importorskip("torch")
    sizes: list[int] = []

    def call(some):
        if len(some) > fits:
            raise torch.OutOfMemoryError("no room")
        sizes.append(len(some))
        return [2 * one for one in some]

    assert in_halves(call, members) == [2 * one for one in members]
    assert max(sizes) <= fits


def test_one_that_never_fits_raises() -> None:
    torch = pytest.importorskip("torch")

    def call(some):
        raise torch.OutOfMemoryError("no room")

    with pytest.raises(torch.OutOfMemoryError):
        in_halves(call, [1, 2])
