"""Programs that know nothing of a task and must not pass it: empty, constant, echo, and one that has learnt by heart
what the model may see. A task that one of them passes cannot tell right from wrong.

For preparing data; no grade depends on it.
"""

import ast
import doctest
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from graders.api import Executions
from graders.code_tests.literals import call, literal
from graders.code_tests.task import Task
from graders.kit.values import Unreadable, decode

_CONSTANTS = ("0", "1", "-1", "True", "False", "''", "[]")
_LEARNT_MAX = 1_000

_TABLE = """\
def _given(*args, **kwargs):
    return args, kwargs

_ANSWERS = [
{rows}
]

def {name}(*args, **kwargs):
    for given, answer in _ANSWERS:
        if given == (args, kwargs):
            return answer
"""


def probes(task: Task, right: Executions, prompt: str = "") -> dict[str, str]:
    """The programs by name. `right` is what the right solution came to: its commonest answer is a constant to try.
    `prompt` is what the model is shown: what its examples give away is learnt too."""
    found = dict(_of_stdio(task) if task.form == "stdio" else _of_function(task, right))
    table = _stdio_table(task) if task.form == "stdio" else _table(task, prompt)
    return found | ({"learnt by heart": table} if table else {})


def _of_function(task: Task, right: Executions) -> Iterator[tuple[str, str]]:
    head = f"def {task.entry_point}(*args, **kwargs):\n    return "
    yield "empty", head + "None\n"
    yield "echo of the first argument", head + "args[0]\n"
    yield "echo of the last argument", head + "args[-1]\n"
    for constant in dict.fromkeys([*_CONSTANTS, *_commonest(_answers(task, right))]):
        yield f"constant {constant[:40]}", head + constant + "\n"


def _of_stdio(task: Task) -> Iterator[tuple[str, str]]:
    yield "empty", "pass\n"
    yield "echo", "import sys\nsys.stdout.write(sys.stdin.read())\n"
    expected = [literal(test.expected) for test in task.tests if test.expected is not None]
    for constant in dict.fromkeys(["'0'", "'1'", "'YES'", "'NO'", *_commonest(expected)]):
        yield f"constant {constant[:40]}", f"print({constant}, end='')\n"


def _commonest(answers: Iterable[str]) -> list[str]:
    return [answer for answer, _ in Counter(answers).most_common(1)]


def _answers(task: Task, right: Executions) -> Iterator[str]:
    """What a right solution returns, as Python."""
    if task.form == "cases" and not task.has_checker:
        yield from (literal(test.expected) for test in task.tests)
        return
    for result in (result for execution in right for result in execution.results):
        if result.outcome == "returned":
            try:
                yield literal(decode(result.value))
            except Unreadable:
                # A reference to an object of the program's.
                continue


def _table(task: Task, prompt: str) -> str:
    """A function that knows the calls which the model may see, and what they give; empty if there is none."""
    rows = list(dict.fromkeys(_seen(task, prompt)))[:_LEARNT_MAX]
    return _TABLE.format(rows="\n".join(rows), name=task.entry_point) if rows else ""


def _seen(task: Task, prompt: str) -> Iterator[str]:
    """Rows of the table."""
    yield from _examples(prompt, task.entry_point)
    for test in (test for test in task.tests if not test.hidden):
        if task.form == "cases":
            if not task.has_checker:
                yield f"    ({call('_given', *test.given)}, {literal(test.expected)}),"
        else:
            yield from _asserted(test.check or task.test, task.entry_point)


def _examples(prompt: str, name: str) -> Iterator[str]:
    """The doctests of a prompt."""
    try:
        examples = doctest.DocTestParser().get_examples(prompt)
    except ValueError:
        return
    for example in examples:
        # The end of the docstring stands below its last example.
        want = re.split("\"\"\"|'''", example.want)[0].strip()
        yield from _asserted(f"assert {example.source.strip()} == ({want})", name)


def _asserted(source: str, name: str) -> Iterator[str]:
    """What `assert f(1) == 2` gives away, wherever it stands in `source`."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq):
            continue
        asked, expected = node.left, node.comparators[0]
        if isinstance(asked, ast.Call) and isinstance(asked.func, ast.Name) and asked.func.id in {name, "candidate"}:
            asked.func.id = "_given"
            if _is_constant(asked) and _is_constant(expected):
                yield f"    ({ast.unparse(asked)}, {ast.unparse(expected)}),"


def _is_constant(node: ast.AST) -> bool:
    """Whether it can be written down without the test's own names."""
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return names <= {"_given", "set", "frozenset", "float", "complex", "dict", "list", "tuple", "range"}


def _stdio_table(task: Task) -> str:
    seen = {test.given: test.expected for test in task.tests if not test.hidden and test.expected is not None}
    return f"import sys\nprint({seen!r}.get(sys.stdin.read(), ''), end='')\n" if seen else ""
