"""Edits and what they do to scorers whose answer is known: by hand, and for scorers that compare."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest
from small_data import pairs_of

import rewardmeter as rm
from rewardmeter.auditing import AuditOptions, Edit
from rewardmeter.auditing.edits import Changed, Material, NotApplicable, apply_edit
from rewardmeter.auditing.experiment import make_experiment
from rewardmeter.auditing.pairs import judged_pairs
from rewardmeter.scoring import Laws
from rewardmeter.types import Scores


def edit(name, kind, change, check=lambda material, made: ""):
    """An edit from a function of the response."""

    def made(material, rng):
        text = change(material.response)
        return NotApplicable("nothing to do") if text is None else Changed(text)

    return Edit(name, kind, name, made, check)


FLATTERY = edit("flattery", "hack", lambda text: f"Great question! {text}")
PADDING = edit("padding", "preserving", lambda text: f"{text} {text}")
CUT = edit("cut", "breaking", lambda text: text[: len(text) // 2])
RARE = edit("rare", "preserving", lambda text: text + "!" if text.endswith("0") else None)


def data(n=30):
    """The better response has twice the length of the other."""
    texts = [(f"{'good ' * 8}{i}", f"{'bad ' * 5}{i}") for i in range(n)]
    turned = [i % 2 == 1 for i in range(n)]
    return pairs_of(
        [(b, a) if turn else (a, b) for (a, b), turn in zip(texts, turned, strict=True)],
        [0.0 if turn else 1.0 for turn in turned],
        prompts=[f"question {i}" for i in range(n)],
    )


def audited(scorer, *edits, units=200, **options):
    made = rm.audit(data(), [("x", scorer)], AuditOptions(edits=edits, units=units, **options), store=None)
    return made.scorer("x")


@rm.scorer
def flattered(response):
    """A point for each 'good', and five for the opening."""
    return response.count("good") + 5.0 * response.startswith("Great question!")


def test_shift_in_units_of_the_human_gap():
    """Eight points between good and bad, five for flattery: a shift of 5/8, which turns no pair."""
    found = audited(flattered, FLATTERY)["flattery"]
    assert found.estimate.value == pytest.approx(5 / 8)
    assert found.others["flip_rate"].value == 0
    assert found.others["accuracy_lost"].value == 0
    assert found.alarm
    assert found.counts == {"applied": 30, "not_applicable": 0, "check_failed": 0, "unscored": 0}


def test_p_is_that_of_signs():
    """30 equal shifts: the sign test's own p."""
    found = audited(flattered, FLATTERY)["flattery"]
    assert found.p == pytest.approx(binomtest(30, 30).pvalue)


def test_hacks_change_the_worse_response_and_breaking_edits_the_better():
    @rm.scorer
    def bought(response):
        return float("good" in response) + 3.0 * response.startswith("Great")

    flattery = audited(bought, FLATTERY)["flattery"]
    assert flattery.others["flip_rate"].value == 1
    assert flattery.others["accuracy_lost"].value == 1

    @rm.scorer
    def longest(response):
        return float(len(response))

    cut = audited(longest, CUT)["cut"]
    assert cut.estimate.value == 1  # the longer original scores above what is left of it
    assert not cut.alarm
    assert cut.others["flip_rate"].value == 1  # half of the better one is shorter than the worse one
    assert cut.others["shift"].value < 0


def test_a_scorer_that_does_not_notice_damage_raises_an_alarm():
    @rm.scorer
    def first_letter(response):
        return float(response.startswith("g"))

    cut = audited(first_letter, CUT)["cut"]
    assert cut.estimate.value == 0.5  # every comparison is a tie
    assert cut.estimate.low < 0.5 < cut.estimate.high
    assert cut.p < 0.05
    assert cut.alarm


def test_what_does_not_apply_is_counted():
    found = audited(flattered, RARE)["rare"]
    assert found.counts == {"applied": 3, "not_applicable": 27, "check_failed": 0, "unscored": 0}
    assert found.reasons == {"nothing to do": 27}
    assert not found.estimate.defined
    assert "fewer than 5" in found.reason
    assert math.isnan(found.p)


def test_a_failed_check_is_no_edit():
    bad = edit("bad", "hack", lambda text: text.upper(), check=lambda material, made: "the casing changed")
    same = edit("same", "hack", lambda text: text)
    row = audited(flattered, bad, same)
    assert row["bad"].counts["check_failed"] == 30
    assert row["bad"].reasons == {"the casing changed": 30}
    assert row["same"].reasons == {"nothing was changed": 30}
    assert not row["bad"].estimate.defined
    assert not row["same"].estimate.defined


def test_unscored_edits_are_counted_and_left_out():
    @rm.scorer
    def fails_on_flattery(response):
        if response.startswith("Great") and response.endswith(("1", "2")):
            raise ValueError("no")
        return float(len(response))

    row = audited(fails_on_flattery, FLATTERY)
    assert row["flattery"].counts["unscored"] == 6
    assert row["flattery"].estimate.n == 24
    assert row.failed > 0


def test_scorers_that_compare_see_the_two_beside_each_other():
    """A listwise scorer sees two responses an item, never more."""
    seen = set()

    class Ranks:
        name, reads = "ranks", frozenset({"response"})
        laws = Laws(pointwise=False)

        def __call__(self, items):
            seen.update(len(item.responses) for item in items)
            values = [
                float(sorted(len(o.text) for o in item.responses).index(len(r.text)))
                for item in items
                for r in item.responses
            ]
            return Scores.from_values(values)

    found = audited(Ranks(), PADDING)["padding"]
    assert seen == {2}
    assert found.estimate.value == pytest.approx(1)


def test_the_same_units_and_edits_for_the_same_seed():
    made = data()
    pairs = judged_pairs(made)

    def change(material, rng):
        return Changed("".join(rng.permutation(list(material.response))))

    shuffled = Edit("shuffled", "breaking", "", change, lambda material, one: "")
    first = make_experiment(made, pairs, [shuffled], units=10, seed=3)
    again = make_experiment(made, pairs, [PADDING, shuffled], units=10, seed=3)
    other = make_experiment(made, pairs, [shuffled], units=10, seed=4)
    texts = [[one.dataset.response_text[i] for i in one.trials[-1].beside[:, 1]] for one in (first, again, other)]
    assert texts[0] == texts[1] != texts[2]
    assert first.units == 10


def test_one_pair_of_each_item():
    texts = [("a long one", "short")] * 6
    made = pairs_of([(f"{a} {i}", f"{b} {i}") for i, (a, b) in enumerate(texts)], [1.0] * 6, items=[0, 0, 0, 1, 1, 1])
    assert make_experiment(made, judged_pairs(made), [PADDING]).units == 2


def test_recorded_scores_know_no_edited_texts():
    made = data()
    recorded = made.with_recorded({"r": rm.dataset.Recorded("r", np.arange(60.0))})
    row = rm.audit(recorded, ["recorded"], AuditOptions(edits=(FLATTERY,))).scorer("r")
    assert not [one for one in row.probes if one.kind == "hack"]


def test_apply_edit_never_returns_what_it_was_given():
    same = edit("same", "hack", lambda text: text)
    assert apply_edit(same, Material("x"), np.random.default_rng(0)) == "nothing was changed"
