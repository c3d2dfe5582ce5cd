"""Judges that stay for a trusted caller's next test: who gets one, what is recorded, and what they leave behind."""

import asyncio
from typing import Any

import pytest

from graders.kit.values import decode
from sandbox import Sandbox, SandboxSettings
from sandbox.recordings import Recordings
from tests.sandbox.conftest import Runner
from tests.sandbox.test_judges import ADD, TEST

Run = Any


def test_only_trusted_callers_get_a_judge_that_stays() -> None:
    with asyncio.Runner() as loop:
        sandbox = Sandbox(SandboxSettings(slots=1))
        loop.run(sandbox.start())
        run = Runner(sandbox, loop)
        for _ in range(3):
            run.one(ADD, test=TEST)
        untrusted = {process.role for process in sandbox.processes}
        for _ in range(2):
            run.one(ADD, test=TEST, trusted=True)
        trusted = {process.role for process in sandbox.processes}
        loop.run(sandbox.close())

    assert untrusted == {"candidate", "judge"}
    assert trusted == {"candidate", "judge", "replay"}


def test_recordings_belong_to_a_caller_and_the_oldest_go() -> None:
    recordings = Recordings(most=2)
    recordings.of("a", b"1").calls = ("x",)

    assert not recordings.of("b", b"1").is_usable
    assert recordings.of("a", b"1").is_usable
    recordings.of("c", b"1")
    assert not recordings.of("b", b"1").is_usable


@pytest.mark.parametrize(
    "test",
    [
        "def check(c):\n    back = c('forwards')\n    assert back == 'sdrawrof'\n    assert c([back, 1]) == [1, back]",
        "back = f('forwards')\nassert back == 'sdrawrof'\nassert f(list(back)) == list('forwards')",
        "assert f('forwards') == 'sdrawrof'\nassert f(['s', 'd', 'r', 'a', 'w', 'r', 'o', 'f']) == list('forwards')",
    ],
)
def test_calls_that_tell_an_answer_are_never_shown_all_at_once(run: Run, test: str) -> None:
    """A test that passes an answer on would have it in the recorded calls, where a program could read it."""
    gold = "def f(x):\n    return x[::-1]"
    spy = """
import json, sys
frame = sys._getframe()
while "job" not in frame.f_locals:
    frame = frame.f_back
calls = json.loads(frame.f_locals["job"].calls)
def f(x):
    return "".join(calls[1]["args"][0])[:8] if x == "forwards" else x[::-1]
"""
    for _ in range(2):
        assert run.one(gold, test=test, trusted=True, caller=test).checks[0].outcome == "held"
    found = run.one(spy, test=test, trusted=True, caller=test)

    assert found.checks[0].outcome == "raised", found
    assert found.checks[0].error.startswith("IndexError")


def test_recorded_calls_never_meet_another_recording_of_the_same_test(run: Run) -> None:
    test = "p = f(15)\nassert p in (3, 5)\nq = f(15 // p * 7)\nassert q in (5, 7) if p == 3 else q in (3, 7)"
    right = ["def f(n):\n    return next(p for p in (3, 5, 7) if n % p == 0)"]
    right.append("def f(n):\n    return next(p for p in (5, 3, 7) if n % p == 0)")
    wrong = "def f(n):\n    return {15: 3, 35: 999, 21: 7}[n]"

    for caller in ("a", "b"):
        for source in (right[0], right[0], right[1], right[0], right[1]):
            assert run.one(source, test=test, trusted=True, caller=caller).checks[0].outcome == "held"
        assert run.one(wrong, test=test, trusted=True, caller=caller).checks[0].outcome == "failed"


@pytest.mark.parametrize(
    "trace",
    [
        "import decimal\ndecimal.getcontext().prec = 3",
        "import random\nrandom.random()",
        "import warnings\nwarnings.simplefilter('error')",
        "import sys\nsys.setrecursionlimit(80)",
        "import math\nmath.floor = round",
        "import builtins\nbuiltins.round = int",
        "import colorsys",
    ],
)
def test_what_a_trusted_test_leaves_behind_changes_no_other_verdict(run: Run, trace: str) -> None:
    state = """
import decimal, math, random, sys, warnings
assert decimal.Decimal(1) / 7 == decimal.Decimal("0.1428571428571428571428571429")
assert random.random() == {first!r}
assert math.floor(2.7) == 2 and round(2.7) == 3 and sys.getrecursionlimit() > 500
warnings.warn("once")
assert f(1) == 1
"""
    own = "def f(n):\n    return n"
    [drawn] = run.one("import random\ndef f():\n    return random.random()", ()).results
    tests = (trace + "\nassert f(1) == 1", state.format(first=decode(drawn.value)))

    for caller in ("a", "a", "a", "b", "b"):
        for test in tests:
            found = run.one(own, test=test, trusted=True, caller=caller)
            assert found.checks[0].outcome == "held", (caller, found.checks)
