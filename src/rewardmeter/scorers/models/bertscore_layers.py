"""Which hidden layer BERTScore reads, by model: facts published by the metric's authors. Imports nothing of ours.

The layer that agreed best with the human ratings of WMT16, from the authors' table (bert-score 0.3.13, `model2layers`).
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["BEST_LAYERS", "best_layer"]

BEST_LAYERS: Mapping[str, int] = {
    "bert-base-uncased": 9,
    "bert-large-uncased": 18,
    "bert-base-multilingual-cased": 9,
    "bert-base-chinese": 8,
    "roberta-base": 10,
    "roberta-large": 17,
    "roberta-large-mnli": 19,
    "xlm-roberta-base": 9,
    "xlm-roberta-large": 17,
    "distilbert-base-uncased": 5,
    "distilbert-base-multilingual-cased": 5,
    "distilroberta-base": 5,
    "albert-base-v2": 9,
    "albert-large-v2": 14,
    "albert-xlarge-v2": 13,
    "albert-xxlarge-v2": 8,
    "scibert_scivocab_uncased": 8,
    "scibert_scivocab_cased": 9,
    "electra-small-discriminator": 11,
    "electra-base-discriminator": 9,
    "electra-large-discriminator": 14,
    "bart-base": 6,
    "bart-large": 10,
    "bart-large-cnn": 10,
    "bart-large-mnli": 11,
    "t5-small": 6,
    "t5-base": 11,
    "t5-large": 23,
    "bertweet-base": 9,
    "deberta-base": 9,
    "deberta-base-mnli": 9,
    "deberta-large": 16,
    "deberta-large-mnli": 18,
    "deberta-xlarge": 18,
    "deberta-xlarge-mnli": 40,
    "deberta-v2-xlarge": 10,
    "deberta-v2-xlarge-mnli": 17,
    "deberta-v2-xxlarge": 21,
    "deberta-v2-xxlarge-mnli": 22,
    "deberta-v3-xsmall": 10,
    "deberta-v3-small": 4,
    "deberta-v3-base": 9,
    "deberta-v3-large": 12,
    "mdeberta-v3-base": 10,
    "mpnet-base": 8,
    "longformer-base-4096": 7,
    "longformer-large-4096": 14,
    "mt5-small": 8,
    "mt5-base": 11,
    "mt5-large": 19,
    "mt5-xl": 24,
    "finbert": 10,
    "bert-base-turkish-cased": 10,
}

_PUBLISHERS = frozenset(
    {"FacebookAI", "google-bert", "distilbert", "albert", "allenai", "google", "facebook", "google-t5", "vinai"}
    | {"microsoft", "ProsusAI", "dbmdz"}
)


def best_layer(target: str) -> int | None:
    """The published layer of a hub model, None for others: a name counts with its publisher or with none."""
    publisher, _, name = target.rpartition("/")
    return BEST_LAYERS.get(name) if not publisher or publisher in _PUBLISHERS else None
