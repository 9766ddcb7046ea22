"""The mt-metrics-eval format: test sets of the WMT metrics tasks. May import `dataset`, `types`, `errors` and
`io.textfile`.

`layout` knows the folders and names, `score_files` reads numbers, `reader` joins everything into a `Dataset`, `write`
hands a scorer's scores to the others who read the format.
"""

from __future__ import annotations

from rewardmeter.io.mtme.layout import Folders, is_directory, language_pairs
from rewardmeter.io.mtme.reader import read_directory, read_language_pair
from rewardmeter.io.mtme.write import write_metric_scores

__all__ = [
    "Folders",
    "is_directory",
    "language_pairs",
    "read_directory",
    "read_language_pair",
    "write_metric_scores",
]
