"""The digest of a version: sha256 of all that decides its rewards. Equal digests: comparable rewards.

Counted: the version's own files (`v1.py`, `v1.*`), every file of the project or of the grader's own package that they
import, transitively, `distribution==version` of each further import, and the sandbox's version if it has a `plan`. Not
counted: `graders.api` and `graders.errors` (the contract, which only grows), the standard library, and pydantic (every
grader's baseline).
"""

import ast
import hashlib
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.util import resolve_name
from pathlib import Path

from graders.api import SANDBOX_VERSION

_CONTRACT = {"graders", "graders.api", "graders.errors"}
_BASELINE = sys.stdlib_module_names | {"pydantic", "pydantic_core", "annotated_types", "typing_extensions"}


def digest_of(module: str, roots: dict[str, Path]) -> str:
    """`sha256:` and 64 hex digits for the version module `module`.

    `roots` maps a package to its folder (`{"graders": Path(".../graders")}`): modules below one count with their
    source, all others by the version of the distribution that brings them.

    Raises:
        FileNotFoundError: `module` is not below any root.
        metadata.PackageNotFoundError: an import outside the roots belongs to no installed distribution.
    """
    lines = sorted({*_sources(module, roots), *_distributions(module, roots), *_sandbox(module, roots)})
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _sources(module: str, roots: dict[str, Path]) -> Iterator[str]:
    version_file = _file_of(module, roots)
    if version_file is None:
        raise FileNotFoundError(f"No source file for {module!r}.")
    files = {name: file for name in _closure(module, roots) if (file := _file_of(name, roots))}
    files |= {f"{module}:{path.name}": path for path in version_file.parent.glob(f"{version_file.stem}.*")}
    for name, path in files.items():
        yield f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def _distributions(module: str, roots: dict[str, Path]) -> Iterator[str]:
    owners = metadata.packages_distributions()
    for name in _closure(module, roots):
        top = name.partition(".")[0]
        if _file_of(name, roots) is None and top not in _BASELINE and top not in roots:
            distribution = owners.get(top, [top])[0]
            yield f"{distribution}=={metadata.version(distribution)}"


def _sandbox(module: str, roots: dict[str, Path]) -> Iterator[str]:
    """The version of what runs the programs of a module that plans some."""
    file = _file_of(module, roots)
    if file and any(
        isinstance(node, ast.FunctionDef) and node.name == "plan" for node in ast.parse(file.read_bytes()).body
    ):
        yield f"sandbox {SANDBOX_VERSION}"


def _closure(module: str, roots: dict[str, Path]) -> set[str]:
    """`module` and what it imports, followed through files below a root."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen or name in _CONTRACT:
            continue
        seen.add(name)
        if file := _file_of(name, roots):
            waiting.extend(_imports(file, name, roots))
    return seen


def _imports(file: Path, module: str, roots: dict[str, Path]) -> Iterator[str]:
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module or ""
            yield base
            # `from graders.kit import numbers` names a module where `from graders.kit.numbers import x` does not.
            for alias in node.names:
                if _file_of(f"{base}.{alias.name}", roots):
                    yield f"{base}.{alias.name}"


def _file_of(module: str, roots: dict[str, Path]) -> Path | None:
    for package, folder in roots.items():
        if module == package or module.startswith(package + "."):
            path = folder.joinpath(*module.removeprefix(package).split(".")[1:])
            return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)
    return None
