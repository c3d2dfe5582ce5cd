"""The digest of a version: sha256 of all that decides its rewards. Equal digests: comparable rewards.

Counted: the version's own files (`v1.py`, `v1.*`), every file of the project, of the grader's own folder or of the
distribution's package in which it comes that they import, transitively, `distribution==version` of each further import,
and the sandbox's version if it has a `plan`. Not counted: `graders.api` and `graders.errors` (the contract, which only
grows), the standard library, pydantic (every grader's baseline), and msgspec where the project's own files import it.
"""

import ast
import hashlib
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib import metadata
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import Any, NamedTuple

from graders.api import SANDBOX_VERSION

_CONTRACT = {"graders", "graders.api", "graders.errors"}
_BASELINE = sys.stdlib_module_names | {"pydantic", "pydantic_core", "annotated_types", "typing_extensions"}
# Of this the project's own graders and kit use the `Struct` and no more; others may read samples with it.
_OWN_BASELINE = {"msgspec"}


def digest_of(module: str, roots: dict[str, Path]) -> str:
    """`sha256:` and 64 hex digits for the version module `module`.

    `roots` maps a package to its folder (`{"graders": Path(".../graders")}`): modules below one count with their
    source, all others by the version of the distribution that brings them.

    Raises:
        FileNotFoundError: `module` is not below any root.
        metadata.PackageNotFoundError: what is imported from outside the roots is there, and belongs to no installed
            distribution.
    """
    names = _closure(module, roots)
    lines = sorted({*_sources(module, names, roots), *_distributions(names, roots), *_sandbox(module, roots)})
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _sources(module: str, names: set[str], roots: dict[str, Path]) -> Iterator[str]:
    version_file = _file_of(module, roots)
    if version_file is None:
        raise FileNotFoundError(f"No source file for {module!r}.")
    files = {name: file for name in names if (file := _file_of(name, roots))}
    files |= {f"{module}:{path.name}": path for path in version_file.parent.glob(f"{version_file.stem}.*")}
    for name, path in files.items():
        yield f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def _distributions(names: set[str], roots: dict[str, Path]) -> Iterator[str]:
    # A grader's own package has no source of its own where it is a bare folder.
    tops = {name.partition(".")[0] for name in names - set(roots) if _file_of(name, roots) is None}
    # What is in a distribution without a source that can be found here (compiled, in another folder) counts with it.
    if further := tops - _BASELINE - _CONTRACT:
        # Reads the list of files of every distribution there is: half a second.
        owners = metadata.packages_distributions()
        for top in further:
            yield _distribution(top, owners.get(top, [top])[0])


def _distribution(top: str, name: str) -> str:
    try:
        return f"{name}=={metadata.version(name)}"
    except metadata.PackageNotFoundError:
        # An import that may fail (`try: import regex`) decides rewards by failing, too.
        if top in sys.modules or find_spec(top) is not None:
            raise
        return f"{top} is not installed"


def _sandbox(module: str, roots: dict[str, Path]) -> Iterator[str]:
    """The version of what runs the programs of a module that plans some."""
    file = _file_of(module, roots)
    if file and _read(file.read_bytes()).plans:
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
            is_own = name.partition(".")[0] == "graders"
            imports = _imports(file, name, roots)
            waiting.extend(each for each in imports if not (is_own and each.partition(".")[0] in _OWN_BASELINE))
    return seen


def _imports(file: Path, module: str, roots: dict[str, Path]) -> Iterator[str]:
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for origin, names in _read(file.read_bytes()).imports:
        if origin is None:
            yield from names
            continue
        base = resolve_name(origin, package) if origin.startswith(".") else origin
        yield base
        # `from graders.kit import numbers` names a module where `from graders.kit.numbers import x` does not.
        for name in names:
            if _file_of(f"{base}.{name}", roots):
                yield f"{base}.{name}"


class _Source(NamedTuple):
    """What counts of a source: the names behind each `import` (None) and each `from`, and whether it has a `plan`."""

    imports: tuple[tuple[str | None, tuple[str, ...]], ...]
    plans: bool


@lru_cache(maxsize=1024)
def _read(source: bytes) -> _Source:
    """Graders share the files of the kit, and parsing is what a digest costs."""
    tree = ast.parse(source)
    imports: list[tuple[str | None, tuple[str, ...]]] = []
    for node in _statements(tree.body):
        if isinstance(node, ast.Import):
            imports.append((None, tuple(alias.name for alias in node.names)))
        elif isinstance(node, ast.ImportFrom):
            imports.append(("." * node.level + (node.module or ""), tuple(alias.name for alias in node.names)))
    return _Source(tuple(imports), any("plan" in _bound_by(node) for node in tree.body))


def _bound_by(node: ast.stmt) -> list[str]:
    """The names that a statement of a module gives to functions, its own and others'."""
    if isinstance(node, ast.FunctionDef):
        return [node.name]
    if isinstance(node, ast.ImportFrom):
        return [alias.asname or alias.name for alias in node.names]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _statements(body: list[Any]) -> Iterator[ast.AST]:
    """Every statement at any depth. Nine of ten nodes are expressions, which cannot hold an import."""
    for node in body:
        yield node
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            yield from _statements(getattr(node, part, []))


def _file_of(module: str, roots: dict[str, Path]) -> Path | None:
    for package, folder in roots.items():
        if module == package or module.startswith(package + "."):
            path = folder.joinpath(*module.removeprefix(package).split(".")[1:])
            return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)
    return None
