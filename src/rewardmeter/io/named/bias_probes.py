"""Small sets that show one bias each: an answer that the bias favours beside one that it does not.

EvalBiasBench (Park et al. 2024, arXiv 2407.06551), the perturbed answers of "Humans or LLMs as the Judge?" (Chen et al.
2024, arXiv 2402.10669), and sycophancy by N. Rimsky. May import `dataset`, `io.textfile` and the modules of `io.named`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.named.choice import choose, choose_subset, refuse
from rewardmeter.io.named.pairs import Pair, pairs_dataset
from rewardmeter.io.textfile import decode_json, json_lines, read_bytes

__all__ = ["EQUAL", "SUBSETS", "UNBIASED", "load"]

UNBIASED, EQUAL = "unbiased", "equal"
"""Values of ``gold``: the response that the bias speaks against is better; neither of the two is."""

READS = frozenset({"prompt", "response"})
TURN = re.compile(r"Human: (.*) AI:", re.DOTALL)
ANSWERS = ("answer1", "answer2")
CHOICES = ("(A)", "(B)")
SIDES_PLACED = "which of the two responses stands first changes from one pair to the next and says nothing"
LINE_FEEDS = "most answers with errors begin with a line feed, as upstream has them"
NOBODY = "nobody judged the responses"


@dataclass(frozen=True, slots=True)
class _Probe:
    """A response that the bias favours beside one that it does not; ``swapped`` says that the former stands first."""

    id: str
    prompt: str
    unbiased: str
    biased: str
    swapped: bool
    columns: Mapping[str, str | float | None]


@dataclass(frozen=True, slots=True)
class _Part:
    """One subset.

    Attributes
    ----------
    path:
        The file, below the dataset's folder.
    read:
        Its probes.
    format:
        Whose data it is, in a word or two.
    golds:
        What can be taken for gold, in words; the default first.
    systems:
        What the unbiased and the biased response are called; None where they are merely better and worse.
    notes:
        Things to know before use.
    """

    path: str
    read: Callable[[Path], list[_Probe]]
    format: str
    golds: Mapping[str, str]
    systems: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()


def load(root: Path, *, subset: str | None, gold: str | None, reference: str | None, include_human: bool) -> Dataset:
    """One of the sets: pairs of a response that the bias favours and one that it does not.

    With ``gold="unbiased"`` the latter is the better one, so that accuracy is 1 less the share of pairs in which a
    scorer follows the bias. With ``gold="equal"`` all pairs are ties: what a scorer prefers is then its own doing. The
    default is whichever the construction warrants, and ``origin.gold`` says it. Which response stands first
    alternates. Systems are the two conditions (``clean`` and ``perturbed``); where the gold goes by them they are
    marked as made from it (`Origin.systems_from_gold`).
    """
    refuse("bias-probes", reference=reference)
    part = PARTS[choose_subset("bias-probes", subset, SUBSETS)]
    gold = choose("gold", gold, part.golds, next(iter(part.golds)))
    path = root / part.path
    probes = part.read(path)
    origin = Origin(
        str(path),
        part.format,
        part.golds[gold],
        (SIDES_PLACED, *part.notes),
        alternatives={"gold": tuple(part.golds)} if len(part.golds) > 1 else {},
        systems_from_gold=part.systems is not None and gold == UNBIASED,
    )
    pairs = [_pair(probe, gold) for probe in probes]
    dataset = pairs_dataset("bias-probes", pairs, {}, reads=READS, origin=origin)
    return dataset if part.systems is None else _with_systems(dataset, probes, part.systems)


def _pair(probe: _Probe, gold: str) -> Pair:
    texts = (probe.biased, probe.unbiased) if probe.swapped else (probe.unbiased, probe.biased)
    better = 0.5 if gold == EQUAL else float(not probe.swapped)
    return Pair(probe.id, *texts, better, probe.prompt, probe.columns)


def _with_systems(dataset: Dataset, probes: list[_Probe], names: tuple[str, str]) -> Dataset:
    """The dataset with its responses named by condition; preference row p is about probe p."""
    pairs = dataset.preferences
    assert pairs is not None  # a dataset of pairs has them
    swapped = np.array([probe.swapped for probe in probes], dtype=np.int32)
    systems = np.empty(dataset.n_responses, dtype=np.int32)
    systems[pairs.a], systems[pairs.b] = swapped, 1 - swapped
    return dataclasses.replace(dataset, response_system=systems, systems=names)


class _Labelled(msgspec.Struct, frozen=True):
    """An item of EvalBiasBench; ``label`` 1 or 2 is the better response."""

    bias: str
    instruction: str
    response1: str
    response2: str
    label: int


def _evalbiasbench(path: Path) -> list[_Probe]:
    probes = []
    for name, rows in decode_json(read_bytes(path), dict[str, list[_Labelled]], path=path).items():
        for number, row in enumerate(rows):
            if row.label not in (1, 2):
                raise InputError(f"item {number} of '{name}' has label {row.label}, not 1 or 2", path=path)
            better, worse = (row.response1, row.response2)[:: 1 if row.label == 1 else -1]
            columns = {"bias": row.bias}
            probes.append(_Probe(f"{name}/{number}", row.instruction, better, worse, number % 2 == 1, columns))
    return probes


class _Answer(msgspec.Struct, frozen=True):
    answer: str


class _Answered(msgspec.Struct, frozen=True):
    """A question with two answers of GPT-4; ``level`` is that of Bloom's taxonomy, in ``raw.json`` alone."""

    question_id: str
    question: str
    answers: dict[str, _Answer]
    level: str | None = None


def _perturbed(path: Path) -> list[_Probe]:
    """The one answer of each question that is not as in ``raw.json``, beside the one that it was made from.

    The prompt is the question as judges saw it. What GPT-4 was told besides, to answer in at most 150 words without
    rich text, is left out: with it Markdown would be a fault.
    """
    raw = _by_question(path.with_name("raw.json"))
    probes: list[_Probe] = []
    for line, row in json_lines(path, _Answered):
        clean = raw.get(row.question)
        if clean is None:
            raise InputError(f"question '{row.question[:60]}' is not in raw.json", path=path, line=line)
        if set(row.answers) != set(ANSWERS) or set(clean.answers) != set(ANSWERS):
            raise InputError(f"question '{row.question[:60]}' has not two answers", path=path, line=line)
        changed = [name for name in ANSWERS if row.answers[name] != clean.answers[name]]
        if len(changed) != 1:
            raise InputError(f"{len(changed)} answers are changed where 1 is due", path=path, line=line)
        texts = (clean.answers[changed[0]].answer, row.answers[changed[0]].answer)
        columns = {"level": clean.level, "answer": changed[0]}
        probes.append(_Probe(row.question_id, row.question, *texts, len(probes) % 2 == 1, columns))
    return probes


def _by_question(path: Path) -> dict[str, _Answered]:
    rows: dict[str, _Answered] = {}
    for line, row in json_lines(path, _Answered):
        if rows.setdefault(row.question, row) is not row:
            raise InputError(f"question '{row.question[:60]}' is there a second time", path=path, line=line)
    return rows


class _Leaning(msgspec.Struct, frozen=True):
    """A user's leaning with a question, and a sycophantic and another completion."""

    prompt: str
    s_completion: str
    n_completion: str


def _sycophancy(path: Path) -> list[_Probe]:
    """The prompt is what the user says, without the names of the speakers around it."""
    probes = []
    for number, row in enumerate(decode_json(read_bytes(path), list[_Leaning], path=path)):
        said = TURN.fullmatch(row.prompt)
        if said is None:
            raise InputError(f"prompt {number} is not 'Human: … AI:'", path=path)
        probes.append(_Probe(str(number), said[1], row.n_completion, row.s_completion, number % 2 == 1, {}))
    return probes


class _Bio(msgspec.Struct, frozen=True):
    """A user on themselves, with an opinion that fits them and one that does not."""

    bio: str
    agree: str
    disagree: str
    group: str


def _bios(path: Path) -> list[_Probe]:
    rows = decode_json(read_bytes(path), list[_Bio], path=path)
    return [
        _Probe(str(number), row.bio, row.disagree, row.agree, number % 2 == 1, {"group": row.group})
        for number, row in enumerate(rows)
    ]


class _Choice(msgspec.Struct, frozen=True):
    """A user on themselves, asking for consent to an opinion; the choices are (A) Agree and (B) Disagree."""

    question: str
    answer_matching_behavior: str
    answer_not_matching_behavior: str


def _choices(path: Path) -> list[_Probe]:
    """The responses are the bare choices, (A) before (B); the sycophantic one is agreement with what fits the user."""
    probes = []
    for number, row in enumerate(decode_json(read_bytes(path), list[_Choice], path=path)):
        biased, unbiased = row.answer_matching_behavior, row.answer_not_matching_behavior
        if {biased, unbiased} != set(CHOICES):
            raise InputError(f"the answers to question {number} are not {' and '.join(CHOICES)}", path=path)
        opinion = {"opinion": "fits the user" if biased == CHOICES[0] else "opposes the user"}
        probes.append(_Probe(str(number), row.question, unbiased, biased, biased == CHOICES[0], opinion))
    return probes


def _judgement_bias(name: str, golds: Mapping[str, str], *notes: str) -> _Part:
    path = f"judgement-bias/{name}.json"
    return _Part(path, _perturbed, "judgement bias", golds, ("clean", "perturbed"), (NOBODY, *notes))


def _opinions(name: str, read: Callable[[Path], list[_Probe]], *notes: str) -> _Part:
    golds = {
        EQUAL: "a tie by construction: what fits the user is no better for it",
        UNBIASED: "what opposes the user, by construction",
    }
    path = f"sycophancy/sycophancy_2/{name}.json"
    return _Part(path, read, "sycophancy", golds, ("opposing", "fitting"), (NOBODY, *notes))


_SAME = "a tie by construction: both versions say the same"
_CLEAN = "the clean version of an answer, by construction"

PARTS: Mapping[str, _Part] = {
    "evalbiasbench": _Part(
        "evalbiasbench/biasbench.json", _evalbiasbench, "EvalBiasBench", {UNBIASED: "better by the authors' label"}
    ),
    "judgement-bias-reference": _judgement_bias(
        "reference",
        {UNBIASED: f"{_CLEAN}: the other one cites what a model made up", EQUAL: _SAME},
        "the references are GPT-4's, and nobody looked whether some of them exist",
    ),
    "judgement-bias-rich-content": _judgement_bias("rich_content", {EQUAL: _SAME, UNBIASED: _CLEAN}),
    "judgement-bias-factual-error": _judgement_bias(
        "factual_error", {UNBIASED: f"{_CLEAN}: the other one has errors put in"}, LINE_FEEDS
    ),
    "judgement-bias-gender": _judgement_bias(
        "gender", {UNBIASED: f"{_CLEAN}: the other one is rewritten with a gender bias"}
    ),
    "sycophancy": _Part(
        "sycophancy/sycophancy/sycophancy.json",
        _sycophancy,
        "sycophancy",
        {UNBIASED: "the answer that does not side with the user, by construction"},
        ("plain", "sycophantic"),
        (NOBODY,),
    ),
    "sycophancy-bios": _opinions("dataset", _bios, "the opinion that fits is the longer one in 70 % of the pairs"),
    "sycophancy-choices": _opinions(
        "sycophancy_agree_disagree_data",
        _choices,
        "two questions on one bio are two items, so that intervals take them as independent",
    ),
}
SUBSETS = tuple(PARTS)
