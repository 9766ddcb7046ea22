"""Probabilities of verdicts from the log-probabilities of tokens. May import `chat`.

G-Eval (Liu et al. 2023, arXiv 2303.16634, section 2): the score is the expectation of the labels under their token
probabilities. Only the labels' tokens count; their probabilities are renormalised to one. That presumes that the judge
has answered with a label, that a label is one token, and that the labels have most of the probability: where one of
these is not so, there is no expectation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping

from rewardmeter.scorers.judges.chat import Reply, Token

__all__ = ["expectation", "expected_value", "label_probabilities", "verdict_token"]

_LEAST_MASS = 0.5  # of all probability: below it the judge would rather have written something else
_MOST_AMBIGUOUS = 0.005  # of the labels' probability
_WORD = re.compile(r"""[\s"'*_`\[({]*([^\W_]+)[\s"'*_`\])}.,;!]*""")


def expected_value(
    reply: Reply, place_of: Callable[[str], int | None], values: Mapping[str, float], written: float
) -> float | None:
    """The mean value of the labels under their probabilities, where these stand for the verdict that was written.

    None without usable probabilities: see `label_probabilities`. ``values`` gives every label, in lower case, its
    value, words that mean the same the same one; ``written`` is the value that was read from the text.
    """
    token = verdict_token(reply, place_of)
    if token is None or values.get(_word(token.text)) != written:
        return None
    shares = label_probabilities(token, values)
    return None if shares is None else expectation(shares, values)


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

    None if the labels have less than half of the probability, or if tokens among them leave open which label they
    begin (1 begins 10; Y may begin Yes).
    """
    mass: dict[str, float] = {}
    for text, logprob in token.logprobs.items():
        word = _word(text)
        mass[word] = mass.get(word, 0.0) + math.exp(min(0.0, logprob))
    total = math.fsum(mass.get(label, 0.0) for label in labels)
    if total < _LEAST_MASS:
        return None
    longest = max(len(label) for label in labels if mass.get(label, 0.0) > 0)
    if math.fsum(mass[word] for word in mass if _is_open(word, labels, longest)) > _MOST_AMBIGUOUS * total:
        return None
    return {label: mass.get(label, 0.0) / total for label in labels}


def expectation(probabilities: Mapping[str, float], values: Mapping[str, float]) -> float:
    """Mean of the labels' values under their probabilities, within the range of the values."""
    mean = math.fsum(probability * values[label] for label, probability in probabilities.items())
    return min(max(values.values()), max(min(values.values()), mean))


def _word(token: str) -> str:
    """The one word of a token in lower case; empty for anything else."""
    match = _WORD.fullmatch(token)
    return match[1].casefold() if match is not None else ""


def _is_open(word: str, labels: Collection[str], longest: int) -> bool:
    """Whether a word may go on to be a label; not so a label (1) where ones as long as its sequel (10) are tokens."""
    sequels = [len(label) for label in labels if word and label != word and label.startswith(word)]
    return bool(sequels) and (word not in labels or max(sequels) > longest)
