"""Every command and every line of Python in the README and the docs runs as it stands."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language):
    return [
        pytest.param(block, id=f"{page.name}-{number}")
        for page in PAGES
        for number, block in enumerate(re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL))
    ]


@pytest.fixture
def workplace(tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


def run(arguments, workplace):
    environment = {**os.environ, "REWARDMETER_STORE": str(workplace / "store.sqlite")}
    return subprocess.run(arguments, cwd=workplace, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("block", blocks("console"))
def test_commands_run(block, workplace):
    for line in block.strip().splitlines():
        words = shlex.split(line)
        assert words[0] == "rewardmeter"
        done = run([sys.executable, "-m", "rewardmeter", *words[1:]], workplace)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() or "--out" in words


@pytest.mark.parametrize("block", blocks("python"))
def test_python_runs(block, workplace):
    done = run([sys.executable, "-c", block], workplace)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("script", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_examples_run(script, workplace):
    done = run([sys.executable, str(script)], workplace)
    assert done.returncode == 0, done.stderr
