"""Cases of graders with programs: what they say that the sandbox saw is what it sees."""

import asyncio
from typing import Any

import pytest

from app.commands.executions import execute_cases
from app.settings import Settings
from graders.api import Execution
from graders.cases import read_cases, toml_of
from graders.registry import Registry
from graders.version import Version

VERSIONS = [grader.version for grader in Registry() if grader.recipe is None and grader.version.has_plan]


def told(execution: Execution) -> Any:
    """All but the words of exceptions, which differ between Python's versions."""
    results = [(result.outcome, result.value, result.call, result.stdout) for result in execution.results]
    checks = [(check.outcome, check.had_value) for check in execution.checks]
    return execution.outcome, results, checks, execution.calls_made, execution.calls_answered, execution.flags


@pytest.mark.parametrize("version", VERSIONS, ids=[version.id for version in VERSIONS])
def test_recorded_executions_are_what_the_sandbox_sees(version: Version) -> None:
    found = asyncio.run(execute_cases(version, Settings()))

    for case in version.cases:
        assert list(map(told, found[case.name])) == list(map(told, case.executions)), case.name


def test_executions_are_written_as_they_are_read(tmp_path: Any) -> None:
    [version] = [version for version in VERSIONS if version.id == "code_tests@v1"]
    case = next(case for case in version.cases if len(case.executions) == 2)
    odd = Execution("finished", stdout='"\\\x7f\x00\n\u2028é', flags=("stdout_cut",))
    lines = ["[[case]]", 'name = "x"', 'why = "x"', "item = {}", 'sample = ""', toml_of((*case.executions, odd))]
    (tmp_path / "cases.toml").write_text("\n".join([*lines, 'expect.v1 = { error = "x" }']), "utf-8")

    [read] = read_cases(tmp_path)

    assert read.executions == (*case.executions, odd)
