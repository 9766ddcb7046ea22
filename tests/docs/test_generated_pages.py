"""The generated pages say what the code says."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_generated_pages_are_up_to_date():
    done = subprocess.run([sys.executable, ROOT / "tools" / "make_docs.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_examples_are_those_of_the_tool(tmp_path):
    kept = (path for path in (ROOT / "examples").iterdir() if path.suffix in (".csv", ".jsonl"))
    before = {path.name: path.read_bytes() for path in kept}
    folder = tmp_path / "examples"
    folder.mkdir()
    tool = (
        (ROOT / "tools" / "make_examples.py")
        .read_text()
        .replace('Path(__file__).resolve().parents[1] / "examples"', f"Path({str(folder)!r})")
    )
    done = subprocess.run([sys.executable, "-c", tool], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
