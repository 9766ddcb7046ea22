"""`load`: a dataset from whatever the user wrote: a name, a file or a folder. May import the other modules of `io`.

What a spec means, in this order:

1. ``demo`` or ``demo:VIEW``: the embedded dataset;
2. ``NAME`` or ``NAME:SUBSET`` of a named dataset (write ``./NAME`` for a file or folder that is called the same);
3. a path that exists;
4. ``PATH:SUBSET``: rows of a file whose column ``subset`` holds SUBSET, or a language pair of an mt-metrics-eval
   folder.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from rewardmeter.dataset import Dataset
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.io.formats.columns import ColumnMapping
from rewardmeter.io.formats.options import ReadOptions

__all__ = ["DEMO", "load"]

DEMO = "demo"
_MTME = "mtme"
_ROW_SUFFIXES = (".jsonl", ".json", ".ndjson", ".csv", ".tsv", ".tab", ".parquet")


def load(
    spec: str | Path,
    *,
    format: str | None = None,
    mapping: ColumnMapping | None = None,
    gold: str | None = None,
    reference: str | None = None,
    include_human: bool = False,
    subset: str | None = None,
) -> Dataset:
    """Read a dataset.

    Parameters
    ----------
    spec:
        Name or path, with ``:SUBSET`` if wanted; a `Path` is never taken for a name.
    format:
        ``ratings``, ``preferences``, ``pairwise``, ``nested``, ``matrix`` or ``mtme``; found out where left out.
    mapping:
        Which column plays which part (`io.formats.columns`); for files of rows only.
    gold, reference, include_human:
        Which human judgment and reference to take, and whether human systems stay; for named datasets and
        mt-metrics-eval folders only.
    subset:
        The same as ``:SUBSET`` in the spec.

    Raises
    ------
    UnknownNameError
        If the spec is neither a dataset nor a path, or a subset, gold, role or column does not exist.
    MissingDataError
        If a named dataset is not on this machine.
    InputError
        If a file cannot be read as it stands, or an option makes no sense for it.
    """
    choice = {"gold": gold, "reference": reference, "include_human": include_human}
    path, subset = (spec, subset) if isinstance(spec, Path) else _resolve(spec, subset)
    name = str(spec) if subset is None or not isinstance(spec, Path) else f"{spec}:{subset}"
    if isinstance(path, str):
        _refuse({"mapping": mapping, "format": format}, f"the named dataset '{path}'")
        return _load_named(path, subset, choice)
    if path.is_dir():
        return _load_folder(path, ReadOptions(name, mapping or {}, subset), format, choice)
    _refuse(choice, "a file of rows")
    if format == _MTME:
        raise InputError("the format 'mtme' is a folder, not a file", path=path)
    detect = importlib.import_module("rewardmeter.io.formats.detect")
    return cast(Dataset, detect.read(path, ReadOptions(name, mapping or {}, subset), format))


def _refuse(options: Mapping[str, object], what: str) -> None:
    for name, value in options.items():
        if value:
            raise InputError(f"the option {name} has no meaning for {what}", fix="Leave it out.")


def _resolve(spec: str, subset: str | None) -> tuple[str | Path, str | None]:
    """A dataset's name or an existing path, and the subset."""
    names = _names()
    if spec in names or (Path(spec).exists() and spec):
        return (spec if spec in names else Path(spec)), subset
    head, colon, tail = spec.rpartition(":")
    if colon and subset is None:
        first, _, rest = spec.partition(":")
        if first in names:
            return first, rest
        if head and Path(head).exists():
            return Path(head), tail
    raise _unknown(spec, head, names)


def _names() -> Sequence[str]:
    named = importlib.import_module("rewardmeter.io.named")
    return (*dict.fromkeys((DEMO, *named.cards())),)


def _unknown(spec: str, head: str, names: Sequence[str]) -> Exception:
    looks_like_path = any(mark in spec for mark in ("/", "\\")) or spec.endswith((*_ROW_SUFFIXES, ".gz"))
    if looks_like_path:
        path = Path(spec if not head.endswith(_ROW_SUFFIXES) else head)
        folder = path.parent if path.parent != Path() else Path.cwd()
        where = f"; the folder {folder} does not exist either" if not folder.is_dir() else ""
        return InputError(f"there is no such file{where}", path=spec, fix="Check the path.")
    return UnknownNameError(
        "dataset or file", spec.partition(":")[0], names, hint="'rewardmeter data list' shows the named datasets."
    )


def _load_named(name: str, subset: str | None, choice: dict[str, Any]) -> Dataset:
    if name == DEMO:
        demo = importlib.import_module("rewardmeter.io.demo")
        return cast(Dataset, demo.load(subset=subset, **choice))
    named = importlib.import_module("rewardmeter.io.named")
    return cast(Dataset, named.load(name, subset, **choice))


def _load_folder(path: Path, options: ReadOptions, format_name: str | None, choice: dict[str, Any]) -> Dataset:
    mtme = importlib.import_module("rewardmeter.io.mtme")
    if format_name == _MTME or (format_name is None and mtme.is_directory(path)):
        _refuse({"mapping": options.mapping}, "an mt-metrics-eval folder")
        return cast(
            Dataset,
            mtme.read_directory(path, options.subset, name=options.name, **choice),
        )
    _refuse(choice, "a folder of files of rows")
    nested = importlib.import_module("rewardmeter.io.formats.nested")
    if format_name in (None, "nested") and nested.nested_files(path)[0]:
        return cast(Dataset, nested.read_nested(path, options))
    files = sorted(
        found.name for found in path.iterdir() if found.name.removesuffix(".gz").lower().endswith(_ROW_SUFFIXES)
    )
    listed = f"its files of rows: {', '.join(files[:8])}" if files else "it holds no file of rows"
    raise InputError(
        f"the folder is neither an mt-metrics-eval folder nor nested scores ({listed})",
        path=path,
        fix=f"Name one file, for example {path / files[0]}." if files else "Name a file.",
    )
