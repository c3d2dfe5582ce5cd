"""Whether a test makes the same calls whatever the program answers: then a program may be told them all at once."""

import ast
import builtins
import sys
from collections.abc import Iterator, Sequence

from graders.api import Program

_LENGTH_MAX = 64 << 10
# What leads to names that do not stand in the text.
_BY_TEXT = frozenset({"eval", "exec", "globals", "locals", "vars", "__import__"})
_KNOWN = frozenset(dir(builtins)) | sys.stdlib_module_names
_BRANCHES = (ast.If, ast.IfExp, ast.While, ast.Match)


def has_fixed_calls(program: Program) -> bool:
    """Whether every call into the program is made in any case, with arguments that are written out where it stands.

    An argument that is computed from a name or from another call could hold an earlier answer, and so could the choice
    of a call. A program that is told the calls beforehand could read there what it is to answer.
    """
    sources = program.prompt, program.test, *program.checks
    if sum(map(len, sources)) > _LENGTH_MAX:
        return False
    try:
        nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    # What the test calls the program: its own name, `candidate`, and whatever a `check` calls what it is given.
    checks = [node.args.args for node in nodes if isinstance(node, ast.FunctionDef) and node.name == "check"]
    remote = {program.entry_point, "candidate", *(arguments[0].arg for arguments in checks if arguments)}
    own = set(_bound(nodes)) - remote
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    into = {id(call.func): call for call in calls if isinstance(call.func, ast.Name) and _is_programs(call.func, own)}
    handed = {id(value) for call in calls if _is_named(call.func, "check") for value in call.args}
    branched = {id(node) for branch in nodes if isinstance(branch, _BRANCHES) for node in ast.walk(branch)}
    return not branched & into.keys() and all(
        id(node) in handed or (id(node) in into and _is_written_out(into[id(node)], own))
        for node in nodes
        if isinstance(node, ast.Name) and _is_programs(node, own)
    )


def _is_programs(name: ast.Name, own: set[str]) -> bool:
    """Whether `name` is read, and is the program's: a name that the test does not define is."""
    return isinstance(name.ctx, ast.Load) and (name.id in _BY_TEXT or name.id not in own | _KNOWN)


def _is_written_out(call: ast.Call, own: set[str]) -> bool:
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    names = [node for value in values for node in ast.walk(value) if isinstance(node, ast.Name)]
    return all(name.id in _KNOWN - _BY_TEXT and name.id not in own for name in names)


def _is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _bound(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """Every name that the test gives a meaning."""
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name
