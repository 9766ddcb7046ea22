"""Finding a dataset on this machine, and loading it by name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rewardmeter.errors import MissingDataError, UnknownNameError
from rewardmeter.io import named
from rewardmeter.io.named import location


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path, Path]:
    """Two folders of REWARDMETER_DATA and the user's data folder, all empty."""
    first, second, user = (tmp_path / name for name in ("first", "second", "user"))
    for folder in (first, second, user):
        folder.mkdir()
    monkeypatch.setenv("REWARDMETER_DATA", os.pathsep.join([str(first), "", str(second)]))
    monkeypatch.setattr(location, "user_folder", lambda: user)
    return first, second, user


def put(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    (folder / name / "file").write_text("x")
    return folder / name


def test_the_variable_comes_before_the_users_folder_and_its_folders_in_order(folders) -> None:
    first, second, user = folders
    assert named.data_folders() == (first, second, user)
    for folder in (user, second, first):
        place = put(folder, "rmb")
        assert named.locate("rmb") == place


def test_an_empty_folder_does_not_hide_a_full_one(folders) -> None:
    first, second, _ = folders
    (first / "rmb").mkdir()
    place = put(second, "rmb")
    assert named.locate("rmb") == place


def test_without_the_variable_only_the_users_folder_counts(folders, monkeypatch) -> None:
    monkeypatch.delenv("REWARDMETER_DATA")
    assert named.data_folders() == (folders[2],)


def test_missing_data_says_where_it_looked_and_how_to_get_it(folders) -> None:
    with pytest.raises(MissingDataError) as caught:
        named.locate("judgebench")
    text = str(caught.value)
    for folder in folders:
        assert str(folder / "judgebench") in text
    assert "rewardmeter data fetch judgebench" in text
    assert "github.com/ScalerLab/JudgeBench at e2c52c284e73" in text
    assert "licence: none stated" in text


def test_missing_data_that_cannot_be_fetched_says_so(folders) -> None:
    with pytest.raises(MissingDataError) as caught:
        named.locate("wmt19-darr")
    assert "cannot be fetched as they are" in str(caught.value)
    assert "converted from pickled dictionaries" in str(caught.value)
    assert "data fetch" not in str(caught.value)


def test_an_unknown_name_gets_the_nearest(folders) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'judgebench'"):
        named.locate("judge-bench")
    with pytest.raises(UnknownNameError, match="did you mean 'gpt-4o'"):
        named.load("judgebench", "gpt-4")


def test_the_users_folder_is_the_packages_own(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert location.user_folder().name == "rewardmeter"
    assert tmp_path in location.user_folder().parents


def test_loading_names_the_dataset_and_takes_licence_and_citation_from_the_card(data_root, monkeypatch) -> None:
    monkeypatch.setenv("REWARDMETER_DATA", str(data_root))
    dataset = named.load("judgebench")
    assert dataset.name == "judgebench:gpt-4o"
    assert dataset.origin.licence == "none stated"
    assert "arXiv 2410.12784" in dataset.origin.citation
    assert named.load("pandalm-testset", gold="majority").name == "pandalm-testset"
    with pytest.raises(UnknownNameError, match="no gold named 'x'"):
        named.load("judgebench", gold="x")


def test_loaders_are_imported_when_needed_only() -> None:
    code = (
        "import sys; from rewardmeter.io import named; named.cards();"
        "print([m for m in sys.modules if m.startswith('rewardmeter.io.named.') and m.endswith(('rmb', 'judgebench'))],"
        " 'scipy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[0] == "[] False"
