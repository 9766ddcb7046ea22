"""mt-metrics-eval test sets as a `Dataset`. May import `dataset`, `errors`, `types` and `io.textfile`.

Items are the segments of the source file, each with the output of every judged system; unjudged segments stay, without
ratings, because corpus-level scores are about them too. Item ids are line numbers, from 1.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rewardmeter.dataset import Dataset, Origin, Ratings, Recorded
from rewardmeter.errors import InputError
from rewardmeter.io.mtme.layout import Folders, GoldFiles, Inventory, MetricFiles, inventory, language_pairs
from rewardmeter.io.mtme.score_files import (
    SegmentScores,
    read_rating_file,
    read_segment_scores,
    read_system_scores,
)
from rewardmeter.io.textfile import read_lines
from rewardmeter.types import FloatArray, Outcome

__all__ = ["read_directory", "read_language_pair"]

GOLD_WORDS = {"mqm": "MQM (expert)", "esa": "ESA", "da-sqm": "DA+SQM", "psqm": "pSQM (expert)"}

HUMAN_NAME = re.compile(r"ref-?[A-Za-z]?")
"""What human translations are called, should the references folder lack them."""


def read_directory(
    root: str | Path,
    language_pair: str | None = None,
    *,
    gold: str | None = None,
    reference: str | None = None,
    include_human: bool = False,
    name: str | None = None,
) -> Dataset:
    """One language pair of a local mt-metrics-eval test set, plain or gzipped.

    Parameters
    ----------
    root:
        The folder that holds ``sources/``, ``system-outputs/``, ``human-scores/``, ``metric-scores/`` ...; any of them
        may be absent.
    language_pair:
        Such as ``"en-de"``; may be left out where there is only one.
    gold:
        Which human scores: the NAME of ``human-scores/PAIR.NAME.seg.score``; ``"mqm"`` where there is one. The
        official score is one rating per response, of no single rater. ``"NAME-raters"`` takes the ratings of the single
        raters: -(sum of the weights of the error spans), 0 is best.
    reference:
        Which reference the items carry and which variants of the metrics are taken (``BLEU-refA``); several are
        joined by dots. Left out: the reference that most metric files used. Metrics without a reference are always
        taken.
    include_human:
        Whether human translations (systems that are a reference, copy one or are called like one: ``refB``) are
        judged like systems.
    name:
        Of the dataset; left out: folder and language pair.

    Returns
    -------
    Dataset
        Systems with gold only, sorted by name. Recorded scorers carry the metric's name with its reference, segment
        scores with NaN (missing) where a system or cell has none, and the published system scores. A scorer with
        segment scores alone gets their mean over the whole file as its system score, where the gold has published
        system scores too.

    Raises
    ------
    InputError
        If files do not fit together: with file and line; or if no language pair is named where there are several.
    UnknownNameError
        If the language pair, gold or reference is not there.
    """
    root = Path(root)
    pairs = language_pairs(root)
    if language_pair is None:
        if not pairs:
            raise InputError("the folder holds no language pair", path=root, fix="Name a folder with human-scores/.")
        if len(pairs) > 1:
            listed = ", ".join(pairs)
            raise InputError(f"name a language pair of {root}: {listed} (for example {root}:{pairs[0]})")
        language_pair = pairs[0]
    return read_language_pair(
        Folders.under(root),
        language_pair,
        gold=gold,
        reference=reference,
        include_human=include_human,
        name=name or f"{root.name}:{language_pair}",
    )


def read_language_pair(
    folders: Folders,
    language_pair: str,
    *,
    gold: str | None = None,
    reference: str | None = None,
    include_human: bool = False,
    name: str,
) -> Dataset:
    """As `read_directory`, from folders wherever they are."""
    files = inventory(folders, language_pair)
    gold_name = files.gold(gold)
    chosen = files.standard_references(reference)
    texts = _read_texts(files)
    scores = _read_gold(files.golds[gold_name], texts) if gold_name else _Gold({}, {})
    systems, notes = _choose_systems(texts, scores, include_human)
    notes += _own_references(systems, chosen, texts)
    n_segments = texts.n_segments or scores.n_segments
    layout = _Layout(n_segments, systems)
    metrics = [metric for metric in files.metrics if metric.references is None or metric.references <= set(chosen)]
    recorded = {m.name: _recorded(m, layout, texts.systems, bool(scores.system_values)) for m in metrics}
    notes += _notes(layout, scores, recorded, chosen, len(files.metrics) - len(metrics))
    return Dataset(
        name=name,
        item_ids=[str(line) for line in range(1, n_segments + 1)],
        response_item=np.repeat(np.arange(n_segments, dtype=np.int32), len(systems)),
        response_text=layout.texts(texts.outputs),
        response_system=np.tile(np.arange(len(systems), dtype=np.int32), n_segments),
        systems=systems,
        prompts=texts.source,
        references=list(zip(*(texts.references[r] for r in chosen), strict=True)) if texts.references else (),
        columns=texts.columns,
        ratings=layout.ratings(scores) if gold_name else None,
        recorded=recorded,
        origin=Origin(
            path=str(folders.human.parent),
            format="mt-metrics-eval",
            gold=_gold_words(gold_name, files),
            notes=tuple(notes),
            alternatives={"gold": tuple(files.golds), "reference": tuple(files.references)},
        ),
    )


@dataclass(frozen=True)
class _Texts:
    """The line-aligned files; all have ``n_segments`` lines."""

    n_segments: int
    source: Sequence[str]
    references: Mapping[str, Sequence[str]]
    outputs: Mapping[str, Sequence[str]]
    columns: Mapping[str, Sequence[str]]

    @property
    def systems(self) -> frozenset[str] | None:
        """Every system that may be scored; None where there are no outputs to tell."""
        return frozenset({*self.outputs, *self.references}) if self.outputs else None


def _read_texts(files: Inventory) -> _Texts:
    n_segments, first = 0, Path()

    def aligned(path: Path) -> list[str]:
        nonlocal n_segments, first
        lines = read_lines(path)
        if not lines:
            raise InputError("the file is empty", path=path, fix="Line k must hold segment k.")
        if not n_segments:
            n_segments, first = len(lines), path
        if len(lines) != n_segments:
            raise InputError(
                f"{len(lines):,} lines where {first.name} has {n_segments:,}",
                path=path,
                line=min(len(lines), n_segments) + 1,
                fix="Line k of every text file must belong to segment k.",
            )
        return lines

    source = aligned(files.source) if files.source else []
    references = {name: aligned(path) for name, path in files.references.items()}
    outputs = {name: aligned(path) for name, path in files.outputs.items()}
    columns: dict[str, list[str]] = {}
    if files.documents:
        rows = [line.split(maxsplit=1) for line in aligned(files.documents)]
        for number, row in enumerate(rows, 1):
            if len(row) != 2:
                raise InputError("not a domain and a document", path=files.documents, line=number)
        columns = {"domain": [row[0] for row in rows], "document": [row[1] for row in rows]}
    return _Texts(n_segments, source, references, outputs, columns)


@dataclass(frozen=True)
class _Gold:
    """Human scores: (segments,) by rater (None: official or unnamed) and system, and published system scores."""

    by_rater: Mapping[str | None, Mapping[str, FloatArray]]
    system_values: Mapping[str, float]

    @property
    def n_segments(self) -> int:
        """How many segments a rater file covers; 0 where there are none."""
        return next((len(values) for of_rater in self.by_rater.values() for values in of_rater.values()), 0)

    @property
    def systems(self) -> set[str]:
        """Systems with at least one score."""
        rated = {s for of_rater in self.by_rater.values() for s, v in of_rater.items() if np.any(np.isfinite(v))}
        return rated | set(self.system_values)


def _read_gold(files: GoldFiles, texts: _Texts) -> _Gold:
    n_segments, systems = texts.n_segments or None, texts.systems
    by_rater: dict[str | None, Mapping[str, FloatArray]] = {}
    if files.segment:
        by_rater[None] = _human_scores(files.segment, n_segments, systems)
    for rater, path in files.raters:
        if files.spans:
            by_rater.update(read_rating_file(path, n_segments, systems, rater))
        else:
            by_rater[rater] = _human_scores(path, n_segments, systems)
    return _Gold(by_rater, read_system_scores(files.system, systems) if files.system else {})


def _human_scores(path: Path, n_segments: int | None, systems: Collection[str] | None) -> dict[str, FloatArray]:
    scores = read_segment_scores(path, n_segments, systems)
    if scores.failed:
        raise InputError(
            f"a score of system '{next(iter(scores.failed))}' is NaN",
            path=path,
            fix="Write 'None' where nobody rated.",
        )
    return scores.by_system


def _choose_systems(texts: _Texts, scores: _Gold, include_human: bool) -> tuple[tuple[str, ...], list[str]]:
    """The systems to judge, sorted, and what was left out."""
    judged = scores.systems or set(texts.outputs)
    people = {*texts.references, *(name for name in judged if HUMAN_NAME.fullmatch(name))}
    people |= {name for name, text in texts.outputs.items() if any(text == r for r in texts.references.values())}
    notes = []
    without = sorted(set(texts.outputs) - judged - people)
    if without:
        notes.append(f"Systems left out because nobody judged them: {', '.join(without)}.")
    apart = sorted(judged & people)
    if apart and include_human:
        notes.append(f"Human translations judged like systems: {', '.join(apart)}.")
    elif apart:
        notes.append(f"Human translations left out: {', '.join(apart)}; include_human keeps them.")
        judged = judged - people
    if not judged:
        raise InputError("no system has both outputs and human scores", fix="Choose another gold, or include humans.")
    return tuple(sorted(judged)), notes


def _own_references(systems: Sequence[str], chosen: Sequence[str], texts: _Texts) -> list[str]:
    """One sentence per system that is, by name or text, a reference that reference-based scorers read."""
    copied = [texts.references[r] for r in chosen if texts.references]
    which = "the reference" if len(chosen) == 1 else "one of the references"
    return [
        f"{system} is also {which}: reference-based scorers compare it with itself."
        for system in systems
        if system in chosen or texts.outputs.get(system) in copied
    ]


@dataclass(frozen=True)
class _Layout:
    """Responses segment by segment, within a segment system by system."""

    n_segments: int
    systems: tuple[str, ...]

    def texts(self, outputs: Mapping[str, Sequence[str]]) -> Sequence[str | None]:
        """All responses' texts."""
        nothing: Sequence[str | None] = [None] * self.n_segments
        columns = [outputs.get(system, nothing) for system in self.systems]
        return [text for row in zip(*columns, strict=True) for text in row]

    def values(self, by_system: Mapping[str, FloatArray]) -> FloatArray:
        """float64 (R,): NaN for systems that are not there."""
        matrix = np.full((self.n_segments, len(self.systems)), np.nan)
        for column, system in enumerate(self.systems):
            if system in by_system:
                matrix[:, column] = by_system[system]
        return matrix.reshape(-1)

    def outcomes(self, scores: SegmentScores) -> NDArray[np.uint8] | None:
        """uint8 (R,): NaN in the file is a failed score, a score that is not there is missing; None: all as usual."""
        if not scores.failed:
            return None
        scored = np.isfinite(self.values(scores.by_system))
        failed = self.values({system: np.where(bad, 1.0, np.nan) for system, bad in scores.failed.items()}) == 1.0
        return np.select([scored, failed], [Outcome.SCORED, Outcome.FAILED], Outcome.MISSING).astype(np.uint8)

    def ratings(self, scores: _Gold) -> Ratings:
        """The finite human scores, by response and then rater."""
        matrix = np.array([self.values(by_system) for by_system in scores.by_rater.values()])
        matrix = matrix.reshape(len(scores.by_rater), self.n_segments * len(self.systems)).T
        response, row = np.nonzero(np.isfinite(matrix))
        raters = tuple(rater for rater in scores.by_rater if rater is not None)
        index = np.array([raters.index(r) if r is not None else -1 for r in scores.by_rater], dtype=np.int32)
        published = {s: v for s, v in scores.system_values.items() if s in self.systems}
        return Ratings(
            response.astype(np.int32),
            matrix[response, row],
            index[row] if len(index) else np.empty(0, dtype=np.int32),
            np.zeros(len(response), dtype=np.int32),
            raters,
            system_values={"overall": published} if published else {},
        )


def _recorded(metric: MetricFiles, layout: _Layout, known: Collection[str] | None, average: bool) -> Recorded:
    scores = SegmentScores({}, {})
    if metric.segment:
        scores = read_segment_scores(metric.segment, layout.n_segments, known)
    system_values = read_system_scores(metric.system, known) if metric.system else {}
    if average and not metric.system:
        system_values = {s: float(v.mean()) for s, v in scores.by_system.items() if np.all(np.isfinite(v))}
    return Recorded(
        metric.name,
        layout.values(scores.by_system),
        layout.outcomes(scores),
        system_values={s: system_values[s] for s in layout.systems if s in system_values},
        reads=_reads(metric),
    )


def _reads(metric: MetricFiles) -> frozenset[str] | None:
    """``-src`` says that no reference was read, any other suffix that one was: whether the source was, too, it does
    not say."""
    if metric.references is None:
        return None
    return frozenset({"response", "references"}) if metric.references else frozenset({"prompt", "response"})


def _gold_words(name: str | None, files: Inventory) -> str:
    if name is None:
        return ""
    base = name.removesuffix("-raters")
    words = GOLD_WORDS.get(base, base)
    raters = files.golds[name].raters
    return words if not raters else f"{words}, {'rater by rater' if files.golds[name].spans else 'by rating slot'}"


def _notes(
    layout: _Layout, scores: _Gold, recorded: Mapping[str, Recorded], chosen: Sequence[str], unused: int
) -> list[str]:
    judged = np.zeros(layout.n_segments, dtype=bool)
    for by_system in scores.by_rater.values():
        judged |= np.isfinite(layout.values(by_system)).reshape(layout.n_segments, -1).any(axis=1)
    notes = [f"{int(judged.sum()):,} of {layout.n_segments:,} segments are judged."]
    if chosen:
        left_out = f"; {unused:,} metric files with other references left out" if unused else ""
        notes.append(f"Reference: {', '.join(chosen)}{left_out}.")
    only_system = [name for name, r in recorded.items() if r.values is not None and np.all(np.isnan(r.values))]
    if only_system:
        notes.append(f"System scores alone: {', '.join(only_system)}.")
    return notes
