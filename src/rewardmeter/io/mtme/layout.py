"""Where an mt-metrics-eval test set keeps what: folders and file names, nothing read. May import `errors` and
`io.textfile`.

Names carry the meaning (``human-scores/en-de.mqm.seg.score``, ``metric-scores/en-de/BLEU-refA.sys.score``); the
convention is that of the mt-metrics-eval README, and each file may be gzipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.io.textfile import plain_name, present

__all__ = ["Folders", "GoldFiles", "Inventory", "MetricFiles", "inventory", "is_directory", "language_pairs"]

GOLD_ORDER = ("mqm", "esa", "da-sqm", "wmt-appraise-z", "wmt-z", "wmt-appraise", "wmt", "wmt-raw")
"""Which gold is taken when none is asked for: the most careful protocol first."""

MERGED = "merged"
"""Stands for the rater in the name of a file that holds what all raters did."""

COLUMN = re.compile(r"(?P<gold>.+)-col\d+")
"""Human scores that come as several files of one rating slot each."""


@dataclass(frozen=True)
class Folders:
    """The folders of one test set; any of them may be absent."""

    sources: Path
    documents: Path
    references: Path
    outputs: Path
    human: Path
    metrics: tuple[Path, ...]

    @classmethod
    def under(cls, root: Path) -> Folders:
        """The usual names under one folder; sentinel metrics have a folder of their own."""
        return cls(
            root / "sources",
            root / "documents",
            root / "references",
            root / "system-outputs",
            root / "human-scores",
            (root / "metric-scores", root / "sentinel-scores"),
        )


@dataclass(frozen=True)
class GoldFiles:
    """The files of one kind of human score.

    Attributes
    ----------
    segment, system:
        The official ``.seg.score`` and ``.sys.score``.
    raters:
        Files of single raters: (rater, file), where the rater is None if lines or nobody name one.
    spans:
        Whether rater files hold error spans (``.seg.rating``) and not plain scores.
    """

    segment: Path | None = None
    system: Path | None = None
    raters: tuple[tuple[str | None, Path], ...] = ()
    spans: bool = False


@dataclass(frozen=True)
class MetricFiles:
    """The files of one metric under one choice of references.

    Attributes
    ----------
    name:
        As the file has it: ``BLEU-refA``.
    references:
        Names of the references that it used: empty for ``-src``, all human ones for ``-all``, None where the name
        does not say.
    """

    name: str
    references: frozenset[str] | None
    segment: Path | None = None
    system: Path | None = None


@dataclass(frozen=True)
class Inventory:
    """All files of one language pair, by name."""

    language_pair: str
    source: Path | None
    documents: Path | None
    references: Mapping[str, Path] = field(default_factory=dict)
    outputs: Mapping[str, Path] = field(default_factory=dict)
    golds: Mapping[str, GoldFiles] = field(default_factory=dict)
    metrics: tuple[MetricFiles, ...] = ()

    def gold(self, name: str | None) -> str | None:
        """The gold to use: the one asked for, else the first of `GOLD_ORDER` or of all; None where there is none.

        Raises
        ------
        UnknownNameError
            If a gold is asked for that is not there.
        """
        if name is None:
            return next((gold for gold in (*GOLD_ORDER, *self.golds) if gold in self.golds), None)
        if name not in self.golds:
            raise UnknownNameError("gold", name, self.golds, hint="It is the name in human-scores/PAIR.NAME.seg.score.")
        return name

    def standard_references(self, names: str | None) -> tuple[str, ...]:
        """The references to use: those asked for (joined by dots), else the one that most metric files used.

        Where files do not decide, it is the first by name; ``synthetic_ref`` is taken only where nothing else is.

        Raises
        ------
        UnknownNameError
            If a reference is asked for that is not there.
        """
        known = tuple(self.references) or tuple(sorted({r for m in self.metrics for r in m.references or ()}))
        if names is None:
            used = {r: sum(m.references == frozenset({r}) for m in self.metrics) for r in known}
            return tuple(sorted(known, key=lambda r: (r.startswith("synthetic"), -used[r], r))[:1])
        chosen = tuple(dict.fromkeys(names.split(".")))
        for name in chosen:
            if name not in known:
                raise UnknownNameError("reference", name, known, hint="Several are joined by dots: refA.refB.")
        return chosen


def _files(folder: Path, pattern: str) -> dict[str, Path]:
    """Files matching the pattern or the pattern plus ``.gz``, by name without ``.gz``, sorted; plain wins."""
    if not folder.is_dir():
        return {}
    found = [*folder.glob(pattern + ".gz"), *folder.glob(pattern)]
    return dict(sorted({plain_name(path): path for path in found if path.is_file()}.items()))


def is_directory(root: Path) -> bool:
    """Whether a folder looks like an mt-metrics-eval test set: it has scores, laid out as they do it."""
    folders = Folders.under(Path(root))
    return folders.human.is_dir() or any(
        folder.is_dir() and bool(_files(folder, "*/*.score")) for folder in folders.metrics
    )


def language_pairs(root: Path | Folders) -> tuple[str, ...]:
    """The language pairs of a test set, sorted."""
    folders = root if isinstance(root, Folders) else Folders.under(Path(root))
    names: set[str] = {name.removesuffix(".txt") for name in _files(folders.sources, "*.txt")}
    names |= {name.split(".")[0] for name in _files(folders.human, "*.score")}
    for parent in (folders.outputs, *folders.metrics):
        names |= {path.name for path in parent.glob("*") if path.is_dir()}
    return tuple(sorted(names))


def inventory(folders: Folders, language_pair: str) -> Inventory:
    """What is there for one language pair.

    Raises
    ------
    UnknownNameError
        If there is nothing for it.
    """
    pairs = language_pairs(folders)
    if language_pair not in pairs:
        raise UnknownNameError("language pair", language_pair, pairs)
    references = _files(folders.references, f"{language_pair}.*.txt")
    outputs = _files(folders.outputs / language_pair, "*.txt")
    named = {name[len(language_pair) + 1 : -4]: path for name, path in references.items()}
    metrics = [metric for folder in folders.metrics for metric in _metrics(folder / language_pair, named)]
    names = [metric.name for metric in metrics]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"two folders hold scores of '{twice}'", path=folders.metrics[-1] / language_pair)
    return Inventory(
        language_pair,
        present(folders.sources / f"{language_pair}.txt"),
        present(folders.documents / f"{language_pair}.docs"),
        named,
        {name.removesuffix(".txt"): path for name, path in outputs.items()},
        _golds(folders.human, language_pair),
        tuple(metrics),
    )


def _metrics(folder: Path, references: Iterable[str]) -> list[MetricFiles]:
    known = frozenset(references)
    human = frozenset(name for name in known if not name.startswith("synthetic"))
    metrics: dict[str, MetricFiles] = {}
    for file, path in _files(folder, "*.score").items():
        name, _, level = file.removesuffix(".score").rpartition(".")
        if level not in ("seg", "sys"):
            continue
        _, dash, suffix = name.rpartition("-")
        used = {"src": frozenset[str](), "all": human}.get(suffix, frozenset(suffix.split(".")))
        says = bool(dash) and (used <= known or not known)
        metric = metrics.setdefault(name, MetricFiles(name, used if says else None))
        metrics[name] = replace(metric, segment=path) if level == "seg" else replace(metric, system=path)
    return list(metrics.values())


def _golds(folder: Path, language_pair: str) -> dict[str, GoldFiles]:
    official: dict[str, GoldFiles] = {}
    columns: dict[str, list[tuple[str | None, Path]]] = {}
    spans: dict[str, list[tuple[str | None, Path]]] = {}
    for file, path in _files(folder, f"{language_pair}.*.score").items():
        name, _, level = file[len(language_pair) + 1 :].removesuffix(".score").rpartition(".")
        column = COLUMN.fullmatch(name)
        if level == "seg" and column:
            columns.setdefault(column["gold"], []).append((name, path))
        elif level in ("seg", "sys"):
            files = official.get(name, GoldFiles())
            official[name] = replace(files, segment=path) if level == "seg" else replace(files, system=path)
    for file, path in _files(folder, f"{language_pair}.*.seg.rating").items():
        name, _, rater = file[len(language_pair) + 1 :].removesuffix(".seg.rating").partition(".")
        spans.setdefault(name, []).append((None if rater in ("", MERGED) else rater, path))
    for name, files_by_rater in columns.items():
        key = f"{name}-raters" if name in official and official[name].segment else name
        official[key] = replace(official.get(name, GoldFiles()), segment=None, raters=tuple(files_by_rater))
    for name, files_by_rater in spans.items():
        system = official[name].system if name in official else None
        alone = [(rater, path) for rater, path in files_by_rater if rater is not None] or files_by_rater
        official[f"{name}-raters"] = GoldFiles(None, system, tuple(alone), spans=True)
    return official
