"""The process in which mathematical answers are parsed and compared: a program, not a module to import.

Algebra may take hours or all memory (``9^{9^{9^9}}``), in C code that no Python signal handler interrupts, and
Math-Verify's own time limits work in a main thread only. So the work is done here, and the kernel ends this process
when a job's processor time is used up; `processes` starts the next one.

One job is one line of JSON on the standard input: ``references`` (texts), ``response`` (text), ``answer`` (``last`` or
``boxed``), ``decimals`` and ``seconds``. The answer is one line: ``verdict`` is ``equal``, ``different``, ``no
answer`` or ``no reference``; ``error`` is true where a comparison broke off. May import nothing of ours.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import re
import signal
import sys
from typing import Any

MEMORY_BYTES = 4 * 2**30
"""Address space that a job may take; algebra that wants more has failed."""

DELIMITER = re.compile(r"\$|\\\(|\\\[|\\boxed|\\begin\{(?:equation|align|displaymath|math)")
COMMAND = re.compile(r"\\(?:begin|end|text|mathrm|textbf|mathbf|operatorname)\s*\{[^{}]*\}|\\[A-Za-z]+")
WORD = re.compile(r"[^\W\d_]{3,}")


def word_set(words: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(words.split())


FUNCTIONS = word_set(
    "sin cos tan cot sec csc arcsin arccos arctan asin acos atan sinh cosh tanh log exp sqrt pi abs max min inf mod"
)
LONGEST_EXPRESSION = 300


def delimited(text: str) -> str:
    """The text with dollar signs around it where it is one bare expression: Math-Verify reads LaTeX only between marks.

    ``2\\sqrt{3}`` alone is read as 2 by its patterns for running text.
    """
    stripped = text.strip()
    bare = COMMAND.sub(" ", stripped)
    prose = any(word.lower() not in FUNCTIONS for word in WORD.findall(bare))
    if not stripped or prose or "\n" in stripped or len(stripped) > LONGEST_EXPRESSION or DELIMITER.search(stripped):
        return text
    return f"${stripped.rstrip('.')}$"


def last_boxed(text: str) -> str | None:
    r"""What stands in the last ``\boxed{...}`` whose braces are closed; None where there is none."""
    for start in reversed([match.end() for match in re.finditer(r"\\f?boxed\s*\{", text)]):
        depth = 1
        for match in re.compile(r"\\.|[{}]", re.DOTALL).finditer(text, start):
            depth += {"{": 1, "}": -1}.get(match.group(), 0)
            if depth == 0:
                return text[start : match.start()]
    return None


@functools.lru_cache(maxsize=256)
def parsed(text: str) -> list[Any]:
    """What Math-Verify reads in a text, expressions and their source; empty where no expression is read."""
    from math_verify import parse

    found = parse(delimited(text), parsing_timeout=None)
    return found if any(not isinstance(one, str) for one in found) else []


def judge(job: dict[str, Any]) -> dict[str, Any]:
    """The verdict on one job."""
    from math_verify import verify

    golds = [gold for gold in map(parsed, job["references"]) if gold]
    if not golds:
        return {"verdict": "no reference"}
    text = job["response"]
    if job["answer"] == "boxed":
        boxed = last_boxed(text)
        text = f"$\\boxed{{{boxed}}}$" if boxed is not None else ""
    answer = parsed(text)
    if not answer:
        return {"verdict": "no answer"}
    broken = False
    for gold in golds:
        for wanted in gold:
            for given in answer:
                try:
                    equal = verify(
                        wanted, given, float_rounding=job["decimals"], timeout_seconds=None, raise_on_error=True
                    )
                except Exception:
                    broken = True
                else:
                    if equal:
                        return {"verdict": "equal"}
    return {"verdict": "different", "error": broken}


def limit_memory() -> None:
    """Bound the memory of this process, where the system can."""
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES if hard < 0 else min(MEMORY_BYTES, hard), hard))


def alarm(seconds: float) -> None:
    """Let the kernel end this process after so much processor time; 0 calls it off."""
    if hasattr(signal, "ITIMER_PROF"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def main() -> None:
    """Answer jobs until the standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # whatever a library prints must not mix with the answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGPROF"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
    logging.disable(logging.CRITICAL)
    limit_memory()
    parsed("$1$")
    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin:
        job = json.loads(line)
        alarm(job["seconds"])
        try:
            verdict = judge(job)
        except MemoryError:
            verdict = {"verdict": "out of memory"}
        except RecursionError:
            verdict = {"verdict": "too deep"}
        alarm(0)
        answers.write(json.dumps(verdict) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
