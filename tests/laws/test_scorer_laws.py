"""Every scorer of the registry that needs neither a model nor a server is held to the laws that it states, and to
those that hold for all. Models, judges and servers' scorers have law tests of their own.

A new family joins by its name in `families()`; a new option has to be given another value in `OTHER_VALUES`, else
`test_every_option_is_listed` fails.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pickle
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardmeter.scoring import PARTS, Laws, Negated, Scorer, families, make_scorer, signature_of
from rewardmeter.types import Item, Outcome, Response, Scores

# Judges, scorers behind a server and ifeval, which reads instructions, have law tests of their own.
NOT_COMPUTED = {"recorded", "vllm", "tei", "openrlhf", "json-endpoint", "judge", "panel", "ifeval"}
NEEDED = {"regex": "pattern=e.?"}
TARGETS = {"pairs": "length", "ranked": "length", "tournament": "length"}  # what a conversion converts here
OTHER_VALUES: dict[str, Sequence[str]] = {
    "bleu": ("tokenize=char", "smooth=floor", "lowercase=true", "max_order=2"),
    "chrf": ("char_order=3", "word_order=1", "beta=3", "lowercase=true", "whitespace=true"),
    "chrf++": ("char_order=3", "beta=0.5", "lowercase=true", "whitespace=true"),
    "exact": ("ignore_case=true", "ignore_punctuation=true", "ignore_articles=true", "within=true"),
    "pairs": ("temperature=9", "tie=2"),
    "ranked": (),
    "tournament": ("comparisons=2", "result=win-rate", "ties=davidson", "prior=1", "soft=false", "seed=1"),
    "numeric": ("take=any", "tolerance=0.1"),
    "regex": ("pattern=o%26%25 ?", "ignore_case=true", "full=true"),
    "repetition": ("n=2",),
    "rouge-1": ("measure=recall", "stem=true", "several=pooled"),
    "rouge-2": ("measure=precision", "stem=true", "several=pooled"),
    "rouge-l": ("measure=recall", "stem=true", "several=pooled"),
    "rouge-lsum": ("measure=precision", "stem=true", "several=pooled"),
    "ter": ("normalized=true", "no_punct=true", "asian_support=true", "case_sensitive=true"),
    "type-token-ratio": ("ignore_case=false",),
}
OURS = {name: family for name, family in families().items() if family.factory.startswith("rewardmeter.scorers.")}
COMPUTED = [
    name
    for name, family in OURS.items()
    if name not in NOT_COMPUTED and not family.extra and (name in NEEDED or name in TARGETS or not family.takes_target)
]
WRITTEN = {name: f"{name}:{TARGETS[name]}" if name in TARGETS else name for name in COMPUTED}
DEFAULTS = [f"{name}?{NEEDED[name]}" if name in NEEDED else WRITTEN[name] for name in COMPUTED]
VARIANTS = [
    f"{WRITTEN[name]}?{option}" if name not in NEEDED or "pattern" in option else f"{name}?{NEEDED[name]}&{option}"
    for name in COMPUTED
    for option in OTHER_VALUES.get(name, ())
]

AWKWARD = {
    "empty": "",
    "white space": " \t\n\u00a0\u2003\r\n",
    "emoji": "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 1️⃣ ‍️🏽",
    "right to left": "שלום, עולם! \u202eمرحبا بالعالم ١٢٣\u202c",
    "ideographs": "今日は。漢字と仮名を数える。한국어",
    "NUL and controls": "a\x00b\x01\x1f\x7f\x85c",
    "lone surrogates": "x\ud800y\udfff z",
    "combining": "e\u0301" + "\u0300" * 200,
    "numbers": "1,234.5e6 -0 1e9999 ٤٢ 1.2.3 9999999999999999999999",
    "markup": "# A\n- **b** `c`\n|d|\n<b>&amp;&quot;</b> [[[((( ```",
}
PIECES = st.sampled_from([*AWKWARD.values(), "the cat sat", "The answer is 42.", "a b c a b c", "x"])
TEXTS = st.one_of(PIECES, st.text(max_size=20), st.lists(PIECES, max_size=3).map(" ".join))
ITEMS = st.lists(
    st.builds(
        Item,
        responses=st.lists(TEXTS.map(Response), min_size=1, max_size=4).map(tuple),
        prompt=st.one_of(st.none(), TEXTS),
        references=st.lists(TEXTS, max_size=3).map(tuple),
    ),
    min_size=1,
    max_size=4,
)
LAW = settings(max_examples=15, deadline=None)
every_scorer = pytest.mark.parametrize("spec", [*DEFAULTS, *VARIANTS])


def same(one: Scores, other: Scores) -> bool:
    """Equal to the last bit, outcomes and reasons included."""
    return (
        one.values.tobytes() == other.values.tobytes()
        and np.array_equal(one.outcomes, other.outcomes)
        and dict(one.reasons) == dict(other.reasons)
    )


def check(scores: Scores, n: int) -> None:
    """As many scores as responses; a finite number or an outcome with a reason, never NaN as scored."""
    assert len(scores) == n
    scored = scores.outcomes <= Outcome.TIE
    assert np.array_equal(np.isfinite(scores.values), scored)
    assert set(scores.reasons) == set(np.flatnonzero(~scored).tolist())
    assert all(scores.reasons.values())


def test_every_option_is_listed() -> None:
    for name in COMPUTED:
        module, _, attribute = families()[name].factory.partition(":")
        factory = getattr(importlib.import_module(module), attribute)
        options = set(inspect.signature(factory).parameters) - {"target"}
        assert options == {option.partition("=")[0] for option in OTHER_VALUES.get(name, ())}, name


@every_scorer
def test_states_what_it_is(spec: str) -> None:
    scorer = make_scorer(spec)
    assert isinstance(scorer, Scorer)
    assert dataclasses.is_dataclass(scorer)
    assert type(scorer).__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert isinstance(scorer.laws, Laws)
    assert scorer.reads
    assert scorer.reads <= PARTS
    name = spec.partition("?")[0].partition(":")[0]
    assert set(families()[name].reads or make_scorer(TARGETS[name]).reads) == scorer.reads
    assert make_scorer(scorer.name) == scorer
    assert make_scorer(make_scorer(scorer.name).name).name == scorer.name


@pytest.mark.parametrize("spec", DEFAULTS)
def test_every_option_changes_name_and_fingerprint(spec: str) -> None:
    variants = [other for other in VARIANTS if other.partition("?")[0] == spec.partition("?")[0]]
    scorers = [make_scorer(one) for one in (spec, *variants)]
    assert len({scorer.name for scorer in scorers}) == len(scorers)
    assert len({signature_of(scorer).fingerprint for scorer in scorers}) == len(scorers)
    assert all(signature_of(scorer).storable for scorer in scorers)


def test_no_two_scorers_share_a_fingerprint() -> None:
    prints = {signature_of(make_scorer(spec)).fingerprint for spec in [*DEFAULTS, *VARIANTS]}
    assert len(prints) == len(DEFAULTS) + len(VARIANTS)


@every_scorer
@LAW
@given(items=ITEMS)
def test_gives_a_number_or_a_reason(spec: str, items: list[Item]) -> None:
    check(make_scorer(spec)(items), sum(len(item.responses) for item in items))


@every_scorer
@LAW
@given(items=ITEMS)
def test_pointwise_and_deterministic(spec: str, items: list[Item]) -> None:
    scorer = make_scorer(spec)
    together = scorer(items)
    if scorer.laws.deterministic:
        assert same(together, make_scorer(spec)(items))
    if scorer.laws.pointwise:
        alone = [dataclasses.replace(item, responses=(response,)) for item in items for response in item.responses]
        assert same(together, Scores.concatenate([scorer([item]) for item in alone]))


@every_scorer
@LAW
@given(items=ITEMS, seed=st.integers(0, 1000))
def test_order_of_responses_does_not_matter(spec: str, items: list[Item], seed: int) -> None:
    scorer = make_scorer(spec)
    if not scorer.laws.order_invariant:
        return
    for item in items:
        order = np.random.default_rng(seed).permutation(len(item.responses))
        shuffled = dataclasses.replace(item, responses=tuple(item.responses[position] for position in order))
        one, other = scorer([item]), scorer([shuffled])
        assert one.values[order].tobytes() == other.values.tobytes()
        assert np.array_equal(one.outcomes[order], other.outcomes)


@every_scorer
@LAW
@given(items=ITEMS)
def test_reads_only_what_it_declares(spec: str, items: list[Item]) -> None:
    scorer = make_scorer(spec)
    hidden = [
        Item(
            tuple(Response(response.text if "response" in scorer.reads else "") for response in item.responses),
            item.prompt if "prompt" in scorer.reads else None,
            item.references if "references" in scorer.reads else (),
        )
        for item in items
    ]
    assert same(scorer(items), scorer(hidden))


@every_scorer
def test_survives_pickling_before_and_after_use(spec: str) -> None:
    items = [Item((Response("The cat sat 3 times."), Response("")), references=("A cat sat 4 times.",))]
    scorer = make_scorer(spec)
    fresh = pickle.loads(pickle.dumps(scorer))
    before = scorer(items)
    used = pickle.loads(pickle.dumps(scorer))
    for copy in (fresh, used):
        assert copy == scorer
        assert signature_of(copy) == signature_of(scorer)
        assert same(copy(items), before)


@pytest.mark.parametrize("spec", DEFAULTS)
def test_a_minus_turns_it_round(spec: str) -> None:
    items = [Item(tuple(map(Response, AWKWARD.values())), references=("the answer is 42",)), Item((Response("x"),))]
    scorer, negated = make_scorer(spec), make_scorer(f"-{spec}")
    assert isinstance(negated, Negated)
    assert np.array_equal(negated(items).values, -scorer(items).values, equal_nan=True)
    assert signature_of(negated).fingerprint != signature_of(scorer).fingerprint


@pytest.mark.parametrize("spec", [spec for spec in DEFAULTS if "references" in make_scorer(spec).reads])
def test_greater_is_better(spec: str) -> None:
    reference = "The 3 cats sat on a mat."
    right, close, wrong = make_scorer(spec)(
        [Item(tuple(map(Response, (reference, "The 3 cats lay on the mat.", "Fog!"))), references=(reference,))]
    ).values
    assert right >= close >= wrong
    assert right > wrong


@pytest.mark.parametrize("spec", DEFAULTS)
@pytest.mark.parametrize("what", AWKWARD)
def test_awkward_texts(spec: str, what: str) -> None:
    scorer, text = make_scorer(spec), AWKWARD[what]
    for references in ((), (text,), ("the answer is 42", text)):
        check(scorer([Item((Response(text), Response("fine 42")), references=references)]), 2)


@pytest.mark.slow
@pytest.mark.parametrize("spec", DEFAULTS)
def test_a_text_of_a_megabyte(spec: str) -> None:
    rng = np.random.default_rng(0)
    words = ["the", "cat", "sat", "on", "mat,", "漢字", "42", "**bold**", "é", "🙂", ".", "(", "["]
    text = " ".join(rng.choice(words, size=320_000).tolist())
    assert len(text) > 1_000_000
    one_word = "[" * 1_000_000
    scorer = make_scorer(spec)
    check(scorer([Item((Response(text), Response(one_word)), references=("the answer is 42",))]), 2)
    check(scorer([Item((Response(text),), references=(text,))]), 1)
