"""The dataset row: what the program must do, as one of three kinds of test."""

import json
import keyword
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from graders.code_tests.comparison import Comparison
from graders.code_tests.limits import Limits

_CASES_MAX = 10_000
_STDIO_CASES_MAX = 1_000
_NAME_MAX = 200


def _listed(value: Any) -> Any:
    """A list, also one that a column keeps as JSON, since tables cannot hold arguments of many types."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise ValueError("wanted a list, or the JSON text of one") from error


def _check(value: Any) -> Any:
    return {"check": value} if isinstance(value, str) else value


def _function_name(name: str) -> str:
    # Python reads identifiers in this form, so one in another would never be found.
    name = unicodedata.normalize("NFKC", name)
    if name and not (name.isidentifier() and not keyword.iskeyword(name)):
        raise ValueError("an entry point is the name of a function")
    return name


class _Case(BaseModel):
    # A misspelt key, "input" for `stdin`, would make every right program fail.
    model_config = ConfigDict(extra="forbid", frozen=True)

    weight: float = Field(1.0, ge=0, le=1e9, description="What it counts under the scoring `weighted`.")
    hidden: bool = Field(
        False, description="Whether the model may not learn it: then a grade tells its outcome and nothing else of it."
    )
    subtasks: list[str] = Field(
        default_factory=list, description="The subtasks that it belongs to, for the scoring `subtask_min`."
    )


class FunctionCase(_Case):
    """A call and what it must return. Values are JSON, or tagged as in `graders/kit/values.py`:
    `{"$": ["set", [1, 2]]}`."""

    args: list[Any] = Field(default_factory=list, description="Positional arguments.")
    named: dict[str, Any] = Field(
        default_factory=dict, validation_alias=AliasChoices("kwargs"), description="Named arguments."
    )
    expected: Any = Field(None, description="What the call must return; may be left out if a checker decides.")


class StdioCase(_Case):
    """What the program reads and what it must print."""

    stdin: str = Field("", description="The whole standard input.")
    expected: str | None = Field(None, description="The standard output; may be left out if a checker decides.")


class CheckCase(_Case):
    """One assertion, as MBPP's `test_list` has them. A bare string is one."""

    check: str = Field(min_length=1, description="Python statements: `assert f(1) == 2`.")


class Item(BaseModel):
    """One of `cases`, `test` or `checks`, and `stdio_cases` is needed, with at least one test."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    entry_point: Annotated[str, AfterValidator(_function_name)] = Field(
        "", max_length=_NAME_MAX, description="The function that tests call. Needed for `cases`, `test` and `checks`."
    )
    cases: Annotated[list[FunctionCase], BeforeValidator(_listed, json_schema_input_type=list[FunctionCase] | str)] = (
        Field(default_factory=list, max_length=_CASES_MAX, description="Calls and the values that they must return.")
    )
    test: str = Field(
        "",
        description="Python that tests the function: a function `check(candidate)` as in HumanEval, or assertions. "
        "With `checks` it only prepares them.",
    )
    checks: Annotated[
        list[Annotated[CheckCase, BeforeValidator(_check, json_schema_input_type=CheckCase | str)]],
        BeforeValidator(_listed),
    ] = Field(default_factory=list, max_length=_CASES_MAX, description="Assertions, each one test.")
    test_hidden: bool = Field(
        True, description="Whether the model may not learn `test`; that of each of `checks` stands there."
    )
    prompt: Any = Field(
        None,
        description="Python that the model was asked to complete. Read only beside `test` or `checks`; see the "
        "config's `prompt_use`.",
    )
    stdio_cases: Annotated[list[StdioCase], BeforeValidator(_listed, json_schema_input_type=list[StdioCase] | str)] = (
        Field(default_factory=list, max_length=_STDIO_CASES_MAX, description="What a whole program reads and prints.")
    )
    checker: str = Field(
        "",
        description="Python with a function `check(answer, expected, given)` that decides instead of a comparison: it "
        "raises AssertionError or returns something false. `given` is the stdin, or `{'args', 'kwargs'}`.",
    )
    subtasks: dict[str, Annotated[float, Field(gt=0, le=1e9)]] = Field(
        default_factory=dict, description="Points of each subtask; 1 for each where this is left out."
    )
    comparison: Comparison | None = Field(
        None, description="Its fields win over those of the config. Default null: the config's."
    )
    limits: Limits | None = Field(
        None, description="Its fields win over those of the config. Default null: the config's."
    )

    @model_validator(mode="after")
    def _has_tests(self) -> "Item":
        kinds = {"cases": self.cases, "test": self.test.strip() or self.checks, "stdio_cases": self.stdio_cases}
        found = [name for name, tests in kinds.items() if tests]
        if not found:
            raise ValueError(
                "there is no test, and a program that faces none has passed nothing: `cases`, `test`, `checks` or "
                "`stdio_cases` is needed"
            )
        if len(found) > 1:
            raise ValueError(f"only one kind of test can be judged at a time, not {' and '.join(found)}")
        if not self.entry_point and not self.stdio_cases:
            raise ValueError(f"`{found[0]}` needs an `entry_point`, the function to call")
        return self
