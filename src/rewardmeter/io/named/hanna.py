"""HANNA story generation (Chhun et al., COLING 2022, TACL 2024). May import `dataset`, `errors` and `io`.

11 systems x 96 prompts, 3 raters x 6 criteria from 1 to 5, 72 automatic measures and 5 LLM judges x 4 prompts. The
stories are not part of this file.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.named.choice import refuse
from rewardmeter.io.textfile import check_columns, decode_json, read_text

__all__ = ["SUBSETS", "load"]

SUBSETS: tuple[str, ...] = ()
FILE = "hanna_metric_scores_llm.csv"
CRITERIA = {
    "RE": "Relevance",
    "CH": "Coherence",
    "EM": "Empathy",
    "SU": "Surprise",
    "EG": "Engagement",
    "CX": "Complexity",
}
RATER = re.compile(r"(?P<rater>Human \d) (?P<criterion>[A-Z]{2})")
REFERENCE_SYSTEM = "Human"


def load(
    root: Path,
    *,
    subset: str | None = None,
    gold: str | None = None,
    reference: str | None = None,
    include_human: bool = False,
) -> Dataset:
    """The set from its folder.

    Parameters
    ----------
    include_human:
        Whether the human stories are judged like systems. They are the reference, so metrics are perfect there.

    Returns
    -------
    Dataset
        Aspects are the six criteria (default Relevance), raters ``Human 1`` to ``Human 3``. Recorded scorers carry the
        names of the data; LLM judges one per criterion and prompt (``ChatGPT RE 1``).
    """
    refuse("hanna", subset=subset, gold=gold, reference=reference)
    path = root / FILE
    header, *rows = _table(path)
    builder = DatasetBuilder("hanna")
    for row in rows:
        if row[0] != REFERENCE_SYSTEM or include_human:
            _add_system(builder, row[0], dict(zip(header[1:], row[1:], strict=True)), path)
    human = (
        "The human stories are judged like systems; they are the reference, so metrics are perfect there."
        if include_human
        else "The human stories, which are the reference, are left out; include_human keeps them."
    )
    return builder.build(
        Origin(
            path=str(root),
            format="HANNA",
            gold="3 raters, 1 to 5",
            notes=(
                human,
                "BaryScore-* and InfoLM-* are distances, small is good; they are as the data has them.",
                "Raters agree little, on Coherence less than by chance.",
            ),
            default_aspect="Relevance",
        )
    )


def _table(path: Path) -> list[list[str]]:
    try:
        rows = list(csv.reader(io.StringIO(read_text(path), newline=""), strict=True))
    except csv.Error as error:
        raise InputError(f"not the CSV that is due here ({error})", path=path) from error
    check_columns(rows[0] if rows else (), ("Model", *CRITERIA.values()), path)
    for row in rows:
        if len(row) != len(rows[0]):
            raise InputError(f"row '{row[0]}' has {len(row)} cells for {len(rows[0])} columns", path=path)
    return rows


def _add_system(builder: DatasetBuilder, system: str, cells: dict[str, str], path: Path) -> None:
    """Add one system's row, whose cells are lists with one number per prompt.

    The criteria themselves (means over raters) and ``Human Avg k`` (means of two raters) follow from the raters.
    """
    responses: list[int] = []
    for column, cell in cells.items():
        numbers = decode_json(cell, list[float], path=path)
        if not responses:
            items = [builder.item(str(prompt)) for prompt in range(1, len(numbers) + 1)]
            responses = [builder.response(item, system=system) for item in items]
        if len(numbers) != len(responses):
            raise InputError(f"system '{system}': {len(numbers)} numbers", path=path, column=column)
        rater = RATER.fullmatch(column)
        if rater:
            for response, number in zip(responses, numbers, strict=True):
                builder.rating(response, number, rater=rater["rater"], aspect=CRITERIA[rater["criterion"]])
        elif column not in CRITERIA.values() and not column.startswith("Human Avg "):
            for response, number in zip(responses, numbers, strict=True):
                builder.score(column, response, number)
