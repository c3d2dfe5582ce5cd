"""Structured programs and stdio: values come back, and every end has its name."""

from typing import Any

import pytest

from graders.api import Execution
from graders.kit.values import decode

Run = Any


def _values(execution: Execution) -> list[Any]:
    return [decode(result.value) for result in execution.results if result.outcome == "returned"]


def test_every_call_gets_its_value_or_its_exception(run: Run) -> None:
    found = run.one("def f(x):\n    return 10 // x", (5,), (0,), (3,))

    assert found.outcome == "finished"
    assert [result.outcome for result in found.results] == ["returned", "raised", "returned"]
    assert _values(found) == [2, 3]
    assert found.results[1].error.startswith("ZeroDivisionError: ")
    assert (found.calls_made, found.calls_answered) == (3, 3)


@pytest.mark.parametrize("value", [(1, [2, {3}]), {"a": {1: b"x"}}, 1 << 100, -0.0, float("inf"), None, "\ud800é\0"])
def test_builtin_values_go_there_and_back(run: Run, value: Any) -> None:
    found = run.one("def f(x):\n    return x", (value,))

    assert repr(_values(found)) == repr([value])


@pytest.mark.parametrize(
    ("returned", "value"),
    [
        ("(n * n for n in range(4))", [0, 1, 4, 9]),
        ("{1: 2}.keys()", [1]),
        ("__import__('collections').Counter('aab')", {"a": 2, "b": 1}),
        ("__import__('collections').deque([1, 2])", [1, 2]),
        ("__import__('collections').namedtuple('P', 'x y')(1, 2)", (1, 2)),
        ("type('Sly', (int,), {'__eq__': lambda *_: True, '__hash__': int.__hash__})(7)", 7),
        ("type('Sly', (str,), {'__eq__': lambda *_: True})('no')", "no"),
    ],
)
def test_what_is_nearly_a_builtin_value_comes_back_as_one(run: Run, returned: str, value: Any) -> None:
    (back,) = _values(run.one(f"def f():\n    return {returned}", ()))

    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize(
    "returned",
    ["type('Any', (), {'__eq__': lambda *_: True})()", "f", "__import__('itertools').count()", "__import__('decimal')"],
)
def test_what_is_none_cannot_be_sent(run: Run, returned: str) -> None:
    found = run.one(f"def f():\n    return {returned}", (), memory_mib=512)

    assert found.results[0].outcome == "unsendable"
    assert found.outcome == "finished"


def test_a_program_is_a_module_of_its_own(run: Run) -> None:
    source = """
from dataclasses import dataclass
@dataclass
class Point:
    x: int
def f():
    return [__name__, Point(3).x]
if __name__ == "__main__":
    raise SystemExit
"""
    assert _values(run.one(source, ())) == [["solution", 3]]


def test_runs_share_nothing(run: Run) -> None:
    source = "import math\nmath.seen = getattr(math, 'seen', 0) + 1\ndef f():\n    return math.seen"

    for _ in range(4):
        assert _values(run.one(source, ())) == [1]


def test_randomness_and_the_order_of_sets_are_the_same_in_every_run(run: Run) -> None:
    source = "import random\ndef f():\n    return [random.random(), list({'a', 'b', 'c', 'd', 'e'})]"

    assert len({repr(_values(run.one(source, ()))) for _ in range(8)}) == 1


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("def f(:", "SyntaxError: "),
        ("import nothing_of_the_sort\ndef f(): pass", "ModuleNotFoundError: "),
        ("1 / 0\ndef f(): pass", "ZeroDivisionError: "),
        ("def g(): pass", "NameError: The program defines no 'f'."),
        ("import sys\nsys.exit(0)\ndef f(): pass", "SystemExit: 0"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("\0", "ValueError: "),
        ("x = '\ud800", "SyntaxError: "),
    ],
)
def test_what_cannot_be_loaded(run: Run, source: str, error: str) -> None:
    found = run.one(source, ())

    assert found.outcome == "load_error"
    assert found.error.startswith(error)
    assert found.results[0].outcome == "not_reached"
    assert ("exited_early" in found.flags) == error.startswith("SystemExit")


@pytest.mark.parametrize(
    ("body", "outcome", "limits"),
    [
        ("import time; time.sleep(60)", "timeout", {"timeout_s": 1.5}),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", "timeout", {"timeout_s": 1.5}),
        ("while True: pass", "cpu_limit", {"cpu_s": 1.0}),
        (
            "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\n    while True: pass",
            "cpu_limit",
            {"cpu_s": 1.0},
        ),
        ("return [bytes(1 << 27), bytes(1 << 27)]", "memory_limit", {"memory_mib": 64}),
        ("return 'x' * (1 << 20)", "output_limit", {"output_bytes": 4096}),
        ("import ctypes; ctypes.CDLL(None).ptrace(16, 1, 0, 0)", "sandbox_violation", {}),
        ("import ctypes; ctypes.string_at(0)", "crashed", {}),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed", {}),
        ("import os; os.write(4, b'nonsense')", "protocol_error", {}),
        ("import os; os._exit(0)", "exited_early", {}),
        ("import os; os._exit(70)", "exited_early", {}),
    ],
)
def test_every_end_has_its_name(run: Run, body: str, outcome: str, limits: dict[str, Any]) -> None:
    found = run.one(f"def f(x):\n    if x == 0:\n        return 0\n    {body}", (0,), (1,), (0,), **limits)

    if outcome == "memory_limit":
        assert (found.outcome, found.results[1].outcome) == ("finished", outcome)
    else:
        assert found.outcome == outcome
        assert found.results[0].outcome == "returned"
    assert ("exited_early" in found.flags) == (outcome == "exited_early")
    assert _values(run.one("def f():\n    return 1", ())) == [1]


def test_who_is_on_a_cpu_only_when_the_kernel_counts_reaches_a_limit_like_others(run: Run) -> None:
    """The kernel charges a whole tick (4 ms) to whoever runs when it counts; the limit is held by that account."""
    source = """
import hashlib, signal, time
signal.signal(signal.SIGXCPU, signal.SIG_IGN)
now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
ticked = time.clock_gettime_ns(6)  # CLOCK_MONOTONIC_COARSE stands still between ticks
while time.clock_gettime_ns(6) == ticked:
    pass
ticked, tick, data = time.monotonic_ns(), 4_000_000, bytes(1 << 18)
def f():
    while True:
        now = time.monotonic_ns()
        following = ticked + ((now - ticked) // tick + 1) * tick
        if following - now > 300_000:
            time.sleep((following - now - 250_000) / 1e9)
        while time.monotonic_ns() < following + 20_000:
            hashlib.sha256(data[:4096]).digest()
"""
    found = run.one(source, (), cpu_s=1.0, timeout_s=8.0)

    assert found.outcome in {"cpu_limit", "timeout"}


def test_answers_without_number_are_not_even_read(run: Run) -> None:
    flood = "import os\ndef f(x):\n    while True:\n        os.write(4, b'V\\0\\0\\0\\0' * 100_000)"

    found = run.one(flood, (1,), output_bytes=16 << 20)

    assert (found.outcome, len(found.results)) == ("protocol_error", 1)


def test_all_stdins_together_may_write_four_times_what_one_may(run: Run) -> None:
    found = run.one("print('x' * 9_999)", stdins=("",) * 6, output_bytes=10_001)

    assert [result.outcome for result in found.results] == ["finished"] * 4 + ["output_limit"] * 2
    assert sum(len(result.stdout) for result in found.results) <= 4 * 10_001


def test_sleep_counts_for_the_time_of_all_stdins_however_much_is_computed_beside_it(run: Run) -> None:
    source = """
import time
started = time.process_time()
while time.process_time() - started < 0.06:
    pass
time.sleep(0.4)
"""
    found = run.one(source, stdins=("",) * 6, timeout_s=0.6, total_timeout_s=1.2)

    assert found.outcome == "timeout"
    assert sum(result.outcome == "finished" for result in found.results) <= 3


@pytest.mark.parametrize(
    "attempt",
    [
        "os.kill(os.getpid(), signal.SIGKILL)",
        "signal.pthread_kill(threading.get_ident(), signal.SIGKILL)",
        "resource.setrlimit(resource.RLIMIT_CPU, (0, 0))",
    ],
)
def test_a_program_cannot_look_as_if_something_else_had_killed_it(run: Run, attempt: str) -> None:
    source = f"import os, resource, signal, threading\ndef f():\n    {attempt}"

    [result] = run.one(source, ()).results

    assert result.outcome == "raised"
    assert _values(run.one("import resource\ndef f():\n    return resource.getrlimit(resource.RLIMIT_CPU)[0]", ())) == [
        10
    ]


def test_exit_inside_a_call_is_an_exception_like_any_other(run: Run) -> None:
    found = run.one("import sys\ndef f(x):\n    return x or sys.exit(0)", (0,), (1,))

    assert [result.outcome for result in found.results] == ["raised", "returned"]
    assert found.flags == ("exited_early",)


def test_a_program_that_its_own_limit_has_no_room_for_reached_the_limit(run: Run) -> None:
    assert run.one("#" + "x" * (8 << 20), (), memory_mib=1).outcome == "memory_limit"


def test_memory_is_what_a_program_may_add(run: Run) -> None:
    source = "def f(mib):\n    return len(bytearray(mib << 20))"
    found = run.one(source, (40,), (80,), memory_mib=64)

    assert [result.outcome for result in found.results] == ["returned", "memory_limit"]


def test_stdout_of_a_structured_program_is_kept_and_cut(run: Run) -> None:
    found = run.one("def f():\n    print('x' * 5000)\n    return 1", (), output_bytes=2048)

    assert found.stdout == "x" * 2048
    assert "stdout_cut" in found.flags


def test_files_and_threads_are_limited(run: Run) -> None:
    files = run.one("import os\ndef f():\n    return [os.pipe() for _ in range(40)]", (), files=32)
    source = """
import threading
def f(count):
    gate = threading.Event()
    for _ in range(count):
        threading.Thread(target=gate.wait, daemon=True).start()
    return count
"""
    threads = run.one(source, (2,), (40,), threads=8)
    none = run.one(source, (1,), threads=0)

    assert files.results[0].error.startswith("OSError: [Errno 24]")
    assert [result.outcome for result in threads.results] == ["returned", "raised"]
    assert none.results[0].error.startswith("RuntimeError: can't start new thread")


def test_all_threads_have_room_in_the_default_memory(run: Run) -> None:
    source = """
import threading, time
def f(count):
    found = []
    threads = [threading.Thread(target=lambda: (found.append(bytes(10_000)), time.sleep(0.01))) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(found)
"""
    if "threads" not in run.sandbox.layers:
        pytest.skip("this host cannot count threads")
    for _ in range(8):
        assert _values(run.one(source, (16,))) == [16]


def test_resources_are_told(run: Run) -> None:
    found = run.one("def f():\n    return sum(range(3_000_000))", (), threads=0)

    assert 0.01 < found.cpu_s < 5
    assert found.wall_s > 0.01
    assert found.memory_mib > 5
    assert found.layers == run.sandbox.layers


def test_the_time_for_all_stdins_together_is_bounded(run: Run) -> None:
    source = "import time\nfor _ in range(int(input())): time.sleep(0.1)\nprint('done')"

    found = run.one(source, stdins=("1", "90", "5", "0"), timeout_s=1.5, total_timeout_s=1.9)

    assert [result.outcome for result in found.results] == ["finished", "timeout", "timeout", "timeout"]
    assert found.results[3].error == "The time for all stdins together was used up."
    assert found.wall_s < 4


def test_time_that_a_program_computes_or_waits_for_a_cpu_counts_by_its_cpu_time(run: Run) -> None:
    found = run.one("print(1)", stdins=("",) * 40, timeout_s=10, total_timeout_s=10)

    assert found.outcome == "finished"
    assert found.calls_answered == 40


def test_stdio_is_run_once_per_stdin(run: Run) -> None:
    found = run.one("print(int(input()) * 2)", stdins=("1\n", "x\n", "3\n"))

    assert [result.outcome for result in found.results] == ["finished", "runtime_error", "finished"]
    assert [result.stdout for result in found.results] == ["2\n", "", "6\n"]
    assert found.outcome == "runtime_error"
    assert found.error.startswith("ValueError: ")
    assert 'File "solution.py", line 1' in found.results[1].stderr


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ("import sys; sys.exit()", "finished"),
        ("import sys; sys.exit(3)", "runtime_error"),
        ("import sys; sys.exit('no')", "runtime_error"),
        ("exit()", "finished"),
        ("quit(3)", "runtime_error"),
        ("import sys; sys.stdout = object()", "runtime_error"),
        ("import os; print(1, flush=True); os._exit(0)", "finished"),
        ("print(", "load_error"),
        ("while True: print('x' * 1000)", "output_limit"),
        ("while True: pass", "cpu_limit"),
        ("import time; time.sleep(60)", "timeout"),
        ("x = [1]\nwhile True: x += x", "memory_limit"),
        ("import os; os.abort()", "crashed"),
        ("raise SyntaxError('mine')", "runtime_error"),
    ],
)
def test_ends_of_a_script(run: Run, source: str, outcome: str) -> None:
    found = run.one(source, timeout_s=3.0, cpu_s=1.0, memory_mib=128, output_bytes=4096)

    assert found.outcome == outcome
    assert found.results[0].outcome == outcome


def test_a_script_ends_as_python_would_end_it(run: Run) -> None:
    source = """
import atexit, sys, threading, time
atexit.register(print, "at exit")
def work():
    time.sleep(0.05)
    print("thread")
threading.Thread(target=work).start()
print(__name__, sys.argv, sys.stdin.read(), end="")
"""
    found = run.one(source, stdin="in\n")

    assert found.stdout == "__main__ ['solution.py'] in\nthread\nat exit\n"


@pytest.mark.parametrize(
    "source",
    [
        "import sys; print(5); sys.stdout.close()",
        "import sys; print(5, flush=True); sys.stdout = None",
        "import io, sys; print(5); sys.stdout = io.StringIO(); print(6)",
        "import atexit, sys; atexit.register(sys.stdout.write, '5\\n'); sys.stdout = None",
        "import os; out = os.fdopen(1, 'w'); print(5, file=out)",
        # A codec that each run had to import made programs a fifth slower.
        "\ufeffimport sys; print(6 if 'encodings.utf_8_sig' in sys.modules else 5)",
        "import os.path; print(5 if os.path.basename(__file__) == 'solution.py' else __file__)",
    ],
)
def test_a_script_has_what_python_gives_it_and_all_that_it_wrote_is_read(run: Run, source: str) -> None:
    found = run.one(source)

    assert (found.outcome, found.stdout) == ("finished", "5\n")


def test_a_checker_looks_at_each_answer(run: Run) -> None:
    test = "def near(a, b):\n    assert abs(float(a) - b) < 0.1"
    checks = ("near(answer, 1)", "near(answer, 5)", "near(answer, 0)", "near(answer, nothing)")
    source = "x = int(input())\nprint(1.01 / x)"
    found = run.one(source, stdins=("1", "1", "0", "1"), test=test, checks=checks)
    structured = run.one("def f(x):\n    return 1.01 / x", (1,), (1,), (0,), (1,), test=test, checks=checks)

    for execution in (found, structured):
        assert [check.outcome for check in execution.checks] == ["held", "failed", "not_reached", "judge_error"]
        assert all(check.had_value for check in execution.checks if check.outcome != "not_reached")
