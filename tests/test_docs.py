"""The documents say what the code does."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.errors import TABLE, NotCreditedYet, WorkerDied
from app.generated import stale_documents
from app.main import VERSION, create_app
from app.settings import Settings
from graders.errors import Unscored
from graders.lock import released
from graders.proof import mismatch, run_case
from graders.registry import Registry

PROJECT = Path(__file__).parent.parent
REGISTRY = Registry()
CASES = [(grader.version, case) for grader in REGISTRY if grader.recipe is None for case in grader.version.cases]


@pytest.mark.parametrize(("version", "case"), CASES, ids=[f"{version.id}: {case.name}" for version, case in CASES])
def test_every_case_holds_for_every_version_it_names(version, case) -> None:
    assert mismatch(version, case, run_case(version, case)) is None


def test_every_built_in_grader_is_served() -> None:
    assert REGISTRY.unhealthy == {}


def test_what_the_lock_holds_is_served_as_it_was_released() -> None:
    locked = released(PROJECT / "graders")

    assert locked == {id: REGISTRY[id].digest for id in locked}


def test_every_shipped_recipe_on_a_released_version_is_released() -> None:
    assert [grader.id for grader in REGISTRY if grader.version.released and not grader.released] == []


def test_generated_parts_are_up_to_date() -> None:
    assert stale_documents(REGISTRY) == []


def test_every_error_code_is_its_class_in_snake_case() -> None:
    for error, row in TABLE.items():
        if error in {WorkerDied, NotCreditedYet}:  # they are their base class, but may be tried again
            continue
        assert row.code == re.sub(r"(?<!^)(?=[A-Z])", "_", error.__name__).lower()
        if issubclass(error, Unscored):
            assert error("").code == row.code


def test_one_version_number() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]

    assert project["version"] == VERSION
    assert f"## {VERSION}" in (PROJECT / "CHANGELOG.md").read_text()


def test_openapi_has_examples_from_the_cases_and_declares_problems() -> None:
    schema = create_app(Settings()).api.openapi()

    operation = schema["paths"]["/v1/graders/{id}/grade"]["post"]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    first = REGISTRY["finance_qa@v1"].version.cases[0]
    assert examples[f"finance_qa@v1: {first.name}"]["value"]["item"] == first.item
    for status in ("404", "409", "413", "415", "422", "500", "503", "504"):
        assert list(operation["responses"][status]["content"]) == ["application/problem+json"]
    assert json.dumps(schema)


def test_every_parameter_schema_and_property_of_the_openapi_page_is_explained() -> None:
    unexplained = list(_unexplained(create_app(Settings()).api.openapi()))

    assert not unexplained, "\n".join(unexplained)


def _unexplained(page: dict[str, Any]) -> Iterator[str]:
    schemas = page["components"]["schemas"]
    for path, operations in page["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                if not (parameter.get("description") or _is_explained(parameter["schema"], schemas)):
                    yield f"{method.upper()} {path}: {parameter['in']} parameter {parameter['name']}"
    for name, schema in schemas.items():
        if not schema.get("description"):
            yield name
        for field, shape in schema.get("properties", {}).items():
            if not (shape.get("description") or _is_explained(shape, schemas)):
                yield f"{name}.{field}"


def _is_explained(shape: dict[str, Any], schemas: dict[str, Any]) -> bool:
    """Whether a schema that `shape` refers to has a description."""
    if "$ref" in shape:
        return bool(schemas[shape["$ref"].rpartition("/")[2]].get("description"))
    parts = [*shape.get("allOf", ()), *shape.get("anyOf", ()), *([shape["items"]] if "items" in shape else [])]
    return any(_is_explained(part, schemas) for part in parts)


def test_no_machine_path_and_no_registry_host_is_committed() -> None:
    hosts = re.compile(r"python" + r"hosted\.org|pypi\.org/simple|registry\." + r"npmjs")
    for file in [*(PROJECT / "requirements").iterdir(), PROJECT / "Makefile", PROJECT / "pyproject.toml"]:
        assert not hosts.search(file.read_text()), file
