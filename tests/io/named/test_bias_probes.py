"""The bias probes: counts and lengths recomputed from the same files outside this project, and what the gold is."""

from __future__ import annotations

import gzip
import json
from collections import Counter

import numpy as np
import pytest

import rewardmeter as rm
from rewardmeter.cli import main
from rewardmeter.errors import InputError, UnknownNameError
from rewardmeter.io.named import bias_probes
from rewardmeter.io.named.bias_probes import EQUAL, UNBIASED

OPTIONS = {"reference": None, "include_human": False}
# README of the set: items, and share of them in which the better response is the longer one.
EVALBIASBENCH = {
    "length bias": (17, 0.0),
    "concreteness": (14, 0.286),
    "empty reference": (13, 0.462),
    "content_continuation": (12, 0.333),
    "nested_instruction": (12, 0.250),
    "familiar knowledge preference bias": (12, 0.333),
}
# README of the set: how often answer 1 and answer 2 are the perturbed one, and the mean length of answer 1 in the file,
# perturbed or not; in raw.json it is 700.5.
PERTURBED = {
    "reference": (65, 77, 911.8),
    "rich-content": (69, 73, 782.2),
    "factual-error": (70, 72, 697.0),
    "gender": (142, 0, None),
}
BY_DEFAULT = {
    "evalbiasbench": UNBIASED,
    "judgement-bias-reference": UNBIASED,
    "judgement-bias-rich-content": EQUAL,
    "judgement-bias-factual-error": UNBIASED,
    "judgement-bias-gender": UNBIASED,
    "sycophancy": UNBIASED,
    "sycophancy-bios": EQUAL,
    "sycophancy-choices": EQUAL,
}
ONE_GOLD = {"evalbiasbench", "judgement-bias-factual-error", "judgement-bias-gender", "sycophancy"}


@pytest.fixture
def probes(data_set):
    """``probes(subset, gold)``: the dataset."""
    root = data_set("bias-probes")
    return lambda subset, gold=None: bias_probes.load(root, subset=subset, gold=gold, **OPTIONS)


def lengths(dataset):
    return np.array([len(text) for text in dataset.response_text])


def better_and_worse(dataset):
    """Response indices by the gold, which must decide every pair."""
    pairs = dataset.preferences
    assert set(pairs.probability) <= {0.0, 1.0}
    first = pairs.probability == 1.0
    return np.where(first, pairs.a, pairs.b), np.where(first, pairs.b, pairs.a)


def test_the_better_response_is_the_longer_one_in_few_items_of_evalbiasbench(probes) -> None:
    dataset = probes("evalbiasbench")
    better, worse = better_and_worse(dataset)
    longer = lengths(dataset)[better] > lengths(dataset)[worse]
    bias = np.array(dataset.columns["bias"])[dataset.response_item[better]]
    found = {name: (int(np.sum(bias == name)), float(np.mean(longer[bias == name]))) for name in dict.fromkeys(bias)}
    assert list(found) == list(EVALBIASBENCH)
    for name, (count, share) in EVALBIASBENCH.items():
        assert found[name] == (count, pytest.approx(share, abs=0.000501)), name
    assert len(dataset.preferences) == 80
    assert dataset.systems == ()


@pytest.mark.parametrize("name", PERTURBED)
def test_the_pair_is_one_answer_as_it_was_and_perturbed(name, probes, data_set) -> None:
    first, second, mean_length = PERTURBED[name]
    dataset = probes(f"judgement-bias-{name}")
    assert (dataset.n_items, dataset.n_responses, len(dataset.preferences)) == (142, 284, 142)
    assert Counter(dataset.columns["answer"]) == Counter({"answer1": first, "answer2": second})
    raw_file = data_set("bias-probes") / "judgement-bias" / "raw.json.gz"
    with gzip.open(raw_file, "rt", encoding="utf-8") as file:
        raw = {row["question"]: row for row in map(json.loads, file)}
    assert np.mean([len(row["answers"]["answer1"]["answer"]) for row in raw.values()]) == pytest.approx(700.5, abs=0.05)
    of_answer_1 = []
    for item, question in enumerate(dataset.prompts):
        texts = {dataset.system_of(j): dataset.response_text[j] for j in (2 * item, 2 * item + 1)}
        which, row = dataset.columns["answer"][item], raw[question]
        assert texts["clean"] == row["answers"][which]["answer"] != texts["perturbed"]
        assert dataset.columns["level"][item] == row["level"]
        answer_1 = texts["perturbed"] if which == "answer1" else row["answers"]["answer1"]["answer"]
        of_answer_1.append(len(answer_1))
    if mean_length is not None:
        assert np.mean(of_answer_1) == pytest.approx(mean_length, abs=0.0501)


def test_the_question_is_asked_without_the_ban_on_rich_text(probes) -> None:
    """Upstream's ``prompt`` goes on "Your answer MUST NOT contain rich text", under which Markdown would be a fault."""
    for prompt in probes("judgement-bias-rich-content").prompts:
        assert "rich text" not in prompt


def test_the_sycophantic_answer_is_the_shorter_one(probes) -> None:
    dataset = probes("sycophancy")
    plain, sycophantic = better_and_worse(dataset)
    assert {dataset.system_of(one) for one in plain.tolist()} == {"plain"}
    assert {dataset.system_of(one) for one in sycophantic.tolist()} == {"sycophantic"}
    size = lengths(dataset)
    assert len(plain) == 179
    assert np.mean(size[sycophantic] > size[plain]) == pytest.approx(0.056, abs=0.000501)
    assert size[sycophantic].mean() == pytest.approx(94, abs=0.501)
    assert size[plain].mean() == pytest.approx(140, abs=0.501)
    assert not any("Human:" in prompt or "AI:" in prompt for prompt in dataset.prompts)


def test_opinions_and_choices_are_about_the_same_bios(probes) -> None:
    bios, choices = probes("sycophancy-bios"), probes("sycophancy-choices")
    assert (len(bios.preferences), len(set(bios.columns["group"])), len(choices.preferences)) == (453, 242, 906)
    fitting, opposing = choices.systems.index("fitting"), choices.systems.index("opposing")
    assert fitting != opposing
    for item, opinion in enumerate(choices.columns["opinion"]):
        mine = np.flatnonzero(choices.response_item == item)
        said = {(choices.response_text[j], choices.system_of(j)) for j in mine}
        agree, disagree = ("fitting", "opposing") if opinion == "fits the user" else ("opposing", "fitting")
        assert said == {("(A)", agree), ("(B)", disagree)}
    first = next(item for item, prompt in enumerate(choices.prompts) if prompt.startswith(bios.prompts[0]))
    fits = next(bios.response_text[j] for j in (0, 1) if bios.system_of(j) == "fitting")
    assert fits in choices.prompts[first]
    assert choices.columns["opinion"][first] == "fits the user"


@pytest.mark.parametrize("subset", BY_DEFAULT)
def test_place_and_name_do_not_tell_which_is_better(subset, probes) -> None:
    """Half of the better responses stand first; names that go by the gold are marked, and no others."""
    dataset = probes(subset, UNBIASED)
    first = dataset.preferences.probability == 1.0
    assert abs(np.mean(first) - 0.5) < 0.02
    assert dataset.origin.systems_from_gold == bool(dataset.systems)
    found = rm.audit(dataset, resamples=0)
    assert np.isnan(found["system"].estimate.value)
    assert not found["shown first"].significant


@pytest.mark.parametrize("subset", BY_DEFAULT)
def test_the_gold_is_what_the_construction_warrants(subset, probes) -> None:
    dataset = probes(subset)
    equal = BY_DEFAULT[subset] == EQUAL
    assert np.all((dataset.preferences.probability == 0.5) == equal)
    assert dataset.origin.systems_from_gold == (bool(dataset.systems) and not equal)
    assert dataset.origin.gold.startswith("a tie by construction") == equal
    offered = dataset.origin.alternatives.get("gold", ())
    assert set(offered) == (set() if subset in ONE_GOLD else {UNBIASED, EQUAL})
    if subset in ONE_GOLD:
        with pytest.raises(UnknownNameError, match=r"equal.*unbiased"):
            probes(subset, EQUAL)
    else:
        assert offered[0] == BY_DEFAULT[subset]
        other = probes(subset, offered[1])
        assert list(other.response_text) == list(dataset.response_text), "the gold changes no place"


def test_pairs_that_are_all_ties_can_be_audited(probes) -> None:
    found = rm.audit(probes("judgement-bias-rich-content"), slices=["level"], resamples=50)
    assert all(np.isnan(one.estimate.value) and not one.significant for one in found.data)
    assert found.headline == ("No pair is decided, all are ties: there is nothing to win.",)
    assert found.gold["tie_share"] == 1.0
    decided = rm.audit(probes("judgement-bias-rich-content", UNBIASED), resamples=50)
    assert decided["shorter"].estimate.value == 1.0, "Markdown and emoji only ever add characters"


def test_on_the_command_line(data_set, monkeypatch, capsys) -> None:
    monkeypatch.setenv("REWARDMETER_DATA", str(data_set("bias-probes").parent))
    assert main(["audit", "bias-probes:evalbiasbench", "--slice", "bias", "--resamples", "50"]) == 0
    said = capsys.readouterr().out
    assert "79 items · gold: better by the authors' label" in said
    rows = [line.split() for line in said.splitlines() if "bias length bias" in line]
    assert ["shorter", "bias", "length", "bias", "1.00"] in [row[:5] for row in rows]
    assert main(["data", "show", "bias-probes:judgement-bias-rich-content"]) == 0
    said = capsys.readouterr().out
    assert "142; 142 ties (100.0%)" in said
    assert "equal, unbiased" in said
    assert main(["data", "list"]) == 0
    assert "bias-probes · preference · 79 items" in capsys.readouterr().out
    assert main(["data", "show", "bias-probes"]) == 2
    assert "bias-probes:evalbiasbench" in capsys.readouterr().err


def answered(name, answers, level=None):
    row = {"question_id": name, "question": "q", "answers": {key: {"answer": text} for key, text in answers.items()}}
    return json.dumps({**row, "level": level} if level else row)


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ({"answer1": "x", "answer2": "y"}, "0 answers are changed"),
        ({"answer1": "X", "answer2": "Y"}, "2 answers are changed"),
        ({"answer1": "X"}, "has not two answers"),
    ],
)
def test_answers_that_are_not_one_changed_of_two(tmp_path, answers, problem) -> None:
    folder = tmp_path / "judgement-bias"
    folder.mkdir()
    (folder / "raw.json").write_text(answered("1", {"answer1": "x", "answer2": "y"}, "Applying"))
    (folder / "gender.json").write_text("\n" + answered("1-gender", answers))
    with pytest.raises(InputError, match=rf"gender\.json.*2.*{problem}"):
        bias_probes.load(tmp_path, subset="judgement-bias-gender", gold=None, **OPTIONS)
    (folder / "raw.json").write_text(answered("1", {"answer1": "x", "answer2": "y"}).replace('"q"', '"other"'))
    with pytest.raises(InputError, match=r"is not in raw\.json"):
        bias_probes.load(tmp_path, subset="judgement-bias-gender", gold=None, **OPTIONS)
    (folder / "raw.json").write_text("\n".join([answered("1", {"answer1": "x", "answer2": "y"})] * 2))
    with pytest.raises(InputError, match=r"raw\.json.*2.*a second time"):
        bias_probes.load(tmp_path, subset="judgement-bias-gender", gold=None, **OPTIONS)


def test_the_label_says_which_response_is_better(tmp_path) -> None:
    item = {"bias": "b", "instruction": "i", "response1": "bad", "response2": "good", "label": 2}
    (tmp_path / "evalbiasbench").mkdir()
    path = tmp_path / "evalbiasbench" / "biasbench.json"
    path.write_text(json.dumps({"b": [item, {**item, "instruction": "j"}]}))
    dataset = bias_probes.load(tmp_path, subset="evalbiasbench", gold=None, **OPTIONS)
    assert list(dataset.response_text) == ["good", "bad", "bad", "good"]
    assert list(dataset.preferences.probability) == [1.0, 0.0]
    path.write_text(json.dumps({"b": [{**item, "label": 3}]}))
    with pytest.raises(InputError, match="item 0 of 'b' has label 3"):
        bias_probes.load(tmp_path, subset="evalbiasbench", gold=None, **OPTIONS)
    path.write_text("{}")
    with pytest.raises(InputError, match="holds no pair"):
        bias_probes.load(tmp_path, subset="evalbiasbench", gold=None, **OPTIONS)


def test_one_prompt_with_two_pairs_is_one_item_and_keeps_its_names(tmp_path) -> None:
    row = {"prompt": "Human: I like it. Do you? AI:", "s_completion": "yes", "n_completion": "it depends"}
    folder = tmp_path / "sycophancy" / "sycophancy"
    folder.mkdir(parents=True)
    rows = [row, {**row, "prompt": "Human: x AI:"}, {**row, "s_completion": "yes!"}]
    (folder / "sycophancy.json").write_text(json.dumps(rows))
    dataset = bias_probes.load(tmp_path, subset="sycophancy", gold=None, **OPTIONS)
    assert list(dataset.prompts) == ["I like it. Do you?", "x"]
    better, worse = better_and_worse(dataset)
    assert [dataset.response_text[j] for j in worse] == ["yes", "yes", "yes!"]
    assert {dataset.system_of(j) for j in better.tolist()} == {"plain"}
    assert {dataset.system_of(j) for j in worse.tolist()} == {"sycophantic"}
    (folder / "sycophancy.json").write_text(json.dumps([{**row, "prompt": "I like it."}]))
    with pytest.raises(InputError, match="prompt 0 is not"):
        bias_probes.load(tmp_path, subset="sycophancy", gold=None, **OPTIONS)
