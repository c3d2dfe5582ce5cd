"""An item and a config, joined and proved: the tests that a program faces, and the programs that the sandbox runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from graders.api import Program
from graders.code_tests.comparison import Comparison
from graders.code_tests.item import CheckCase, FunctionCase, Item, StdioCase
from graders.code_tests.limits import Limits
from graders.code_tests.policy import Config
from graders.code_tests.reading import Test, read_tests, refuse
from graders.errors import Fault, InvalidConfig

Form = Literal["cases", "test", "stdio"]

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of a program."""

    form: Form
    entry_point: str
    tests: tuple[Test, ...]
    test: str
    """What the judge's process executes first: the test code, or a checker."""
    prompt: str
    comparison: Comparison
    limits: Limits
    continues_prompt: bool

    @property
    def has_checker(self) -> bool:
        return self.form != "test" and bool(self.test)

    @property
    def parts(self) -> list[tuple[Test, ...]]:
        """The tests of each program. Those that the model may learn run in a process that never held the others, so
        that nothing which it says there can tell of them."""
        parts = [tuple(test for test in self.tests if test.hidden is hidden) for hidden in (False, True)]
        return [part for part in parts if part]

    def programs(self, code: str) -> list[Program]:
        """One program per part. What it expects is in no field that reaches the program's own process."""
        source = self._source(code)
        return [self._program(source, part) for part in self.parts]

    def _source(self, code: str) -> str:
        if not self.continues_prompt or "from __future__ import" in code:
            return code
        return f"{self.prompt}{'' if self.prompt.endswith(chr(10)) else chr(10)}{code}"

    def _program(self, source: str, tests: Sequence[Test]) -> Program:
        more: dict[str, Any] = self.limits.model_dump()
        if self.form == "cases":
            more |= {"entry_point": self.entry_point, "calls": tuple(test.call for test in tests)}
        elif self.form == "stdio":
            more["stdins"] = tuple(test.given for test in tests)
        else:
            more |= {"entry_point": self.entry_point, "prompt": self.prompt}
        checks = tuple(test.checking if self.has_checker else test.check for test in tests)
        return Program(source, test=self.test, checks=tuple(filter(None, checks)), **more)


def task_of(item: Item, config: Config) -> Task:
    """The task.

    Raises:
        InvalidItem: a value cannot be read, or an expected one or a subtask is missing.
        InvalidConfig: the scoring wants several tests, and `test` is one; a checker has nothing to check.
    """
    tests = tuple(read_tests(item, config))
    form: Form = "cases" if item.cases else "stdio" if item.stdio_cases else "test"
    _fit_scoring(item, config)
    if config.scoring == "first_k":
        tests = tests[: config.first_k]
    prompt = _prompt(item, config) if form == "test" else ""
    return Task(
        form=form,
        entry_point=item.entry_point,
        tests=tests,
        test=(item.test or "pass") if form == "test" else item.checker or config.checker,
        prompt=prompt,
        comparison=_merged(config.comparison, item.comparison),
        limits=_merged(config.limits, item.limits),
        continues_prompt=bool(prompt) and config.prompt_use == "continue",
    )


def _prompt(item: Item, config: Config) -> str:
    if config.prompt_use == "none" or item.prompt is None:
        return ""
    if not isinstance(item.prompt, str):
        refuse("prompt", "wanted Python text; with `prompt_use: none` in the config the prompt is not read")
    return item.prompt


def _fit_scoring(item: Item, config: Config) -> None:
    """Whether the tests are such as the scoring counts."""
    if config.scoring == "all":
        return
    tests = item.cases or item.stdio_cases or item.checks
    if not tests:
        detail = (
            f"`test` is one test, and the scoring `{config.scoring}` counts several; give them as `checks` or `cases`"
        )
        raise InvalidConfig(f"The scoring does not fit the item: {detail}.", (Fault("/config/scoring", detail),))
    if config.scoring == "weighted" and not any(test.weight for test in tests):
        refuse("", "no test has a weight")
    if config.scoring == "subtask_min":
        _fit_subtasks(item, tests)


def _fit_subtasks(item: Item, tests: Sequence[FunctionCase | StdioCase | CheckCase]) -> None:
    named = {name for test in tests for name in test.subtasks}
    if any(not test.subtasks for test in tests):
        refuse("", "under the scoring `subtask_min` every test names its `subtasks`")
    if item.subtasks and named != item.subtasks.keys():
        odd = ", ".join(sorted(named ^ item.subtasks.keys())[:5])
        refuse("subtasks", f"the tests and `subtasks` must name the same ones; only one of them names {odd}")


def _merged(base: Model, over: Model | None) -> Model:
    """`base` with the fields that `over` sets."""
    if over is None or not over.model_fields_set:
        return base
    return base.model_copy(update={name: getattr(over, name) for name in over.model_fields_set})
