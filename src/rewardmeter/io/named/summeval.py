"""SummEval (Fabbri et al., TACL 2021) with the metric scores of Deutsch et al. (TACL 2021). May import `dataset`,
`errors` and `io`.

16 systems x 100 CNN/DM articles; 3 experts or 5 crowd workers rate coherence, consistency, fluency and relevance from
1 to 5. The recorded metrics saw the one original reference.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.named.choice import choose, refuse
from rewardmeter.io.named.sacrerouge import MetricRow, add_scores, metric_rows
from rewardmeter.io.textfile import json_lines

__all__ = ["SUBSETS", "load"]

SUBSETS: tuple[str, ...] = ()
GOLDS = {"expert": "3 experts, 1 to 5", "turker": "5 crowd workers, 1 to 5"}
REFERENCES = ("original", "all")
HUMAN = "relevance.jsonl"
METRICS = ("rouge", "bertscore", "moverscore", "qaeval", "meteor", "s3", "bewte", "autosummeng")


class _Article(msgspec.Struct):
    instance_id: str
    source: str
    original_reference: str
    references: list[str]
    systems: dict[str, str]


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
    gold:
        ``"expert"`` (default) or ``"turker"``: raters ``expert-1`` ... are places in a list, not fixed persons.
    reference:
        ``"original"`` (default), which the recorded metrics used, or ``"all"`` eleven.

    Returns
    -------
    Dataset
        Aspects coherence, consistency, fluency, relevance (default). Recorded names are flat: ``rouge-1_f1``.
    """
    refuse("summeval", subset=subset)
    gold = choose("gold", gold, GOLDS, "expert")
    reference = choose("reference", reference, REFERENCES, "original")
    builder = DatasetBuilder("summeval")
    responses: dict[tuple[str, str], int] = {}
    for _, article in json_lines(root / "texts.jsonl", _Article):
        references = article.references if reference == "all" else [article.original_reference]
        item = builder.item(
            article.instance_id,
            prompt=article.source,
            references=references,
            columns={"newspaper": article.instance_id.partition("-")[0]},
        )
        for system, text in article.systems.items():
            responses[article.instance_id, system] = builder.response(item, system=system, text=text)
    for response, row in metric_rows(root / HUMAN, responses):
        for aspect, ratings in _ratings(row, gold, root / HUMAN).items():
            for place, value in enumerate(ratings, 1):
                builder.rating(response, value, rater=f"{gold}-{place}", aspect=aspect)
    for metric in METRICS:
        add_scores(builder, root / f"{metric}.jsonl", responses)
    return builder.build(
        Origin(
            path=str(root),
            format="SummEval",
            gold=GOLDS[gold],
            notes=(
                f"Raters {gold}-1, {gold}-2, ... are places in the published lists, not fixed persons.",
                f"References: {reference}; the recorded metrics used the original one alone.",
            ),
            alternatives={"gold": tuple(GOLDS), "reference": REFERENCES},
            default_aspect="relevance",
        )
    )


def _ratings(row: MetricRow, gold: str, path: Path) -> dict[str, list[float]]:
    """Ratings of one summary by aspect."""
    try:
        return msgspec.convert(row.metrics.get(gold), dict[str, list[float]])
    except msgspec.ValidationError as error:
        where = f"the summary of {row.instance_id} by {row.summarizer_id}"
        raise InputError(f"{where} has no lists of ratings ({error})", path=path, column=gold) from error
