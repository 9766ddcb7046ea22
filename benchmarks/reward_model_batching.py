"""Reward models: sorted batches and shared prompts beside the padded loop that RewardBench runs.

    python benchmarks/reward_model_batching.py [--write] [--pairs 64] [--repeats 3] [--shape small|half-billion]

A randomly initialised Llama classifier is saved and loaded by the real path. Texts have lognormal lengths, 50 to 2,000
tokens, chosen and rejected drawn independently, and hardly any prompt in common, so that the first part shows batching
alone. The loop is re-enacted from RewardBench's description of itself: file order, chosen and rejected in separate
passes, fixed batch, padded to the longest, tokenised inside the loop, transformers' own classifier forward. The second
part scores 64 responses to one long prompt.

Times are CPU seconds of one thread on a CPU, seconds by the clock on a GPU; everything that is compared runs in turn,
and the middle one of the ratios is given. ``--write`` writes docs/results/scoring.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

from rewardmeter.scorers.models.batching import padded_tokens, token_budget_batches
from rewardmeter.scoring import make_scorer
from rewardmeter.types import Item, Response

PAGE = Path(__file__).resolve().parent.parent / "docs" / "results" / "scoring.md"
WORDS = 2_000
TEMPLATE = (
    "{% for message in messages %}<|start|> {{ message['role'] }} {{ message['content'] }} <|end|> {% endfor %}"
    "{% if add_generation_prompt %}<|start|> assistant {% endif %}"
)
SHAPES: dict[str, dict[str, int]] = {
    "small": {"hidden_size": 512, "intermediate_size": 1_376, "num_hidden_layers": 2, "num_attention_heads": 8},
    "half-billion": {
        "hidden_size": 896,
        "intermediate_size": 4_864,
        "num_hidden_layers": 24,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
    },
}
HEAD = """# Scoring with reward models

Written by `python benchmarks/reward_model_batching.py --write`; what it does stands in its first lines. Times mean
little on another machine; ratios within one run travel better. Token counts do not depend on the machine.
"""


def save_model(folder: Path, shape: str, dtype: torch.dtype) -> None:
    """A random classifier and a tokenizer in which each word is one token."""
    names = ["<pad>", "<|start|>", "<|end|>", "user", "assistant", "<unk>", *(f"w{i}" for i in range(WORDS))]
    raw = Tokenizer(models.WordLevel({name: i for i, name in enumerate(names)}, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    spoken = transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="<pad>", eos_token="<|end|>", unk_token="<unk>"
    )
    spoken.chat_template = TEMPLATE
    spoken.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(names), max_position_embeddings=4_096, num_labels=1, pad_token_id=0, **SHAPES[shape]
    )
    transformers.LlamaForSequenceClassification(config).to(dtype).save_pretrained(folder)


def lengths(rng: np.random.Generator, n: int) -> np.ndarray:
    """Tokens of n texts: lognormal, 50 to 2,000, as in mixed chat data."""
    return np.clip(np.exp(rng.normal(5.6, 0.85, n)), 50, 2_000).astype(int)


def words(rng: np.random.Generator, n: int) -> str:
    return " ".join(f"w{i}" for i in rng.integers(0, WORDS, n))


def loop_batches(n: int, size: int) -> list[np.ndarray]:
    """Positions in the loop's batches: file order, one side of the pairs."""
    return [np.arange(start, min(start + size, n)) for start in range(0, n, size)]


class Loop:
    """The padded loop with one batch size."""

    def __init__(self, folder: Path, size: int, device: str, dtype: torch.dtype) -> None:
        self.size, self.device = size, device
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.model = transformers.AutoModelForSequenceClassification.from_pretrained(folder, dtype=dtype)
        self.model = self.model.eval().to(device)

    def __call__(self, items: Sequence[Item]) -> np.ndarray:
        """Scores (items, 2): all first responses, then all second ones, in batches of file order."""
        columns = []
        for side in range(len(items[0].responses)):
            found = []
            for batch in loop_batches(len(items), self.size):
                chats = [
                    [
                        {"role": "user", "content": items[i].prompt},
                        {"role": "assistant", "content": items[i].responses[side].text},
                    ]
                    for i in batch
                ]
                texts = [self.tokenizer.apply_chat_template(chat, tokenize=False) for chat in chats]
                given = self.tokenizer(texts, padding=True, add_special_tokens=False, return_tensors="pt")
                with torch.inference_mode():
                    logits = self.model(
                        **{name: given[name].to(self.device) for name in ("input_ids", "attention_mask")}
                    )
                found.append(logits.logits[:, 0].float().cpu().numpy())
            columns.append(np.concatenate(found))
        return np.stack(columns, axis=1).astype(np.float64)


def timed(work: Callable[[], Any], device: str) -> tuple[float, Any]:
    """Seconds of a piece of work, and what came of it."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    start = clock()
    result = work()
    if device != "cpu":
        torch.cuda.synchronize()
    return clock() - start, result


def token_table(say: Callable[[str], None]) -> float:
    """Tokens of 3,000 pairs with padding over tokens without, for each way of batching; ours is returned."""
    rng = np.random.default_rng(20250101)
    sides = [lengths(rng, 3_000), lengths(rng, 3_000)]
    real = sum(int(side.sum()) for side in sides)
    say(f"3,000 pairs, {real:,} tokens ({real / 6_000:.0f} a text), computed with padding over without:")
    for size in (64, 8):
        padded = sum(padded_tokens(side, loop_batches(len(side), size)) for side in sides)
        say(f"  loop, batch {size:<2}                {padded / real:.3f}")
    both = np.concatenate(sides)
    ours = padded_tokens(both, token_budget_batches(both, 8_192)) / real
    say(f"  sorted, 8,192 tokens a batch {ours:.3f}   goal at most 1.05: {verdict(ours <= 1.05)}")
    say(f"  {len(token_budget_batches(both, 8_192)):,} batches")
    return ours


def verdict(met: bool) -> str:
    return "met" if met else "NOT MET"


def middle(ratios: Sequence[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def pairs_part(folder: Path, options: argparse.Namespace, say: Callable[[str], None]) -> bool:
    """The loops and ours on the same pairs, in turn."""
    rng = np.random.default_rng(1)
    tokens = lengths(rng, 2 * options.pairs).reshape(-1, 2)
    # The template and a prompt of four words take twelve tokens of each.
    items = [Item(tuple(Response(words(rng, int(n) - 12)) for n in pair), words(rng, 4)) for pair in tokens]
    scorer = make_scorer(f"hf:{folder}?dtype={options.dtype}&device={options.device}&batch_tokens={options.budget}")
    scorer(items[:2])
    loops = {size: Loop(folder, size, options.device, getattr(torch, options.dtype)) for size in (64, 8)}
    seconds: dict[str, list[float]] = {"64": [], "8": [], "ours": []}
    worst = 0.0
    for _ in range(options.repeats):
        spent, scores = timed(lambda: scorer(items), options.device)
        seconds["ours"].append(spent)
        for size, loop in loops.items():
            spent, usual = timed(lambda loop=loop: loop(items), options.device)
            seconds[str(size)].append(spent)
            worst = max(worst, float(np.abs(usual.ravel() - scores.values).max()))
    say(f"{options.pairs} pairs, {int(tokens.sum()):,} tokens; seconds, and how many times longer than ours:")
    met = True
    for size, goal in ((64, 3.0), (8, 1.5)):
        ratios = [one / other for one, other in zip(seconds[str(size)], seconds["ours"], strict=True)]
        met &= statistics.median(ratios) >= goal
        reached = verdict(statistics.median(ratios) >= goal)
        spent = statistics.median(seconds[str(size)])
        say(f"  loop, batch {size:<2}  {spent:7.2f}   {middle(ratios)}   goal {goal}: {reached}")
    say(f"  ours            {statistics.median(seconds['ours']):7.2f}")
    return say_difference(worst, options, say) and met


def say_difference(worst: float, options: argparse.Namespace, say: Callable[[str], None]) -> bool:
    goal = 1e-5 if options.dtype == "float32" else 0.05
    say(f"  greatest difference of a score: {worst:.1e}   goal at most {goal:g}: {verdict(worst <= goal)}")
    return worst <= goal


def prompt_part(folder: Path, options: argparse.Namespace, say: Callable[[str], None]) -> bool:
    """64 responses to one prompt of 1,500 tokens, with the prompt shared and not."""
    rng = np.random.default_rng(2)
    sizes = np.clip(np.exp(rng.normal(5.0, 0.6, 64)), 20, 600).astype(int)
    item = Item(tuple(Response(words(rng, int(n))) for n in sizes), words(rng, 1_500))
    common = f"dtype={options.dtype}&device={options.device}&batch_tokens={options.budget}"
    shared, alone = (make_scorer(f"hf:{folder}?{common}&prefix={how}") for how in ("auto", "off"))
    for scorer in (shared, alone):
        scorer([Item(item.responses[:2], words(rng, 40))])
        scorer._shares(scorer.loaded(), 0)
    seconds: dict[str, list[float]] = {"shared": [], "alone": []}
    worst, before = 0.0, (shared.tokens.computed, shared.tokens.starts, alone.tokens.computed)
    for _ in range(options.repeats):
        spent, one = timed(lambda: shared([item]), options.device)
        seconds["shared"].append(spent)
        spent, other = timed(lambda: alone([item]), options.device)
        seconds["alone"].append(spent)
        worst = max(worst, float(np.abs(one.values - other.values).max()))
    computed, starts, all_tokens = (
        (after - start) // options.repeats
        for after, start in zip(
            (shared.tokens.computed, shared.tokens.starts, alone.tokens.computed), before, strict=True
        )
    )
    # The template takes two tokens before the prompt's 1,500 words, three from there to the response.
    prompt = 1_505
    once = computed == all_tokens - 63 * prompt and starts == prompt
    ratios = [one / other for one, other in zip(seconds["alone"], seconds["shared"], strict=True)]
    say(f"64 responses of {sizes.min()} to {sizes.max()} tokens to one prompt of {prompt:,}:")
    say(f"  tokens computed, not shared {all_tokens:,}, shared {computed:,} ({all_tokens / computed:.1f} times fewer)")
    say(f"  of these for the prompt: {starts:,}   goal once: {verdict(once)}")
    slow, fast = (statistics.median(seconds[how]) for how in ("alone", "shared"))
    say(f"  seconds, not shared {slow:.2f}, shared {fast:.2f}: {middle(ratios)} times longer")
    return say_difference(worst, options, say) and once


def machine(device: str) -> str:
    if device != "cpu":
        return torch.cuda.get_device_name()
    known = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    found = re.search(r"model name\s*: (.+)", known)
    return f"{found[1] if found else platform.machine()}, one thread"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cuda = torch.cuda.is_available()
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    parser.add_argument("--pairs", type=int, default=64 if not cuda else 512)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--shape", choices=SHAPES, default="half-billion" if cuda else "small")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="bfloat16" if cuda else "float32")
    parser.add_argument("--budget", type=int, default=65_536 if cuda else 8_192, help="tokens of a batch")
    options = parser.parse_args()
    options.device = "cuda" if cuda else "cpu"
    torch.set_num_threads(1)
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        print(line, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        save_model(Path(folder), options.shape, getattr(torch, options.dtype))
        met = token_table(say) <= 1.05
        say("")
        met &= pairs_part(Path(folder), options, say)
        say("")
        met &= prompt_part(Path(folder), options, say)
    if options.write:
        about = (
            f"{machine(options.device)}. torch {torch.__version__}, transformers {transformers.__version__}, Llama of"
            f" shape {options.shape}, {options.dtype}, {options.repeats} rounds."
        )
        PAGE.write_text(f"{HEAD}\n{about}\n\n```\n" + "\n".join(said) + "\n```\n", encoding="utf-8")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
