"""Programs that want a reward without the work, run in the sandbox and graded: none is paid, and the right one is."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from graders.api import Grade
from sandbox import Sandbox, SandboxSettings
from tests.graders.code_tests.grading import grade, plan

RIGHT = "def add(a, b):\n    return a + b"
LOAD = {
    "leaves": "import sys\nsys.exit(0)",
    "ends": "import os\nos._exit(0)",
    "shadows": "def check(candidate): pass\nimport builtins\nbuiltins.check = check",
    "open string": "'''",
    "writes": (
        "import os\nfor fd in range(3, 60):\n    try: os.write(fd, b'R\\x01\\x00\\x00\\x003' * 9)\n"
        "    except OSError: pass"
    ),
}
CALL = {
    "equal to all": "class A:\n    __eq__ = lambda *_: True\n    __hash__ = None\ndef add(a, b): return A()",
    "lying int": "class L(int):\n    __eq__ = lambda *_: True\n    __sub__ = lambda *_: 0\ndef add(a, b): return L(7)",
    "lying str": "class L(str):\n    __eq__ = lambda *_: True\ndef add(a, b): return L('x')",
    "reduces": "class P:\n    def __reduce__(self): return (print, ('3',))\ndef add(a, b): return P()",
    "true": "def add(a, b): return True",
    "nan": "def add(a, b): return float('nan')",
    "echo": "def add(a, b): return a, b",
    "none": "def add(a, b): pass",
    "leaves": "import sys\ndef add(a, b): sys.exit(0)",
    "ends": "import os\ndef add(a, b): os._exit(0)",
    "keyboard": "def add(a, b): raise KeyboardInterrupt",
    "assertion": "def add(a, b): raise AssertionError",
    "patches": (
        "import builtins\nbuiltins.abs = builtins.all = builtins.isinstance = lambda *_: True\ndef add(a, b): return 7"
    ),
    "prints": "def add(a, b):\n    print('3', 'PASSED', flush=True)\n    return 7",
    "frames": (
        "import sys, gc\ndef add(a, b):\n    frame = sys._getframe()\n    seen = []\n    while frame:\n"
        "        seen += [*frame.f_locals.values(), *frame.f_code.co_consts]\n        frame = frame.f_back\n"
        "    seen += [o for o in gc.get_objects() if isinstance(o, (int, str))]\n"
        "    return next((v for v in seen if isinstance(v, int) and 5100 < v < 5102), 7)"
    ),
    "reads": (
        "import os, re\ndef add(a, b):\n    for fd in range(60):\n        try:\n"
        "            for found in re.findall(rb'51[0-9]{2}', os.pread(fd, 1 << 20, 0)): return int(found)\n"
        "        except OSError: pass\n    return 7"
    ),
    "generator": "import itertools\ndef add(a, b): return itertools.count()",
    "deep": "def add(a, b):\n    x = []\n    for _ in range(100_000): x = [x]\n    return x",
    "huge": "def add(a, b): return 1 << 10_000_000",
    "colliding": "def add(a, b): return {n * ((1 << 61) - 1) for n in range(2000)}",
}
# The right sum is one that no attack guesses.
CASES = {"entry_point": "add", "cases": [{"args": [100, 5001], "expected": 5101}]}
TEST = {"entry_point": "add", "test": "def check(candidate):\n    assert candidate(100, 5001) == 5101\n"}
CHECKS = {"entry_point": "add", "checks": ["assert add(100, 5001) == 5101", "assert add(0, 5001) == 5001"]}
CHECKER = {**CASES, "checker": "def check(answer, expected, given):\n    return answer == expected\n"}
PRINTS = {"stdio_cases": [{"stdin": "100 5001", "expected": "5101\n"}]}
SUMS = "print(sum(map(int, input().split())))"
SCRIPTS = {
    **LOAD,
    "prefix": "print(510, end='')",
    "both": "print(5101); print(5102)",
    "status": "print(5101); raise SystemExit(1)",
    "stderr": "import sys\nprint(5101, file=sys.stderr)",
    "echo": "print(input())",
    "nothing": "pass",
    "late": "import atexit\natexit.register(lambda: print(1))\nprint(5101)",
}
Graded = Any


@pytest.fixture(scope="module")
def graded() -> Iterator[Graded]:
    """Grades an output for an item, its programs run in a sandbox."""
    with asyncio.Runner() as loop:
        sandbox = Sandbox(SandboxSettings(slots=2))
        loop.run(sandbox.start())

        def run(item: dict[str, Any], output: str, trusted: bool = False) -> Grade:
            programs = plan(item, output)
            found = loop.run(sandbox.run(programs, time.monotonic() + 60, trusted=trusted)) if programs else []
            return grade(item, found, output)

        yield run
        loop.run(sandbox.close())


FORMS = {"cases": CASES, "test": TEST, "checks": CHECKS, "checker": CHECKER}


@pytest.mark.parametrize("attack", [*LOAD.values(), *CALL.values()], ids=[*(f"load {name}" for name in LOAD), *CALL])
@pytest.mark.parametrize("form", FORMS)
def test_no_function_is_paid_for_an_attack(graded: Graded, form: str, attack: str) -> None:
    item = {**FORMS[form], "limits": {"cpu_s": 1, "timeout_s": 2}}

    for trusted in (False, True):
        assert graded(item, attack, trusted=trusted).reward == 0.0
        assert graded(item, RIGHT, trusted=trusted).verdict == "passed"


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_is_paid_for_an_attack(graded: Graded, name: str) -> None:
    assert graded(PRINTS, SCRIPTS[name]).reward == 0.0
    assert graded(PRINTS, SUMS).verdict == "passed"


def test_a_helper_of_the_prompt_cannot_be_redefined_for_the_tests(graded: Graded) -> None:
    prompt = "def twice(x):\n    return 2 * x\n\ndef half(x):\n    '''Undoes twice.'''\n"
    item = {
        "entry_point": "half",
        "prompt": prompt,
        "test": "def check(candidate):\n    assert twice(candidate(6)) == 6\n",
    }

    assert graded(item, "def twice(x):\n    return 6\ndef half(x):\n    return 0").verdict == "wrong_answer"
    assert graded(item, "    return x / 2").verdict == "passed"


def test_a_name_that_only_looks_like_the_entry_point_is_not_it(graded: Graded) -> None:
    assert graded(CASES, "def \u0430dd(a, b):\n    return a + b").verdict == "load_error"


def test_a_hidden_argument_does_not_come_out_through_a_visible_test(graded: Graded) -> None:
    item = {
        "entry_point": "f",
        "cases": [{"args": [1], "expected": 2}, {"args": ["hidden-word"], "expected": 3, "hidden": True}],
    }
    spy = "import os\ndef f(x):\n    return [os.pread(fd, 1 << 16, 0).decode() for fd in (3, 60) if fd == 3]"

    for output in (spy, "def f(x):\n    raise ValueError(x)", "def f(x):\n    print(x)\n    return x"):
        assert "hidden-word" not in repr(graded(item, output))


def test_slowness_on_every_stdin_is_a_timeout_and_no_missed_deadline(graded: Graded) -> None:
    item = {
        "stdio_cases": [{"stdin": "", "expected": "1"}] * 50,
        "limits": {"timeout_s": 1, "total_timeout_s": 1.5},
    }

    assert graded(item, "import time\ntime.sleep(0.9)\nprint(1)").verdict == "timeout"
