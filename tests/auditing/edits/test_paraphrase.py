"""A paraphraser that is supplied: what it may do, and what happens when it fails."""

from __future__ import annotations

import numpy as np
import pytest

from rewardmeter.auditing.edits import Changed, Material, NotApplicable, apply_edit, paraphrase

TEXT = "The tower was built in 1889 and is 330 m high.\n\n```\nx = 1\n```"
OTHER = "In 1889 people built the tower, which is 330 m high.\n\n```\nx = 1\n```"


def tried(rewrite):
    return apply_edit(paraphrase(rewrite), Material(TEXT), np.random.default_rng(0))


def test_another_wording_is_taken():
    edit = paraphrase(lambda text: OTHER, "by rule")
    assert (edit.name, edit.kind) == ("by rule", "preserving")
    assert apply_edit(edit, Material(TEXT), np.random.default_rng(0)) == Changed(OTHER)


@pytest.mark.parametrize("made", [None, "", "  \n", TEXT, 5])
def test_no_other_wording(made):
    assert tried(lambda text: made) == NotApplicable("the paraphraser has no other wording")


def test_a_paraphraser_that_breaks_breaks_nothing():
    def broken(text):
        raise RuntimeError("no server")

    assert tried(broken) == NotApplicable("the paraphraser failed")


@pytest.mark.parametrize(
    ("made", "wrong"),
    [
        (OTHER.replace("1889", "1899"), "the numbers differ"),
        (OTHER.replace("x = 1", "y = 1"), "the code differs"),
        (OTHER.replace("```\nx = 1\n```", "x = 1"), "the code differs"),
        (f"{'more ' * 60}{OTHER}", "the length differs too much"),
        (TEXT.replace("\n\n", "\n\n\n"), "the words are the same"),
        (
            "Der Turm wurde im Jahr 1889 gebaut und ist mit der Spitze 330 m hoch.\n\n```\nx = 1\n```",
            "the language differs",
        ),
    ],
)
def test_what_its_check_finds(made, wrong):
    assert tried(lambda text: made) == wrong
