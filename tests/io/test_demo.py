"""The embedded dataset: its gold is checked against the prompts and the texts, read anew here."""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from datetime import datetime

import numpy as np
import pytest

from rewardmeter.dataset import Dataset
from rewardmeter.errors import UnknownNameError
from rewardmeter.io import demo
from rewardmeter.io.demo.problems import DIFFICULTIES, PER_TASK, TASKS, Problem, problems
from rewardmeter.io.demo.raters import RATERS
from rewardmeter.io.demo.systems import SYSTEMS, answer, references, true_rating
from rewardmeter.scoring import make_scorer

PROBLEMS = problems()


@pytest.fixture(scope="module")
def data() -> Dataset:
    return demo.load()


def gold(data: Dataset, aspect: str = "overall") -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Items × systems."""
    assert data.ratings is not None
    return data.ratings.mean(data.n_responses, aspect).reshape(data.n_items, len(SYSTEMS))


def solved(problem: Problem) -> str:
    """The answer, worked out from the words of the prompt."""
    if problem.task == "dates":
        begin, end = (datetime.strptime(day, "%d %B %Y") for day in re.findall(r"\d+ [A-Z]\w+ \d{4}", problem.prompt))
        return str((end - begin).days + 1)
    numbers = [int(number) for number in re.findall(r"\d+", problem.prompt)]
    result = numbers[0] * numbers[1] - (numbers[2] if len(numbers) > 2 else 0)
    if len(numbers) > 3:
        assert result % numbers[3] == 0
        result //= numbers[3]
    return str(result)


def test_size_and_slices(data: Dataset) -> None:
    assert (data.n_items, data.n_responses, len(data.systems)) == (96, 960, 10)
    tasks, difficulties = Counter(data.columns["task"]), Counter(data.columns["difficulty"])
    assert tasks == dict.fromkeys(TASKS, 32)
    assert difficulties == {level: 3 * PER_TASK[level] for level in DIFFICULTIES}
    assert min(difficulties.values()) >= 30  # fewer items are too few for a slice
    assert len(set(data.prompts)) == data.n_items
    assert all(data.references)
    assert data.origin.default_aspect == "overall"
    assert "generated" in data.origin.format


@pytest.mark.parametrize("problem", [p for p in PROBLEMS if p.task != "table-to-text"], ids=lambda problem: problem.id)
def test_answers_follow_from_the_prompt(problem: Problem) -> None:
    assert problem.facts[-1].value == solved(problem) != problem.facts[-1].wrong
    assert references(problem)[-1] == solved(problem)
    if problem.task == "dates" and len(problem.facts) > 1:
        assert sum(int(fact.value) for fact in problem.facts[:-1]) == int(solved(problem))


@pytest.mark.parametrize("problem", [p for p in PROBLEMS if p.task == "table-to-text"], ids=lambda problem: problem.id)
def test_tables_and_facts_agree(problem: Problem) -> None:
    rows = dict(line.split(": ") for line in problem.prompt.split("\n\n")[1].split("\n"))
    name, kind = rows.pop("name"), rows.pop("kind")
    assert [fact.value for fact in problem.facts] == list(rows.values())
    for reference in references(problem):
        assert all(value in reference for value in (name, kind, *rows.values()))


def test_ratings_are_what_the_texts_deserve() -> None:
    # Table descriptions, read without looking at the error notes: 5 points for each field that no wording states
    # rightly, 5 for an unsupported sentence, 1 for a sentence said twice. Typos are left out; they hide sentences.
    checked = 0
    for problem in PROBLEMS:
        for system in SYSTEMS:
            made = answer(problem, system)
            if problem.task != "table-to-text" or made.text == problem.prompt or system.name == "typos":
                continue
            text = made.text.replace("**", "")
            right = [[w.format(f.value) for w in (f.plain, f.other, f.short)] for f in problem.facts]
            wrong = [[w.format(f.wrong) for w in (f.plain, f.other)] for f in problem.facts]
            lost = 5 * sum(not any(said in text for said in wordings) for wordings in right)
            lost += 5 * sum(sentence in text for sentence in problem.unsupported)
            lost += any(text.count(said) > 1 for wordings in (*right, *wrong) for said in wordings[:2])
            assert true_rating(made.errors) == -min(lost, 25), (problem.id, system.name)
            checked += 1
    assert checked > 250


def test_wrong_answers_are_critical_and_echoes_worst() -> None:
    for problem in PROBLEMS:
        for system in SYSTEMS:
            made = answer(problem, system)
            rating = true_rating(made.errors)
            if made.text in (problem.prompt, ""):
                assert rating == -25
            elif problem.task != "table-to-text":
                stated = re.findall(rf"\b{solved(problem)}\b", made.text.replace("**", ""))
                assert stated or rating <= -10, (problem.id, system.name)
            assert -25 <= rating <= 0


def test_simulated_raters_are_named_so_and_differ(data: Dataset) -> None:
    ratings = data.ratings
    assert ratings is not None
    assert ratings.raters == tuple(rater.name for rater in RATERS)
    assert all(name.startswith("simulated") for name in ratings.raters)
    true = gold(data).ravel()
    agreement = []
    for number in range(len(RATERS)):
        rows = ratings.rater == number
        assert np.array_equal(ratings.response[rows], np.arange(data.n_responses))
        assert np.array_equal(ratings.value[rows], np.round(ratings.value[rows]))
        agreement.append(np.corrcoef(ratings.value[rows], true)[0, 1])
    assert 1 > agreement[0] > agreement[1] > agreement[2] > 0.5
    assert np.all(ratings.rater[ratings.rows("overall")] == -1)


def test_the_board_is_instructive(data: Dataset) -> None:
    # A number that the prompt asks for says more than word overlap, overlap says something, length misleads.
    true = gold(data).ravel()
    score = {
        spec: np.corrcoef(make_scorer(spec)(list(data.items())).values, true)[0, 1]
        for spec in ("length", "chrf", "rouge-1", "numeric")
    }
    assert score["length"] < -0.2
    assert 0.25 < score["chrf"] < 0.5
    assert 0.25 < score["rouge-1"] < 0.5
    assert score["numeric"] > 0.6


def test_pairs_follow_from_the_ratings(data: Dataset) -> None:
    view = demo.load(subset="pairs")
    pairs = view.preferences
    assert pairs is not None
    assert view.ratings is None
    assert view.response_text == data.response_text
    assert len(pairs) == demo.PAIRS_PER_ITEM * view.n_items
    gap = gold(data).ravel()[pairs.a] - gold(data).ravel()[pairs.b]
    assert np.array_equal(pairs.probability, (np.sign(gap) + 1) / 2)
    assert 0.05 < np.mean(gap == 0) < 0.5
    assert 0.4 < np.mean(gap[gap != 0] > 0) < 0.6  # sides are balanced
    assert set(zip(pairs.a.tolist(), pairs.b.tolist(), strict=True)).__len__() == len(pairs)


def test_groups_hold_one_right_response(data: Dataset) -> None:
    groups = demo.load(subset="best-of-4").best_of_k
    assert groups is not None
    assert len(groups) > 40
    assert np.all(np.diff(groups.offsets) == 4)
    assert np.all(np.add.reduceat(groups.best.astype(int), groups.offsets[:-1]) == 1)
    true = gold(data).ravel()[groups.response]
    assert np.all(true[groups.best] == 0)
    assert np.all(true[~groups.best] <= -5)


def test_the_same_everywhere(data: Dataset) -> None:
    # Made once and written down: a change of the texts or ratings must be meant.
    texts = "\x00".join(text or "" for text in data.response_text)
    assert demo.load().content_hash == data.content_hash
    digest = hashlib.sha256(texts.encode() + gold(data).tobytes()).hexdigest()
    assert digest[:16] == "6d41a201105e62b5"


def test_generation_is_quick() -> None:
    start = time.process_time()
    demo.load()
    assert time.process_time() - start < 1


def test_names_are_checked() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'pairs'"):
        demo.load(subset="pair")
    with pytest.raises(UnknownNameError, match="one gold only"):
        demo.load(gold="mqm")
