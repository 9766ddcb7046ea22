"""Expert MQM of TED talks (texts and every error) and of newstest2020/2021 (segment scores alone), as published with
Freitag et al. (TACL 2021, WMT 2021). May import `dataset`, `errors` and `io`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.named.choice import choose, choose_subset, refuse
from rewardmeter.io.textfile import read_lines

__all__ = ["SUBSETS", "error_weight", "load"]

TED = {"ted-en-de": "ref", "ted-zh-en": "refB"}
"""The reference taken by default; ``ref`` of zh-en is a poor one."""

SUBSETS: tuple[str, ...] = (
    *TED,
    *("newstest2020-en-de", "newstest2020-zh-en", "newstest2021-en-de", "newstest2021-zh-en"),
)
HUMAN = re.compile(r"ref(-?[A-Z])?|Human-[A-Z](\.\d+)?")
SPAN_MARK = re.compile(r"</?v>")
COLUMNS = ["system", "doc", "doc_id", "seg_id", "rater", "source", "target", "category", "severity"]


def error_weight(category: str, severity: str) -> float:
    """Weight of one error: major 5 (a non-translation 25), minor 1 (minor punctuation 0.1), none 0.

    Source: Freitag et al., "Experts, Errors, and Context", TACL 2021, table 4.

    Raises
    ------
    ValueError
        If the severity is unknown.
    """
    severity = severity.casefold()
    if severity == "major":
        return 25.0 if category.casefold().startswith("non-translation") else 5.0
    if severity == "minor":
        return 0.1 if category.casefold() == "fluency/punctuation" else 1.0
    if severity == "no-error":
        return 0.0
    raise ValueError(f"unknown severity '{severity}'")


def load(
    root: Path,
    *,
    subset: str | None = None,
    gold: str | None = None,
    reference: str | None = None,
    include_human: bool = False,
) -> Dataset:
    """One campaign and language pair from the set's folder.

    Parameters
    ----------
    reference:
        TED only: ``"ref"`` or ``"refB"`` (zh-en, the default there).
    include_human:
        Whether the human translations are judged like systems.

    Returns
    -------
    Dataset
        Ratings are -(sum of `error_weight`), 0 is best. TED has one rater per translation, and texts; newstest has
        means over raters, and no texts.
    """
    refuse("google-mqm", gold=gold)
    chosen = choose_subset("google-mqm", subset, SUBSETS)
    campaign, _, pair = chosen.partition("-")
    stem = f"mqm_{campaign}_{pair.replace('-', '')}"
    builder = DatasetBuilder(f"google-mqm:{chosen}")
    references: tuple[str, ...] = ()
    if chosen in TED:
        references = ("ref", "refB") if chosen == "ted-zh-en" else ("ref",)
        reference = choose("reference", reference, references, TED[chosen])
        _add_errors(builder, root / f"{stem}.tsv", reference, include_human)
    else:
        refuse(f"google-mqm:{chosen}", reference=reference)
        _add_means(builder, root / f"{stem}.avg_seg_scores.tsv", include_human)
    return builder.build(
        Origin(
            path=str(root),
            format="Google MQM",
            gold="MQM (expert)",
            notes=("Human translations are judged like systems.",)
            if include_human
            else ("Human translations are left out; include_human keeps them.",),
            alternatives={"reference": references} if references else {},
        )
    )


def _add_means(builder: DatasetBuilder, path: Path, include_human: bool) -> None:
    """Rows of system, mean score or None, and segment number."""
    for number, line in enumerate(read_lines(path)[1:], 2):
        fields = line.split()
        try:
            system, score, segment = fields
            if HUMAN.fullmatch(system) and not include_human:
                continue
            response = builder.response(builder.item(segment), system=system)
            if score != "None":
                builder.rating(response, float(score))
        except ValueError as error:
            raise InputError(f"not a system, a score and a segment ({error})", path=path, line=number) from error


def _error_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    header, *lines = [line.split("\t") for line in read_lines(path)] or [[]]
    if header[: len(COLUMNS)] != COLUMNS:
        raise InputError(f"columns {', '.join(header)}", path=path, line=1, fix=f"Due are {', '.join(COLUMNS)}.")
    for number, cells in enumerate(lines, 2):
        if len(cells) < len(COLUMNS):
            raise InputError(f"{len(cells)} cells for {len(header)} columns", path=path, line=number)
        yield number, dict(zip(COLUMNS, cells, strict=False))


def _add_errors(builder: DatasetBuilder, path: Path, reference: str, include_human: bool) -> None:
    """Rows of one error each; a translation's rating is the sum over its rows."""
    rows = list(_error_rows(path))
    texts = {row["seg_id"]: SPAN_MARK.sub("", row["target"]) for _, row in rows if row["system"] == reference}
    totals: dict[tuple[int, str], float] = {}
    for number, row in rows:
        if HUMAN.fullmatch(row["system"]) and not include_human:
            continue
        try:
            item = builder.item(
                row["seg_id"],
                prompt=SPAN_MARK.sub("", row["source"]),
                references=[texts[row["seg_id"]]] if row["seg_id"] in texts else [],
                columns={"document": row["doc"]},
            )
            response = builder.response(item, system=row["system"], text=SPAN_MARK.sub("", row["target"]))
            key = response, row["rater"]
            totals[key] = totals.get(key, 0.0) - error_weight(row["category"], row["severity"])
        except ValueError as error:
            raise InputError(str(error), path=path, line=number) from error
    for (response, rater), total in totals.items():
        builder.rating(response, total, rater=rater)
