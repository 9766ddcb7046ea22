"""Computing a common start once. Expected values: the same model without sharing, and the plain float64 pass; plans
against brute force over all ways to part the sorted inputs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from reward_items import items, plain_scores, text

from rewardmeter.scorers.models import prefix
from rewardmeter.scorers.models.prefix import pack_groups, share_plan
from rewardmeter.scoring import Run, make_scorer
from rewardmeter.types import Item, Response, Scores


def many_to_one(n: int, prompt: int = 150, response: int = 12, seed: int = 0) -> list[Item]:
    rng = np.random.default_rng(seed)
    return [Item(tuple(Response(text(rng, int(rng.integers(1, response)))) for _ in range(n)), text(rng, prompt))]


@pytest.mark.parametrize(
    ("kind", "n", "budget"),
    [("llama", 64, 8_192), ("llama", 12, 1), ("llama", 16, 1_000), ("qwen2", 16, 900), ("qwen3", 16, 8_192),
     ("gemma", 16, 8_192), ("mistral", 16, 8_192)],
)  # fmt: skip
def test_same_scores_and_the_prompt_computed_once(tmp_path, kind, n, budget) -> None:
    folder = tiny.classifier(tmp_path / "model", kind)
    one_prompt = many_to_one(n, prompt=100)
    shared = make_scorer(f"hf:{folder}?batch_tokens={budget}")
    alone = make_scorer(f"hf:{folder}?batch_tokens={budget}&prefix=off")
    got, usual = shared(one_prompt), alone(one_prompt)
    assert np.abs(got.values - usual.values).max() < 1e-5
    assert np.abs(got.values - plain_scores(folder, one_prompt)).max() < 1e-5
    loaded = shared.loaded()
    rows = [list(shared.encode(loaded, one_prompt[0], r).ids) for r in one_prompt[0].responses]
    common = next(i for i, column in enumerate(zip(*rows, strict=False)) if len(set(column)) > 1)
    # The start that all have in common goes through the model once; the rests may share more among themselves.
    assert shared.tokens.computed <= common + sum(len(row) - common for row in rows)
    assert alone.tokens.computed == sum(map(len, rows)) == usual.cost.input_tokens == shared.tokens.read
    assert got.cost.input_tokens == shared.tokens.computed
    assert shared.tokens.starts >= common


def test_budget_counts_the_copies_of_the_start(tmp_path, monkeypatch) -> None:
    folder = tiny.classifier(tmp_path / "model", "llama")
    held: list[int] = []
    original = prefix.Prefixes.states

    def watched(self, rows, whose, at):
        longest = max(map(len, rows))
        held.append(len(self.lengths) * int(self.lengths.max()) + len(rows) * (int(self.lengths.max()) + longest))
        return original(self, rows, whose, at)

    monkeypatch.setattr(prefix.Prefixes, "states", watched)
    for budget in (1_000, 2_000, 4_000):
        held.clear()
        scorer = make_scorer(f"hf:{folder}?batch_tokens={budget}")
        scorer.loaded()
        scorer._shares(scorer.loaded(), 0)
        held.clear()
        scorer([*many_to_one(20), *many_to_one(20, prompt=90, seed=1)])
        assert held
        assert max(held) <= budget


def test_mixed_items_keep_their_places(tmp_path) -> None:
    folder = tiny.classifier(tmp_path / "model", "qwen3")
    mixed = [*items(3), *many_to_one(9), Item((Response("x"),)), *many_to_one(7, prompt=60, seed=2), *items(4)]
    shared, alone = (make_scorer(f"hf:{folder}?prefix={how}&batch_tokens=2000") for how in ("auto", "off"))
    one, other = shared(mixed), alone(mixed)
    assert shared.tokens.starts > 0
    assert alone.tokens.starts == 0
    assert np.nanmax(np.abs(one.values - other.values)) < 1e-5
    assert np.array_equal(one.outcomes, other.outcomes)
    assert dict(one.reasons) == dict(other.reasons)
    seen = [int(i) for where, part in shared.stream(mixed, Run()) for i in where if isinstance(part, Scores)]
    assert sorted(seen) == list(range(len(one)))


def test_equal_inputs_and_one_inside_another(tmp_path) -> None:
    folder = tiny.classifier(tmp_path / "model", "llama", spoken=tiny.tokenizer(template=None))
    long = "the cat sat " * 60
    responses = tuple(Response(one) for one in (long, long, long + "moon", long + "moon and sky", ""))
    spec = f"hf:{folder}?template=plain"
    shared = make_scorer(spec)
    values = shared([Item(responses, "Why?")]).values
    assert shared.tokens.starts > 0
    assert np.abs(values - make_scorer(f"{spec}&prefix=off")([Item(responses, "Why?")]).values).max() < 1e-5


def test_off_where_it_is_not_valid_or_does_not_pay(tmp_path) -> None:
    short = make_scorer(f"hf:{tiny.classifier(tmp_path / 'llama', 'llama')}")
    short(items(0, n=3, k=2, prompt=5))
    assert short.tokens.starts == 0
    windowed = tiny.classifier(tmp_path / "mistral", "mistral", sliding_window=64)
    beyond = make_scorer(f"hf:{windowed}")
    long = many_to_one(12, prompt=100)
    assert np.abs(beyond(long).values - plain_scores(windowed, long)).max() < 1e-5
    assert beyond.tokens.starts == 0
    wide = make_scorer(f"hf:{tiny.classifier(tmp_path / 'wide', 'mistral', sliding_window=4_000)}")
    wide(long)
    assert wide.tokens.starts > 0
    encoder = make_scorer(f"hf:{tiny.encoder(tmp_path / 'bert', 'bert')}?template=pair")
    encoder(many_to_one(12, prompt=60))
    assert encoder.tokens.starts == 0
    assert encoder.tokens.computed == encoder.tokens.read > 0


def test_a_batch_that_does_not_fit_is_halved(tmp_path, monkeypatch) -> None:
    import torch

    folder = tiny.classifier(tmp_path / "model", "llama")
    long = many_to_one(16)
    usual = make_scorer(f"hf:{folder}")(long).values
    original = prefix.Prefixes.states
    refused = []

    def tight(self, rows, whose, at):
        if len(rows) > 3:
            refused.append(len(rows))
            raise torch.OutOfMemoryError("out of memory, as the test has it")
        return original(self, rows, whose, at)

    scorer = make_scorer(f"hf:{folder}")
    scorer._shares(scorer.loaded(), 0)
    monkeypatch.setattr(prefix.Prefixes, "states", tight)
    assert np.abs(scorer(long).values - usual).max() < 1e-5
    assert refused


def test_starts_that_do_not_fit_are_not_shared(tmp_path, monkeypatch) -> None:
    import torch

    from rewardmeter.scorers.models import decoder

    folder = tiny.classifier(tmp_path / "model", "llama")
    long = many_to_one(8)
    usual = make_scorer(f"hf:{folder}")(long).values
    scorer = make_scorer(f"hf:{folder}")
    scorer._shares(scorer.loaded(), 0)

    def full(body, starts):
        raise torch.OutOfMemoryError("out of memory, as the test has it")

    monkeypatch.setattr(decoder, "Prefixes", full)
    assert np.abs(scorer(long).values - usual).max() < 1e-5
    assert scorer.tokens.starts == 0


def brute_force(rows: list[list[int]], firsts: list[int]) -> float:
    """The least cost over all ways to cut the sorted inputs into runs, each shared or alone."""
    keys = sorted((row[:first], len(row)) for row, first in zip(rows, firsts, strict=True))
    n = len(keys)

    def cost(run) -> float:
        tokens = float(sum(length for _, length in run))
        if len(run) == 1:
            return tokens
        common = 0
        for column in zip(*(key for key, _ in run), strict=False):
            if len(set(column)) > 1:
                break
            common += 1
        shared = (tokens - common * (len(run) - 1)) * prefix.SLOWER + prefix.OVERHEAD
        return min(tokens, shared) if common >= prefix.SMALLEST else tokens

    return min(
        sum(cost(keys[a:b]) for a, b in itertools.pairwise([0, *cuts, n]))
        for size in range(n)
        for cuts in itertools.combinations(range(1, n), size)
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.lists(st.integers(0, 1), min_size=0, max_size=3), st.integers(1, 60)), min_size=1, max_size=7)
)
def test_the_plan_is_the_cheapest(shape) -> None:
    """Starts of 150 tokens per letter: long common starts, and common starts of common starts."""
    rows = [[letter for letter in letters for _ in range(150)] + [9] * rest for letters, rest in shape]
    firsts = [len(row) - 1 for row in rows]
    plan = share_plan(rows, firsts)
    assert sorted(i for group in plan for i in group.members) == list(range(len(rows)))
    total = 0.0
    for group in plan:
        tokens = sum(len(rows[i]) for i in group.members)
        if group.prefix:
            starts = {tuple(rows[i][: group.prefix]) for i in group.members}
            assert len(starts) == 1
            assert all(group.prefix <= firsts[i] for i in group.members)
            total += (tokens - group.prefix * (len(group.members) - 1)) * prefix.SLOWER + prefix.OVERHEAD
        else:
            assert len(group.members) == 1
            total += tokens
    assert total == pytest.approx(brute_force(rows, firsts))


def test_packs_hold_half_of_the_budget() -> None:
    groups = [prefix.Group(size, (i,)) for i, size in enumerate([900, 300, 200, 100, 100])]
    packs = pack_groups(groups, 1_000)
    assert sorted(group.members[0] for pack in packs for group in pack) == [0, 1, 2, 3, 4]
    assert all(len(pack) == 1 or len(pack) * max(group.prefix for group in pack) <= 500 for pack in packs)
