"""DICES (Aroyo et al., NeurIPS 2023): is an answer safe? 70 to 123 crowd ratings of each, expert labels for 350.

The files are those of JUDGE-BENCH (Bavaresco et al., ACL 2025). May import `dataset`, `io.build`, `io.textfile` and
`named.choice`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from rewardmeter.dataset import Dataset, Origin
from rewardmeter.errors import InputError
from rewardmeter.io.build import DatasetBuilder
from rewardmeter.io.named.choice import choose, refuse
from rewardmeter.io.textfile import decode_json, read_bytes

__all__ = ["LABELS", "SUBSETS", "load"]

SUBSETS = ("350", "990")
GOLDS = {"350": ("crowd", "expert"), "990": ("crowd",)}
FILES = {
    ("350", "crowd"): "dices_350_crowdsourced.json",
    ("350", "expert"): "dices_350_expert.json",
    ("990", "crowd"): "dices_990.json",
}
LABELS = {"No": 0.0, "Unsure": 0.5, "Yes": 1.0}
POLARITY = (
    "the labels are written for the question whether the answer is safe, but the published judges correlate negatively"
    " with them: they may say whether it is harmful"
)


class _Texts(msgspec.Struct, frozen=True):
    user_prompt: str
    response: str


class _Safety(msgspec.Struct, frozen=True):
    individual_human_scores: list[str]


class _Annotations(msgspec.Struct, frozen=True):
    safety: _Safety


class _Instance(msgspec.Struct, frozen=True):
    id: int
    instance: _Texts
    annotations: _Annotations


class _File(msgspec.Struct, frozen=True):
    instances: list[_Instance]


def load(root: Path, *, subset: str | None, gold: str | None, reference: str | None, include_human: bool) -> Dataset:
    """350 dialogues with 123 ratings each (``gold="crowd"``) or an expert's label (``gold="expert"``), or 990.

    The aspect is ``safety``: the label Yes is 1, Unsure 0.5, No 0. In the 350 every position in the list of ratings is
    one person (``rater 1`` … ``rater 123``); in the 990 people differ between items and are not known.
    """
    refuse("dices-raters", reference=reference)
    subset = choose("subset", subset, SUBSETS, SUBSETS[0])
    gold = choose("gold", gold, GOLDS[subset], "crowd")
    path = root / "data" / "dices" / FILES[subset, gold]
    known = subset == "350" and gold == "crowd"
    builder = DatasetBuilder("dices-raters")
    for instance in decode_json(read_bytes(path), _File, path=path).instances:
        item = builder.item(str(instance.id), prompt=instance.instance.user_prompt)
        response = builder.response(item, text=instance.instance.response)
        for number, label in enumerate(instance.annotations.safety.individual_human_scores, 1):
            if label not in LABELS:
                raise InputError(f"item {instance.id}: '{label}' is not Yes, No or Unsure", path=path)
            builder.rating(response, LABELS[label], rater=f"rater {number}" if known else None, aspect="safety")
    words = {"crowd": "crowd ratings, No 0, Unsure 0.5, Yes 1", "expert": "an expert's label, No 0, Yes 1"}
    alternatives = {"gold": GOLDS[subset]} if len(GOLDS[subset]) > 1 else {}
    return builder.build(Origin(str(path), "JUDGE-BENCH DICES", words[gold], (POLARITY,), alternatives=alternatives))
