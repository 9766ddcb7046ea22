"""Writes `comet_golden.json`: what unbabel-comet 2.2.7 says of the tiny checkpoints of `comet_tiny.py`.

python3.11 -m venv oracle
oracle/bin/pip install "setuptools<81" "unbabel-comet==2.2.7" "transformers<5"
OMP_NUM_THREADS=1 oracle/bin/python tests/models/make_comet_golden.py
"""

from __future__ import annotations

import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import comet_tiny
import torch
import transformers

LONG = "die Katze sat auf der Matte, the cat sat on the mat; " * 3
SAMPLES = [
    {"src": "die Katze sitzt auf der Matte", "mt": "the cat sat on the mat", "ref": "the cat is sitting on the mat"},
    {"src": "die Katze sitzt auf der Matte", "mt": "a dog", "ref": "the cat is sitting on the mat"},
    {"src": "Es regnet.", "mt": "It is raining!", "ref": "It rains."},
    {"src": "Warum?", "mt": "Why", "ref": "Why?"},
    {"src": "", "mt": "the", "ref": "unknown é words 漢字"},
    {"src": "leer", "mt": "", "ref": "empty"},
    {"src": "kurz", "mt": LONG, "ref": "short"},
    {"src": LONG, "mt": "short but <pad> odd <s> words </s>", "ref": LONG[::-1]},
    {"src": "(1) 23, 45; 67: 89!", "mt": "(1) 23, 45; 67: 98!", "ref": "(1) 23, 45; 67: 89!"},
    {"src": "Die Schüler lernen täglich.", "mt": "The pupils learn daily.", "ref": "Students study every day."},
]


def oracle(folder: Path, case: str, samples: list[dict[str, str]]) -> list[float]:
    """unbabel-comet's scores of the checkpoint, loaded by its own loader."""
    import comet

    if comet_tiny.CASES[case].get("encoder_model") == "MiniLM":  # its tokenizer's name is fixed to one on the hub
        kind = transformers.XLMRobertaTokenizerFast
        local = kind.from_pretrained(folder.parent / f"{folder.name}-encoder")
        kind.from_pretrained = classmethod(lambda cls, *_, **__: local)
    model = comet.load_from_checkpoint(str(folder / "checkpoints" / "model.ckpt"), local_files_only=True)
    ours, theirs = comet_tiny.weights(case), model.state_dict()
    for name, value in ours.items():
        assert torch.equal(theirs.pop(name), value), name
    left = [name for name in theirs if "dropout_" not in name and "pooler" not in name and "loss" not in name]
    assert not left, left
    said: Any = model.predict(samples, batch_size=3, gpus=0, progress_bar=False, num_workers=0)
    return list(said["scores"])


def main() -> None:
    """Score every case, with and without references where a class takes both."""
    warnings.simplefilter("ignore")
    golden: dict[str, Any] = {"oracle": "unbabel-comet 2.2.7", "seed": 0, "samples": SAMPLES, "scores": {}}
    with tempfile.TemporaryDirectory() as place:
        for case in sorted(comet_tiny.CASES, key=lambda name: "minilm" in name):
            folder = comet_tiny.write(Path(place) / case, case)
            golden["scores"][case] = oracle(folder, case, SAMPLES)
            if case in ("unified", "xcomet"):
                bare = [{key: text for key, text in one.items() if key != "ref"} for one in SAMPLES]
                golden["scores"][f"{case}?reference_free=true"] = oracle(folder, case, bare)
            print(case, [round(score, 4) for score in golden["scores"][case]])
    target = Path(__file__).with_name("comet_golden.json")
    target.write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
