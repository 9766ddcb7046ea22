"""Which accelerator and how many threads each worker process gets. May import `scoring`.

A process sees one device, so that every model lands on its own without knowing of the others.
"""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from rewardmeter.scoring import Scorer

__all__ = ["environment", "visible_devices", "worker_environments"]

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_THREADS = "OMP_NUM_THREADS"
_SIGNS_OF_DEVICES = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
_ENVIRONMENT = threading.Lock()


def worker_environments(scorer: Scorer, workers: int) -> list[dict[str, str]]:
    """What each worker's environment is to say; nothing for scorers that are not bound by a device.

    Worker i gets the i-th visible device, from the first again where there are more workers than devices, and its
    share of the processors as OMP_NUM_THREADS, if that asks for no fewer already. A scorer that names a device by
    number keeps to it.
    """
    if not scorer.laws.device_bound:
        return [{} for _ in range(workers)]
    share = max(1, _processors() // workers)
    asked = os.environ.get(_THREADS, "")
    threads = str(min(share, int(asked)) if asked.isdigit() and int(asked) else share)
    devices = [] if _names_a_device(scorer) else visible_devices()
    return [{_THREADS: threads} | ({_VISIBLE: devices[i % len(devices)]} if devices else {}) for i in range(workers)]


def visible_devices() -> list[str]:
    """The accelerators that this process may use, as CUDA_VISIBLE_DEVICES writes them."""
    listed = os.environ.get(_VISIBLE)
    if listed is not None:
        devices: list[str] = []
        for device in (part.strip() for part in listed.split(",")):
            if not device or device.startswith("-") or device == "NoDevFiles":  # CUDA stops reading there
                break
            devices.append(device)
        return devices
    return [str(i) for i in range(_count_devices())]


@contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Processes that are started meanwhile have these settings from their first instruction on: what they import first
    may read them."""
    with _ENVIRONMENT:
        before = {name: os.environ.get(name) for name in settings}
        os.environ.update(settings)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def _count_devices() -> int:
    """How many there are; torch, which counts without waking them, is asked only where there seem to be any."""
    if os.name == "posix" and not any(Path(sign).exists() for sign in _SIGNS_OF_DEVICES):
        return 0
    try:
        import torch
    except ImportError:
        return 0
    return int(torch.cuda.device_count())


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _names_a_device(scorer: object) -> bool:
    """Whether the scorer, or one inside it, is told to run on a certain device."""
    if getattr(scorer, "device", "auto") not in ("auto", "cuda", "", None):
        return True
    if not dataclasses.is_dataclass(scorer):
        return False
    inner = (getattr(scorer, part.name, None) for part in dataclasses.fields(cast(Any, scorer)))
    return any(isinstance(part, Scorer) and _names_a_device(part) for part in inner)
