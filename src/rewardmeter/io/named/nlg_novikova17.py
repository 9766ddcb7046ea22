"""Data-to-text outputs of BAGEL, SFRES and SFHOT with metrics and human medians (Novikova et al., EMNLP 2017). May
import `dataset`, `errors` and `io`.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.named.choice import choose_subset, refuse
from rewardmeter.io.textfile import check_columns, read_text

__all__ = ["SUBSETS", "load"]

SYSTEMS = {"BAGEL": ("Dusek", "LOLS"), "SFHOT": ("LOLS", "WEN"), "SFRES": ("LOLS", "WEN")}
SUBSETS: tuple[str, ...] = (*SYSTEMS, *(f"{name}-{system}" for name, systems in SYSTEMS.items() for system in systems))
COLUMNS = ("dataset", "system", "mr_type", "mr", "sys_ref", "domain")
ASPECTS = ("informativeness", "naturalness", "quality")
METRICS = (
    *("TER", "Bleu_1", "Bleu_2", "Bleu_3", "Bleu_4", "ROUGE_L", "NIST", "LEPOR", "CIDEr", "METEOR", "sim.mr.sys"),
    *("lev.dist", "sys.read.flesch", "sys.cpw", "sys.ref.len", "sys.wps", "sys.sps", "sys.spw", "sys.n.poly"),
    *("sys.pspw", "n.misspel", "parser.sc.mean", "parser.sc.max"),
)


def load(
    root: Path,
    *,
    subset: str | None = None,
    gold: str | None = None,
    reference: str | None = None,
    include_human: bool = False,
) -> Dataset:
    """The set from its folder, whole, one corpus of it (``"BAGEL"``) or one system's part (``"BAGEL-Dusek"``).

    Returns
    -------
    Dataset
        An item is a meaning representation; where a system realised one several times, each further time is an item of
        its own. Ratings are medians of 3 crowd ratings, 1 to 6, of no single rater; the default aspect is
        informativeness.
    """
    refuse("nlg-novikova17", gold=gold, reference=reference)
    if subset is not None:
        choose_subset("nlg-novikova17", subset, SUBSETS)
    corpus, _, only = (subset or "").partition("-")
    builder = DatasetBuilder("nlg-novikova17" if subset is None else f"nlg-novikova17:{subset}")
    path = root / "emnlp_data_medians.csv"
    times: Counter[tuple[str, str, str]] = Counter()
    rows = csv.DictReader(io.StringIO(read_text(path), newline=""))
    check_columns(rows.fieldnames or (), (*COLUMNS, *ASPECTS, *METRICS), path)
    for row_number, row in enumerate(rows, 1):
        if corpus in ("", row["dataset"]) and only in ("", row["system"]):
            times[row["dataset"], row["mr"], row["system"]] += 1
            _add_row(builder, row, times[row["dataset"], row["mr"], row["system"]], path, row_number)
    return builder.build(
        Origin(
            path=str(root),
            format="EMNLP 2017 data-to-text",
            gold="median of 3 crowd ratings, 1 to 6",
            notes=("TER is an error rate, small is good; it is as the data has it.",),
            default_aspect="informativeness",
        )
    )


def _add_row(builder: DatasetBuilder, row: dict[str, str], time: int, path: Path, row_number: int) -> None:
    item = builder.item(
        f"{row['dataset']}/{row['mr']}" + (f"#{time}" if time > 1 else ""),
        prompt=row["mr"],
        columns={"dataset": row["dataset"], "mr_type": row["mr_type"], "domain": row["domain"]},
    )
    response = builder.response(item, system=row["system"], text=row["sys_ref"])
    try:
        for aspect in ASPECTS:
            builder.rating(response, float(row[aspect]), aspect=aspect)
        for metric in METRICS:
            builder.score(metric, response, float(row[metric]))
    except (TypeError, ValueError) as error:
        raise InputError(f"row {row_number:,}: {error}", path=path) from error
