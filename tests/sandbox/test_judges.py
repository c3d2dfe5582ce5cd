"""Judged programs: what holds, who is at fault when nothing does, and what trusted callers share."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from graders.api import Execution
from sandbox import Sandbox, SandboxSettings
from tests.sandbox.conftest import Runner

Run = Any

ADD = "def f(a, b):\n    return a + b"
TEST = "def check(candidate):\n    assert candidate(1, 2) == 3\n    assert f(2, b=2) == 4"

LENIENT = """
def check(candidate):
    for _ in range(3):
        try:
            candidate(1, 2)
        except BaseException:
            pass
"""


@pytest.fixture(params=[False, True], ids=["forked", "trusted"])
def judged(request: pytest.FixtureRequest, run: Run) -> Iterator[Any]:
    """Runs a program against a test, in both ways of judging; the second one twice, so that it is replayed."""

    def judged(source: str, test: str, **fields: Any) -> Execution:
        gold = fields.pop("gold", None)
        if not request.param:
            return run.one(source, test=test, **fields)
        caller = request.node.name
        if gold:
            assert run.one(gold, test=test, trusted=True, caller=caller, **fields).outcome == "finished"
        return run.one(source, test=test, trusted=True, caller=caller, **fields)

    return judged


def test_a_right_program_holds_and_a_wrong_one_fails(judged: Any) -> None:
    right = judged(ADD, TEST, gold=ADD)
    wrong = judged("def f(a, b):\n    return a - b", TEST, gold=ADD)

    assert [check.outcome for check in (*right.checks, *wrong.checks)] == ["held", "failed"]
    assert (right.outcome, wrong.outcome) == ("finished", "finished")
    assert (right.calls_made, right.calls_answered, wrong.calls_made) == (2, 2, 1)
    assert [result.value for result in right.results] == ["3", "4"]
    assert right.results[1].call == '{"args":[2],"kwargs":{"b":2}}'


def test_checks_are_tests_of_their_own(judged: Any) -> None:
    checks = (
        "assert f(1, 1) == 2",
        "assert f(1, 1) == 3",
        "assert f('a', 1)",
        "assert undefined_in_test + 1",
        "x = f(1, 2); assert x == 3",
    )
    found = judged(ADD, "import math", checks=checks, gold=ADD)

    assert [check.outcome for check in found.checks] == ["held", "failed", "raised", "judge_error", "held"]
    assert found.outcome == "finished"


@pytest.mark.parametrize(
    ("source", "outcome", "limits"),
    [
        ("def f(:", "load_error", {}),
        ("import sys; sys.exit(0)", "load_error", {}),
        ("def f(a, b):\n    import os; os._exit(0)", "exited_early", {}),
        ("def f(a, b):\n    import time; time.sleep(60)", "timeout", {"timeout_s": 0.3}),
        ("import time; time.sleep(60)", "timeout", {"timeout_s": 0.3}),
        ("def f(a, b):\n    while True: pass", "cpu_limit", {"cpu_s": 1.0}),
        ("def f(a, b):\n    return 'x' * 10000", "output_limit", {"output_bytes": 2048}),
        ("def f(a, b):\n    import ctypes; ctypes.CDLL(None).ptrace(16, 1, 0, 0)", "sandbox_violation", {}),
        ("def f(a, b):\n    import ctypes; ctypes.string_at(0)", "crashed", {}),
        ("import os; os.write(4, b'x' * 5000)\ndef f(a, b): pass", "protocol_error", {}),
        ("import os; os.write(4, b'L\\0\\0\\0\\0V\\x02\\0\\0\\0[1')\ndef f(a, b): return 1", "protocol_error", {}),
    ],
)
def test_a_program_that_ends_before_the_test_has_passed_nothing(
    judged: Any, source: str, outcome: str, limits: dict[str, Any]
) -> None:
    for test in (TEST, LENIENT):
        found = judged(source, test, gold=ADD, **limits)

        assert found.outcome == outcome, found
        assert [check.outcome for check in found.checks] == ["not_reached"]


def test_an_exception_of_the_programs_is_told_from_the_tests_own(judged: Any) -> None:
    raised = judged("def f(a, b):\n    raise ValueError('mine')", TEST, gold=ADD)
    own = judged(ADD, "def check(candidate):\n    candidate(1, 2)\n    len(5)", gold=ADD)
    before = judged(ADD, "len(5)\ndef check(candidate):\n    candidate(1, 2)", gold=ADD)
    broken = judged(ADD, "def check(", gold=ADD)

    assert (raised.checks[0].outcome, raised.checks[0].error) == ("raised", "ValueError: mine")
    assert [execution.checks[0].outcome for execution in (own, before, broken)] == ["judge_error"] * 3
    assert [execution.checks[0].had_value for execution in (raised, own, before, broken)] == [True, True, False, False]


def test_exceptions_keep_their_builtin_type_and_no_other(judged: Any) -> None:
    test = """
def check(candidate):
    for kind in (ValueError, KeyError, ZeroDivisionError):
        try:
            candidate(kind.__name__, 1)
        except kind:
            continue
        assert False
    for name in ("SystemExit", "KeyboardInterrupt", "Sly", "GeneratorExit"):
        try:
            candidate(name, 1)
        except Exception as error:
            assert type(error).__name__ == "ProgramError"
"""
    source = """
class Sly(Exception):
    pass
def f(name, b):
    raise {**globals(), **vars(__import__("builtins"))}[name]("x")
"""
    assert judged(source, test, gold=source).checks[0].outcome == "held"


def test_the_prompt_gives_the_test_its_helpers_and_the_program_cannot_redefine_them(judged: Any) -> None:
    prompt = (
        "def poly(xs, x):\n    return sum(c * x ** i for i, c in enumerate(xs))\ndef f(xs):\n    '''Find a zero.'''\n"
    )
    test = "def check(candidate):\n    assert abs(poly([-2, 1], candidate([-2, 1]))) < 1e-6"
    forged = "def poly(xs, x):\n    return 0\ndef f(xs):\n    return 7"

    assert (
        judged("def f(xs):\n    return 2", test, prompt=prompt, gold="def f(xs):\n    return 2").checks[0].outcome
        == "held"
    )
    assert judged(forged, test, prompt=prompt).checks[0].outcome == "failed"


def test_names_that_a_test_leaves_open_are_the_programs_objects(judged: Any) -> None:
    source = """
class Node:
    def __init__(self, value, rest=None):
        self.value, self.rest = value, rest
root = Node(1, Node(2))
def f(node):
    return node.value + (f(node.rest) if node.rest else 0)
"""
    test = """
def check(candidate):
    assert candidate(Node(5)) == 5
    assert candidate(root) == 3
    assert math.pi > 3
"""

    assert judged(source, test, gold=source).checks[0].outcome == "held"


def test_an_object_that_claims_to_equal_everything_equals_nothing(judged: Any) -> None:
    source = """
class Any:
    def __eq__(self, other): return True
    def __bool__(self): return True
    def __sub__(self, other): return 0
    __abs__ = __sub__
def f(a, b):
    return Any()
"""
    for test in (TEST, "def check(candidate):\n    assert candidate(1, 2) - 3 == 0"):
        assert judged(source, test, gold=ADD).checks[0].outcome in {"failed", "judge_error"}


def test_no_value_builds_anything_in_the_judge(judged: Any) -> None:
    source = """
import os, pickle
class Evil:
    def __reduce__(self):
        return (os._exit, (0,))
def f(a, b):
    os.write(4, b"V" + (len(BODY)).to_bytes(4, "little") + BODY)
BODY = pickle.dumps(Evil())
"""
    found = judged(source, TEST, gold=ADD)

    assert found.outcome == "protocol_error"
    assert found.checks[0].outcome == "not_reached"


def test_colliding_keys_cost_the_judge_nothing(judged: Any) -> None:
    source = """
P = (1 << 61) - 1
def f(a, b):
    return {P * (1 << 64) * n for n in range(1, 4000)}
"""
    found = judged(source, TEST, gold=ADD, cpu_s=10.0)

    assert found.outcome == "protocol_error"
    assert found.judge_cpu_s < 1


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("while True: pass", "limit: the judge's CPU time"),
        ("import time; time.sleep(60)", "limit: the judge's time"),
        ("import os; os._exit(0)", "The test ended its process"),
        ("raise SystemExit", "SystemExit"),
        ("open('/etc/passwd')", "PermissionError"),
        ("import os; os.fork()", "PermissionError"),
    ],
)
def test_a_test_that_goes_astray_is_no_fault_of_the_program(slow_judges: Run, body: str, error: str) -> None:
    for trusted in (False, True, True):
        found = slow_judges.one(
            ADD, test=f"def check(c):\n    c(1, 2)\n    {body}", trusted=trusted, timeout_s=1.5, caller=body
        )

        assert found.checks[0].outcome == "judge_error"
        assert found.checks[0].error.startswith(error)
        assert found.checks[0].had_value
    assert slow_judges.one(ADD, test=TEST).checks[0].outcome == "held"


def test_an_untrusted_test_leaves_nothing_to_the_next_one(run: Run) -> None:
    poison = "import builtins, math\nbuiltins.abs = lambda x: 0\nmath.pi = 3\ndef check(c):\n    assert c(1, 2) == 3"
    pure = "import math\ndef check(c):\n    assert abs(c(1, 2)) == 3 and math.pi > 3.1"

    for _ in range(4):
        assert run.one(ADD, test=poison).checks[0].outcome == "held"
        assert run.one(ADD, test=pure).checks[0].outcome == "held"


def test_an_entry_point_named_check_is_no_test_of_itself(run: Run) -> None:
    source = "def check(n):\n    return n + 1"

    assert run.one(source, entry_point="check", test="assert check(1) == 2").checks[0].outcome == "held"
    assert run.one("def f():\n    return 2", test="def check(c):\n    return c() == 1").checks[0].outcome == "failed"


def test_a_test_that_makes_other_calls_each_time_is_judged_beside_the_program(run: Run) -> None:
    test = (
        "import os\nsecret = int.from_bytes(os.urandom(4), 'big')\ndef check(c):\n    assert c(secret, 1) == secret + 1"
    )

    for _ in range(12):
        assert run.one(ADD, test=test, trusted=True, caller="random").checks[0].outcome == "held"
        assert run.one("def f(a, b): return 0", test=test, trusted=True, caller="random").checks[0].outcome == "failed"


def test_both_ways_of_judging_tell_the_same(run: Run) -> None:
    test = """
def check(c):
    assert c(1, 2) == 3
    assert c(c(1, 1), 1) == 3
    try:
        c(1, "a")
    except TypeError:
        pass
"""
    run.one(ADD, test=test, trusted=True, caller="same")
    for source in (ADD, "def f(a, b): return 3", "def f(a, b): return 4", "def f(a, b): return a / 0", "1 +"):
        forked, replayed = (run.one(source, test=test, trusted=trusted, caller="same") for trusted in (False, True))
        plain = {"wall_s": 0.0, "cpu_s": 0.0, "memory_mib": 0.0, "judge_cpu_s": 0.0}

        assert replace(forked, **plain) == replace(replayed, **plain)


@pytest.fixture(scope="module")
def slow_judges() -> Iterator[Run]:
    with asyncio.Runner() as loop:
        sandbox = Sandbox(SandboxSettings(slots=1, judge_cpu_s=1, judge_timeout_s=1.5))
        loop.run(sandbox.start())
        yield Runner(sandbox, loop)
        loop.run(sandbox.close())


@pytest.mark.parametrize(
    "report",
    [
        'b"C" + (2).to_bytes(4, "little") + b"{}"',
        'b"C" + (4).to_bytes(4, "little") + b"nope"',
        'b"S" + (2).to_bytes(4, "little") + b"[]"',
        'b"S" + (12).to_bytes(4, "little") + b\'{"calls": 5}\'',
        'b"C" + (100000).to_bytes(4, "little") + b"[" * 100000',
        '2 * (b"C" + (50).to_bytes(4, "little") + b\'{"outcome":"held","error":"","had_value":true}    \')',
    ],
)
def test_a_test_that_writes_its_own_report_has_judged_nothing(run: Run, report: str) -> None:
    """It may not fool the service either, which reads what it wrote."""
    found = run.one(ADD, test=f"import os\nos.write(5, {report})\ndef check(c):\n    assert c(1, 2) == 3")

    assert found.checks[0].outcome == "judge_error"
    assert run.one(ADD, test=TEST).checks[0].outcome == "held"


def test_an_exception_of_the_programs_does_not_end_a_test_that_maps(judged: Any) -> None:
    """StopIteration inside `map` would end the loop before a check has failed."""
    test = "def check(candidate):\n    assert all(map(lambda x: candidate(x, x) == 2 * x, [1, 2, 3]))"
    for name in ("StopIteration", "StopAsyncIteration"):
        found = judged(f"def f(a, b):\n    raise {name}", test, gold=ADD)

        assert found.checks[0].outcome == "raised"
        assert found.checks[0].error.startswith(f"ProgramError: {name}")


def test_a_program_that_does_not_read_its_calls_is_too_slow(run: Run) -> None:
    """A call that the connection has no room for lets the test wait for the program, and not the other way round."""
    answer_and_stop = """
import os, time
def f(a, b):
    os.write(4, b"V\\1\\0\\0\\0" + b"1")
    time.sleep(60)
"""
    test = "def check(candidate):\n    candidate('x', 1)\n    candidate('x' * (1 << 20), 1)"
    found = run.one(answer_and_stop, test=test, timeout_s=0.4)

    assert (found.outcome, found.checks[0].outcome) == ("timeout", "not_reached")
