"""From a model's name or folder to weights and tokenizer, and what makes two of them the same. May import `errors`.

A target is a folder or a hub name (``ORG/MODEL``). A hub name is found in the local cache
first, and is fetched only where the hub library is allowed to (HF_HUB_OFFLINE=1 forbids it).
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
from pathlib import Path
from typing import Any

from rewardmeter.errors import MissingDataError, MissingExtraError, SpecError

__all__ = [
    "DTYPES",
    "choose_device",
    "is_folder",
    "load_config",
    "load_model",
    "load_tokenizer",
    "model_identity",
    "require_models",
    "set_threads",
]

DTYPES = ("float32", "bfloat16", "float16")
_IDENTIFYING = (".json", ".safetensors", ".bin", ".pt", ".ckpt", ".model", ".txt", ".jinja", ".yaml", ".py")


def require_models(feature: str) -> Any:
    """The module `transformers`, torch being there too.

    Raises
    ------
    MissingExtraError
        If one of them is not installed.
    """
    try:
        import torch  # noqa: F401
        import transformers
    except ImportError as error:
        raise MissingExtraError(feature, "hf") from error
    quiet: Any = transformers.utils.logging
    quiet.disable_progress_bar()  # loading weights is not the progress that people wait for
    return transformers


def choose_device(device: str) -> str:
    """The device that ``auto`` means here: cuda, then mps, then cpu; anything else is taken at its word."""
    import torch

    if device != "auto":
        return device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def set_threads(threads: int) -> None:
    """Threads of torch's operators; 0 takes OMP_NUM_THREADS, else half of the processors at hand.

    Small models are 10 to 100 times slower with more threads than free cores.
    """
    import torch

    asked = threads or int(os.environ.get("OMP_NUM_THREADS", "0") or 0)
    torch.set_num_threads(asked or max(1, len(os.sched_getaffinity(0)) // 2))


def load_config(target: str, *, revision: str | None = None, trust_remote_code: bool = False, **options: Any) -> Any:
    """The model's configuration.

    Raises
    ------
    MissingDataError
        If there is no such model on this machine, and none could be fetched.
    """
    transformers = require_models(f"the model {target}")
    return _read(transformers.AutoConfig, target, revision, trust_remote_code, **options)


def load_tokenizer(target: str, *, revision: str | None = None, trust_remote_code: bool = False, **options: Any) -> Any:
    """The model's tokenizer.

    Raises
    ------
    MissingDataError
        If there is none.
    """
    transformers = require_models(f"the model {target}")
    return _read(transformers.AutoTokenizer, target, revision, trust_remote_code, **options)


def load_model(
    auto_class: str,
    target: str,
    *,
    revision: str | None = None,
    dtype: str = "float32",
    device: str = "cpu",
    trust_remote_code: bool = False,
    unused: tuple[str, ...] = (),
    **options: Any,
) -> Any:
    """The model in evaluation mode on its device, every weight from the checkpoint.

    Parameters
    ----------
    auto_class:
        Name of the class in transformers that reads it: ``AutoModelForSequenceClassification``.
    unused:
        How the names of weights begin that the checkpoint may lack, because nobody reads what they compute.
    options:
        For ``from_pretrained``.

    Raises
    ------
    MissingDataError
        If there is no such model on this machine, and none could be fetched.
    SpecError
        If the checkpoint lacks weights that the class needs: they would be random.
    """
    import torch

    transformers = require_models(f"the model {target}")
    if dtype not in DTYPES:
        raise SpecError(f"dtype={dtype} must be one of {', '.join(DTYPES)}")
    model, report = _read(
        getattr(transformers, auto_class),
        target,
        revision,
        trust_remote_code,
        dtype=getattr(torch, dtype),
        output_loading_info=True,
        **options,
    )
    absent = sorted(key for key in report["missing_keys"] if not key.startswith(unused))
    if absent:
        raise SpecError(
            f"the checkpoint {target} has no weights for {absent[0]}"
            f"{f' and {len(absent) - 1} more' if len(absent) > 1 else ''}; as {auto_class} they would be random."
            " Is it a model of another kind?"
        )
    return model.eval().to(device)


def _read(kind: Any, target: str, revision: str | None, trust_remote_code: bool, **options: Any) -> Any:
    if is_folder(target) and not Path(target).expanduser().is_dir():
        raise MissingDataError(f"there is no model folder {target}")
    try:
        return kind.from_pretrained(
            str(Path(target).expanduser()) if is_folder(target) else target,
            revision=revision or "main",
            trust_remote_code=trust_remote_code,
            **options,
        )
    except OSError as error:
        raise _unreadable(target, error) from error


def _unreadable(target: str, error: Exception) -> MissingDataError:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return MissingDataError(f"the model {target} could not be read: {first}")


def is_folder(target: str) -> bool:
    """Whether the target names a folder of this machine and not a hub model."""
    return target.startswith((".", "/", "~")) or Path(target).is_dir()


def model_identity(target: str, *, revision: str | None = None) -> str:
    """What tells this model's weights and tokenizer from any others: the commit of a hub model, a hash of a folder.

    Raises
    ------
    MissingDataError
        If there is no such model.
    """
    if is_folder(target):
        folder = Path(target).expanduser().resolve()
        if not folder.is_dir():
            raise MissingDataError(f"there is no model folder {target}")
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in _IDENTIFYING)
        return _folder_hash(folder, tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in files))
    transformers = require_models(f"the model {target}")
    try:
        found = transformers.utils.cached_file(target, "config.json", revision=revision or "main")
    except OSError as error:
        raise _unreadable(target, error) from error
    # A snapshot's folder bears the commit; the configuration object does not tell it any more.
    commit = re.search(r"/snapshots/([0-9a-f]{40})/", Path(found or "").as_posix())
    return commit[1] if commit else revision or "main"


@functools.lru_cache(maxsize=64)
def _folder_hash(folder: Path, files: tuple[tuple[Path, int, int], ...]) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for path, size, _ in files:
        digest.update(f"{path.relative_to(folder)}\0{size}\0".encode())
        with path.open("rb") as file:
            while block := file.read(1 << 24):
                digest.update(block)
    return digest.hexdigest()
