"""The tests that an item holds, as values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from graders.code_tests.item import CheckCase, FunctionCase, Item, StdioCase
from graders.code_tests.literals import literal
from graders.code_tests.policy import Config
from graders.errors import Fault, InvalidConfig, InvalidItem
from graders.kit.values import Unreadable, encode_call, untagged

_CHECKING = "_held = check(answer, {expected}, {given})\nassert _held is None or _held, 'The checker says no.'"


@dataclass(frozen=True, slots=True)
class Test:
    """One test."""

    index: int
    """Its place in the item, from 0."""
    hidden: bool
    weight: float
    subtasks: tuple[str, ...]
    given: Any = None
    """Arguments and named arguments, or the stdin."""
    expected: Any = None
    check: str = ""
    """An assertion."""

    @property
    def call(self) -> str:
        """The call, as `Program.calls` wants it."""
        args, kwargs = self.given
        return encode_call(*args, **kwargs)

    @property
    def checking(self) -> str:
        """What the judge's process executes for the answer, after the checker itself."""
        given = self.given
        if not isinstance(given, str):
            given = dict(zip(("args", "kwargs"), given, strict=True))
        return _CHECKING.format(expected=literal(self.expected), given=literal(given))


def read_tests(item: Item, config: Config) -> Iterator[Test]:
    """Every test of the item, in order.

    Raises:
        InvalidItem: a value cannot be read, or an expected one is missing.
        InvalidConfig: a checker has nothing to check.
    """
    checker = item.checker or config.checker
    if item.cases:
        yield from (_of_function(index, case, bool(checker)) for index, case in enumerate(item.cases))
    elif item.stdio_cases:
        yield from (_of_stdio(index, case, bool(checker)) for index, case in enumerate(item.stdio_cases))
    elif checker:
        raise InvalidConfig("A checker looks at answers, so it needs `cases` or `stdio_cases`.")
    elif item.checks:
        yield from (_of_check(index, check) for index, check in enumerate(item.checks))
    else:
        yield Test(0, item.test_hidden, 1.0, ())


def _of_function(index: int, case: FunctionCase, has_checker: bool) -> Test:
    place = f"cases/{index}"
    args = [_value(value, f"{place}/args") for value in case.args]
    kwargs = {name: _value(value, f"{place}/kwargs") for name, value in case.named.items()}
    expected = _value(case.expected, f"{place}/expected")
    if not has_checker and "expected" not in case.model_fields_set:
        refuse(f"{place}/expected", "without a checker, an expected value is needed")
    return Test(index, case.hidden, case.weight, tuple(case.subtasks), (args, kwargs), expected)


def _of_stdio(index: int, case: StdioCase, has_checker: bool) -> Test:
    if not has_checker and case.expected is None:
        refuse(f"stdio_cases/{index}/expected", "without a checker, the expected output is needed")
    return Test(index, case.hidden, case.weight, tuple(case.subtasks), case.stdin, case.expected)


def _of_check(index: int, check: CheckCase) -> Test:
    return Test(index, check.hidden, check.weight, tuple(check.subtasks), check.check, check=check.check)


def _value(sent: Any, place: str) -> Any:
    """The value that JSON stands for."""
    try:
        return untagged(sent)
    except (Unreadable, ValueError, TypeError, OverflowError, AttributeError, LookupError) as error:
        refuse(place, f"this is no value: {error}")


def refuse(place: str, detail: str) -> NoReturn:
    """Raises InvalidItem for what is wrong at `place`, a pointer below the item."""
    pointer = f"/item/{place}" if place else "/item"
    raise InvalidItem(f"The item cannot be graded: {detail}.", (Fault(pointer, detail),))
