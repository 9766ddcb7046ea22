"""How long it takes to read a shared task's folder: wmt23 zh-en, texts and gold included.

    python benchmarks/read_mtme.py

Prints the CPU seconds of the better of five runs. The set must be on this machine (`rewardmeter data list`).
"""

from __future__ import annotations

import time

import rewardmeter as rm


def main() -> None:
    seconds = []
    for _ in range(5):
        start = time.process_time()
        data = rm.load("wmt23-mtme:zh-en")
        seconds.append(time.process_time() - start)
    print(f"{len(data.recorded)} metrics x {data.n_responses:,} responses: {min(seconds):.2f} s of CPU")


if __name__ == "__main__":
    main()
