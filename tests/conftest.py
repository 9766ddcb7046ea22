"""What all tests share: where the real data is, and a score store of their own."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

settings.register_profile("no deadline", deadline=None)  # timings belong to benchmarks: a busy machine fails no test
settings.load_profile("no deadline")

# Set before any test imports NumPy: oversubscribed threads make small problems many times slower.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test may look for a model on the network
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

TESTS = Path(__file__).resolve().parent
NEEDS = {
    "models": ("torch", "transformers"),
}
"""Folders whose tests need packages of an extra."""


def _absent(folder: str) -> list[str]:
    return [package for package in NEEDS[folder] if importlib.util.find_spec(package) is None]


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out what needs packages that are not installed, unless REWARDMETER_REQUIRE_EXTRAS=1 says that they are."""
    if os.environ.get("REWARDMETER_REQUIRE_EXTRAS") == "1":
        return None
    return True if any(collection_path == TESTS / folder and _absent(folder) for folder in NEEDS) else None


def pytest_report_header() -> list[str]:
    """Say what was left out."""
    return [f"left out: tests/{folder}, without {', '.join(_absent(folder))}" for folder in NEEDS if _absent(folder)]


BESIDE_THE_REPOSITORY = Path(__file__).resolve().parents[2] / "shared" / "data"
if not os.environ.get("REWARDMETER_DATA") and BESIDE_THE_REPOSITORY.is_dir():
    os.environ["REWARDMETER_DATA"] = str(BESIDE_THE_REPOSITORY)


def no_data(why: str) -> NoReturn:
    """Skip the test, or fail it where REWARDMETER_REQUIRE_DATA=1 says that the data must be there."""
    if os.environ.get("REWARDMETER_REQUIRE_DATA") == "1":
        pytest.fail(f"{why} (REWARDMETER_REQUIRE_DATA=1 does not allow to skip this)", pytrace=False)
    pytest.skip(why)


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder with one folder per named dataset: the first of REWARDMETER_DATA that exists, else ../shared/data."""
    listed = [Path(folder) for folder in os.environ.get("REWARDMETER_DATA", "").split(os.pathsep) if folder]
    for folder in listed or [BESIDE_THE_REPOSITORY]:
        if folder.is_dir():
            return folder.resolve()
    no_data("real data not found: set REWARDMETER_DATA")


@pytest.fixture(scope="session")
def data_set(data_root: Path) -> Callable[[str], Path]:
    """``data_set("judgebench")``: the folder of one named dataset."""

    def folder(name: str) -> Path:
        if not (data_root / name).is_dir():
            no_data(f"real data not found: {data_root} has no folder '{name}'")
        return data_root / name

    return folder


@pytest.fixture(autouse=True)
def private_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's score store."""
    monkeypatch.setenv("REWARDMETER_STORE", str(tmp_path / "scores.sqlite"))
