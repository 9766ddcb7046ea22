"""JudgeBench (Tan et al. 2024, arXiv 2410.12784): pairs with objective gold, reward models and judges in two games.

May import `dataset`, `io.textfile` and the modules of `io.named`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.named.choice import choose, refuse
from rewardmeter.io.named.pairs import Pair, Verdicts, pairs_dataset
from rewardmeter.io.textfile import json_lines, plain_name

__all__ = ["SUBSETS", "load"]

RESPONSE_MODELS = {"gpt-4o": "gpt-4o-2024-05-13", "claude-3-5-sonnet": "claude-3-5-sonnet-20240620"}
SUBSETS = tuple(RESPONSE_MODELS)

CATEGORIES = {
    "mmlu-pro": "knowledge",
    "livebench-reasoning": "reasoning",
    "livebench-math": "math",
    "livecodebench": "coding",
}
DECISIONS = {"A>B": 1.0, "B>A": -1.0, "A=B": 0.0, None: math.nan}
OUTPUT_NAME = re.compile(r"judge_name=(?P<prompt>[^,]+),judge_model=(?P<model>.+)\.jsonl$")
READS = frozenset({"prompt", "response"})


class _Pair(msgspec.Struct, frozen=True, rename={"response_a": "response_A", "response_b": "response_B"}):
    pair_id: str
    source: str
    question: str
    response_a: str
    response_b: str
    label: str


class _Judgment(msgspec.Struct, frozen=True):
    scores: tuple[float, float] | None = None


class _Game(msgspec.Struct, frozen=True):
    decision: str | None
    judgment: _Judgment


class _Judged(msgspec.Struct, frozen=True):
    pair_id: str
    judgments: tuple[_Game, ...]


def load(root: Path, *, subset: str | None, gold: str | None, reference: str | None, include_human: bool) -> Dataset:
    """The pairs written by one response model, with every judge whose output lies in ``outputs/``.

    Gold is objective correctness. A reward model's scores are its values; its verdict is the decision of game 1, in
    which upstream counts equal scores as "B>A" (the rule of the published accuracies). An LLM judge has both games,
    the second turned back to the pair's own numbering. Items have the columns ``category`` (knowledge, reasoning,
    math, coding) and ``source``.
    """
    refuse("judgebench", gold=gold, reference=reference)
    response_model = RESPONSE_MODELS[choose("subset", subset, SUBSETS, SUBSETS[0])]
    prefix = f"dataset=judgebench,response_model={response_model}"
    path = root / "data" / f"{prefix}.jsonl"
    rows = [row for _, row in json_lines(path, _Pair)]
    pairs = [_pair(row, path) for row in rows]
    index = {row.pair_id: p for p, row in enumerate(rows)}
    outputs = sorted((root / "outputs").glob(f"{prefix},judge_name=*.jsonl*"))
    recorded = {name: _verdicts(output, index) for name, output in _names(outputs).items()}
    notes = [
        f"both responses of a pair were written by {response_model}",
        "reward models: verdict of game 1 only, equal scores counted as B>A as upstream does",
    ]
    origin = Origin(str(path), "JudgeBench", "objective correctness", tuple(notes))
    return pairs_dataset("judgebench", pairs, recorded, reads=READS, origin=origin)


def _pair(row: _Pair, path: Path) -> Pair:
    category = next((name for prefix, name in CATEGORIES.items() if row.source.startswith(prefix)), None)
    if category is None or row.label not in ("A>B", "B>A"):
        raise InputError(f"pair '{row.pair_id}' has source '{row.source}' and label '{row.label}'", path=path)
    return Pair(
        row.pair_id,
        row.response_a,
        row.response_b,
        float(row.label == "A>B"),
        row.question,
        {"category": category, "source": row.source},
    )


def _names(outputs: Sequence[Path]) -> dict[str, Path]:
    """Output files by short model name; models judged under several prompts have the prompt behind a bar."""
    files = {plain_name(output): output for output in outputs}
    found = [(match, path) for name, path in files.items() if (match := OUTPUT_NAME.search(name))]
    models = [match["model"].split("_", 1)[-1] for match, _ in found]
    uses = Counter(models)
    return {
        f"{model}|{match['prompt']}" if uses[model] > 1 else model: path
        for model, (match, path) in zip(models, found, strict=True)
    }


def _verdicts(path: Path, index: dict[str, int]) -> Verdicts:
    first, second, score_a, score_b = np.full((4, len(index)), np.nan)
    scored = False
    for line, row in json_lines(path, _Judged):
        p = index.get(row.pair_id)
        if p is None:
            raise InputError(f"pair '{row.pair_id}' is not in the data", path=path, line=line)
        if len(row.judgments) != 2:
            raise InputError(f"{len(row.judgments)} games where 2 are due", path=path, line=line)
        one, two = row.judgments
        first[p], second[p] = _decision(one, path, line), -_decision(two, path, line)
        if one.judgment.scores is not None:
            scored = True
            score_a[p], score_b[p] = one.judgment.scores
    if scored:
        return Verdicts(first, None, np.column_stack([score_a, score_b]))
    return Verdicts(first, second)


def _decision(game: _Game, path: Path, line: int) -> float:
    if game.decision not in DECISIONS:
        raise InputError(f"decision '{game.decision}' is not one of A>B, B>A, A=B", path=path, line=line)
    return DECISIONS[game.decision]
