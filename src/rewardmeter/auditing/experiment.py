"""What edits do to scores: responses changed in a declared way, and scored beside the originals.

A unit is one item with a pair of responses that people told apart. Hacks and preserving edits change the response that
people put second, breaking edits the one that they put first. Three comparisons are scored for each edit of a unit: the
pair as it was, the original beside its edited form, and the edited form beside its rival. So scorers that compare see
what they would see, and pointwise ones score every text once.

May import `comparison`, `engine`, `scoring`, `dataset`, `types`, `errors` and `edits`, `evidence` of this folder.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rewardmeter.auditing.edits import Changed, Edit, Material, apply_edit
from rewardmeter.comparison.gold import PairGold
from rewardmeter.dataset import Dataset
from rewardmeter.types import FloatArray, IntArray, Message, Prompt, Scores, prompt_text

__all__ = ["EditTrial", "Experiment", "Outcomes", "make_experiment", "outcomes"]

OTHERS = 8
"""How many responses to other items an edit may look at."""


@dataclass(frozen=True, eq=False)
class EditTrial:
    """One edit on all units.

    Attributes
    ----------
    edit:
        The edit.
    unit:
        int32 (A,): units to which it was applied.
    before, beside, after:
        int32 (A, 2): responses of the experiment's dataset: original target and rival; original and edited target;
        edited target and rival.
    counts, reasons:
        ``applied``, ``not_applicable``, ``check_failed``; and why, to how often.
    """

    edit: Edit
    unit: IntArray
    before: IntArray
    beside: IntArray
    after: IntArray
    counts: Mapping[str, int]
    reasons: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Experiment:
    """All texts to be scored, and where each comparison lies among them.

    Attributes
    ----------
    dataset:
        One item for each comparison, with two responses.
    trials:
        One for each edit.
    units:
        How many units there are.
    """

    dataset: Dataset
    trials: tuple[EditTrial, ...]
    units: int


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What one scorer makes of one trial, over the units where all six scores are there.

    Attributes
    ----------
    unit:
        int32 (A,).
    original, edited:
        (A,) scores of the two beside each other.
    before, after:
        (A,) score of the target less that of the rival, as it was and edited.
    unscored:
        Units left out because a score is missing.
    """

    unit: IntArray
    original: FloatArray
    edited: FloatArray
    before: FloatArray
    after: FloatArray
    unscored: int

    @property
    def shift(self) -> FloatArray:
        """(A,) score of the edited response less that of the original beside it."""
        return self.edited - self.original


def outcomes(trial: EditTrial, scores: Scores) -> Outcomes:
    """The trial's comparisons of one scorer."""
    values = scores.values
    original, edited = values[trial.beside[:, 0]], values[trial.beside[:, 1]]
    before = values[trial.before[:, 0]] - values[trial.before[:, 1]]
    after = values[trial.after[:, 0]] - values[trial.after[:, 1]]
    there = ~np.isnan(original + edited + before + after)
    lost = int(np.sum(~there))
    return Outcomes(trial.unit[there], original[there], edited[there], before[there], after[there], lost)


@dataclass
class _Builder:
    """The comparisons as they are collected."""

    source: Dataset
    prompts: list[Prompt | None] = field(default_factory=list)
    references: list[tuple[str, ...]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def compare(self, item: int, prompt: Prompt | None, first: str, second: str) -> tuple[int, int]:
        """One more item with two responses; their numbers."""
        self.prompts.append(prompt)
        self.references.append(self.source.references[item] if self.source.references else ())
        self.texts += [first, second]
        return len(self.texts) - 2, len(self.texts) - 1

    def dataset(self) -> Dataset:
        """The dataset of all comparisons."""
        n = len(self.prompts)
        return Dataset(
            name=f"edits of {self.source.name}",
            item_ids=[str(i) for i in range(n)],
            response_item=np.repeat(np.arange(n, dtype=np.int32), 2),
            response_text=self.texts,
            response_system=np.full(2 * n, -1, dtype=np.int32),
            prompts=self.prompts if self.source.prompts else (),
            references=self.references if self.source.references else (),
        )


def make_experiment(
    dataset: Dataset,
    pairs: PairGold,
    edits: Sequence[Edit],
    *,
    units: int = 200,
    seed: int = 0,
) -> Experiment:
    """Apply every edit to the same units.

    Parameters
    ----------
    pairs:
        Judged pairs; one that people decided is drawn of each item, and as many items as ``units``.
    seed:
        Of the draw, and with the edit's name and the unit, of each edit: adding an edit changes no other.

    Raises
    ------
    ValueError
        If there is nothing to edit: no texts.
    """
    if not dataset.has_texts:
        raise ValueError("there are no texts to edit")
    chosen = _units(pairs, units, np.random.default_rng(seed))
    builder = _Builder(dataset)
    trials = tuple(_trial(edit, dataset, pairs, chosen, builder, seed) for edit in edits)
    return Experiment(builder.dataset(), trials, len(chosen))


def _units(pairs: PairGold, most: int, rng: np.random.Generator) -> IntArray:
    """One decided pair of each item, of at most so many items."""
    decided = rng.permutation(np.flatnonzero(pairs.probability != 0.5))
    _, first = np.unique(pairs.item[decided], return_index=True)
    one_each = rng.permutation(decided[first])  # items, however many pairs they have, have equal chances
    return np.sort(one_each[:most]).astype(np.int32)


def _trial(edit: Edit, dataset: Dataset, pairs: PairGold, chosen: IntArray, builder: _Builder, seed: int) -> EditTrial:
    counts: Counter[str] = Counter(applied=0, not_applicable=0, check_failed=0)
    reasons: Counter[str] = Counter()
    rows: list[tuple[int, int, int, int, int, int, int]] = []
    for unit, pair in enumerate(chosen.tolist()):
        better, worse = int(pairs.a[pair]), int(pairs.b[pair])
        if pairs.probability[pair] < 0.5:
            better, worse = worse, better
        target, rival = (better, worse) if edit.kind == "breaking" else (worse, better)
        rng = np.random.default_rng([seed, zlib.crc32(edit.name.encode()), pair])
        item = int(pairs.item[pair])
        made = apply_edit(edit, _material(dataset, item, target, rng), rng)
        if not isinstance(made, Changed):
            failed = isinstance(made, str)
            counts["check_failed" if failed else "not_applicable"] += 1
            reasons[made if isinstance(made, str) else made.reason] += 1
            continue
        counts["applied"] += 1
        rows.append((unit, *_comparisons(builder, dataset, item, target, rival, made)))
    table = np.array(rows, dtype=np.int32).reshape(-1, 7)
    places = (table[:, 1:3], table[:, 3:5], table[:, 5:7])
    return EditTrial(edit, table[:, 0], *places, counts=dict(counts), reasons=dict(reasons.most_common()))


def _comparisons(
    builder: _Builder, dataset: Dataset, item: int, target: int, rival: int, made: Changed
) -> tuple[int, int, int, int, int, int]:
    prompt = dataset.prompts[item] if dataset.prompts else None
    if made.prompt is not None:
        prompt = _with_prompt(prompt, made.prompt)
    old, other = dataset.response_text[target] or "", dataset.response_text[rival] or ""
    before = builder.compare(item, prompt, old, other)
    beside = builder.compare(item, prompt, old, made.response)
    after = builder.compare(item, prompt, made.response, other)
    return (*before, *beside, *after)


def _with_prompt(prompt: Prompt | None, text: str) -> Prompt:
    """The changed prompt: what was added to a chat is said by the user, in the last turn where that is the user's."""
    before = prompt_text(prompt)
    if prompt is None or isinstance(prompt, str) or not prompt or not text.startswith(before):
        return text
    added, last = text[len(before) :], prompt[-1]
    if last.role != "user":
        return (*prompt, Message("user", added.strip()))
    return (*prompt[:-1], last._replace(content=last.content + added))


def _material(dataset: Dataset, item: int, target: int, rng: np.random.Generator) -> Material:
    """The response, its prompt and a few responses to other items."""
    drawn = rng.integers(0, dataset.n_responses, 4 * OTHERS)
    others = [int(j) for j in drawn if dataset.response_item[j] != item][:OTHERS]
    return Material(
        response=dataset.response_text[target] or "",
        prompt=prompt_text(dataset.prompts[item] if dataset.prompts else None),
        others=tuple(dataset.response_text[j] or "" for j in others),
        references=dataset.references[item] if dataset.references else (),
    )
