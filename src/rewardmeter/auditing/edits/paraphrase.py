"""Other words for the same, by whoever can say them. May import `edit`, `guard`, `prose`, `reasons` and `spans`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import numpy as np

from rewardmeter.auditing.edits.edit import Changed, Edit, Material, NotApplicable
from rewardmeter.auditing.edits.guard import on_any_text
from rewardmeter.auditing.edits.prose import language_of
from rewardmeter.auditing.edits.reasons import EMPTY, PARAPHRASER_FAILED, PARAPHRASER_SILENT
from rewardmeter.auditing.edits.spans import fences

__all__ = ["paraphrase"]

LONGER = 2.5
"""How many times as long, or as short, a paraphrase may be."""


def paraphrase(rewrite: Callable[[str], str | None], name: str = "paraphrase") -> Edit:
    """The edit that says a response in other words.

    Whether the words mean the same cannot be checked here. What can is that numbers and code blocks are the same ones,
    the language is the same, and the length is between 1/2.5 and 2.5 times the old one.

    Parameters
    ----------
    rewrite:
        A response in, another wording out; None where it has none. What it raises counts as not applicable. It gets no
        generator: one that is not deterministic makes the audit so.
    name:
        Of the edit, where several paraphrasers are tried.
    """

    def change(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
        try:
            made = rewrite(material.response)
        except Exception:  # another's code: a paraphraser that breaks must not break the audit
            return NotApplicable(PARAPHRASER_FAILED)
        if not isinstance(made, str) or not made.strip() or made == material.response:
            return NotApplicable(PARAPHRASER_SILENT)
        return Changed(made)

    return Edit(
        name,
        "preserving",
        "says it in the words of a paraphraser that you supply",
        on_any_text(change),
        _paraphrased,
        (EMPTY, PARAPHRASER_FAILED, PARAPHRASER_SILENT),
    )


def _paraphrased(material: Material, made: Changed) -> str:
    before, after = material.response, made.response
    if before.split() == after.split():
        return "the words are the same"
    if Counter(re.findall(r"\d+", before)) != Counter(re.findall(r"\d+", after)):
        return "the numbers differ"
    if [before[one.start : one.stop] for one in fences(before)] != [
        after[one.start : one.stop] for one in fences(after)
    ]:
        return "the code differs"
    if not len(before) / LONGER <= len(after) <= len(before) * LONGER:
        return "the length differs too much"
    languages = {language_of(before), language_of(after)} - {""}
    return "the language differs" if len(languages) > 1 else ""
