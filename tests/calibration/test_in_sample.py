"""What was fitted on the very data that it is looked at on says so, and is not called held out."""

from __future__ import annotations

import numpy as np
import pytest
from test_combination import made, noise, one, other

import rewardmeter as rm
from rewardmeter.calibration import fitted_on, write_calibrator, write_combination
from rewardmeter.errors import InputError
from rewardmeter.scoring import make_scorer

SAID = "Fitted on this very data"


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A calibrator of a rule, a combination with it, and calibrators of recorded scorers, fitted on the demo."""
    monkeypatch.chdir(tmp_path)
    write_calibrator(rm.calibrate("demo", "chrf", method="linear", store=None), "chrf.json")
    write_combination(rm.combine("demo", ["chrf", "rouge-l"], store=None), "both.json")
    return tmp_path


@pytest.mark.parametrize("spec", ["chrf@chrf.json", "combined:both.json"])
def test_boards_say_it(files, spec):
    data = rm.load("demo")
    assert fitted_on(make_scorer(spec)) == {data.judged_hash}
    board = rm.compare(data, [spec, "bleu"], store=None, resamples=0, draws=0)
    assert [line for line in board.caveats if SAID in line] == [
        f"{SAID}, and better here than elsewhere: {make_scorer(spec).name}."
    ]
    assert any(SAID in line for line in rm.measure_calibration(data, [spec], store=None, resamples=0).caveats)
    assert not any(
        SAID in line for line in rm.compare(data, ["chrf", "bleu"], store=None, resamples=0, draws=0).caveats
    )


@pytest.mark.parametrize("spec", ["chrf@chrf.json", "combined:both.json"])
def test_nothing_is_fitted_on_it(files, spec):
    with pytest.raises(InputError, match="fitted on this very data"):
        rm.calibrate("demo", spec, method="linear", store=None)
    with pytest.raises(InputError, match="fitted on this very data"):
        rm.combine("demo", [spec, "bleu"], store=None)


def test_recorded_scorers_too_and_other_data_is_other_data(tmp_path):
    data = made({"one": one, "other": other})
    write_calibrator(rm.calibrate(data, "recorded:one"), tmp_path / "one.json")
    spec = f"recorded:one@{tmp_path / 'one.json'}"
    assert any(SAID in line for line in rm.compare(data, [spec], resamples=0, draws=0).caveats)
    with pytest.raises(InputError, match="fitted on this very data"):
        rm.combine(data, [spec, "recorded:other"])


def test_forty_scorers_of_noise_look_better_on_their_own_data(tmp_path):
    """What the sentence is there for: the same combination on the data of its fit and on fresh data."""
    makers = {f"noise {i}": noise for i in range(40)} | {"one": one}
    data = made(makers, n_items=60, k=1)
    found = rm.combine(data, ["recorded"])
    truth = data.ratings.value
    scores = np.stack([data.recorded[name.spec.removeprefix("recorded:")].values for name in found.members], axis=-1)
    assert np.mean((found.stack(scores) - truth) ** 2) < 0.9 * found.fit["held_out"]["value"]
