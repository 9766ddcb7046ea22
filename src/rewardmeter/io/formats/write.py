"""Datasets as files that others read, and that `io.formats` reads back. May import `types`, `dataset`, `errors`.

JSON lines, CSV, TSV or Parquet by suffix, gzipped if it ends in ``.gz``. What the format cannot hold is left out, and
every writer returns one sentence for each such thing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from rewardmeter.dataset import Dataset, Preferences, Recorded
from rewardmeter.errors import InputError
from rewardmeter.io.formats.cells import written_prompt
from rewardmeter.io.formats.columns import Vocabulary, plan_columns
from rewardmeter.io.formats.items import spell_numbers
from rewardmeter.io.formats.pairwise import PAIRWISE
from rewardmeter.io.formats.preferences import vocabulary_of
from rewardmeter.io.formats.ratings import RATINGS
from rewardmeter.io.formats.write_rows import suffix_of, write_rows
from rewardmeter.types import FloatArray, Outcome

__all__ = ["write_pairwise", "write_preferences", "write_ratings"]

_WORDS = {1.0: "a", 0.0: "b", 0.5: "tie"}
_VERDICTS = {1.0: "a", -1.0: "b", 0.0: "tie"}
Record = dict[str, Any]


def write_ratings(dataset: Dataset, path: str | Path) -> tuple[str, ...]:
    """Write a ratings table: one row per response and rater, responses without ratings included.

    The default aspect's column comes before the other aspects', so that it is the default one again when read back.

    Returns
    -------
    One sentence for each thing that a ratings table cannot hold.

    Raises
    ------
    InputError
        If a slice column is called like a column of the format, a rater rated a response twice on one aspect, or the
        container cannot hold a text.
    """
    ratings = dataset.ratings
    aspects = ratings.aspects if ratings is not None else ()
    names = ["rating" if aspect == "overall" else f"rating.{aspect}" for aspect in aspects]
    default = dataset.origin.default_aspect
    scored = {name: r.values for name, r in dataset.recorded.items() if r.values is not None}
    columns = [
        *_item_columns(dataset),
        *_if(bool(dataset.systems), "system"),
        *_if(any(text is not None for text in dataset.response_text), "response"),
        *_if(ratings is not None and bool(ratings.raters), "rater"),
        # a table says which aspect is the default one by its order alone
        *(name for _, name in sorted(zip(aspects, names, strict=True), key=lambda pair: pair[0] != default)),
        *dataset.columns,
        *(f"score.{name}" for name in scored),
    ]
    _check_names(columns, dataset, RATINGS, path)

    def rows() -> Iterator[Record]:
        rated = _rated(dataset, names)
        for response in range(dataset.n_responses):
            record = {
                **_item_cells(dataset, int(dataset.response_item[response])),
                "system": dataset.system_of(response),
                "response": dataset.response_text[response],
            }
            record.update({f"score.{name}": _finite(values[response]) for name, values in scored.items()})
            for cells in rated(response):
                yield {**record, **cells}

    write_rows(rows(), columns, path)
    return (*_without_responses(dataset), *_left_out_of_ratings(dataset), *_respelled(dataset, path))


def _rated(dataset: Dataset, names: Sequence[str]) -> Callable[[int], Iterator[Record]]:
    """A function that gives the rating cells of a response, rater by rater; one empty record where nobody rated."""
    ratings = dataset.ratings
    if ratings is None:
        return lambda response: iter([{}])
    order = np.lexsort((ratings.aspect, ratings.rater, ratings.response))
    starts = np.searchsorted(ratings.response[order], np.arange(dataset.n_responses + 1)).tolist()
    rater, aspect, value = (column[order].tolist() for column in (ratings.rater, ratings.aspect, ratings.value))

    def rated(response: int) -> Iterator[Record]:
        start, stop = starts[response], starts[response + 1]
        if start == stop:
            yield {}
        for who, rows in groupby(range(start, stop), key=rater.__getitem__):
            cells: Record = {"rater": ratings.raters[who] if who >= 0 else None}
            for row in rows:
                if names[aspect[row]] in cells:
                    raise InputError(
                        f"{cells['rater'] or 'a nameless rater'} rated response {response} twice on one aspect",
                        fix="Give every rater a name, and one rating per response and aspect.",
                    )
                cells[names[aspect[row]]] = value[row]
            yield cells

    return rated


def _left_out_of_ratings(dataset: Dataset) -> Iterator[str]:
    if dataset.preferences is not None:
        yield f"{len(dataset.preferences):,} preferences are not in a ratings table."
    if dataset.best_of_k is not None:
        yield f"{len(dataset.best_of_k):,} best-of-k groups are not in a ratings table."
    default = dataset.origin.default_aspect
    if dataset.ratings is not None and default != "overall" and {default, "overall"} <= set(dataset.ratings.aspects):
        yield f"A ratings table cannot say that '{default}' is the default aspect: with 'overall' beside it, that is."
    if dataset.ratings is not None and dataset.ratings.system_values:
        yield "The published human system scores are not in a ratings table."
    yield from _left_out_of_recorded(dataset, pairs=False)


def _left_out_of_recorded(dataset: Dataset, *, pairs: bool) -> Iterator[str]:
    systems = [name for name, recorded in dataset.recorded.items() if recorded.system_values]
    if systems:
        yield f"The system-level scores of {_listed(systems)} are left out."
    judges = [name for name, recorded in dataset.recorded.items() if recorded.first is not None]
    if judges and not pairs:
        yield f"The verdicts of {_listed(judges)} are left out."
    failed = 0
    for recorded in dataset.recorded.values():
        if recorded.outcomes is not None:
            failed += int(np.isin(recorded.outcomes, (Outcome.TIE, Outcome.ABSTAINED, Outcome.FAILED)).sum())
    if failed:
        yield f"{failed:,} recorded scores are ties, abstentions or failures; the table has only values and gaps."


def write_preferences(dataset: Dataset, path: str | Path) -> tuple[str, ...]:
    """Write preference rows as TRL and RewardBench read them: ``prompt``, ``chosen``, ``rejected``.

    Best-of-k groups become rows with lists. Otherwise every decided preference becomes a row; a chat prompt makes its
    responses messages too. Ties and probabilities have no place in such rows: `write_pairwise` keeps them.

    Returns
    -------
    One sentence for each thing that preference rows cannot hold.

    Raises
    ------
    InputError
        If there is no preference to write, a response has no text, or a slice column is called like a column of the
        format.
    """
    if dataset.best_of_k is None and dataset.preferences is None:
        raise InputError("the dataset has no preferences", fix="Turn its ratings into preferences first.")
    groups = _groups(dataset)
    lists = any(len(chosen) + len(rejected) > 2 for chosen, rejected, _ in groups)
    scored = {name: r.values for name, r in dataset.recorded.items() if r.values is not None}
    raters = any(rater is not None for *_, rater in groups)
    columns = [
        *("id" if name == "item" else name for name in _item_columns(dataset)),
        *("chosen", "rejected"),
        *_if(bool(dataset.systems), "chosen_model", "rejected_model"),
        *_if(lists, "num_correct"),
        *_if(raters, "rater"),
        *dataset.columns,
        *(f"{side}_score.{name}" for name in scored for side in ("chosen", "rejected")),
    ]
    _check_names(columns, dataset, vocabulary_of(columns), path)

    def rows() -> Iterator[Record]:
        for chosen, rejected, rater in groups:
            record = _item_cells(dataset, int(dataset.response_item[chosen[0]]))
            record["id"] = record.pop("item")
            record.update(_preference_cells(dataset, chosen, rejected, scored, lists=lists))
            yield {**record, "rater": rater}

    write_rows(rows(), columns, path)
    return (*_left_out_of_preferences(dataset, groups), *_respelled(dataset, path))


Group = tuple[list[int], list[int], str | None]


def _groups(dataset: Dataset) -> list[Group]:
    """Chosen and rejected responses of each row to write, and who judged."""
    best = dataset.best_of_k
    if best is not None:
        parts = [(best.response[a:b], best.best[a:b]) for a, b in zip(best.offsets, best.offsets[1:], strict=False)]
        return [(responses[marks].tolist(), responses[~marks].tolist(), None) for responses, marks in parts]
    pairs = dataset.preferences
    if pairs is None:
        return []
    groups: list[Group] = []
    for a, b, p, rater in zip(
        pairs.a.tolist(), pairs.b.tolist(), pairs.probability.tolist(), pairs.rater.tolist(), strict=True
    ):
        if p in (0.0, 1.0):
            who = pairs.raters[rater] if rater >= 0 else None
            groups.append(([a], [b], who) if p == 1.0 else ([b], [a], who))
    return groups


def _preference_cells(
    dataset: Dataset, chosen: list[int], rejected: list[int], scored: dict[str, FloatArray], *, lists: bool
) -> Record:
    chat = dataset.prompts and not isinstance(dataset.prompts[int(dataset.response_item[chosen[0]])], str | None)
    record: Record = {"num_correct": len(chosen)} if lists else {}
    for side, responses in (("chosen", chosen), ("rejected", rejected)):
        texts = [dataset.response_text[response] for response in responses]
        if None in texts:
            raise InputError("a preference row needs the texts of its responses", fix="Write a pairwise table instead.")
        systems = [dataset.system_of(response) for response in responses]
        record[side] = texts if lists else [{"role": "assistant", "content": texts[0]}] if chat else texts[0]
        record[f"{side}_model"] = systems if lists and any(systems) else systems[0] if not lists else None
        for name, values in scored.items():
            found = [_finite(values[response]) for response in responses]
            record[f"{side}_score.{name}"] = found if lists else found[0]
    return record


def _left_out_of_preferences(dataset: Dataset, groups: Sequence[Group]) -> Iterator[str]:
    pairs = dataset.preferences
    if dataset.best_of_k is not None and pairs is not None:
        implied = {(a, b) for chosen, rejected, _ in groups for a in chosen for b in rejected}
        stated = zip(pairs.a.tolist(), pairs.b.tolist(), pairs.probability.tolist(), strict=True)
        lost = sum((a, b) not in implied if p == 1 else (b, a) not in implied or p != 0 for a, b, p in stated)
        if lost:
            yield f"{lost:,} preferences that do not follow from the groups are left out."
    elif pairs is not None and len(groups) < len(pairs):
        yield f"{len(pairs) - len(groups):,} ties and undecided preferences are left out."
    used = {response for chosen, rejected, _ in groups for response in (*chosen, *rejected)}
    if len(used) < dataset.n_responses:
        yield f"{dataset.n_responses - len(used):,} responses are in no preference and are left out."
    if dataset.ratings is not None:
        yield f"{len(dataset.ratings):,} ratings are not in preference rows."
    yield from _left_out_of_recorded(dataset, pairs=False)


def write_pairwise(dataset: Dataset, path: str | Path) -> tuple[str, ...]:
    """Write a pairwise table: every preference with its rater, ties, and the verdicts of recorded judges.

    Returns
    -------
    One sentence for each thing that a pairwise table cannot hold.

    Raises
    ------
    InputError
        If there is no preference to write, or a slice column is called like a column of the format.
    """
    pairs = dataset.preferences
    if pairs is None:
        raise InputError("the dataset has no preferences", fix="Turn its ratings into preferences first.")
    spelled = _spelled(pairs)
    scored = {name: r.values for name, r in dataset.recorded.items() if r.values is not None}
    judges = {name: r for name, r in dataset.recorded.items() if r.first is not None}
    columns = [
        *_item_columns(dataset),
        *_if(any(text is not None for text in dataset.response_text), "response_a", "response_b"),
        *_if(bool(dataset.systems), "system_a", "system_b"),
        "preference",
        *_if(bool(pairs.raters), "rater"),
        *dataset.columns,
        *(f"verdict.{name}" for name in judges),
        *(f"verdict_swapped.{name}" for name, judge in judges.items() if judge.second is not None),
        *(f"score_{side}.{name}" for name in scored for side in "ab"),
    ]
    _check_names(columns, dataset, PAIRWISE, path)

    def rows() -> Iterator[Record]:
        for row, (a, b) in enumerate(zip(pairs.a.tolist(), pairs.b.tolist(), strict=True)):
            rater = int(pairs.rater[row])
            record = _item_cells(dataset, int(dataset.response_item[a]))
            record.update(preference=spelled[row], rater=pairs.raters[rater] if rater >= 0 else None)
            for side, response in (("a", a), ("b", b)):
                record[f"response_{side}"] = dataset.response_text[response]
                record[f"system_{side}"] = dataset.system_of(response)
                record.update({f"score_{side}.{name}": _finite(v[response]) for name, v in scored.items()})
            yield {**record, **_verdict_cells(judges, row)}

    write_rows(rows(), columns, path)
    return (*_left_out_of_pairwise(dataset, pairs), *_respelled(dataset, path))


def _spelled(pairs: Preferences) -> list[str] | list[float]:
    values: list[float] = pairs.probability.tolist()
    if all(value in _WORDS for value in values):
        return [_WORDS[value] for value in values]
    return values


def _verdict_cells(judges: dict[str, Recorded], row: int) -> Record:
    record: Record = {}
    for name, judge in judges.items():
        swapped = judge.asked if judge.asked_second is None else judge.asked_second
        games = (("verdict", judge.first, judge.asked), ("verdict_swapped", judge.second, swapped))
        for kind, verdicts, asked in games:
            if verdicts is not None:
                unread = "none" if asked is not None and asked[row] else None
                record[f"{kind}.{name}"] = _VERDICTS.get(float(verdicts[row]), unread)
    return record


def _left_out_of_pairwise(dataset: Dataset, pairs: Preferences) -> Iterator[str]:
    used = np.unique(np.concatenate([pairs.a, pairs.b]))
    if len(used) < dataset.n_responses:
        yield f"{dataset.n_responses - len(used):,} responses are in no preference and are left out."
    if dataset.ratings is not None:
        yield f"{len(dataset.ratings):,} ratings are not in a pairwise table."
    if dataset.best_of_k is not None:
        yield f"{len(dataset.best_of_k):,} best-of-k groups are not in a pairwise table."
    yield from _left_out_of_recorded(dataset, pairs=True)


def _item_cells(dataset: Dataset, item: int) -> Record:
    return {
        "item": dataset.item_ids[item],
        "prompt": written_prompt(dataset.prompts[item]) if dataset.prompts else None,
        "references": list(dataset.references[item]) if dataset.references else None,
        **{name: _plain(values[item]) for name, values in dataset.columns.items() if len(values)},
    }


def _item_columns(dataset: Dataset) -> list[str]:
    prompts, references = any(dataset.prompts), any(dataset.references)
    return ["item", *_if(prompts, "prompt"), *_if(references, "references")]


def _if(there: bool, *names: str) -> tuple[str, ...]:
    return names if there else ()


def _plain(value: Any) -> Any:
    """A slice value as Python and JSON know it."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _respelled(dataset: Dataset, path: str | Path) -> Iterator[str]:
    """What CSV, whose cells are all texts, gives back in another kind."""
    if suffix_of(path) not in (".csv", ".tsv"):
        return
    for name, values in dataset.columns.items():
        found = [value for value in map(_plain, values) if value is not None and value != ""]
        texts = [value for value in found if isinstance(value, str)]
        if texts and len(texts) == len(found) and spell_numbers(texts):
            yield f"Column '{name}' holds texts that spell numbers: it is read back as numbers."
        elif texts and len(texts) < len(found):
            yield f"Column '{name}' holds texts and numbers: it is read back as texts."


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _check_names(columns: Sequence[str], dataset: Dataset, vocabulary: Vocabulary, path: str | Path) -> None:
    """Every slice column must be read back as one."""
    plain = plan_columns(list(dataset.columns), {}, vocabulary).others
    for name in dataset.columns:
        if name not in plain or not name.strip() or columns.count(name) > 1:
            problem = f"a slice column '{name}' would be read back as something else"
            raise InputError(problem, path=path, column=name, fix="Rename it.")


def _without_responses(dataset: Dataset) -> Iterator[str]:
    missing = dataset.n_items - len(np.unique(dataset.response_item))
    if missing:
        yield f"{missing:,} items without responses are left out."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
