"""What the OpenAPI page shows: the schema, with examples from graders' cases and problems under their media type."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from pydantic_core import to_json

from app.contracts.wire import PROBLEM_TYPE
from app.keys.gate import PROBES
from graders.cases import Case
from graders.registry import Grader, Registry

_EXAMPLES_PER_GRADER = 2
_KEYS = "An API key. As long as the service has none, callers on its own machine need none."


def install(app: FastAPI, registry: Registry) -> None:
    """Replaces `app.openapi` by one that is completed once and kept."""
    plain = app.openapi

    def complete() -> dict[str, Any]:
        if app.openapi_schema is None:
            # The first example of a path is one that its first body can be sent to.
            graders = sorted(registry, key=lambda grader: grader.recipe is not None)
            app.openapi_schema = _completed(plain(), graders)
        return app.openapi_schema

    app.openapi = complete  # type: ignore[method-assign]


def _completed(schema: dict[str, Any], graders: list[Grader]) -> dict[str, Any]:
    for path in schema["paths"].values():
        for operation in path.values():
            _mark_problems(operation)
    _add_keys(schema)
    _add_examples(schema, "/v1/graders/{id}/grade", _bodies(graders))
    _add_examples(schema, "/v1/graders/{id}/grade-batch", {"batch": _batch(graders)} if _batch(graders) else {})
    _add_examples(schema, "/v1/graders/{id}/grade-group", _groups(graders))
    _add_examples(schema, "/v1/contracts/azure/{id}", _rollouts(graders))
    _add_examples(schema, "/v1/recipes", _recipes(graders))
    _add_ids(schema, graders)
    return schema


def _mark_problems(operation: dict[str, Any]) -> None:
    for response in operation["responses"].values():
        content = response.get("content", {})
        if content.get("application/json", {}).get("schema", {}).get("$ref", "").endswith("/Problem"):
            content[PROBLEM_TYPE] = content.pop("application/json")


def _add_keys(schema: dict[str, Any]) -> None:
    """Any one of the ways to send an API key, for every operation but the probes."""
    schema["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": _KEYS},
        "x_api_key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
        "x_functions_key": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Functions-Key",
            "description": "As Azure sends it.",
        },
    }
    schema["security"] = [{name: []} for name in schema["components"]["securitySchemes"]]
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            if path in PROBES:
                operation["security"] = []
    schema["servers"] = [
        {"url": "/"},
        {
            "url": "/k/{key}",
            "description": "For callers that cannot send headers: every path below this one.",
            "variables": {"key": {"default": "KEY", "description": "The API key."}},
        },
    ]


def _add_examples(schema: dict[str, Any], path: str, examples: dict[str, Any]) -> None:
    content = schema["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    content["examples"] = {name: {"summary": name, "value": value} for name, value in examples.items()}


def _bodies(graders: list[Grader]) -> dict[str, Any]:
    """Requests that can be sent as they are, by grader id and case."""
    return {
        f"{grader.id}: {case.name}": _body(case.item, case.sample, case.config)
        for grader in graders
        if grader.recipe is None
        for case in grader.version.cases[:_EXAMPLES_PER_GRADER]
    }


def _body(item: Any, sample: Any, config: dict[str, Any]) -> dict[str, Any]:
    return {"item": item, "sample": sample} | ({"config": config} if config else {})


def _batch(graders: list[Grader]) -> dict[str, Any] | None:
    cases = next((grader.version.cases for grader in graders if grader.version.cases), ())
    plain = [case for case in cases if not case.config][:_EXAMPLES_PER_GRADER]
    return {"samples": [{"item": case.item, "sample": case.sample} for case in plain]} if plain else None


def _rollouts(graders: list[Grader]) -> dict[str, Any]:
    """What the platform sends for cases that need no config: it can send none."""
    return {
        f"{grader.id}: {case.name}": {
            "sample": {"output_text": case.sample} if isinstance(case.sample, str) else case.sample,
            "item": case.item,
            "trace_id": f"rollout-{number}",
        }
        for grader in graders
        if grader.recipe is None
        for number, case in enumerate([case for case in grader.version.cases if not case.config][:_EXAMPLES_PER_GRADER])
    }


def _recipes(graders: list[Grader]) -> dict[str, Any]:
    """By grader id, a recipe of the first config that its cases have."""
    return {
        grader.id: {"name": f"my_{grader.version.name}", "grader": grader.id, "config": case.config}
        for grader in graders
        if grader.recipe is None
        for case in [case for case in grader.version.cases if case.config][:1]
    }


def _groups(graders: list[Grader]) -> dict[str, Any]:
    """By grader id, two attempts at each of two items: the samples of its first cases that share a config."""
    return {
        f"{grader.id}: two items, two rollouts": _group(grader.version.cases)
        for grader in graders
        if grader.recipe is None and grader.version.has_group_credit and grader.version.cases
    }


def _group(cases: Sequence[Case]) -> dict[str, Any]:
    config = cases[0].config
    alike = [case for case in cases if case.config == config and not any(made.error for made in case.expect.values())]
    items = {to_json(case.item): case.item for case in alike}
    members = [
        {"item": item, "sample": case.sample, "run": {"item_id": f"item-{number}", "rollout": rollout}}
        for number, item in enumerate(list(items.values())[:_EXAMPLES_PER_GRADER])
        for rollout, case in enumerate(alike[:_EXAMPLES_PER_GRADER])
    ]
    return {"samples": members} | ({"config": config} if config else {})


def _add_ids(schema: dict[str, Any], graders: list[Grader]) -> None:
    """Grader ids as examples of every path parameter that takes one."""
    crediting_first = sorted(graders, key=lambda grader: not grader.version.has_group_credit)
    for path, operations in schema["paths"].items():
        if "/graders/{id}" in path or "/azure/{id}" in path:
            ids = [grader.id for grader in (crediting_first if path.endswith("/grade-group") else graders)]
            for operation in operations.values():
                for parameter in operation["parameters"]:
                    if parameter["in"] == "path":
                        parameter["examples"] = {id: {"value": id} for id in ids}
