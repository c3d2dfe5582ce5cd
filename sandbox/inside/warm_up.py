"""A first program, executed in the zygote itself: what it makes the interpreter set up, no run has to set up again.

A page that a run is the first to write to must be copied for it, and that is what most of a run's time goes to.
"""

import importlib
import os
from json import loads
from types import ModuleType
from typing import Any

from graders.kit.values import tagged, to_json, untagged
from sandbox.inside.plain import plain

_SAMPLE = """
import math
import re
from collections import defaultdict
from typing import Dict, List, Optional

class Point:
    def __init__(self, x: int, y: int = 0) -> None:
        self.x, self.y = x, y

def sample(words: List[str], limit: Optional[int] = None, **more) -> Dict[str, int]:
    '''Everyday Python.'''
    found = defaultdict(int)
    for place, word in enumerate(words):
        if re.match(r"[a-z]+", word) and word not in ("x", "y"):
            found[word.lower().strip()] += len(word) * 2 // 3 + place % 2
    try:
        found["square"] = max([n ** 2 for n in range(9) if n % 2 == 0], key=lambda n: -abs(n))
        assert limit is None, f"limit {limit!r}"
    except (KeyError, ValueError) as error:
        raise RuntimeError from error
    while len(found) < 4:
        found[str(len(found))] = int(math.sqrt(16))
    pairs = sorted(found.items(), key=lambda pair: (pair[1], pair[0]), reverse=True)
    return {key: value for key, value in pairs if isinstance(value, int)}
"""


def preload(modules: list[str]) -> None:
    """Imports modules.

    `random` wants a new seed after every fork, which costs a twentieth of a run. It gets none: its numbers are to be
    the same ones in every run, so that verdicts are too; numpy's old ones as well.
    """
    register, os.register_at_fork = os.register_at_fork, _ignore
    try:
        importlib.import_module("random").seed(0)
    finally:
        os.register_at_fork = register
    for name in modules:
        importlib.import_module(name)
    if "numpy" in modules:
        importlib.import_module("numpy.random").seed(0)


def _ignore(**hooks: Any) -> None:
    """What is not to happen."""


def warm_up() -> None:
    """Compiles, executes and calls the sample, and sends its value both ways."""
    for _ in range(3):
        module = ModuleType("sample")
        names: dict[str, Any] = module.__dict__
        exec(compile(_SAMPLE, "sample.py", "exec", dont_inherit=True), names)
        call = loads('{"args":[["a","b c","d"]],"kwargs":{"more":{"$":["tuple",[1,2.5]]}}}')
        kwargs = {name: untagged(value) for name, value in call["kwargs"].items()}
        value = names["sample"](*map(untagged, call["args"]), **kwargs)
        to_json(tagged(plain([value, (1, 2)], _refuse))).encode()
        try:
            names["sample"]([], 1)
        except AssertionError as error:
            f"{error}".encode()


def _refuse(value: Any) -> Any:
    raise TypeError(f"The sample holds a {type(value).__name__}.")
