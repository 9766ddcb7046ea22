"""Write the generated pages: docs/statistics.md, docs/models.md, the tables of docs/scorers.md and docs/datasets.md.

    python tools/make_docs.py [--check]

With --check nothing is written; the exit status is 1 if a page is out of date.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rewardmeter.io import named
from rewardmeter.scoring import families
from rewardmeter.stats.catalogue import CATALOGUE

DOCS = Path(__file__).resolve().parents[1] / "docs"
BEGIN, END = "<!-- generated: tools/make_docs.py -->", "<!-- end of generated part -->"


def table(headings: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def statistics_page() -> str:
    parts = [
        "# Statistics\n\nMade from the code by `tools/make_docs.py`. Ids are `level.statistic[.grouping]`; pooled where"
        " no grouping is named.\n"
    ]
    for entry in CATALOGUE.values():
        chance = "" if entry.chance != entry.chance else f" A scorer that knows nothing has {entry.chance:g}."
        parts.append(
            f"## `{entry.id}`\n\n**{entry.label}.** {entry.definition}\n\n"
            f"- Formula: {entry.formula}\n- Range: {entry.low:g} to {entry.high:g}.{chance}\n"
            f"- Assumes: {entry.assumptions}\n- Source: {entry.source}\n- Misleads: {entry.misleads}\n"
            f"- Code: `{entry.computed_by}`\n"
        )
    return "\n".join(parts)


def scorers_table() -> str:
    rows = (
        (
            f"`{family.name}{':…' if family.takes_target else ''}`",
            family.shape,
            ", ".join(family.reads),
            family.summary,
            family.extra or "–",
        )
        for family in families().values()
    )
    return table(("spec", "shape", "reads", "what it is", "extra"), rows)


def checkpoints_page() -> str:
    rows = (
        (f"`{one.spec}`", one.licence, "yes" if one.commercial else "**no**", one.note)
        for family in families().values()
        for one in family.checkpoints
    )
    return (
        "# Well-known models\n\nMade from the code by `tools/make_docs.py`; `rewardmeter scorers --checkpoints` prints"
        " the same. Each spec is the one line that loads the model. Licences are as the publishers state them, and"
        " the reader's to check before use.\n\n" + table(("spec", "licence", "commercial use", "what for"), rows) + "\n"
    )


def datasets_table() -> str:
    rows = (
        (f"`{card.name}`", card.title, card.gold, str(card.size or ""), card.licence, card.origin or "generated here")
        for card in named.cards().values()
    )
    return table(("name", "what", "gold", "size", "licence as stated", "origin"), rows)


def with_generated(page: Path, body: str) -> str:
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{body}\n{END}{after}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is out of date")
    check = parser.parse_args().check
    pages = {
        DOCS / "statistics.md": statistics_page(),
        DOCS / "models.md": checkpoints_page(),
        DOCS / "scorers.md": with_generated(DOCS / "scorers.md", scorers_table()),
        DOCS / "datasets.md": with_generated(DOCS / "datasets.md", datasets_table()),
    }
    stale = [page.name for page, text in pages.items() if not page.exists() or page.read_text("utf-8") != text]
    if check:
        print("out of date: " + ", ".join(stale) if stale else "pages are up to date")
        return bool(stale)
    for page, text in pages.items():
        page.write_text(text, encoding="utf-8")
    print("written: " + ", ".join(page.name for page in pages))
    return 0


if __name__ == "__main__":
    sys.exit(main())
