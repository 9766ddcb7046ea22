"""Three expert ratings per segment, MQM and pSQM: WMT20 en-de and zh-en, WMT22 en-zh; no texts. May import `dataset`,
`errors` and `io`.

The ratings go back to Freitag et al., "Experts, Errors, and Context" (TACL 2021).
"""

from __future__ import annotations

from pathlib import Path

from rewardmeter.dataset import Dataset
from rewardmeter.io.mtme import Folders, read_language_pair
from rewardmeter.io.named.choice import choose_subset

__all__ = ["SUBSETS", "load"]

SUBSETS: tuple[str, ...] = ("wmt20-en-de", "wmt20-zh-en", "wmt22-en-zh")


def load(
    root: Path,
    *,
    subset: str | None = None,
    gold: str | None = None,
    reference: str | None = None,
    include_human: bool = False,
) -> Dataset:
    """One campaign and language pair from the set's folder.

    Parameters
    ----------
    gold:
        ``"mqm"`` (default; 0 is best) or, for WMT20, ``"psqm"`` (0 to 6). Raters are rating slots, not fixed persons.
    include_human:
        Whether the human translations are judged like systems.
    """
    chosen = choose_subset("mqm-raters", subset, SUBSETS)
    campaign, _, pair = chosen.partition("-")
    nowhere = root / "none"
    folders = Folders(
        sources=nowhere,
        documents=nowhere,
        references=nowhere,
        outputs=nowhere,
        human=root / "human-scores" / campaign,
        metrics=(root / "metric-scores" / campaign,),
    )
    return read_language_pair(
        folders,
        pair,
        gold=gold,
        reference=reference,
        include_human=include_human,
        name=f"mqm-raters:{chosen}",
    )
