"""A hub name with a pinned revision, read from a local hub cache laid out as huggingface_hub lays it out."""

from __future__ import annotations

import shutil

import huggingface_hub
import numpy as np
import pytest
import tiny
from reward_items import items, plain_scores

from rewardmeter.errors import MissingDataError
from rewardmeter.scoring import make_scorer, signature_of

COMMITS = ("a" * 40, "b" * 40)


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """Two commits of one model, the second being `main`; no network."""
    cache = tmp_path / "hub"
    home = cache / "models--acme--reward"
    folders = []
    for seed, commit in enumerate(COMMITS):
        folders.append(tiny.classifier(tmp_path / f"seed{seed}", "llama", seed=seed))
        shutil.copytree(folders[-1], home / "snapshots" / commit)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(COMMITS[1])
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return folders


def test_the_revision_decides_weights_and_signature(cached) -> None:
    given_items = items(5, n=1)
    pinned, latest = (make_scorer(f"hf:acme/reward{text}") for text in (f"?model_revision={COMMITS[0]}", ""))
    assert np.abs(pinned(given_items).values - plain_scores(cached[0], given_items)).max() < 1e-5
    assert np.abs(latest(given_items).values - plain_scores(cached[1], given_items)).max() < 1e-5
    assert COMMITS[0] in signature_of(pinned).revision
    assert COMMITS[1] in signature_of(latest).revision
    with pytest.raises(MissingDataError):
        make_scorer(f"hf:acme/reward?model_revision={'c' * 40}")(given_items)
    with pytest.raises(MissingDataError):
        make_scorer("hf:acme/absent")(given_items)
