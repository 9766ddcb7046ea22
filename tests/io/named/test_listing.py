"""What `data list` says of each dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewardmeter.io import named
from rewardmeter.io.named import location


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("REWARDMETER_DATA", str(tmp_path))
    monkeypatch.setattr(location, "user_folder", lambda: tmp_path / "user")
    (tmp_path / "judgebench" / "data").mkdir(parents=True)
    return named.listing()


def block(lines: list[str], name: str) -> list[str]:
    start = next(i for i, line in enumerate(lines) if line.startswith(f"{name} ·"))
    stop = next((i for i in range(start, len(lines)) if not lines[i]), len(lines))
    return lines[start:stop]


def test_every_card_has_its_block(lines: list[str]) -> None:
    for name, card in named.cards().items():
        text = "\n".join(block(lines, name))
        for said in (card.title, card.gold, card.gold_type, card.licence, card.origin):
            assert said in text
        assert ("part of this package" in text) == card.embedded


def test_a_dataset_that_is_here(lines: list[str], tmp_path: Path) -> None:
    assert block(lines, "judgebench") == [
        "judgebench · preference · 350 items, 700 responses, 350 preferences, 6 recorded scorers in 'gpt-4o'",
        "    Answer pairs with objective gold, 5 reward models and 2 LLM judges",
        "    gold: objective correctness · licence: none stated",
        "    subsets: gpt-4o (default), claude-3-5-sonnet",
        f"    note: {named.cards()['judgebench'].note}",
        f"    origin: github.com/ScalerLab/JudgeBench at e2c52c284e73 · here: {tmp_path / 'judgebench'}",
    ]


def test_datasets_that_are_not(lines: list[str]) -> None:
    assert block(lines, "rmb")[-1].endswith("· not on this machine")
    assert block(lines, "wmt19-darr")[-1].endswith("· not on this machine, cannot be fetched as it is")


def test_long_lists_of_subsets_are_cut(lines: list[str]) -> None:
    assert block(lines, "llmbar")[3].endswith("Manual and 8 more")
    assert block(lines, "wmt23-mtme")[0].endswith("in 'en-de'")
