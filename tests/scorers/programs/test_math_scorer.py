"""Mathematical answers: equalities by hand, and Math-Verify itself called beside the scorer."""

from __future__ import annotations

import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from one_response import outcome, value

from rewardmeter.errors import MissingExtraError, SpecError, UnknownNameError
from rewardmeter.scorers.programs import mathematics, results
from rewardmeter.scorers.programs.processes import Helper, LostError
from rewardmeter.scoring import make_scorer
from rewardmeter.types import Item, Outcome, Response

math_verify = pytest.importorskip("math_verify")

NO_ANSWER = "no mathematical expression found in the response: counted as wrong"


@pytest.mark.parametrize(
    ("response", "reference", "expected"),
    [
        (r"The answer is $\frac{1}{2}$.", "0.5", 1),
        (r"Thus \boxed{\frac12}", "1/2", 1),
        (r"$\boxed{x = 3}$", "3", 1),
        ("so we get 1,234", "1234", 1),
        ("#### 72", "72", 1),
        ("50%", r"$50\%$", 1),
        (r"$[0, 1)$", "[0,1)", 1),
        ("[0,1)", "[0,1]", 0),
        (r"$\{1, 2, 3\}$", r"$\{3, 2, 1\}$", 1),
        (r"$\{1, 2\}$", r"$\{1, 2, 3\}$", 0),
        (r"2\sqrt{3}", r"\sqrt{12}", 1),
        (r"2\sqrt{3}", "2", 0),
        ("(x+1)^2", "x^2+2x+1", 1),
        ("(x+1)^2", "x^2+1", 0),
        (r"\sin^2 x + \cos^2 x", "1", 1),
        (r"$x < 5$", r"$5 > x$", 1),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"$\begin{pmatrix}1&2\\3&4\end{pmatrix}$", 1),
        ("0.333333", "1/3", 1),
        ("0.3333", "1/3", 0),
        ("First 3, then 4", "3", 0),
        ("First 3, then 4", "4", 1),
    ],
)
def test_by_hand(response: str, reference: str, expected: float) -> None:
    assert value("math", response, reference) == expected


MARKED = [
    r"$\frac{1}{2}$", r"$0.5$", r"$x=3$", r"$3$", r"$\{1,2\}$", r"$(1,2)$", r"$1 < x < 2$", r"$\sqrt{2}$",
    r"$1.414214$", r"$50\%$", r"$(-\infty, 2)$", r"$\boxed{7}$ and $\boxed{8}$", r"$7, 8$",
]  # fmt: skip


def test_every_pair_as_math_verify_says() -> None:
    read = {text: math_verify.parse(text) for text in MARKED}
    responses = tuple(map(Response, MARKED))
    scores = make_scorer("math")([Item(responses, references=(reference,)) for reference in MARKED])
    expected = [float(math_verify.verify(read[gold], read[given])) for gold in MARKED for given in MARKED]
    assert scores.values.tolist() == expected
    assert sum(expected) > len(MARKED)


def test_only_a_box_counts_if_asked() -> None:
    assert value("math?answer=boxed", r"\boxed{4}, or rather \boxed{\frac{10}{2}}. Check: 7", "5") == 1
    assert value("math?answer=boxed", r"\boxed{4} is my answer, the answer is 5", "5") == 0
    assert outcome("math?answer=boxed", "the answer is 5", "5") == (Outcome.SCORED, 0, NO_ANSWER)
    assert outcome("math?answer=boxed", r"\boxed{5", "5") == (Outcome.SCORED, 0, NO_ANSWER)


def test_one_reference_is_enough() -> None:
    assert value("math", "8", "no idea", "7", "8") == 1


def test_outcomes_without_an_answer() -> None:
    assert outcome("math", "I cannot tell.", "3") == (Outcome.SCORED, 0, NO_ANSWER)
    kind, _, reason = outcome("math?no_answer=abstain", "I cannot tell.", "3")
    assert (kind, reason) == (Outcome.ABSTAINED, "no mathematical expression found in the response")
    kind, _, reason = outcome("math", "3", "I cannot tell.")
    assert (kind, reason) == (Outcome.FAILED, "the references hold no mathematical expression")


def test_decimals() -> None:
    assert value("math?decimals=2", "3.141", r"$\pi$") == 1
    assert value("math", "3.141", r"$\pi$") == 0


def test_a_tower_of_powers_is_stopped_and_the_next_answer_is_scored() -> None:
    tower = "$9^{9^{9^9}}$"
    scores = make_scorer("math?timeout=0.5")([Item(tuple(map(Response, (tower, "3"))), references=("3",))])
    assert scores.outcomes.tolist() == [Outcome.FAILED, Outcome.SCORED]
    assert scores.reasons == {0: "not decided within 0.5 seconds"}


@pytest.mark.parametrize(
    "text", ["1 " * 100_000, "$" + "(" * 3_000, "[" * 200_000, "\\frac{" * 5_000, "\\boxed{" * 20_000]
)
def test_texts_that_are_hard_to_read_end(text: str) -> None:
    start = time.monotonic()
    kind, _, reason = outcome("math?timeout=1", text, "4")
    assert kind in (Outcome.SCORED, Outcome.FAILED)
    assert reason
    assert time.monotonic() - start < 30


def test_in_threads() -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda n: value("math", f"${n}$", "7"), range(12))) == [float(n == 7) for n in range(12)]


def _score_in_fork(connection: object) -> None:
    connection.send(value("math", "$7$", "7"))  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_in_daemon_processes(method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    assert value("math", "$7$", "7") == 1  # the helper runs before the fork
    context = multiprocessing.get_context(method)
    ours, theirs = context.Pipe()
    process = context.Process(target=_score_in_fork, args=(theirs,), daemon=True)
    process.start()
    assert ours.poll(60)
    assert ours.recv() == 1
    process.join(30)
    assert value("math", "$8$", "7") == 0


def test_a_helper_that_was_killed_is_started_again() -> None:
    assert value("math", "$7$", "7") == 1
    process = mathematics._helper()._process
    assert process is not None
    process.popen.kill()
    process.popen.wait()
    assert value("math", "$7$", "7") == 1


def test_a_helper_that_dies_on_a_job_says_so(tmp_path: Path) -> None:
    program = tmp_path / "dies.py"
    program.write_text("import sys\nprint('ready', flush=True)\nsys.stdin.readline()\nsys.exit(3)\n")
    helper = Helper(program)
    with pytest.raises(LostError, match="ended with status 3"):
        helper.ask({}, 5)
    helper.close()


def test_an_answer_that_nobody_waits_for_is_not_the_next_jobs(tmp_path: Path, monkeypatch) -> None:
    program = tmp_path / "echo.py"
    program.write_text(
        "import sys\nprint('ready', flush=True)\nfor line in sys.stdin: print(line, end='', flush=True)\n"
    )
    helper = Helper(program)
    assert helper.ask({"job": 1}, 5)["job"] == 1
    with monkeypatch.context() as interrupted:
        interrupted.setattr("rewardmeter.scorers.programs.processes._Process.heard", interrupt)
        with pytest.raises(KeyboardInterrupt):
            helper.ask({"job": 2}, 5)
    assert helper.ask({"job": 3}, 5)["job"] == 3
    helper.close()


def interrupt(process: object, seconds: float) -> str:
    raise KeyboardInterrupt


def test_no_thread_or_process_is_left_behind() -> None:
    before = threading.active_count()
    helper = Helper(Path(mathematics.__file__).with_name("math_process.py"))
    job = {"references": ["1"], "response": "1", "answer": "last", "decimals": 6}
    assert helper.ask(job, 5)["verdict"] == "equal"
    process = helper._process
    assert process is not None
    helper.close()
    assert process.popen.returncode is not None
    assert threading.active_count() == before


def test_specs_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownNameError, match="place of the answer"):
        make_scorer("math?answer=first")
    with pytest.raises(UnknownNameError, match="did you mean 'wrong'"):
        make_scorer("math?no_answer=wrog")
    with pytest.raises(SpecError, match="timeout=0"):
        make_scorer("math?timeout=0")
    with pytest.raises(SpecError, match="timeout=nan"):
        make_scorer("math?timeout=nan")
    with pytest.raises(SpecError, match="decimals=-1"):
        make_scorer("math?decimals=-1")
    monkeypatch.setattr(results.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"rewardmeter\[programs\]"):
        value("math", "1", "1")
