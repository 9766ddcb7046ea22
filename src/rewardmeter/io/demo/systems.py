"""The ten invented systems of the demo dataset: how each writes, and which errors it makes how often.

Every error is made on purpose and noted when it is made, so the rating of a response is the sum of its errors' weights
and nothing else. May import `demo.draw` and `demo.problems` only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rewardmeter.io.demo.draw import chance, one_of
from rewardmeter.io.demo.problems import DIFFICULTIES, Fact, Problem

__all__ = ["SYSTEMS", "WEIGHTS", "WORST", "Answer", "Error", "System", "answer", "references", "true_rating"]

WEIGHTS = {"minor": 1.0, "major": 5.0, "critical": 10.0, "no answer": 25.0}
"""Points off per error, after MQM as used at WMT (Freitag et al. 2021), with a grade between major and no answer."""

WORST = 25.0
"""The most points that a response can lose."""


@dataclass(frozen=True)
class Error:
    """One error that a response makes: what it is, and how grave."""

    category: str
    severity: str


@dataclass(frozen=True)
class Answer:
    """A response and every error in it."""

    text: str
    errors: tuple[Error, ...]


@dataclass(frozen=True)
class System:
    """How a system writes.

    Attributes
    ----------
    name:
        In the dataset.
    wording:
        ``plain``, ``other``, ``short`` or ``mixed`` (plain or other, drawn for each fact).
    dress:
        ``bare``; ``polite`` (an opening and a closing that say nothing); ``showy`` (heading, list, bold, emoji).
    rates:
        Probability of an error at each opportunity, at medium difficulty; half of it on easy items, half as much again
        on hard ones. ``wrong value``, ``omission`` and ``typo``: each fact; ``addition``, ``repetition`` and ``echo``
        (giving the prompt back): each response.
    """

    name: str
    wording: str
    dress: str = "bare"
    rates: dict[str, float] = field(default_factory=dict)


SYSTEMS = (
    System("careful", "mixed", rates={"wrong value": 0.02}),
    System("terse", "short", rates={"wrong value": 0.03}),
    System("rewording", "other", rates={"wrong value": 0.05}),
    System("polite", "mixed", "polite", {"wrong value": 0.05}),
    System("typos", "plain", rates={"wrong value": 0.03, "typo": 0.5}),
    System("forgetful", "mixed", rates={"omission": 0.3, "wrong value": 0.05}),
    System("hasty", "plain", rates={"wrong value": 0.25, "omission": 0.05}),
    System("rambling", "mixed", "polite", {"addition": 0.7, "repetition": 0.7, "wrong value": 0.1}),
    System("showy", "mixed", "showy", {"wrong value": 0.3, "addition": 0.5}),
    System("echo", "mixed", rates={"echo": 0.4, "wrong value": 0.15, "omission": 0.1}),
)

OPENINGS = (
    "Thank you for this interesting question! I have looked at it carefully and am glad to help.",
    "Of course! Let me take this step by step, so that everything is easy to follow.",
    "What a nice request. Below you will find what I was able to put together for you.",
)
CLOSINGS = (
    "I hope that this was useful. Please do not hesitate to ask if anything is unclear!",
    "Let me know if you would like me to explain any part of this in more detail.",
    "That should cover what you wanted to know, and I am happy to go on whenever you like.",
)
HEADINGS = {"table-to-text": "## ✨ Your place at a glance", "arithmetic": "## 🧮 Solution", "dates": "## 📅 Timeline"}


def references(problem: Problem) -> tuple[str, ...]:
    """The references of an item: the facts in two wordings, and for a question also the bare answer."""
    plain = " ".join(fact.plain.format(fact.value) for fact in problem.facts)
    mixed = " ".join(
        one_of((fact.plain, fact.other), problem.id, "reference", position).format(fact.value)
        for position, fact in enumerate(problem.facts)
    )
    bare = [fact.value for fact in problem.facts if fact.role == "answer"]
    return tuple(dict.fromkeys([plain, mixed, *bare]))


def answer(problem: Problem, system: System) -> Answer:
    """What the system writes, with its errors."""
    return _Writer(problem, system).write()


def true_rating(errors: tuple[Error, ...]) -> float:
    """The rating by construction, in [−25, 0]: minus the weights of the errors."""
    return -min(sum(WEIGHTS[error.severity] for error in errors), WORST) + 0.0


class _Writer:
    """One response in the making."""

    def __init__(self, problem: Problem, system: System) -> None:
        self.problem, self.system = problem, system
        self.errors: list[Error] = []

    def happens(self, what: str, *more: object) -> bool:
        scale = 0.5 * (1 + DIFFICULTIES.index(self.problem.difficulty))
        return chance(self.system.rates.get(what, 0.0) * scale, self.problem.id, self.system.name, what, *more)

    def write(self) -> Answer:
        if self.happens("echo"):
            return Answer(self.problem.prompt, (Error("echo", "no answer"),))
        sentences = [text for i, fact in enumerate(self.problem.facts) if (text := self.sentence(i, fact))]
        if not sentences:
            return Answer("", (Error("empty", "no answer"),))
        if self.happens("repetition"):
            sentences.append(sentences[0])
            self.errors.append(Error("repetition", "minor"))
        if self.happens("addition"):
            sentences.insert(-1, one_of(self.problem.unsupported, self.problem.id, self.system.name, "addition"))
            self.errors.append(Error("addition", "major"))
        return Answer(self.dressed(sentences), tuple(self.errors))

    def sentence(self, position: int, fact: Fact) -> str:
        """One fact in this system's words; empty where it is left out."""
        wording = self.system.wording
        if wording == "mixed":
            wording = one_of(("plain", "plain", "other"), self.problem.id, self.system.name, position)
        template: str = getattr(fact, wording)
        if not template:
            return ""
        if fact.role != "subject" and self.happens("omission", position):
            if fact.role != "step":
                self.errors.append(Error("omission", "critical" if fact.role == "answer" else "major"))
            return ""
        value = fact.value
        if self.happens("wrong value", position):
            value = fact.wrong
            self.errors.append(Error("wrong value", "critical" if fact.role == "answer" else "major"))
        if self.happens("typo", position):
            template, spoilt = _with_typo(template, self.problem.id, self.system.name, position)
            self.errors.extend([Error("typo", "minor")] * spoilt)
        return template.format(f"**{value}**" if self.system.dress == "showy" else value)

    def dressed(self, sentences: list[str]) -> str:
        key = (self.problem.id, self.system.name)
        if self.system.dress == "bare":
            return ("; " if self.system.wording == "short" else " ").join(sentences)
        opening, closing = one_of(OPENINGS, *key, "opening"), one_of(CLOSINGS, *key, "closing")
        if self.system.dress == "polite":
            return " ".join([opening, *sentences, closing])
        entries = "\n".join(f"- {sentence}" for sentence in sentences)
        return f"{HEADINGS[self.problem.task]}\n\n{opening}\n\n{entries}\n\n**In short:** {closing} 😊"


def _with_typo(template: str, *key: object) -> tuple[str, bool]:
    """The wording with two letters of one word swapped, and whether there was a word to spoil."""
    words = [match for match in re.finditer(r"\b[a-z]{5,}\b", template) if match[0][2] != match[0][3]]
    if not words:
        return template, False
    at = one_of(words, *key, "typo").start() + 2
    return template[:at] + template[at + 1] + template[at] + template[at + 2 :], True
