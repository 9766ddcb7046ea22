"""RMB (Zhou et al., ICLR 2025, arXiv 2410.09893): preference pairs and best-of-n lists over real user prompts.

May import `dataset`, `types`, `io.build`, `io.textfile` and the modules of `io.named`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.named.choice import choose, refuse
from rewardmeter.io.named.pairs import Pair, SampleItems, Verdicts, pairs_dataset
from rewardmeter.io.named.placing import placed
from rewardmeter.io.textfile import decode_json, plain_name, read_bytes
from rewardmeter.types import Message, Prompt

__all__ = ["SUBSETS", "load"]

PARTS = {
    "pairwise": "Pairwise_set",
    "helpfulness": "Pairwise_set/Helpfulness",
    "harmlessness": "Pairwise_set/Harmlessness",
    "bon": "BoN_set",
    "bon-helpfulness": "BoN_set/Helpfulness",
    "bon-harmlessness": "BoN_set/Harmlessness",
}
ARMORM = "armorm-idea-development"
SUBSETS = (*PARTS, ARMORM)
GOLD = "scores of LLM judges with human checks"
READS = frozenset({"prompt", "response"})


class _Turn(msgspec.Struct, frozen=True):
    role: str
    content: str


class _Answer(msgspec.Struct, frozen=True):
    llm_name: str
    answer: str


class _Row(msgspec.Struct, frozen=True):
    """A pair (``chosen``, ``reject``) or a list (``bon_best``, ``loser_list``)."""

    conversation_input: tuple[_Turn, ...]
    category_path: str
    pair_uid: str | None = None
    chosen: _Answer | None = None
    reject: _Answer | None = None
    bon_uid: str | None = None
    bon_best: _Answer | None = None
    loser_list: tuple[_Answer, ...] = ()


class _ArmoRM(msgspec.Struct, frozen=True):
    pair_uid: str
    chosen_reward: float
    reject_reward: float


def load(root: Path, *, subset: str | None, gold: str | None, reference: str | None, include_human: bool) -> Dataset:
    """Pairs (``pairwise``, ``helpfulness``, ``harmlessness``) or best-of-n lists (``bon``, ``bon-…``).

    An item is one conversation of one category with all answers that were compared, each known by the model that
    wrote it; the chosen answer is ``a``. Items have the columns ``goal``, ``task`` and ``subtask``. The subset
    ``armorm-idea-development`` holds ArmoRM's rewards for the pairs of a file that is not on
    the card: no texts, one item per pair.
    """
    refuse("rmb", gold=gold, reference=reference)
    subset = choose("subset", subset, SUBSETS, SUBSETS[0])
    if subset == ARMORM:
        return _armorm(root)
    folder = root / "RMB_dataset" / PARTS[subset]
    builder, items = DatasetBuilder("rmb"), SampleItems()
    for path, row in _rows(folder):
        with placed(path):
            _add(builder, items, row)
    notes = []
    if items.split:
        notes.append(f"conversations that are several items, as one model has different answers to them: {items.split}")
    return builder.build(Origin(str(folder), "RMB", GOLD, tuple(notes)))


def _rows(folder: Path) -> Iterator[tuple[Path, _Row]]:
    files = {str(path.with_name(plain_name(path))): path for path in folder.rglob("*.json*")}
    if not files:
        raise InputError("no file of RMB is there", path=folder, fix="Fetch the data again.")
    for _, path in sorted(files.items()):
        for row in decode_json(read_bytes(path), list[_Row], path=path):
            yield path, row


def _add(builder: DatasetBuilder, items: SampleItems, row: _Row) -> None:
    best = row.chosen or row.bon_best
    others = row.loser_list if row.reject is None else (row.reject,)
    row_id = row.pair_uid or row.bon_uid
    if best is None or not others or row_id is None:
        raise InputError(f"row '{row_id}' lacks its id, its chosen or its rejected answer")
    answers = (best, *others)
    texts = {answer.llm_name: answer.answer for answer in answers}
    if len(texts) < len(answers):
        raise InputError(f"row '{row_id}' holds two answers of one model")
    item_id = items.id_of((row.category_path, row.conversation_input), row_id, texts)
    item = builder.item(item_id, prompt=_prompt(row.conversation_input), columns=_columns(row.category_path))
    indices = [builder.response(item, system=system, text=text) for system, text in texts.items()]
    if row.chosen is not None:
        builder.preference(indices[0], indices[1], 1.0)
    else:
        builder.best_of_k(indices, [True] + [False] * len(others))


def _prompt(turns: Sequence[_Turn]) -> Prompt:
    """A single user turn as plain text, anything longer as a chat."""
    if len(turns) == 1 and turns[0].role == "user":
        return turns[0].content
    return tuple(Message(turn.role, turn.content) for turn in turns)


def _columns(category: str) -> dict[str, str | float | None]:
    """``Pairwise_set/Helpfulness/Chat/Discussion`` as goal, task and subtask; harmlessness has no subtasks."""
    parts = category.split("/")[1:]
    if not 2 <= len(parts) <= 3:
        raise InputError(f"category path '{category}' has not three or four parts")
    return {"goal": parts[0], "task": parts[1], "subtask": parts[2] if len(parts) == 3 else None}


def _armorm(root: Path) -> Dataset:
    path = root / "eval" / "result" / "ArmoRM-Llama3-8B-v0.1_result.json"
    rows = decode_json(read_bytes(path), list[_ArmoRM], path=path)
    pairs = [Pair(row.pair_uid, None, None, 1.0) for row in rows]
    scores = np.array([(row.chosen_reward, row.reject_reward) for row in rows], dtype=np.float64)
    note = "pairs of one prompt cannot be told here, so that intervals take the pairs as independent"
    origin = Origin(str(path), "RMB result file", GOLD, (note,))
    return pairs_dataset("rmb", pairs, {"ArmoRM": Verdicts(scores=scores)}, reads=READS, origin=origin)
