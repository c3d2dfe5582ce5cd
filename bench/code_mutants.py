"""Wrong variants of a program, made by changing one place of its syntax tree."""

import ast
import copy
import random
from collections.abc import Callable, Iterator

_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Pow: ast.Mult, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip

Change = Callable[[], None]


def mutants(source: str, count: int, seed: str) -> list[str]:
    """At most `count` different variants of `source`; the same ones for the same seed. None of what is no Python."""
    try:
        plain = ast.unparse(ast.parse(source))
    except SyntaxError:
        return []
    places = len(list(_changes(ast.parse(source))))
    chosen = random.Random(seed).sample(range(places), min(count, places))
    found = dict.fromkeys(_mutant(source, place) for place in chosen)
    return [mutant for mutant in found if mutant != plain]


def _mutant(source: str, place: int) -> str:
    tree = ast.parse(source)
    list(_changes(tree))[place]()
    return ast.unparse(ast.fix_missing_locations(tree))


def _changes(tree: ast.AST) -> Iterator[Change]:
    """Every change that can be made to `tree`, always in the same order."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)) and type(node.op) in _OPERATORS:
            yield lambda node=node: setattr(node, "op", _OPERATORS[type(node.op)]())  # type: ignore[misc]
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in _OPERATORS:
            yield lambda node=node: node.ops.__setitem__(0, _OPERATORS[type(node.ops[0])]())  # type: ignore[misc]
        elif isinstance(node, ast.Constant) and type(node.value) in (int, bool, str):
            yield lambda node=node: setattr(node, "value", _other(node.value))  # type: ignore[misc]
        elif isinstance(node, (ast.If, ast.While)):
            yield lambda node=node: setattr(node, "test", ast.UnaryOp(ast.Not(), copy.deepcopy(node.test)))  # type: ignore[misc]
        elif isinstance(node, ast.Return) and node.value is not None:
            yield lambda node=node: setattr(node, "value", ast.Constant(None))  # type: ignore[misc]


def _other(value: bool | int | str) -> bool | int | str:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else value + "x"
