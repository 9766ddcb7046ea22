"""Run the benchmarks and write what they print into docs/results/performance.md.

    python benchmarks/write_results.py [SCRIPT.py …]

Runs the named scripts of this folder, or all that are listed below, one after the other, and keeps the parts of the
page that belong to scripts which were not run.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "results" / "performance.md"
SCRIPTS = {
    "compare_million.py": "A board of 1,000,000 ratings, 10 scorers, 1,000 resamples",
    "engine_overhead.py": "What the engine costs per response, in microseconds of CPU",
    "memory_100k.py": "Memory for 100,000 responses",
    "read_mtme.py": "Reading a shared task's folder",
    "significance.py": "Significance tests",
    "agreement.py": "Agreement of raters",
    "calibration_million.py": "Calibration of 1,000,000 pairs",
    "scaling_million.py": "Fitting maps to 1,000,000 rows",
}
HEAD = """# Performance

Written by `python benchmarks/write_results.py`; each part is what the script printed. One BLAS thread. Times are of
the machine that is named and mean little elsewhere; ratios within one run travel better.
"""


def machine() -> str:
    model = ""
    if Path("/proc/cpuinfo").exists():
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
        model = f", {found[1]}" if found else ""
    return f"{os.cpu_count()} cores{model}, Python {platform.python_version()}"


def parts(text: str) -> dict[str, str]:
    """The page's parts by script."""
    found = re.split(r"^## (\S+\.py): .*$", text, flags=re.MULTILINE)
    return dict(zip(found[1::2], (part.strip() for part in found[2::2]), strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scripts", nargs="*", help="names of scripts; all if none")
    wanted = parser.parse_args().scripts or [name for name in SCRIPTS if (HERE / name).exists()]
    known = parts(PAGE.read_text("utf-8")) if PAGE.exists() else {}
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    for name in wanted:
        done = subprocess.run([sys.executable, HERE / name], capture_output=True, text=True, env=environment)
        if done.returncode:
            print(f"{name} failed:\n{done.stderr}", file=sys.stderr)
            return 1
        known[name] = f"{machine()}.\n\n```\n{done.stdout.strip()}\n```"
        print(f"{name}: done")
    body = "\n\n".join(f"## {name}: {title}\n\n{known[name]}" for name, title in SCRIPTS.items() if name in known)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(f"{HEAD}\n{body}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
