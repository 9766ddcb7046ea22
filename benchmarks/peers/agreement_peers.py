"""Krippendorff's alpha and Dawid-Skene: what benchmarks/agreement.py measures beside krippendorff and crowd-kit."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from measuring import Outcome, version

SCRIPT = Path(__file__).resolve().parents[1] / "agreement.py"


def outcomes(folder: str | None) -> Iterator[Outcome]:
    """``folder`` is a site-packages folder with the peers, or None. The script compares the numbers itself."""
    command = [sys.executable, str(SCRIPT), "--repeats", "5", *(["--peers", folder] if folder else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [json.loads(text) for text in done.stdout.splitlines()]
    if not lines:
        raise RuntimeError(f"{SCRIPT.name} printed nothing: {done.stderr}")
    for line in lines:
        if "job" in line and ("goal" in line or "numbers_apart" in line or "alpha nominal" in line["job"]):
            yield outcome(line)


def outcome(line: dict[str, Any]) -> Outcome:
    job = line["job"]
    peer = "krippendorff" if job.startswith("alpha") else "crowd-kit"
    compared = "how many labels differ" if job.endswith("labels") else "all numbers"
    return Outcome(
        job,
        version(peer),
        line["cpu_seconds"],
        line.get("peer_cpu_seconds", math.nan),
        apart=line.get("numbers_apart", math.nan),
        tolerance=1e-9,
        compared=compared if "numbers_apart" in line else "",
        ratio_goal=line.get("goal", math.nan),
        note="the peer reads a matrix of raters and units, ours the list of labels" if "triples" in job else "",
    )
