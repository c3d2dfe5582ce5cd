"""What hostile programs pretend to solve: each task with its right solution, cases, test and stdin.

`CANARY` in a test stands for a secret of the service's. Whoever prints it has read what he must not read.
"""

import os
from dataclasses import dataclass
from typing import Any, Literal

from graders.kit.values import tagged

Shape = Literal["structured", "forked", "trusted", "stdio"]
SHAPES: tuple[Shape, ...] = ("structured", "forked", "trusted", "stdio")


@dataclass(frozen=True, slots=True)
class Task:
    """A function `f` to be written. `visible` says how many of the cases its prompt shows."""

    right: str
    cases: tuple[tuple[tuple[Any, ...], Any], ...]
    test: str
    prompt: str = ""
    visible: int = 2

    @property
    def secret_test(self) -> str:
        """The test with the secret of the service that runs it."""
        return self.test.replace("CANARY", os.environ["RFT_SECRET"])

    @property
    def stdins(self) -> tuple[str, ...]:
        return tuple(f"{args!r}\n" for args, _ in self.cases)

    @property
    def stdouts(self) -> tuple[str, ...]:
        return tuple(f"{value!r}\n" for _, value in self.cases)

    def item(self, shape: Shape) -> dict[str, Any]:
        """The dataset's row, as `code_tests` reads it."""
        if shape == "stdio":
            pairs = zip(self.stdins, self.stdouts, strict=True)
            return {"stdio_cases": [{"stdin": stdin, "expected": stdout} for stdin, stdout in pairs]}
        if shape == "structured":
            cases = [{"args": tagged(list(args)), "expected": tagged(value)} for args, value in self.cases]
            return {"entry_point": "f", "cases": cases}
        return {"entry_point": "f", "prompt": self.prompt, "test": self.secret_test}


def source_of(solution: str, shape: Shape) -> str:
    """A solution as the model would write it for that shape."""
    return solution + MAIN if shape == "stdio" else solution


MAIN = "\nif __name__ == '__main__':\n    print(repr(f(*eval(input()))))\n"
"""Makes a script of a solution: a call's arguments in, the value's repr out."""


SQUARE = Task(
    right="def f(x):\n    return x * x\n",
    cases=(((3,), 9), ((4,), 16), ((7,), 49)),
    test="""
SECRET = "CANARY"
def check(candidate):
    assert candidate(3) == 9
    assert candidate(4) == 16
    assert candidate(7) == 49
    done = True
""",
)
TASKS = {
    "square": SQUARE,
    # Compares with what it has passed, which a program may change if it is handed the very list.
    "sorted copy": Task(
        right="def f(xs):\n    return sorted(xs)\n",
        cases=((([3, 1, 2],), [1, 2, 3]), (([2, 1],), [1, 2]), (([5, 4, 6],), [4, 5, 6])),
        test="""
def check(candidate):
    for xs in ([3, 1, 2], [2, 1], [5, 4, 6]):
        assert candidate(xs) == sorted(xs)
""",
    ),
    # 1, and not True or 1.0.
    "one": Task(
        right="def f(x):\n    return 1\n",
        cases=(((3,), 1), ((4,), 1), ((7,), 1)),
        test="""
def check(candidate):
    for x in (3, 4, 7):
        one = candidate(x)
        assert one == 1 and type(one) is int
""",
    ),
    # Its test computes with a helper that the prompt defines.
    "zero": Task(
        right="def f(k, b):\n    return -b / k\n",
        cases=(((1, -2), 2.0), ((2, 6), -3.0), ((4, 2), -0.5)),
        prompt='def line(k, b, x):\n    return k * x + b\n\ndef f(k, b):\n    """x such that line(k, b, x) is 0."""\n',
        test="""
def check(candidate):
    for k, b in ((1, -2), (2, 6), (4, 2)):
        assert abs(line(k, b, candidate(k, b))) < 1e-9
""",
    ),
    # Draws its inputs, the same ones for everybody.
    "random square": Task(
        right=SQUARE.right,
        cases=SQUARE.cases,
        test="""
import random
def check(candidate):
    draw = random.Random(5)
    for x in [random.randint(2, 9), draw.randint(2, 9), draw.randint(2, 9)]:
        assert candidate(x) == x * x
""",
    ),
    # Must be quick as well.
    "quick square": Task(
        right=SQUARE.right,
        cases=SQUARE.cases,
        test="""
import time
def check(candidate):
    started = time.perf_counter()
    assert candidate(3) == 9
    assert time.perf_counter() - started < 1
""",
    ),
    # Goes through its inputs with `map`.
    "mapped square": Task(
        right=SQUARE.right,
        cases=SQUARE.cases,
        test="""
def check(candidate):
    assert all(map(lambda x: candidate(x) == x * x, [3, 4, 7]))
""",
    ),
    # Passes more than a connection has room for.
    "long text": Task(
        right="def f(text):\n    return len(text)\n",
        cases=((("a",), 1), (("b" * 300_000,), 300_000)),
        test="""
def check(candidate):
    assert candidate("a") == 1
    assert candidate("b" * 300_000) == 300_000
""",
    ),
    # As a test case of unittest's.
    "unit square": Task(
        right=SQUARE.right,
        cases=SQUARE.cases,
        test="""
import unittest
class Square(unittest.TestCase):
    def test_square(self):
        for x in (3, 4, 7):
            self.assertEqual(f(x), x * x)
def check(candidate):
    Square("test_square").debug()
""",
    ),
}
