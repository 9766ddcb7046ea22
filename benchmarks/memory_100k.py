"""How much memory scoring takes beyond the data itself.

    python benchmarks/memory_100k.py [--responses 100000]

Makes that many distinct responses, one per item, each with its own prompt; scores them with a scorer that reads both,
store on. Prints the peak of the process's resident memory over what it was when the data was there, and the same per
response; ``--responses 1000000`` shows that it grows with the result and the keys, not with the texts.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from pathlib import Path

from engine_overhead import LengthBeyondPrompt, make_dataset

from rewardmeter.engine import score
from rewardmeter.io.store import Store

MEBIBYTE = 2**20


def peak_bytes() -> int:
    """The most memory that this process has ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--responses", type=int, default=100_000)
    options = parser.parse_args()
    n = options.responses
    dataset = make_dataset(n, 1)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "scores.sqlite") as store:
        score(LengthBeyondPrompt(), make_dataset(100, 1))  # so that what is loaded once is not counted
        before = peak_bytes()
        scores = score(LengthBeyondPrompt(), dataset, store=store)
        cold = peak_bytes()
        assert score(LengthBeyondPrompt(), dataset, store=store).values.tobytes() == scores.values.tobytes()
        warm = peak_bytes()
    assert scores.coverage == 1
    print(f"{n:,} responses; {before / MEBIBYTE:.0f} MiB before scoring, data included")
    print(f"scoring into a new store: {(cold - before) / MEBIBYTE:.1f} MiB more at the peak")
    print(f"and from the full store:  {(warm - before) / MEBIBYTE:.1f} MiB more ({(warm - before) / n:.0f} bytes each)")


if __name__ == "__main__":
    main()
