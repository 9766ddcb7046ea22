"""Ours beside the peers: same arrays, same draws, equal numbers, ratios of CPU time on one thread.

    python benchmarks/peers/run.py [--mt-metrics-eval FOLDER] [--nlpstats FOLDER] [--peers FOLDER] [--only WORD …]
                                   [--write]

The peers' code is not part of this repository. They are found where they are installed, or in the folders given: a
checkout of github.com/google-research/mt-metrics-eval, one of github.com/danieldeutsch/nlpstats, and a site-packages
folder with the rest (``pip install krippendorff crowd-kit evalica scikit-learn netcal``). A peer that is absent is said
to be, and ours is timed alone. Long jobs of a peer are run for fewer draws, and their time is scaled; the table says
so. ``--only`` runs the groups whose name has one of the words in it. ``--write`` puts the table of a full run into
docs/results/peers.md.

Ends with status 1 where numbers are not equal or a goal is missed. Takes about three minutes of CPU.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import inputs
import page
from measuring import Outcome

GROUPS: dict[str, str] = {
    "statistics": "Translation metrics: 15 systems, 2,000 segments (a tenth unrated), 30 metrics",
    "tests": "Significance of differences between translation metrics",
    "nlpstats": "Resampling of systems and segments, ragged data",
    "preference": "Preferences, battles, probabilities",
    "agreement": "Raters",
}


def group(name: str, folder: str | None) -> Iterator[Outcome]:
    """The outcomes of a group; its modules are imported when it is its turn, after the paths are set."""
    if name == "statistics":
        import translation_statistics

        return translation_statistics.outcomes(inputs.translation())
    if name == "tests":
        import translation_tests

        return translation_tests.outcomes(inputs.translation())
    if name == "nlpstats":
        import resampling_peers

        return resampling_peers.outcomes(inputs.translation())
    if name == "preference":
        import preference_peers

        return preference_peers.outcomes()
    import agreement_peers

    return agreement_peers.outcomes(folder)


def measured(wanted: list[str], folder: str | None, show: Callable[[Outcome], None]) -> dict[str, list[Outcome]]:
    made: dict[str, list[Outcome]] = {}
    for name in wanted:
        made[name] = []
        for outcome in group(name, folder):
            made[name].append(outcome)
            show(outcome)
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mt-metrics-eval", help="folder of a checkout")
    parser.add_argument("--nlpstats", help="folder of a checkout")
    parser.add_argument("--peers", default=os.environ.get("REWARDMETER_PEERS"), help="a site-packages folder")
    parser.add_argument("--only", nargs="*", default=[""], help=f"words of {', '.join(GROUPS)}")
    parser.add_argument("--write", action="store_true", help="write docs/results/peers.md")
    options = parser.parse_args()
    for folder in (options.mt_metrics_eval, options.nlpstats, options.peers):
        if folder and not Path(folder).is_dir():
            parser.error(f"there is no folder {folder}")
        if folder:
            sys.path.append(str(Path(folder).resolve()))
    wanted = [name for name in GROUPS if any(word in name for word in options.only)]
    if options.write and len(wanted) < len(GROUPS):
        parser.error("--write needs a full run: leave out --only")
    made = measured(wanted, options.peers, lambda outcome: print(page.line(outcome), flush=True))
    misses = [f"{o.job}: {miss}" for outcomes in made.values() for o in outcomes for miss in o.misses()]
    if options.write:
        page.write({GROUPS[name]: outcomes for name, outcomes in made.items()})
    for miss in misses:
        print(f"missed: {miss}", file=sys.stderr)
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
