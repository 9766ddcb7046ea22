"""REALSumm (Bhandari et al., EMNLP 2020). May import `dataset`, `errors` and `io`.

24 systems x 100 CNN/DM articles; the gold is the lightweight-pyramid recall, the share of the reference's content units
that workers found in the summary.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.named.choice import refuse
from rewardmeter.io.named.sacrerouge import add_scores, metric_rows
from rewardmeter.io.textfile import json_lines

__all__ = ["SUBSETS", "load"]

SUBSETS: tuple[str, ...] = ()
METRICS = ("qaeval", "meteor", "s3", "bewte", "autosummeng")
HUMAN = "litepyramid_recall"


class _Article(msgspec.Struct):
    instance_id: str
    source: str
    reference: str
    systems: dict[str, str]


class _Scores(msgspec.Struct):
    bert_f_score: float


class _Summary(msgspec.Struct):
    scores: _Scores


class _Scored(msgspec.Struct):
    doc_id: int
    system_summaries: dict[str, _Summary]


def load(
    root: Path,
    *,
    subset: str | None = None,
    gold: str | None = None,
    reference: str | None = None,
    include_human: bool = False,
) -> Dataset:
    """The set from its folder.

    Returns
    -------
    Dataset
        One rating in [0, 1] per summary, of no single rater. Recorded names are flat: ``rouge-1_f1``; see the notes
        for ``bertscore_f1``.
    """
    refuse("realsumm", subset=subset, gold=gold, reference=reference)
    builder = DatasetBuilder("realsumm")
    responses: dict[tuple[str, str], int] = {}
    for _, article in json_lines(root / "texts.jsonl", _Article):
        item = builder.item(article.instance_id, prompt=article.source, references=[article.reference])
        for system, text in article.systems.items():
            responses[article.instance_id, system] = builder.response(item, system=system, text=text)
    for response, row in metric_rows(root / "pyramid.jsonl", responses):
        for name, value in row.flat():
            if name == HUMAN:
                builder.rating(response, value)
            else:
                builder.score(name, response, value)
    for metric in METRICS:
        add_scores(builder, root / f"{metric}.jsonl", responses)
    _add_bertscore_f1(builder, root, responses)
    return builder.build(
        Origin(
            path=str(root),
            format="REALSumm",
            gold="lightweight pyramid recall",
            notes=(
                "bertscore_f1 is, in the published file, a copy of bertscore_precision; bert_f_score is the right F1.",
                "The gold is a recall: longer summaries win.",
                "The human scores of bart_out are those of the abstractive set.",
            ),
        )
    )


def _add_bertscore_f1(builder: DatasetBuilder, root: Path, responses: dict[tuple[str, str], int]) -> None:
    """Record the right BERTScore F1; ``bart_out`` is in both files, and the abstractive one, read first, counts."""
    done: set[int] = set()
    for kind in ("abs", "ext"):
        for _, document in json_lines(root / f"scores_dict_{kind}.jsonl", _Scored):
            for file, summary in document.system_summaries.items():
                response = responses.get((str(document.doc_id), file.removesuffix(".txt")))
                if response is not None and response not in done:
                    done.add(response)
                    builder.score("bert_f_score", response, summary.scores.bert_f_score)
