"""A real reward model, a process per device: the scores do not depend on how many there are."""

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
    words = np.array(["the", "sea", "is", "blue", "because", "air", "scatters", "waves", "and", "a", "poem", "."])
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.classifier(tmp_path_factory.mktemp("model") / "model", "llama")


@pytest.mark.parametrize("executor", ["local", "ray"])
def test_two_processes_give_the_bytes_of_one_where_each_input_goes_by_itself(folder, data, executor):
    """Neither batches nor shared prompts, so that rounding does not depend on the company."""
    if executor == "ray":
        pytest.importorskip("ray", reason="the extra ray is not installed")
    model = make_scorer(f"hf:{folder}?prefix=off&batch_tokens=1")
    assert model.laws.device_bound
    alone = score(model, data)
    shared = score(model, data, workers=2, executor=executor)
    assert alone.coverage == 1
    assert np.ptp(alone.values) > 1
    assert shared.values.tobytes() == alone.values.tobytes()


def test_in_batches_only_rounding_depends_on_the_number_of_processes(folder, data, tmp_path):
    """The bound is the one that the scorer's own tests set for batches of any size in one process."""
    model = make_scorer(f"hf:{folder}")
    alone = score(model, data)
    with Store(tmp_path / "scores.sqlite") as store:
        shared = score(model, data, store=store, workers=2)
        assert score(model, data, store=store).values.tobytes() == shared.values.tobytes()
    np.testing.assert_allclose(shared.values, alone.values, rtol=0, atol=1e-5)
