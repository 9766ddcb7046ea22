"""Something else in the response's place. May import `edit`, `guard`, `prose`, `reasons` and `wordings`."""

from __future__ import annotations

import numpy as np

from rewardmeter.auditing.edits.edit import Changed, Edit, Material, NotApplicable
from rewardmeter.auditing.edits.guard import on_any_text, pick
from rewardmeter.auditing.edits.prose import is_code, language_of
from rewardmeter.auditing.edits.reasons import EMPTY, NO_OTHERS, NO_PROMPT, SAME, UNKNOWN_LANGUAGE
from rewardmeter.auditing.edits.wordings import EVASIVE

__all__ = ["REPLACED"]

MOST_OTHERS = 40


def _mix(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    options = [other for other in material.others if other.strip() and other.strip() != material.response.strip()]
    return Changed(pick(options, rng)) if options else NotApplicable(NO_OTHERS)


def _mixed(material: Material, made: Changed) -> str:
    if made.response.strip() == material.response.strip():
        return "the response is its own"
    return "" if made.response in material.others else "the response is of no other item"


def _copy(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    if not material.prompt.strip():
        return NotApplicable(NO_PROMPT)
    return NotApplicable(SAME) if material.prompt == material.response else Changed(material.prompt)


def _copied(material: Material, made: Changed) -> str:
    if made.response == material.response:
        return "nothing was changed"
    return "" if made.response == material.prompt else "it is not the prompt"


def _foreign(material: Material, rng: np.random.Generator) -> Changed | NotApplicable:
    """Another response in another language, or else a paragraph in another language that fits any question."""
    language = language_of(material.response)
    if not language or is_code(material.response):
        return NotApplicable(UNKNOWN_LANGUAGE)
    known = {other: language_of(other) for other in material.others[:MOST_OTHERS] if not is_code(other)}
    options = [other for other, its in known.items() if its not in ("", language)]
    if not options:
        options = [text for its, text in EVASIVE.items() if its != language]
    return Changed(pick(options, rng))


def _is_foreign(material: Material, made: Changed) -> str:
    before, after = language_of(material.response), language_of(made.response)
    if made.response not in material.others and made.response not in EVASIVE.values():
        return "the response comes from nowhere"
    return "" if before and after and before != after else "the language is not another one"


REPLACED = (
    Edit(
        "mixed-up pair",
        "breaking",
        "gives the response to another prompt",
        on_any_text(_mix),
        _mixed,
        (EMPTY, NO_OTHERS),
    ),
    Edit(
        "wrong language",
        "breaking",
        "gives another response in another language, or else a paragraph in another language that fits any question",
        on_any_text(_foreign),
        _is_foreign,
        (EMPTY, UNKNOWN_LANGUAGE),
    ),
    Edit("copied prompt", "breaking", "gives the prompt back", on_any_text(_copy), _copied, (EMPTY, NO_PROMPT, SAME)),
)
