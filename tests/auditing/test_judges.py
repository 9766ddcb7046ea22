"""The audit of judges: judges whose habits are known by construction, and published runs."""

from __future__ import annotations

import gzip
import json
import math

import numpy as np
import pytest
from scipy import stats

import rewardmeter as rm
from rewardmeter.api import contenders
from rewardmeter.auditing.families import family_of
from rewardmeter.auditing.games import games_of
from rewardmeter.auditing.judges import audit_judge
from rewardmeter.auditing.pairs import judged_pairs
from rewardmeter.auditing.repeats import repeat_probe, repeat_scores
from rewardmeter.comparison import Contender
from rewardmeter.dataset import Dataset, Preferences, Ratings, Recorded
from rewardmeter.errors import InputError
from rewardmeter.scoring import scorer
from rewardmeter.stats.leaning import leaning, signed_mean
from rewardmeter.types import Comparisons, Scores

A, B = 1.0, -1.0


def pairs_of(wins, *, texts=None, systems=None, names=(), raters=None):
    """One pair of responses for each item; ``wins`` are probabilities that the first of them is better."""
    n = len(wins)
    a = np.arange(0, 2 * n, 2, dtype=np.int32)
    return Dataset(
        "made",
        [f"i{i}" for i in range(n)],
        np.repeat(np.arange(n, dtype=np.int32), 2),
        texts or ["text"] * (2 * n),
        np.full(2 * n, -1, np.int32) if systems is None else np.asarray(systems, np.int32).ravel(),
        tuple(names),
        preferences=Preferences(a, a + 1, np.asarray(wins, float), np.full(n, -1, np.int32)),
    )


def judge(dataset, first=None, second=None, *, values=None, name="judge", **more):
    """A contender with verdicts."""
    columns = {k: None if v is None else np.asarray(v, float) for k, v in {"first": first, "second": second}.items()}
    asked = {k: np.asarray(v, bool) for k, v in more.items()}
    recorded = Recorded(name, values, **columns, **asked)
    scores = Scores.missing(dataset.n_responses) if values is None else Scores.from_values(np.asarray(values, float))
    return Contender(name, scores, recorded=recorded)


def probes(dataset, contender, **options):
    return {one.probe: one for one in audit_judge(dataset, contender, resamples=100, **options)}


# The place.


def test_a_judge_that_takes_the_first_in_both_orders():
    """Share 1, so ½ too much; 2 / 2^n by the sign test; right where the better is first, never else; agreement 0."""
    n = 12
    data = pairs_of([1.0, 0.0] * (n // 2))
    found = probes(data, judge(data, np.full(n, A), np.full(n, B)))
    position, swap = found["position"], found["swap consistency"]
    assert position.estimate.value == 0.5
    assert position.p == pytest.approx(2 / 2**n)
    assert position.says.endswith("the first gains")
    assert position.others["accuracy_better_first"].value == 1
    assert position.others["accuracy_better_second"].value == 0
    assert position.others["accuracy_gap"].value == 1
    assert position.counts == {
        "pairs": n,
        "games": 2 * n,
        "shown_in_both_orders": n,
        "unparsed": 0,
        "ties": 0,
    }
    assert (swap.estimate.value, swap.null, swap.bad) == (0.0, 0.5, "less")
    assert swap.p == pytest.approx(2 / 2**n)
    assert swap.others["answers_by_position"].value == 1
    # Accuracy is ½ on average: two independent games of it agree half of the time.
    assert swap.others["agreement_beyond_accuracy"].value == -0.5
    assert found["verbosity"].reason == "the two responses are always equally long"


def test_a_judge_that_does_not_look_at_the_place():
    rng = np.random.default_rng(0)
    verdicts = rng.choice([A, B], 60)
    data = pairs_of(rng.random(60) < 0.5)
    found = probes(data, judge(data, verdicts, verdicts))
    position = found["position"]
    assert (position.estimate.value, position.p) == (0.0, 1.0)
    reach = 1 - 0.025 ** (1 / 60)  # a judge that answers by place more often than this would have been seen doing it
    assert (position.estimate.low, position.estimate.high) == pytest.approx((-reach / 2, reach / 2))
    assert found["swap consistency"].estimate.value == 1
    assert "gains" not in position.says


def test_the_tables_of_order_and_gold_decide():
    """50 pairs, the better one always a: 20 right twice, 18 by place (14 first, 4 second), 7 wrong twice, 5 unread."""
    first = [A] * 20 + [A] * 14 + [B] * 4 + [B] * 7 + [math.nan] * 5
    second = [A] * 20 + [B] * 14 + [A] * 4 + [B] * 7 + [A] * 5
    data = pairs_of(np.ones(50))
    found = probes(data, judge(data, first, second, asked=np.ones(50), asked_second=np.ones(50)))
    position, swap = found["position"], found["swap consistency"]
    assert position.estimate.value == pytest.approx((27 / 2 + 14) / 45 - 0.5)
    assert position.p == pytest.approx(stats.binomtest(14, 18).pvalue)
    assert position.others["accuracy_better_first"].value == pytest.approx(34 / 45)
    assert position.others["accuracy_better_second"].value == pytest.approx(29 / 50)
    assert swap.estimate.value == pytest.approx(27 / 45)
    assert swap.p == pytest.approx(stats.binomtest(27, 45).pvalue)
    assert swap.others["agreement"].value == pytest.approx(27 / 50)
    assert swap.others["agreement_parsed"].value == pytest.approx(27 / 45)
    assert swap.others["unparsed"].value == pytest.approx(5 / 50)
    rate = (34 + 24) / 90
    assert swap.others["agreement_beyond_accuracy"].value == pytest.approx(27 / 45 - rate**2 - (1 - rate) ** 2)


def test_which_response_is_called_a_does_not_matter():
    """The same games with the pairs named the other way round: what was shown second is then the first game's b."""
    rng = np.random.default_rng(3)
    n, texts = 40, [f"{'x' * int(k)}" for k in rng.integers(1, 30, 80)]
    wins = rng.choice([0.0, 0.5, 1.0], n)
    first, second = rng.choice([A, B, 0.0, math.nan], (2, n))
    data = pairs_of(wins, texts=texts)
    renamed = Dataset(
        data.name,
        data.item_ids,
        data.response_item,
        texts,
        data.response_system,
        preferences=Preferences(data.preferences.b, data.preferences.a, 1 - wins, data.preferences.rater),
    )
    one = probes(data, judge(data, first, second, asked=np.ones(n), asked_second=np.ones(n)))
    other = probes(renamed, judge(renamed, -second, -first, asked=np.ones(n), asked_second=np.ones(n)))
    for name in ("position", "swap consistency", "verbosity"):
        assert one[name].estimate == other[name].estimate
        assert one[name].p == other[name].p


def test_one_order_is_held_against_the_place_of_the_better():
    """100 pairs, 60 with the better one first; the judge says first 90 times, all of the 60 among them."""
    wins = np.repeat([1.0, 0.0], [60, 40])
    verdicts = np.repeat([A, B], [90, 10])
    data = pairs_of(wins)
    found = probes(data, judge(data, verdicts))
    position = found["position"]
    assert position.estimate.value == pytest.approx(0.9 - 0.6)
    assert position.others["accuracy_gap"].value == pytest.approx(1 - 0.25)
    assert position.p == pytest.approx(2 / 2**30)  # 30 differences, all to one side; the gap is surer still
    assert found["swap consistency"].reason == "each pair was shown in one order only"
    always_first = pairs_of(np.ones(100))
    silent = probes(always_first, judge(always_first, verdicts))["position"]
    assert silent.reason == "the better response is always shown in the same place"
    assert not silent.estimate.defined


def test_verdicts_made_from_scores_know_of_no_place():
    rng = np.random.default_rng(0)
    values = rng.normal(size=60)
    data = pairs_of(rng.random(30) < 0.5)
    verdicts = np.sign(values[::2] - values[1::2])
    assert "single responses" in probes(data, judge(data, verdicts, values=values))["position"].reason
    verdicts[0] *= -1
    assert not probes(data, judge(data, verdicts, values=values))["position"].reason


def test_a_judge_that_answers_anything_at_all_raises_no_alarm():
    """Verdicts at random among a, b, tie and nothing: they agree in a quarter of pairs, and no place gains."""
    alarms = {"position": 0, "swap consistency": 0, "verbosity": 0}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        first, second = rng.choice([A, B, 0.0, math.nan], (2, 200))
        texts = ["x" * int(k) for k in rng.integers(1, 30, 400)]
        data = pairs_of(rng.choice([0.0, 0.5, 1.0], 200, p=[0.2, 0.2, 0.6]), texts=texts)
        found = probes(data, judge(data, first, second, asked=np.ones(200), asked_second=np.ones(200)))
        assert found["swap consistency"].others["agreement"].value < 0.4
        for name in alarms:
            alarms[name] += found[name].p < 0.05
    assert max(alarms.values()) <= 6, "5 % of 40 are 2; more than 6 have a chance of .3 %"


def test_raters_make_no_pairs_and_the_other_way_round_is_another_showing():
    a, b = np.array([0, 0, 0, 1], np.int32), np.array([1, 1, 1, 0], np.int32)
    raters = np.array([0, 1, 2, 0], np.int32)
    data = Dataset(
        "made",
        ["i"],
        np.zeros(2, np.int32),
        ["one", "other"],
        np.full(2, -1, np.int32),
        preferences=Preferences(a, b, np.array([1.0, 1.0, 0.0, 0.0]), raters, ("x", "y", "z")),
    )
    games = games_of(data, judge(data, [A, A, A, A]), judged_pairs(data))
    assert len(games.item) == 2
    assert games.first.tolist() == [A, A]
    assert games.gold.tolist() == [1.0, 0.0]  # the plurality, in the numbering of each showing
    assert games.a.tolist() == [0, 1]


def test_comparisons_of_a_tournament_are_games():
    data = pairs_of([1.0, 0.0, 1.0])
    made = Comparisons([0, 1, 3, 2, 4], [1, 0, 2, 3, 5], [1.0, 1.0, 0.0, math.nan, 0.5], np.zeros(6), np.zeros(6))
    scores = Scores(np.zeros(6), np.zeros(6, np.uint8), comparisons=made)
    games = games_of(data, Contender("live", scores), judged_pairs(data))
    assert list(zip(games.a.tolist(), games.b.tolist(), strict=True)) == [(0, 1), (3, 2), (4, 5)]
    assert games.first.tolist() == [A, B, 0.0]
    assert games.second[0] == B  # shown as (1, 0), the first one won: response 1, which is b
    assert np.isnan(games.second[1:]).all()
    assert games.asked.tolist() == [[True, True, True], [True, True, False]]
    assert games.gold.tolist() == [1.0, 1.0, 1.0]  # the second pair was shown with response 3, the better one, first


def test_what_was_not_asked_or_not_read():
    data = pairs_of([1.0, 0.0])
    assert "no two responses" in probes(data, Contender("rule", Scores.from_values([1.0, 2, 3, 4])))["position"].reason
    unread = judge(data, [math.nan] * 2, asked=np.ones(2))
    assert probes(data, unread)["position"].reason == "none of its verdicts could be read"
    ties = probes(data, judge(data, [0.0, 0.0], [0.0, 0.0]))
    assert ties["position"].reason == "no pair has a winner in both orders"
    assert ties["swap consistency"].reason == "no pair has a winner in both orders"
    assert ties["swap consistency"].others["agreement"].value == 1
    alone = pairs_of([1.0])
    found = probes(alone, judge(alone, [A], [B]))["position"]
    assert found.estimate.value == 0.5
    assert math.isnan(found.estimate.low)
    assert found.p == 1


@pytest.mark.parametrize("name", ["Natural", "Neighbor", "GPTInst", "GPTOut", "Manual"])
def test_falcon_answers_by_position(data_set, name):
    """LLMBar, Zeng et al. 2024: the published ``equal`` and ``correct_average`` of every Falcon run, to 1e-6; README of
    the set: 9 to 16 % agreement at about 50 % accuracy for Falcon CoT."""
    with gzip.open(data_set("llmbar") / "statistics_upstream.jsonl.gz", "rt", encoding="utf-8") as lines:
        runs = [json.loads(line) for line in lines]
    published = {
        run["strategy"]: run for run in runs if (run["set"].split("/")[-1], run["evaluator_llm"]) == (name, "Falcon")
    }
    assert len(published) == 10
    data = rm.load(f"llmbar:{name}")
    for strategy, run in published.items():
        (contender,) = contenders(data, [f"recorded:Falcon/{strategy}"])
        found = probes(data, contender)
        for field, value in (
            ("equal", found["swap consistency"].others["agreement"].value),
            ("correct_average", found["position"].others["accuracy_order_average"].value),
            ("correct_both", found["position"].others["accuracy_both_orders"].value),
        ):
            assert value == pytest.approx(float(run[field].split("=")[-1].strip(" %")) / 100, abs=1e-6)
        if strategy == "CoT":
            assert 0.085 < found["swap consistency"].estimate.value < 0.16
            assert found["swap consistency"].p < 0.001
            assert found["position"].estimate.low > 0.35


def test_chatgpt_takes_the_first_in_rewardmath(data_set):
    """README of the set: 3,638 of 4,347 verdicts are "A"."""
    data_set("rewardmath")
    data = rm.load("rewardmath")
    (contender,) = contenders(data, ["recorded:chatgpt_pairwise"])
    position = probes(data, contender)["position"]
    assert position.others["first_share"].value == 3638 / 4347
    assert position.estimate.low > 0.3
    assert position.p < 1e-20


# One side or the other.


def sided(gold, chosen):
    item = np.arange(len(gold))
    return leaning(np.asarray(chosen, float), np.asarray(gold, float), item, weights=np.ones((1, len(gold)), int))


def test_leaning_by_hand():
    """People take the side in 10 of 20 pairs; the judge in 8 of these and in 5 of the others."""
    found = sided([1] * 10 + [0] * 10, [1] * 8 + [0] * 2 + [1] * 5 + [0] * 5)
    assert found.excess.value == pytest.approx(0.65 - 0.5)
    assert (found.accuracy_for.value, found.accuracy_against.value) == (0.8, 0.5)
    assert found.accuracy_gap.value == pytest.approx(0.3)
    sign = stats.binomtest(2, 7).pvalue  # two errors away from the side, five towards it
    error = math.sqrt((8 * 0.2**2 + 2 * 0.8**2) / 10**2 + 10 * 0.5**2 / 10**2) * math.sqrt(20 / 19)
    assert found.p == pytest.approx(max(sign, 2 * stats.norm.sf(0.3 / error)))


def test_errors_at_random_are_no_leaning():
    """People take the side in 80 % of pairs, the judge tosses a coin: the excess is -.3, the accuracies are equal."""
    alarms = shown = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        gold = (rng.random(200) < 0.8).astype(float)
        found = sided(gold, (rng.random(200) < 0.5).astype(float))
        shown += found.excess.high < 0
        alarms += found.p < 0.05
    assert shown > 95
    assert alarms <= 10, "5 % of 100 are 5; more than 10 have a chance of 1 %"


def test_leaning_that_cannot_be_told_from_error():
    found = sided([0] * 30, [1] * 10 + [0] * 20)
    assert found.excess.value == pytest.approx(1 / 3)
    assert math.isnan(found.p)
    assert not found.accuracy_gap.defined
    with pytest.raises(ValueError, match="must be 0, ½, 1"):
        sided([0.3], [1])


def test_signed_means():
    item, weights = np.arange(4), np.ones((1, 4), int)
    made = signed_mean([1.0, -1.0, 0.0, 1.0], item, weights=weights)
    assert made.value == 0.25
    assert -1 < made.low < made.value < made.high < 1
    nothing = signed_mean([0.0] * 4, item, weights=weights)
    assert (nothing.low, nothing.high) == pytest.approx((0.025**0.25 - 1, 1 - 0.025**0.25))


def test_verbosity_by_hand():
    """40 pairs, the first always longer, people take it in 20: the judge takes it in 36, and in 3 of 4 pairs that
    people have tied; two pairs of equal length do not count."""
    texts = ["much longer text", "short"] * 44 + ["same", "long"] * 2
    wins = [1.0] * 20 + [0.0] * 20 + [0.5] * 4 + [1.0] * 2
    verdicts = [A] * 36 + [B] * 4 + [A] * 3 + [B] + [A] * 2
    data = pairs_of(wins, texts=texts)
    found = probes(data, judge(data, verdicts))["verbosity"]
    assert found.estimate.value == pytest.approx((36 + 3) / 44 - (20 + 2) / 44)
    assert found.others["longer_share_gold_ties"].value == 0.75
    assert found.others["accuracy_gap"].value == pytest.approx(1 - 0.2)
    assert found.counts == {"pairs": 46, "equal_length": 2, "no_text": 0, "unscored": 0}
    assert found.p < 0.001
    assert (found.null, found.bad) == (0.0, "either")
    silent = pairs_of([1.0, 0.0], texts=[None] * 4)
    assert probes(silent, judge(silent, [A, B]))["verbosity"].reason == "the data has no texts"


def test_verbosity_of_a_scorer_without_verdicts():
    """Ratings and scores will do: this scorer is the length, people rate at random."""
    rng = np.random.default_rng(0)
    texts = ["x" * int(k) for k in rng.integers(1, 40, 120)]
    rows = np.arange(120, dtype=np.int32)
    data = Dataset(
        "rated",
        [f"i{i}" for i in range(40)],
        np.repeat(np.arange(40, dtype=np.int32), 3),
        texts,
        np.full(120, -1, np.int32),
        ratings=Ratings(rows, rng.normal(size=120), np.full(120, -1, np.int32), np.zeros(120, np.int32)),
    )
    found = probes(data, Contender("length", Scores.from_values([float(len(text)) for text in texts])))
    assert found["verbosity"].others["longer_share"].value == 1
    assert found["verbosity"].p < 0.001
    assert "no two responses" in found["position"].reason


def test_self_preference_by_hand():
    """gpt-4o, claude-3 and a system of no known family: the judge gpt-4 takes its own in 9 of 12 pairs, people in 6."""
    names = ("gpt-4o", "claude-3-opus", "house blend")
    systems = [[0, 1]] * 6 + [[1, 0]] * 6 + [[0, 2]] * 3 + [[1, 2]] * 2 + [[0, 0]]
    wins = ([1.0] * 3 + [0.0] * 3) * 2 + [1.0] * 6
    own = [1, 1, 1, 1, 1, 0, 1, 0, 1, 1, 1, 1] + [1] * 6
    verdicts = [A if (one == (pair[0] == 0)) else B for one, pair in zip(own, systems, strict=True)]
    data = pairs_of(wins, systems=systems, names=names)
    found = probes(data, judge(data, verdicts, name="gpt-4-0613/CoT"))["self-preference"]
    assert found.estimate.value == pytest.approx(10 / 12 - 6 / 12)
    assert found.bad == "greater"
    assert found.counts == {
        "pairs": 18,
        "own_against_other": 12,
        "both_own": 1,
        "neither_own": 0,
        "family_unknown": 5,
        "unscored": 0,
    }
    known = {"house blend": "claude"}
    wider = probes(data, judge(data, verdicts, name="gpt-4-0613/CoT"), families=known)["self-preference"]
    assert wider.counts["own_against_other"] == 15
    for name, families, reason in (
        ("referee", None, "the family of 'referee' is not known"),
        ("qwen2-72b", None, "no response is by its own family (qwen)"),
        ("referee", {"referee": "house", "house blend": "house"}, ""),
        ("gpt-4", {"claude-3-opus": ""}, "was compared with one by another known family"),
    ):
        said = probes(data, judge(data, verdicts, name=name), families=families)["self-preference"].reason
        assert reason in said
        assert bool(reason) == bool(said)


def test_people_who_always_prefer_the_others_leave_no_test():
    data = pairs_of([0.0] * 10, systems=[[0, 1]] * 10, names=("gpt-4", "claude-2"))
    found = probes(data, judge(data, [A] * 5 + [B] * 5, name="gpt-4"))["self-preference"]
    assert found.estimate.value == 0.5
    assert math.isnan(found.p)
    assert not found.alarm
    assert list(found.reasons.values()) == [10]


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("gpt-4o-mini-2024-07-18", "gpt"),
        ("ChatGPT/Vanilla_NoRules", "gpt"),
        ("o1-mini-2024-09-12", "gpt"),
        ("judge:openai/gpt-4o?temperature=1", "gpt"),
        ("sonnet-3-5_pairwise", "claude"),
        ("opus", "claude"),
        ("PaLM2/CoT", "gemini"),
        ("gemini_flash", "gemini"),
        ("GRM-Gemma-2B-rewardmodel-ft", "gemma"),
        ("meta-llama/Meta-Llama-3-70B-Instruct", "llama"),
        ("CodeLlama-34b", "llama"),
        ("vicuna-13b-v1.2", "llama"),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1#3", "mistral"),
        ("zephyr-7b-beta", "mistral"),
        ("alibaba/Qwen2-7B-Instruct", "qwen"),
        ("deepseek-r1-distill-qwen-7b", "deepseek"),
        ("Falcon/CoT", "falcon"),
        ("c4ai-command-r-plus", "command"),
        ("microsoft/Phi-3-medium-4k-instruct", "phi"),
        ("Yi-34B-Chat", "yi"),
        ("internlm2-20b-reward", "internlm"),
        ("human_to_GPT-4", "human"),
        # Names that look like one.
        ("gpt-2", None),
        ("GPT-J", None),
        ("gpt4all", None),
        ("graphi-2", None),
        ("foo1-mini", None),
        ("yield-2", None),
        ("philosophy", None),
        ("length", None),
        ("", None),
    ],
)
def test_families(name, family):
    assert family_of(name) == family


# The scale.


def test_scale_use_by_hand():
    """Scores 1, 1, 1, 2, 4 and one missing: 3 of 5; entropy as SciPy has it, over log 3."""
    data = pairs_of([1.0, 0.5, 0.0])
    scores = Scores.from_values([1.0, 1.0, 2.0, 4.0, 1.0, None])
    found = probes(data, Contender("rater", scores))["scale use"]
    assert found.estimate.value == 0.6
    assert found.estimate.detail == {"rating": 1.0}
    assert found.null == pytest.approx(1 / 3)
    assert found.others["distinct"].value == 3
    assert found.others["entropy"].value == pytest.approx(stats.entropy([3, 1, 1]) / math.log(3))
    assert (found.others["top"].value, found.others["bottom"].value) == (0.2, 0.6)
    assert found.others["tie_share"].value == 0.5  # of the two pairs with both scores
    assert found.others["gold_tie_share"].value == 0.5
    assert found.counts == {"responses": 6, "unscored": 1}
    assert math.isnan(found.p)
    constant = probes(data, Contender("rater", Scores.from_values([3.0] * 6)))["scale use"]
    assert constant.estimate.value == 1
    assert not constant.others["entropy"].defined
    assert not probes(data, judge(data, [A, A, A]))["scale use"].estimate.defined


def test_gemba_uses_little_of_its_scale(data_set):
    """Counted apart from the library, with collections.Counter."""
    from collections import Counter

    data_set("wmt22-ende-gemba")
    data = rm.load("wmt22-ende-gemba")
    (contender,) = contenders(data, ["recorded:GEMBA-GPT4-DA-src"])
    found = probes(data, contender)["scale use"]
    ((rating, count),) = Counter(contender.scores.values.tolist()).most_common(1)
    assert (found.estimate.detail["rating"], found.estimate.value) == (rating, count / len(contender.scores))
    assert found.estimate.value > 0.6


# Again.


def test_runs_by_hand():
    """Two responses, three runs: variances 1 and 4; the winner changes in 2 of the 3 choices of two runs."""
    data = pairs_of([1.0])
    runs = np.array([[1.0, 0.0], [2.0, 4.0], [3.0, 2.0]])
    found = repeat_probe(data, runs, judged_pairs(data))
    assert found.estimate.value == pytest.approx(2 / 3)
    assert found.others["tie_changes"].value == 0
    assert found.others["deviation"].value == pytest.approx(math.sqrt(2.5))
    scale = (1 + 2 + 1) / 3
    assert found.others["deviation_in_scale"].value == pytest.approx(math.sqrt(2.5) / scale)
    wider = repeat_probe(data, runs, judged_pairs(data), scale=2.0)
    assert wider.others["deviation_in_scale"].value == pytest.approx(math.sqrt(2.5) / 2)
    tied = repeat_probe(data, np.array([[1.0, 1.0], [2.0, 1.0]]), judged_pairs(data))
    assert (tied.estimate.value, tied.others["tie_changes"].value) == (0, 1)
    with pytest.raises(InputError, match="two runs or more"):
        repeat_probe(data, runs[:1])


def test_what_noise_does_to_runs():
    """Truth with variance 1 and noise with variance ½: ICC 2 / 3, deviation √½; flips as the normal law has them."""
    rng = np.random.default_rng(0)
    n = 4000
    data = pairs_of(np.ones(n))
    runs = rng.normal(size=2 * n) + math.sqrt(0.5) * rng.normal(size=(3, 2 * n))
    found = repeat_probe(data, runs, judged_pairs(data), resamples=100)
    assert found.others["reliability"].value == pytest.approx(2 / 3, abs=0.02)
    assert found.others["deviation"].value == pytest.approx(math.sqrt(0.5), abs=0.01)
    # Margins of two runs correlate at 2 / 3; signs differ with chance arccos(2 / 3) / pi.
    assert found.estimate.value == pytest.approx(math.acos(2 / 3) / math.pi, abs=0.015)
    low, high = found.others["deviation"].low, found.others["deviation"].high
    assert low < math.sqrt(0.5) < high


def test_runs_are_runs():
    """Each run calls the scorer again; in a run, equal responses are scored once."""
    calls = []

    @scorer
    def moody(response):
        calls.append(response)
        return float(len(calls))

    data = pairs_of([1.0, 0.0], texts=["one", "two", "one", "three"])
    runs = repeat_scores(moody, data, 3)
    assert len(calls) == 9
    assert runs.shape == (3, 4)
    assert (runs[:, 0] == runs[:, 2]).all()
    assert len(np.unique(runs)) == 9
    found = repeat_probe(data, repeat_scores(rm.scorer("length"), data), judged_pairs(data))
    assert (found.estimate.value, found.others["deviation"].value) == (0, 0)
    with pytest.raises(InputError, match="two or more"):
        repeat_scores(moody, data, 1)
    unjudged = repeat_probe(data, runs)
    assert unjudged.reason == "no two responses of an item were judged"
    assert unjudged.others["deviation"].value > 0
