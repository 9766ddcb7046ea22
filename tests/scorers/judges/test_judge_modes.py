"""What each mode asks and what it makes of the answers; expected values by hand from the definitions."""

from __future__ import annotations

import itertools
import json
import re

import numpy as np
import pytest
from scripted_server import ScriptedServer, Send, chat

from rewardmeter.errors import SpecError
from rewardmeter.scorers.pointwise import Unscored
from rewardmeter.scoring import Budget, PairwiseJudge, Run, make_scorer
from rewardmeter.types import Cost, Item, Outcome, Response

TWO = Item((Response("good"), Response("bad")), prompt="Which?", references=("gold",))


def user(body):
    return body["messages"][-1]["content"]


def between(text, name):
    """The texts between marks, in order."""
    return [match[2] for match in re.finditer(rf"<{name} (\w+)>\n(.*?)\n</{name} \1>", text, re.DOTALL)]


def score(spec, script, items, **keywords):
    with ScriptedServer(lambda body, before: Send(script(body))) as server:
        scorer = make_scorer(f"judge:m?base_url={server.url}&{spec}")
        assert make_scorer(scorer.name) == scorer
        return scorer(items, **keywords), server


def prefers(*words):
    """A judge that prefers the response that holds the first of these words; else a tie."""

    def script(body):
        first, second = between(user(body), "first")[0], between(user(body), "second")[0]
        for word in words:
            if (word in first) != (word in second):
                return chat("A" if word in first else "B")
        return chat("C")

    return script


def test_pointwise_shows_the_prompt_and_the_response():
    scores, server = score("aspect=brevity&scale=0-3", lambda body: chat("2" if "good" in user(body) else "0"), [TWO])
    assert scores.values.tolist() == [2.0, 0.0]
    text = user(server.bodies[0])
    assert between(text, "prompt") == ["Which?"]
    assert between(text, "response")[0] in ("good", "bad")
    assert "brevity" in text
    assert "0 (worst) to 3 (best)" in text
    assert "gold" not in text
    assert server.bodies[0]["messages"][0]["role"] == "system"
    assert server.bodies[0]["temperature"] == 0.0
    assert server.paths[0] == "/v1/chat/completions"


def test_reference_shows_the_references_and_needs_one():
    items = [TWO, Item((Response("good"),), prompt="Which?", references=("  ",))]
    scores, server = score("mode=reference", lambda body: chat("4"), items)
    assert scores.values[:2].tolist() == [4.0, 4.0]
    assert scores.outcomes[2] == Outcome.FAILED
    assert scores.reasons[2] == "no reference"
    assert between(user(server.bodies[0]), "references") == ["gold"]
    assert len(server.bodies) == 2


def test_no_prompt_is_no_guess():
    scores, server = score("", lambda body: chat("4"), [Item((Response("good"),))])
    assert scores.outcomes[0] == Outcome.FAILED
    assert scores.reasons[0].startswith("no prompt")
    assert not server.bodies


def test_pairwise_asks_both_orders():
    scores, server = score("mode=pairwise", prefers("good"), [TWO])
    assert scores.values.tolist() == [1.0, 0.0]
    assert scores.outcomes.tolist() == [Outcome.SCORED] * 2
    assert sorted(between(user(body), "first")[0] for body in server.bodies) == ["bad", "good"]
    assert scores.cost.calls == 2


@pytest.mark.parametrize(("script", "p"), [(lambda body: chat("A"), 0.5), (lambda body: chat("tie"), 0.5)])
def test_orders_that_disagree_are_a_tie(script, p):
    scores, _ = score("mode=pairwise", script, [TWO])
    assert scores.values.tolist() == [p, 1 - p]
    assert scores.outcomes.tolist() == [Outcome.TIE] * 2


def test_half_a_tie_is_three_quarters():
    def script(body):
        return chat("A" if between(user(body), "first")[0] == "good" else "C")

    scores, _ = score("mode=pairwise", script, [TWO])
    assert scores.values.tolist() == [0.75, 0.25]


def test_swapping_the_responses_swaps_the_scores():
    swapped = Item(TWO.responses[::-1], prompt="Which?")
    for script in (
        prefers("good"),
        lambda body: chat("A"),
        lambda body: chat("A" if "bad" in user(body)[-60:] else "C"),
    ):
        one, _ = score("mode=pairwise", script, [TWO])
        other, _ = score("mode=pairwise", script, [swapped])
        assert one.values.tolist() == other.values[::-1].tolist()


def test_one_order_without_verdict_is_no_verdict():
    def script(body):
        return chat("A" if between(user(body), "first")[0] == "good" else "Hard to say.")

    scores, _ = score("mode=pairwise", script, [TWO])
    assert scores.outcomes.tolist() == [Outcome.ABSTAINED] * 2
    assert scores.reasons[0] == "the judge gave no readable verdict"


@pytest.mark.parametrize("k", [1, 3])
def test_pairwise_says_what_more_than_two_need(k):
    item = Item(tuple(Response(f"r{i}") for i in range(k)), prompt="Which?")
    scores, server = score("mode=pairwise", prefers("good"), [item, TWO])
    assert scores.outcomes.tolist() == [Outcome.FAILED] * k + [Outcome.SCORED] * 2
    assert not (k == 3 and "tournament:[judge:m" not in scores.reasons[0])
    assert len(server.bodies) == 2


def test_pairs_of_a_longer_list():
    item = Item(tuple(Response(word) for word in ("worst", "best", "middle", "best")), prompt="Which?")
    pairs = [(item, i, j) for i, j in itertools.permutations(range(4), 2)]
    with ScriptedServer(lambda body, _: Send(prefers("best", "middle")(body))) as server:
        judge = make_scorer(f"judge:m?mode=pairwise&base_url={server.url}&input_price=1&output_price=1")
        assert isinstance(judge, PairwiseJudge)
        run = Run()
        ahead = judge.forecast_pairs(pairs, run)
        found = list(judge.compare_pairs(pairs, run))
    assert sorted(position for position, _, _ in found) == list(range(12))
    rank = {"worst": 0, "middle": 1, "best": 2}
    for position, verdict, _ in found:
        i, j = pairs[position][1:]
        difference = rank[item.responses[i].text] - rank[item.responses[j].text]
        assert verdict == 0.5 + 0.5 * np.sign(difference)
    cost = sum((cost for _, _, cost in found), start=Cost())
    assert cost.calls == len(server.bodies) == ahead.calls == 7, "seven different ordered pairs of texts"
    assert cost.dollars < ahead.dollars


@pytest.mark.parametrize(("members", "answers"), [(1, 3), (1, 8), (1, 11), (2, 15), (2, 22)])
def test_what_is_paid_for_half_a_comparison_is_counted(members, answers):
    """A dollar for an answer: six comparisons take twelve of each member, and the budget ends before that."""
    item = Item(tuple(Response(f"response {i}") for i in range(4)), prompt="Which?")
    pairs = [(item, i, j) for i, j in itertools.combinations(range(4), 2)]
    with ScriptedServer(lambda *_: Send(chat("A", usage=(1, 1)))) as server:
        options = f"mode=pairwise&structured=no&max_tokens=1&output_price=1e6&input_price=0&base_url={server.url}"
        specs = [f"judge:{name}?{options}&concurrency=1" for name in "ab"[:members]]
        panel = "panel?members=" + "%20".join(spec.replace("&", "%26") for spec in specs)
        judge = make_scorer(panel if members > 1 else specs[0])
        budget = Budget(answers)
        found = list(judge.compare_pairs(pairs, Run(budget=budget)))
    assert budget.spent == answers == len(server.bodies)
    assert len(found) == (answers - 12 * (members - 1)) // 2
    assert sum(cost.dollars for _, _, cost in found) == answers


def test_a_pair_without_verdict_says_why():
    with ScriptedServer(lambda *_: Send(chat("no idea"))) as server:
        judge = make_scorer(f"judge:m?mode=pairwise&base_url={server.url}")
        ((_, verdict, cost),) = judge.compare_pairs([(TWO, 0, 1)], Run())
    assert verdict == Unscored("the judge gave no readable verdict", Outcome.ABSTAINED)
    assert cost.calls == 2


def test_listwise_ranks():
    item = Item(tuple(Response(word) for word in "cab"), prompt="Sort.")
    seen = []

    def script(body):
        words = between(user(body), "response")
        seen.append(words)
        order = sorted(range(3), key=lambda i: words[i])
        return chat(json.dumps({"ranking": [[i + 1] for i in order]}))

    scores, _ = score("mode=listwise&samples=6", script, [item])
    assert scores.values.tolist() == [0.0, 1.0, 0.5]
    assert ["c", "a", "b"] in seen
    assert len({tuple(words) for words in seen}) > 1, "further samples see other orders"


def test_listwise_ties_are_ties():
    item = Item(tuple(Response(word) for word in "abcd"), prompt="Sort.")
    scores, _ = score("mode=listwise", lambda body: chat("2 > 1 = 3 > 4"), [item])
    assert scores.values.tolist() == [0.5, 1.0, 0.5, 0.0]
    assert scores.outcomes.tolist() == [Outcome.TIE, Outcome.SCORED, Outcome.TIE, Outcome.SCORED]


def test_listwise_abstains_as_a_whole():
    scores, _ = score(
        "mode=listwise", lambda body: chat("1 > 2 > 2"), [Item(tuple(map(Response, "abc")), prompt="Sort.")]
    )
    assert scores.outcomes.tolist() == [Outcome.ABSTAINED] * 3


RUBRIC = """
[[criteria]]
name = "clear"
text = "Is it clear?"
[[criteria]]
name = "kind"
text = "How kind is it?"
weight = 3
choices = ["bad", "ok", "good"]
"""


def test_rubric_is_the_weighted_mean(tmp_path):
    (tmp_path / "r.toml").write_text(RUBRIC)
    (tmp_path / "r.json").write_text(json.dumps({"criteria": [{"name": "clear", "text": "?"}]}))
    answer = {"verdicts": [{"name": "kind", "verdict": "OK"}, {"name": "clear", "verdict": "yes"}]}
    scores, server = score(f"mode=rubric&criteria={tmp_path}/r.toml", lambda body: chat(json.dumps(answer)), [TWO])
    assert scores.values.tolist() == [(1 * 1 + 3 * 0.5) / 4] * 2
    assert "- kind: How kind is it? (one of: bad, ok, good)" in user(server.bodies[0])
    scores, _ = score(f"mode=rubric&criteria={tmp_path}/r.json", lambda body: chat(json.dumps(answer)), [TWO])
    assert scores.values.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    "verdicts",
    [
        [],
        [{"name": "clear", "verdict": "yes"}],
        [{"name": "clear", "verdict": "yes"}, {"name": "kind", "verdict": "so-so"}],
    ],
)
def test_a_rubric_with_a_hole_abstains(tmp_path, verdicts):
    (tmp_path / "r.toml").write_text(RUBRIC)
    spec = f"mode=rubric&criteria={tmp_path}/r.toml"
    scores, _ = score(spec, lambda body: chat(json.dumps({"verdicts": verdicts})), [TWO])
    assert scores.outcomes.tolist() == [Outcome.ABSTAINED] * 2


def errors(*pairs):
    return json.dumps({"errors": [{"span": "x", "category": c, "severity": s} for s, c in pairs]})


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (errors(), 0.0),
        (errors(("minor", "fluency/grammar"), ("minor", "fluency/punctuation"), ("major", "accuracy/omission")), -6.1),
        (errors(("major", "fluency/punctuation")), -5.0),
        (errors(("critical", "accuracy/mistranslation")), -25.0),
        (errors(*[("major", "other")] * 9), -25.0),
        (errors(("minor", "non-translation")), -25.0),
        ('Critical:\nno-error\nMajor:\nstyle/awkward - "x"\nMinor:\nno-error', -5.0),
    ],
)
def test_error_spans(answer, value):
    scores, _ = score("mode=spans", lambda body: chat(answer), [TWO])
    assert scores.values[0] == value
    assert np.copysign(1, scores.values[0] or 1.0) == (1 if value == 0 else -1)


def test_error_weights_are_options():
    answer = errors(("critical", "a"), ("major", "a"), ("minor", "a"), ("minor", "fluency/punctuation"))
    spec = "mode=spans&critical=8&major=4&minor=2&punctuation=1&cap=1000"
    scores, _ = score(spec, lambda body: chat(answer), [TWO])
    assert scores.values[0] == -15.0


def test_an_error_of_unknown_weight_or_half_a_list_abstains():
    scores, _ = score("mode=spans", lambda body: chat(errors(("grave", "a"))), [TWO])
    assert scores.outcomes[0] == Outcome.ABSTAINED
    cut = chat(errors(("minor", "a")))
    cut["choices"][0]["finish_reason"] = "length"
    scores, _ = score("mode=spans", lambda body: cut, [TWO])
    assert scores.reasons[0] == "the judge's answer was cut off at max_tokens"


@pytest.mark.parametrize("k", [5, 7])
def test_samples_that_cannot_be_read_are_said(k):
    answers = iter(["1", "what?", "3", *["5"] * k])
    with ScriptedServer(lambda *_: Send(chat(next(answers)))) as server:
        item = Item((Response("x"),), prompt="?")
        scores = make_scorer(f"judge:m?base_url={server.url}&samples=3&concurrency=1&logprobs=no")([item])
    assert scores.values[0] == 2.0
    assert scores.reasons[0] == "mean of 2 readable samples of 3"


def test_panels(tmp_path):
    def script(body):
        return Send(chat({"up": "yes", "down": "no", "mute": "hm"}[body["model"].rstrip("12")]))

    item = Item((Response("x"),), prompt="?")
    with ScriptedServer(lambda body, _: script(body)) as server:

        def value(members, **options):
            url = f"base_url={server.url}&mode=yesno".replace("&", "%26")
            specs = "%20".join(f"judge:{member}?{url}" for member in members.split())
            spec = f"panel?members={specs}" + "".join(f"&{key}={value}" for key, value in options.items())
            panel = make_scorer(spec)
            assert make_scorer(panel.name) == panel
            scores = panel([item])
            assert scores.cost.calls == len(set(members.split()))
            return scores.values[0], Outcome(int(scores.outcomes[0])), scores.reasons.get(0, "")

        assert value("up down up2") == (pytest.approx(2 / 3), Outcome.SCORED, "")
        assert value("up down up2", combine="majority") == (1.0, Outcome.SCORED, "")
        assert value("down up down2", combine="strict-majority") == (0.0, Outcome.SCORED, "")
        assert value("up down", combine="majority") == (0.5, Outcome.TIE, "")
        assert value("up down", combine="strict-majority")[1] == Outcome.ABSTAINED
        some = "2 of 3 judges gave a verdict"
        assert value("up mute up2", combine="strict-majority") == (1.0, Outcome.SCORED, some)
        assert value("up mute down", combine="strict-majority")[2] == "no strict majority among the judges"
        assert value("up mute mute2")[1:] == (Outcome.ABSTAINED, "1 of 3 judges gave a verdict")
        assert value("up mute mute2", quorum=1)[:2] == (1.0, Outcome.SCORED)
        assert value("up mute up2", quorum=3)[1] == Outcome.ABSTAINED

        (tmp_path / "judge.toml").write_text(f'model = "up"\nmode = "yesno"\nbase_url = "{server.url}"\n')
        members = f'["judge:judge.toml", "judge:down?mode=yesno&base_url={server.url}", "length"]'
        (tmp_path / "panel.toml").write_text(f'combine = "majority"\nmembers = {members}\n')
        panel = make_scorer(f"panel:{tmp_path}/panel.toml")
        assert panel([item]).values[0] == 1.0
        assert make_scorer(panel.name) == panel
        assert panel.reads == {"prompt", "response"}


def test_a_panel_fails_where_a_member_does():
    with ScriptedServer(
        lambda body, _: Send(chat("5")) if body["model"] == "a" else Send({"error": "no"}, 400)
    ) as server:
        members = " ".join(f"judge:{model}?base_url={server.url}" for model in "ab").replace(" ", "%20")
        scores = make_scorer(f"panel?members={members}")([Item((Response("x"),), prompt="?")])
    assert scores.outcomes[0] == Outcome.FAILED
    assert scores.reasons[0] == "a judge of the panel has failed: HTTP 400: no"


def test_a_panel_compares_pairs():
    with ScriptedServer(lambda body, _: Send(prefers(body["model"])(body))) as server:
        members = "%20".join(f"judge:{word}?mode=pairwise%26base_url={server.url}" for word in ("good", "bad", "goo"))
        panel = make_scorer(f"panel?combine=majority&members={members}")
        assert [verdict for _, verdict, _ in panel.compare_pairs([(TWO, 0, 1)], Run())] == [1.0]
        assert panel.forecast_pairs([(TWO, 0, 1)], Run()).calls == 6
        assert panel([TWO]).values.tolist() == [1.0, 0.0]
    with pytest.raises(SpecError, match="compares no pairs"):
        list(make_scorer("panel?members=length%20words").compare_pairs([(TWO, 0, 1)], Run()))
