"""A real reward model, a process per device: the scores of one process to the last digits, and blocks that suit it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra hf is not installed")
pytest.importorskip("transformers", reason="the extra hf is not installed")
tiny = pytest.importorskip("tiny")

from rewardmeter.dataset import Dataset  # noqa: E402
from rewardmeter.engine import score  # noqa: E402
from rewardmeter.io.store import Store  # noqa: E402
from rewardmeter.scoring import make_scorer  # noqa: E402

pytestmark = pytest.mark.slow

ITEMS, EACH = 60, 4


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(11)
    words = np.array("the sea is blue because air scatters waves and a poem about cats has seven lines".split())
    texts = [" ".join(rng.choice(words, int(n))) for n in rng.integers(1, 120, ITEMS * EACH)]
    return Dataset(
        "made",
        [f"item {i}" for i in range(ITEMS)],
        np.repeat(np.arange(ITEMS), EACH).astype(np.int32),
        texts,
        np.tile(np.arange(EACH), ITEMS).astype(np.int32),
        tuple(f"s{i}" for i in range(EACH)),
        [" ".join(rng.choice(words, int(n))) for n in rng.integers(3, 60, ITEMS)],
        [()] * ITEMS,
    )


@pytest.mark.parametrize("executor", ["local", "ray"])
def test_two_processes_give_the_scores_of_one(tmp_path, data, executor):
    if executor == "ray":
        pytest.importorskip("ray", reason="the extra ray is not installed")
    folder = tiny.classifier(tmp_path / "model", "llama")
    model = make_scorer(f"hf:{folder}")
    assert model.laws.device_bound
    alone = score(model, data)
    with Store(tmp_path / "scores.sqlite") as store:
        shared = score(model, data, store=store, workers=2, executor=executor)
        assert score(model, data, store=store).values.tobytes() == shared.values.tobytes()
    assert alone.coverage == shared.coverage == 1
    assert np.ptp(alone.values) > 1e-3
    np.testing.assert_allclose(shared.values, alone.values, rtol=0, atol=1e-6)
