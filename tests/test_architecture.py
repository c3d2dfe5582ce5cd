"""Imports point one way, and the rules that a reader relies on hold in every file."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
PACKAGES = ("app", "evaluations", "graders", "migrations", "sandbox")
SOURCES = [file for folder in PACKAGES for file in sorted((PROJECT / folder).rglob("*.py"))]

# Who may know whom: the modules below a prefix import only these of the project.
ALLOWED = {
    "graders.api": set(),
    "graders.errors": set(),
    "graders.kit": {"graders.api", "graders.errors", "graders.kit"},
    "graders": {"graders"},
    "evaluations": {"evaluations", "graders.errors", "graders.kit"},
    # The codec is the form of stored executions, so grader and sandbox must share it.
    "sandbox": {"sandbox", "graders.api", "graders.kit.values"},
    "sandbox.inside": {"sandbox.inside", "graders.kit.values"},
    "app.settings": set(),
    "app.auth": set(),
    "app.redaction": set(),
    "app.logs": {"app.redaction"},
    "app.trace": set(),
    "app.unrouted": {"app.errors"},
    "app.retention": {"app.errors"},
    "app.tallies": set(),
    "app.loop_lag": set(),
    "app.metrics": {"app.ledger", "app.records", "app.tallies", "app.trace"},
    "app.request_log": {"app.redaction", "app.trace"},
    "app.errors": {"app.redaction", "evaluations.errors", "graders"},
    "app.keys": {"app.auth", "app.errors", "app.keys", "app.ledger", "app.redaction"},
    "app.framed_process": set(),
    "app.drain": {"app.errors"},
    "app.graceful_server": {"app.drain"},
    "app.acceptor": set(),
    "app.records": set(),
    "app.reply": set(),
    "app.words": set(),
    "app.json_body": {"app.encoding", "app.errors", "app.shallow", "graders.errors"},
    "app.shallow": set(),
    "app.collector": set(),
    "app.http_transport": set(),
    "app.http_cycle": set(),
    "app.http_watch": {"app.errors"},
    "app.http_protocol": {
        "app.acceptor", "app.admission.claim", "app.contracts.wire", "app.drain", "app.errors", "app.http_cycle",
        "app.http_doorway", "app.http_transport", "app.http_watch",
    },
    "app.ledger": {"app.framed_process", "app.ledger", "app.errors", "app.records", "migrations"},
    "app.ledger.sqlite_writer": set(),
    "app.worker_process": {"app.framed_process", "app.settings", "graders"},
    "app.run_sides": {
        "app.errors", "app.ledger", "app.moderation_details", "evaluations.answers", "evaluations.errors",
        "graders.errors",
    },
    "app.evaluator": {"app.errors", "app.framed_process", "app.settings", "evaluations.worker"},
    "app.workers": {
        "app.admission", "app.errors", "app.failed_calls", "app.jobs", "app.trace", "app.worker_process", "graders",
    },
    "app.jobs": {"app.admission", "app.errors", "app.trace", "graders"},
    "app.failed_calls": {"app.errors", "app.jobs", "graders.api", "graders.calls", "graders.errors"},
    "app.admission": {"app.admission", "app.auth", "app.errors", "app.trace"},
    "app.admission.limit": set(),
    "app.admission.claim": {"app.auth", "app.trace"},
    "app.orders": {"app.admission", "app.auth", "app.errors", "app.records", "graders"},
    "app.entries": {"app.encoding", "app.errors", "app.jobs", "app.records", "app.orders", "graders"},
    "app.programs": {"app.admission", "app.cpus", "app.errors", "app.settings", "app.trace", "graders.api", "sandbox"},
    "app.grading": {
        "app.admission", "app.auth", "app.encoding", "app.entries", "app.errors", "app.jobs", "app.keyed_lock",
        "app.records", "app.orders", "app.together", "app.trace", "graders",
    },
    "app.together": set(),
    "app.group_orders": {"app.admission", "app.auth", "app.errors", "app.records", "app.orders"},
    "app.groups": {
        "app.admission", "app.encoding", "app.entries", "app.errors", "app.grading", "app.group_orders",
        "app.jobs", "app.keyed_lock", "app.records", "app.orders", "graders",
    },
    "app.moderation_details": set(),
    "app.page": set(),
    "app.moderation": {"app.catalogue", "app.errors", "app.ledger", "app.moderation_details", "evaluations"},
    "app.contracts": {
        "app.admission", "app.auth", "app.catalogue", "app.contracts", "app.encoding", "app.dependencies",
        "app.errors", "app.group_orders", "app.json_body", "app.ledger", "app.moderation", "app.lean_route",
        "app.monitors", "app.orders", "app.records", "app.reply", "app.run_sides", "app.words", "evaluations",
        "graders",
    },
    "app.monitors": {"app.ledger", "app.monitors"},
    "app.monitors.worker": {"app.errors", "app.ledger", "app.monitors"},
    "app.run_watch": {"app.errors", "app.framed_process", "app.ledger", "app.monitors"},
    "app.monitors.answers": {"app.words"},
}  # fmt: skip


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(PROJECT)))
def test_imports_point_one_way(file: Path) -> None:
    module = _module(file)
    rules = [prefix for prefix in ALLOWED if module == prefix or module.startswith(prefix + ".")]
    if not rules:
        return
    allowed = ALLOWED[max(rules, key=len)]
    for name in _project_imports(file):
        assert any(name == prefix or name.startswith(prefix + ".") for prefix in allowed), (
            f"{module} imports {name}, but may know only {sorted(allowed) or 'nothing of the project'}."
        )


@pytest.mark.parametrize(
    "file", sorted((PROJECT / "graders").glob("*/*.py")), ids=lambda file: f"{file.parent.name}.{file.stem}"
)
def test_a_version_never_imports_another_grader(file: Path) -> None:
    own = f"graders.{file.parent.name}"
    for name in _project_imports(file):
        assert name in {"graders.api", "graders.errors"} or name.startswith(("graders.kit", own)), name


@pytest.mark.parametrize(
    "file", sorted((PROJECT / "graders").glob("*/*.py")), ids=lambda file: f"{file.parent.name}.{file.stem}"
)
def test_of_msgspec_a_version_uses_structs_alone(file: Path) -> None:
    """Its version is outside their digests, so it may shape their values and read none."""
    nodes = list(ast.walk(ast.parse(file.read_bytes())))
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    taken = {
        (node.module, alias.name)
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("msgspec")
        for alias in node.names
    }

    assert not [name for name in plain if name.startswith("msgspec")]
    assert taken <= {("msgspec", "Struct"), ("msgspec.structs", "replace")}


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(PROJECT)))
def test_no_middleware_that_costs_six_times_the_request(file: Path) -> None:
    """Three BaseHTTPMiddleware cut a bare FastAPI from 4,200 to 600 requests a second; pure ASGI costs nothing."""
    text = file.read_text("utf-8")

    assert "BaseHTTPMiddleware" not in text
    assert "@app.middleware" not in text


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(PROJECT)))
def test_only_settings_reads_the_environment(file: Path) -> None:
    names = {node.attr for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.Attribute)}

    # A zygote empties its environment.
    assert file.name in {"settings.py", "zygote.py"} or not names & {"environ", "getenv"}


def test_all_sql_is_in_the_ledger() -> None:
    users = {
        _module(file)
        for file in SOURCES
        if any(
            name.split(".")[0] in {"sqlalchemy", "asyncpg", "aiosqlite", "sqlite3", "alembic"}
            for name in _imports(file)
        )
    }

    assert all(module.startswith(("app.ledger", "migrations")) for module in users), users


def _module(file: Path) -> str:
    parts = file.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _project_imports(file: Path) -> Iterator[str]:
    return (name for name in _imports(file) if name.split(".")[0] in PACKAGES)


_PACKAGES_OF_MODULES = {
    "app", "app.contracts", "evaluations", "graders", "graders.kit", "sandbox", "sandbox.inside",
}  # fmt: skip
"""`from PACKAGE import NAME` takes a module from these."""


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            is_package = node.module in _PACKAGES_OF_MODULES
            yield from (f"{node.module}.{alias.name}" for alias in node.names) if is_package else (node.module,)
