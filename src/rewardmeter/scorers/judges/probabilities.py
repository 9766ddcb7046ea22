"""Probabilities of verdicts from the log-probabilities of tokens. May import `chat`.

G-Eval (Liu et al. 2023, arXiv 2303.16634, section 2): the score is the expectation of the labels under their token
probabilities. Only the labels' tokens count; their probabilities are renormalised to one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping

from rewardmeter.scorers.judges.chat import Reply, Token

__all__ = ["expectation", "label_probabilities", "verdict_token"]

_MOST_AMBIGUOUS = 0.005
_WORD = re.compile(r"\s*[\"'*_`\[(]*\s*([^\W_]+)")


def verdict_token(reply: Reply, place_of: Callable[[str], int | None]) -> Token | None:
    """The token with which the verdict begins; ``place_of`` finds the verdict in a text.

    The tokens are joined first: what they spell may differ from the message's text (a template's white space).
    """
    if reply.tokens is None:
        return None
    place = place_of("".join(token.text for token in reply.tokens))
    if place is None:
        return None
    end = 0
    for token in reply.tokens:
        end += len(token.text)
        if end > place:
            return token
    return None


def label_probabilities(token: Token, labels: Collection[str]) -> dict[str, float] | None:
    """Label to probability, summing to one, from the alternatives at one token; labels in lower case.

    None if no label is among them, or if a label may be the beginning of another (1 and 10) and the tokens leave open
    which of the two is meant.
    """
    mass = dict.fromkeys(labels, 0.0)
    for text, logprob in token.logprobs.items():
        match = _WORD.match(text)
        if match is not None and match[1].lower() in mass:
            mass[match[1].lower()] += math.exp(min(0.0, logprob))
    total = sum(mass.values())
    if total <= 0:
        return None
    whole = any(mass[label] > 0 and _is_longer(label, labels) for label in labels)
    open_mass = sum(mass[label] for label in labels if _is_beginning(label, labels))
    if not whole and open_mass > _MOST_AMBIGUOUS * total:
        return None
    return {label: share / total for label, share in mass.items()}


def expectation(probabilities: Mapping[str, float], values: Mapping[str, float]) -> float:
    """Mean of the labels' values under their probabilities, within the range of the values."""
    mean = math.fsum(probability * values[label] for label, probability in probabilities.items())
    return min(max(values.values()), max(min(values.values()), mean))


def _is_beginning(label: str, labels: Collection[str]) -> bool:
    return any(other != label and other.startswith(label) for other in labels)


def _is_longer(label: str, labels: Collection[str]) -> bool:
    return any(other != label and label.startswith(other) for other in labels)
