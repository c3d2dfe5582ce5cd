"""The generated parts of the READMEs, between `<!-- NAME -->` and `<!-- /NAME -->`: written here, and compared."""

from collections.abc import Iterator
from pathlib import Path

from app.errors import TABLE
from app.metrics import Metrics
from app.monitors.findings import MONITORS
from app.settings import Settings, variable
from graders.cases import markdown_table, read_cases
from graders.discovery import BUILT_IN
from graders.registry import Registry

_PROJECT = Path(__file__).parent.parent


def write_documents(registry: Registry) -> list[Path]:
    """Brings every document up to date, but for those of graders that are not served; returns those that changed."""
    changed = []
    for file, text in _documents(registry):
        if file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")
            changed.append(file)
    return changed


def stale_documents(registry: Registry) -> list[Path]:
    """The documents whose generated parts are not what they would be now."""
    return [file for file, text in _documents(registry) if file.read_text("utf-8") != text]


def fill_cases(folder: Path, versions: list[str]) -> None:
    """Writes the table of its cases into the README of the grader in `folder`."""
    file = folder / "README.md"
    file.write_text(_with_cases(file, versions), "utf-8")


def _documents(registry: Registry) -> Iterator[tuple[Path, str]]:
    for folder in registry.folders.values():
        file = folder.folder / "README.md"
        versions = [f"v{number}" for number in sorted(folder.versions())]
        is_whole = not any(f"{folder.name}@{version}" in registry.unhealthy for version in versions)
        if folder.origin.startswith((BUILT_IN, "path")) and file.is_file() and is_whole:
            yield file, _with_cases(file, versions)
    readme = _PROJECT / "README.md"
    if readme.is_file():
        parts = {
            "graders": _graders(registry), "settings": _settings(), "errors": _errors(), "metrics": _metrics(),
            "monitors": _monitors(),
        }  # fmt: skip
        yield readme, _filled(readme, parts)


def _with_cases(file: Path, versions: list[str]) -> str:
    return _filled(file, {"cases": markdown_table(read_cases(file.parent), versions)})


def _filled(file: Path, parts: dict[str, str]) -> str:
    text = file.read_text("utf-8")
    for name, content in parts.items():
        before, opening, rest = text.partition(f"<!-- {name} -->\n")
        _, closing, after = rest.partition(f"<!-- /{name} -->")
        if opening and closing:
            text = before + opening + content + closing + after
    return text


def _graders(registry: Registry) -> str:
    rows = [
        f"| `{grader.id}` | {grader.recipe.grader if grader.recipe else 'version'} | {grader.summary} |\n"
        for grader in registry
        if grader.origin == BUILT_IN
    ]
    return "| Id | Stands on | What it rewards |\n| --- | --- | --- |\n" + "".join(rows)


def _settings() -> str:
    rows = [
        f"| `{variable(name)}` | `{_default(field.default)}` | {field.description} |\n"
        for name, field in Settings.model_fields.items()
    ]
    return "| Variable | Default | Meaning |\n| --- | --- | --- |\n" + "".join(rows)


def _metrics() -> str:
    rows = [
        f"| `{metric.name}` | {', '.join(f'`{label}`' for label in metric.labels)} | {metric.meaning} |\n"
        for metric in Metrics().declared
    ]
    return "| Metric | Labels | Meaning |\n| --- | --- | --- |\n" + "".join(rows)


def _default(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if value is None:
        return ""
    return ":".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _errors() -> str:
    rows = [
        f"| {row.status} | `{row.code}` | {'no' if row.retry_after_s is None else 'yes'} | {row.title} |\n"
        for row in sorted(TABLE.values(), key=lambda row: (row.status, row.code, row.retry_after_s or 0))
    ]
    return "| Status | Code | Try again | Meaning |\n| --- | --- | --- | --- |\n" + "".join(rows)


def _monitors() -> str:
    rows = [f"| `{code}` | {(monitor.__doc__ or '').splitlines()[0]} |\n" for code, monitor in MONITORS.items()]
    return "| Finding | What it says |\n| --- | --- |\n" + "".join(rows)
