"""Write the README's picture, docs/images/board.png, from a real board.

    REWARDMETER_DATA=… python tools/make_pictures.py

Makes the board of wmt23-mtme:zh-en with its recorded scorers, chrF and a length rule, and photographs the report with
Chromium (found on the PATH).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from rewardmeter.cli import main as rewardmeter

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "board.png"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SCORERS = (
    "XCOMET-Ensemble-refA", "MetricX-23-QE-c-src", "GEMBA-MQM-src", "CometKiwi-src", "COMET-refA", "BLEURT-20-refA",
    "BERTscore-refA", "chrF-refA", "BLEU-refA", "SENTINEL-CAND-MQM-src", "Random-sysname-src",
)  # fmt: skip


def main() -> int:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("Chromium is not installed")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        specs = [f"recorded:{name}" for name in SCORERS] + ["rouge-l", "length", "-length"]
        words = ["compare", "wmt23-mtme:zh-en", "--slice", "domain", "--out", folder]
        if status := rewardmeter([*words, *(word for spec in specs for word in ("--scorer", spec))]):
            return status
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 1380}, color_scheme="light")
            page.goto(f"file://{folder}/index.html")
            page.wait_for_timeout(300)
            page.screenshot(path=str(PICTURE))
            browser.close()
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
