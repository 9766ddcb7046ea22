"""Rules of one's own as scorers: ``--scorer examples.my_rules:copies_numbers``."""

import re

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def copies_numbers(prompt: str, response: str) -> float | None:
    """Share of the prompt's numbers that the response repeats; abstains where the prompt has none."""
    wanted = set(_NUMBER.findall(prompt))
    if not wanted:
        return None
    return len(wanted & set(_NUMBER.findall(response))) / len(wanted)
