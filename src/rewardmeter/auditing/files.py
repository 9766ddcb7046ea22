"""An audit as files."""

from pathlib import Path

from rewardmeter.auditing.result import Audit
from rewardmeter.report.files import json_text, write_text


def save_audit(audit: Audit, folder: Path) -> None:
    """Write audit.json."""
    write_text(folder / "audit.json", json_text(audit.to_dict()))
