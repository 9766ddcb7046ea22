"""board.json and board.csv: records as text, and `write_text` to put it down. May import `files`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from rewardmeter.files import write_text

__all__ = ["csv_text", "json_text", "write_text"]


def json_text(record: Mapping[str, Any]) -> str:
    """The record as indented JSON; a NaN or infinity is a bug and raises ValueError."""
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV with a header; None is an empty cell."""
    buffer = io.StringIO()
    if rows:
        writer = csv.DictWriter(buffer, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return buffer.getvalue()
