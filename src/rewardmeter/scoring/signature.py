"""What makes two scorers the same: name, options and code. May import `types` and `scoring.protocol`."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from rewardmeter.scoring.protocol import Scorer
from rewardmeter.types import Signature

__all__ = ["as_json", "signature_of", "source_revision"]


def signature_of(scorer: Scorer) -> Signature:
    """The scorer's signature: from its own ``signature`` method where it has one, else from its dataclass fields."""
    own = getattr(scorer, "signature", None)
    if callable(own):
        return cast(Signature, own())
    code = source_revision(type(scorer))
    kind: Any = type(scorer)
    options: dict[str, object] = {"class": f"{kind.__module__}:{kind.__qualname__}"}
    if dataclasses.is_dataclass(kind):
        for option in dataclasses.fields(kind):
            if option.metadata.get("moves_score", True):
                options[option.name] = getattr(scorer, option.name)
    revision = str(getattr(scorer, "revision", "") or code or "")
    if not revision:
        return Signature(scorer.name, {"class": options["class"]}, "source unknown", storable=False)
    try:
        plain = json.loads(json.dumps(options, default=as_json))
    except TypeError:
        return Signature(scorer.name, {key: repr(value) for key, value in options.items()}, revision, storable=False)
    return Signature(scorer.name, plain, revision)


def as_json(value: Any) -> object:
    """Sets and dataclasses as JSON values, so that options may hold them."""
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no JSON form")


def source_revision(what: object) -> str | None:
    """Hash of the file that defines a function or class, and of the neighbouring files that its modules import.

    A helper, constant or pattern is as much part of a rule as its own lines. Neighbours are modules below the same
    folder; installed packages are not followed. The path is part of the hash for scripts (``__main__``), whose
    objects have no other name. None where there is no source to read.
    """
    module = sys.modules.get(getattr(what, "__module__", "") or "")
    home = _source_file(module)
    code = getattr(what, "__code__", None)
    if module is None or home is None or (code is not None and not Path(code.co_filename).is_file()):
        return None
    digest = hashlib.blake2b(digest_size=8)
    if module.__name__ == "__main__":
        digest.update(str(home).encode())
    waiting, seen = [module], {home}
    while waiting:
        current = waiting.pop()
        file = _source_file(current)
        if file is None:
            continue
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
        for neighbour in _imported(current):
            place = _source_file(neighbour)
            if place is not None and place not in seen and place.is_relative_to(home.parent):
                seen.add(place)
                waiting.append(neighbour)
    return digest.hexdigest()


def _source_file(module: ModuleType | None) -> Path | None:
    file = getattr(module, "__file__", None)
    path = Path(file).resolve() if file else None
    return path if path is not None and path.suffix == ".py" and path.is_file() else None


def _imported(module: ModuleType) -> list[ModuleType]:
    """Modules that a module's names come from, in the order of their names."""
    found: dict[str, ModuleType] = {}
    for value in list(vars(module).values()):
        origin = value if isinstance(value, ModuleType) else sys.modules.get(getattr(value, "__module__", None) or "")
        if isinstance(origin, ModuleType):
            found[origin.__name__] = origin
    return [found[name] for name in sorted(found)]
