"""The cards: complete, consistent, and true to the files and to what the loaders give."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import tomllib
from importlib import resources

import pytest

from rewardmeter.errors import MissingDataError, UnknownNameError
from rewardmeter.io import demo, named
from rewardmeter.io.named.card import Card, Size, Source, read_cards
from rewardmeter.io.named.download import verify

REQUIRED = {
    "wmt23-mtme", "wmt22-ende-gemba", "summeval", "realsumm", "frank", "hanna", "topicalchat-judges", "judgebench",
    "llmbar", "rewardmath", "rm-bench", "rmb", "pandalm-testset", "wmt19-darr",
}  # fmt: skip
EVERY_CARD = list(read_cards().values())
CARDS = [card for card in EVERY_CARD if not card.embedded]
IDS = [card.name for card in CARDS]
FILES = {f.name.removesuffix(".toml"): f for f in (resources.files("rewardmeter.io.named") / "cards").iterdir()}


def test_the_required_datasets_have_cards() -> None:
    assert set(named.cards()) >= REQUIRED
    assert list(named.cards()) == ["demo", *sorted(IDS)]


def test_the_embedded_dataset_has_a_card_and_no_folder() -> None:
    card = named.cards()["demo"]
    assert card.embedded
    assert card.note == demo.ABOUT
    assert named.load("demo").name == "demo"
    assert named.load("demo", "pairs").name == "demo:pairs"
    assert named.load("demo").origin.licence == "Apache-2.0"
    for call in (named.locate, named.fetch):
        with pytest.raises(MissingDataError, match="part of this package"):
            call("demo")


@pytest.mark.parametrize("card", CARDS, ids=IDS)
def test_a_card_is_complete_and_consistent(card: Card) -> None:
    record = tomllib.loads(FILES[card.name].read_text("utf-8"))
    assert record["name"] == card.name
    assert set(record) <= {field.name for field in dataclasses.fields(Card)} - {"files", "sizes"}
    for source in record["sources"]:
        assert set(source) <= {field.name for field in dataclasses.fields(Source)}
    for text in (card.title, card.task, card.gold, card.licence, card.citation, card.origin):
        assert text
    assert card.gold_type in {"rating", "preference", "best-of-k"}
    assert not card.default_subset or card.default_subset in card.subsets
    for source in card.sources:
        assert re.fullmatch(r"[0-9a-f]{40}", source.commit)
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", source.repository)
        assert any(card.source_of(file.path) is source for file in card.files), f"{source} has no file"


@pytest.mark.parametrize("card", CARDS, ids=IDS)
def test_every_file_has_a_checksum_and_a_source(card: Card) -> None:
    assert card.files
    for file in card.files:
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.size > 0
        assert card.source_of(file.path) is not None
        assert not file.path.endswith(".gz")
    renamed = {path for source in card.sources for path in source.renamed}
    assert renamed <= {file.path for file in card.files}


@pytest.mark.parametrize("card", EVERY_CARD, ids=lambda card: card.name)
def test_the_loader_follows_the_contract(card: Card) -> None:
    module = importlib.import_module(card.loader)
    parameters = inspect.signature(module.load).parameters
    assert list(parameters) == ["root", "subset", "gold", "reference", "include_human"]
    assert set(card.subsets) == set(getattr(module, "SUBSETS", ()))
    if card.golds:
        assert set(card.golds) == set(module.GOLDS)


def test_subsets_are_resolved() -> None:
    card = named.cards()["judgebench"]
    assert card.resolve_subset(None) == card.default_subset == "gpt-4o"
    assert card.resolve_subset("claude-3-5-sonnet") == "claude-3-5-sonnet"
    with pytest.raises(UnknownNameError, match="did you mean 'gpt-4o'"):
        card.resolve_subset("gpt-4")
    with pytest.raises(UnknownNameError, match="'summeval' has no subsets"):
        named.cards()["summeval"].resolve_subset("expert")


def test_upstream_paths() -> None:
    source = Source("owner/name", "0" * 40, "a/b/", renamed={"x.txt": "elsewhere/y.txt"})
    assert source.upstream("c/d.json") == "a/b/c/d.json"
    assert source.upstream("x.txt") == "elsewhere/y.txt"
    assert dataclasses.replace(source, path="", gzipped=True).upstream("d.jsonl") == "d.jsonl.gz"


def test_a_size_in_words_leaves_out_what_is_not_there() -> None:
    size = Size(items=1200, systems=0, responses=2400, ratings=0, pairs=1200, groups=0, recorded=1)
    assert str(size) == "1,200 items, 2,400 responses, 1,200 preferences, 1 recorded scorers"


@pytest.mark.parametrize("card", CARDS, ids=IDS)
def test_the_files_have_the_checksums_on_the_card(card: Card, data_set) -> None:
    found = verify(card.name, data_set(card.name))
    assert found.complete, (found.changed, found.missing)
    assert len(found.good) == len(card.files)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("card", "subset"),
    [pytest.param(card, subset, id=f"{card.name}:{subset}") for card in EVERY_CARD for subset in card.sizes],
)
def test_the_loaders_give_the_sizes_on_the_card(card: Card, subset: str, data_set) -> None:
    loader = importlib.import_module(card.loader)
    root = None if card.embedded else data_set(card.name)
    dataset = loader.load(root, subset=subset or None, gold=None, reference=None, include_human=False)
    size = card.sizes[subset]
    assert (dataset.n_items, len(dataset.systems), dataset.n_responses) == (size.items, size.systems, size.responses)
    assert (0 if dataset.ratings is None else len(dataset.ratings)) == size.ratings
    assert (0 if dataset.preferences is None else len(dataset.preferences)) == size.pairs
    assert (0 if dataset.best_of_k is None else len(dataset.best_of_k)) == size.groups
    assert len(dataset.recorded) == size.recorded
    assert dataset.origin.gold
    assert dataset.origin.format
