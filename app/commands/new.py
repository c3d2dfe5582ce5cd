"""`rft-graders new NAME`: a grader of your own, ready to be served, in one small folder."""

import re
from pathlib import Path
from typing import Annotated

import typer

import graders
from app.commands.console import check_graders_path, out, settings, stop
from app.generated import fill_cases
from graders.discovery import NOT_GRADERS, fault_of_path
from graders.recipes import NAME_PATTERN
from graders.registry import Registry

_TEMPLATE = Path(__file__).parent / "new_grader"


def new(
    name: Annotated[str, typer.Argument(help="Lower case, digits and underscores: ticket_routing.")],
    into: Annotated[
        Path | None, typer.Option("--into", help="Folder of graders; default: the first one in RFT_GRADERS_PATH.")
    ] = None,
) -> None:
    """Write a new grader: a v1 that works, its cases, a README and a test. `serve` finds it by its path."""
    if not re.fullmatch(NAME_PATTERN, name):
        stop(f"{name!r} is no grader name; one looks like ticket_routing.")
    if name in NOT_GRADERS:
        stop(f"A folder {name!r} is never taken for a grader: it is {NOT_GRADERS[name]}. Choose another name.")
    chosen = settings()
    check_graders_path(chosen, may_be_missing=True)
    path = chosen.graders_path
    if into and (fault := fault_of_path(into, may_be_missing=True)):
        stop(f"--into: {fault}")
    folder = (into or next(iter(path), Path())) / name
    if folder.exists() or Registry(path).has_name(name):
        stop(f"There is a grader {name!r} already. Choose another name, or write its next version.")
    folder.mkdir(parents=True)
    # The cases of the project's own graders are in its tests, and its modules import no proof.
    is_own = folder.parent.resolve() == Path(graders.__file__).parent.resolve()
    for template in sorted(_TEMPLATE.glob("*.template")):
        if is_own and template.name.startswith("test_"):
            continue
        text = template.read_text("utf-8").replace("NAME", name)
        (folder / template.stem.replace("NAME", name)).write_text(text, "utf-8")
    fill_cases(folder, ["v1"])
    served = folder.parent.resolve() in {served.resolve() for served in path}
    hint = "" if served else f"  export RFT_GRADERS_PATH={folder.parent}\n"
    out.print(
        f"{folder} is written. Next:\n{hint}"
        f"  edit {folder / 'v1.py'} and {folder / 'cases.toml'}\n"
        f"  rft-graders cases {name}@v1     does it do what its cases say?\n"
        f"  rft-graders serve              serves it, as a draft\n"
        f"  rft-graders freeze {name}@v1    when its rewards may never change again",
        markup=False,
        highlight=False,
    )
