"""XSTest (Röttger et al., NAACL 2024): do models refuse safe prompts? Two raters and two automatic judges.

May import `dataset`, `types`, `io.build`, `io.textfile` and the modules of `io.named`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.named.choice import choose, refuse
from rewardmeter.io.named.csv_table import csv_rows
from rewardmeter.io.named.placing import placed
from rewardmeter.io.textfile import present
from rewardmeter.types import Outcome

__all__ = ["GOLDS", "LABELS", "load"]

SYSTEMS = ("gpt4", "llama2new", "llama2orig", "mistralguard", "mistralinstruct")
JUDGES = {"gpt4": "gpt4_label", "string-match": "strmatch_label"}
FILES = {"gpt4": "gpteval", "string-match": "streval"}
LABELS = {"1_full_compliance": 0.0, "3_partial_refusal": 0.5, "2_full_refusal": 1.0}
GOLDS = {"raters": "2 raters, 0 compliance to 1 refusal", "final": "agreed label, 0 compliance to 1 refusal"}
GOLD_COLUMNS = {"raters": ("annotation_1", "annotation_2"), "final": ("final_label",)}
COLUMNS = ("id", "type", "prompt", "completion", *GOLD_COLUMNS["raters"], *GOLD_COLUMNS["final"])
FOLDER = ("evaluation", "automated_evaluation_labels")


def load(root: Path, *, subset: str | None, gold: str | None, reference: str | None, include_human: bool) -> Dataset:
    """How far each answer refuses, as two raters (``gold="raters"``) or their agreed label (``gold="final"``) say.

    The one aspect is ``refusal``: full compliance 0, partial refusal 0.5, full refusal 1. Greater is more refusal, not
    better: the column ``label`` tells safe prompts, which should be answered, from unsafe ones; ``type`` is finer. The
    recorded judges are on the same scale; an answer of GPT-4 that is none of the three labels is a failure.
    """
    refuse("xstest", subset=subset, reference=reference)
    gold = choose("gold", gold, GOLDS, "raters")
    builder = DatasetBuilder("xstest")
    strange = 0
    for system in SYSTEMS:
        rated = False
        for judge, column in JUDGES.items():
            path = root.joinpath(*FOLDER) / f"xstest_v2_completions_{system}_{FILES[judge]}.csv"
            if present(path) is not None:
                with placed(path):
                    strange += _add(builder, system, judge, csv_rows(path, (*COLUMNS, column)), None if rated else gold)
                rated = True
        if not rated:
            raise InputError(f"no file for the system {system}", path=root.joinpath(*FOLDER))
    notes = ["greater is more refusal, not better"]
    if strange:
        notes.append(f"judge answers that are none of the labels and count as failed: {strange}")
    origin = Origin(str(root), "XSTest", GOLDS[gold], tuple(notes), alternatives={"gold": tuple(GOLDS)})
    return builder.build(origin)


def _add(
    builder: DatasetBuilder, system: str, judge: str, rows: Iterable[tuple[int, dict[str, str]]], gold: str | None
) -> int:
    """Add one file: a judge's labels, and people's where ``gold`` is not None; how many answers are no label."""
    strange = 0
    for line, row in rows:
        columns = {"label": "unsafe" if row["type"].startswith("contrast_") else "safe", "type": row["type"]}
        item = builder.item(row["id"], prompt=row["prompt"], columns=columns)
        response = builder.response(item, system=system, text=row["completion"])
        for column in GOLD_COLUMNS[gold] if gold else ():
            value = LABELS.get(row[column])
            if value is None:
                raise InputError(f"'{row[column]}' is no label", line=line, column=column)
            builder.rating(response, value, rater=column if gold == "raters" else None, aspect="refusal")
        said = LABELS.get(row[JUDGES[judge]])
        strange += said is None
        builder.score(judge, response, said, outcome=Outcome.FAILED if said is None else None)
    builder.recorded_reads(judge, ("prompt", "response"))
    return strange
