"""Topical-Chat responses (USR, Mehri and Eskenazi 2020) with UniEval and GPT-3.5 as judges. May import `dataset`,
`errors` and `io`.

60 dialogues x 6 systems (two of them people), human means over 3 annotators in six dimensions. UniEval (Zhong et al.,
EMNLP 2022) scores each dimension; GPT-3.5 answered 20 times for each of 7 prompts and 4 dimensions (Chiang and Lee,
Findings of EMNLP 2023).
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.named.choice import refuse
from rewardmeter.io.textfile import decode_json, json_lines, read_bytes
from rewardmeter.types import Outcome

__all__ = ["SUBSETS", "load"]

SUBSETS: tuple[str, ...] = ()


class _Row(msgspec.Struct):
    source: str
    context: str
    system_id: str
    system_output: str
    scores: dict[str, float]
    predict_scores: dict[str, float]


class _Samples(msgspec.Struct):
    row: int
    dimension: str
    prompt: str
    scores: list[float | None]


def load(
    root: Path,
    *,
    subset: str | None = None,
    gold: str | None = None,
    reference: str | None = None,
    include_human: bool = False,
) -> Dataset:
    """The set from its folder. The two human systems are part of the published tables, so they are always in.

    Returns
    -------
    Dataset
        Aspects are the six dimensions (default overall). A prompt is the dialogue and the fact that the speaker had at
        hand. Recorded scorers are ``UniEval/DIMENSION`` and ``gpt3.5-PROMPT/DIMENSION``: the mean of the samples that
        hold a number; ``gpt3.5-PROMPT/DIMENSION|unparsed=0`` counts the others as 0, as the authors do.
    """
    refuse("topicalchat-judges", subset=subset, gold=gold, reference=reference)
    builder = DatasetBuilder("topicalchat-judges")
    path = root / "topical_chat_result.json"
    responses: list[int] = []
    dialogues: dict[tuple[str, str], str] = {}
    for row in decode_json(read_bytes(path), list[_Row], path=path):
        item_id = dialogues.setdefault((row.source, row.context), str(len(dialogues) + 1))
        prompt = f"{row.source.strip()}\n\nFact: {row.context.strip()}"
        response = builder.response(builder.item(item_id, prompt=prompt), system=row.system_id, text=row.system_output)
        responses.append(response)
        for dimension, value in row.scores.items():
            builder.rating(response, value, aspect=dimension)
        for dimension, value in row.predict_scores.items():
            builder.score(f"UniEval/{dimension}", response, value)
    unparsed = _add_samples(builder, root / "gpt3.5_topical_chat_samples.jsonl", responses)
    return builder.build(
        Origin(
            path=str(root),
            format="Topical-Chat judges",
            gold="mean of 3 annotators",
            notes=(
                "Two of the six systems are people; the published tables count them in.",
                f"{unparsed:,} of GPT-3.5's samples hold no number and are left out of its means; names ending in"
                " |unparsed=0 count them as 0, as the authors do.",
            ),
            default_aspect="overall",
        )
    )


def _add_samples(builder: DatasetBuilder, path: Path, responses: list[int]) -> int:
    """Record the judge's means; how many samples held no number."""
    unparsed = 0
    for line, row in json_lines(path, _Samples):
        if not 0 <= row.row < len(responses) or not row.scores:
            raise InputError(f"row {row.row} with {len(row.scores)} samples", path=path, line=line)
        name, response = f"gpt3.5-{row.prompt}/{row.dimension}", responses[row.row]
        parsed = [score for score in row.scores if score is not None]
        unparsed += len(row.scores) - len(parsed)
        if parsed:
            builder.score(name, response, sum(parsed) / len(parsed))
        else:
            builder.score(name, response, None, outcome=Outcome.FAILED)
        builder.score(f"{name}|unparsed=0", response, sum(parsed) / len(row.scores))
    return unparsed
