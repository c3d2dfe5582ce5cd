"""`rft-graders list | show | cases | freeze | docs`: looking at graders, proving them, releasing them.

What judges cases, and what writes documents, is imported by the command that does it: most of the service comes with
it, and `list` and `show` answer in half the time without.
"""

import asyncio
import json
from collections.abc import Collection, Mapping
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.commands.console import find, load_graders, out, print_table, settings, stop, stop_for
from app.errors import ServiceError
from app.settings import Settings
from graders.calls import Outcome
from graders.cases import toml_of
from graders.lock import freeze as write_lock
from graders.proof import in_short, mismatch
from graders.version import Version

Id = Annotated[str, typer.Argument(metavar="ID", help="A grader id such as finance_qa@v1.")]


def list_graders() -> None:
    """List every grader and shipped recipe, and those that were found but cannot be served."""
    registry = load_graders(settings())
    table = Table("id", "state", "origin", "summary")
    for grader in registry:
        table.add_row(grader.id, "released" if grader.released else "draft", grader.origin, escape(grader.summary))
    print_table(table)
    for id, why in registry.unhealthy.items():
        out.print(f"not served: {id}: {why}", style="red", markup=False)


def show(id: Id) -> None:
    """Show one grader: digest, config, and the JSON Schema of its item, config and details."""
    grader = find(load_graders(settings()), id)
    version = grader.version
    state = "released" if grader.released else "draft"
    out.print(f"{grader.id} ({state}, {grader.origin})", style="bold", markup=False)
    for line in (
        grader.summary,
        f"digest {grader.digest}",
        f"verdicts {', '.join(version.verdicts)}; rewards {version.reward_range[0]:g} to {version.reward_range[1]:g}",
    ):
        out.print(line, markup=False, highlight=False)
    parts = {"item": version.item_schema, "config": version.config_schema, "details": version.details_schema}
    if version.credit_schema:
        parts["credit"] = version.credit_schema
    if grader.recipe:
        parts = {f"stands on {grader.recipe.grader} with config": grader.config, **parts}
    for name, value in parts.items():
        out.print(name, style="bold", markup=False)
        out.print_json(json.dumps(value))


def cases(
    id: Id,
    execute: Annotated[
        bool, typer.Option("--execute", help="First run the cases' programs here; prints executions that differ.")
    ] = False,
) -> None:
    """Run the cases of one grader and show what it makes of each; exit code 1 if any differs."""
    from app.commands.judging import judge_cases

    chosen = settings()
    registry = load_graders(chosen)
    version = find(registry, id).version
    others = registry.others_than(version)
    if not version.cases:
        stop(_no_cases(version), 1)
    if execute:
        _check_executions(version, chosen, others)
    outcomes = asyncio.run(judge_cases(version, chosen, others))
    differences = _differences(version, outcomes)
    table = Table("", "case", "expected", "got", "why")
    for case in version.cases:
        mark = "[red]differs[/red]" if case.name in differences else "[green]holds[/green]"
        expected = str(case.expect[f"v{version.number}"])
        table.add_row(mark, *map(escape, (case.name, expected, in_short(outcomes[case.name]), case.why)))
    out.print(table)
    if differences:
        stop("\n".join(differences.values()), 1)


def freeze(id: Id) -> None:
    """Release a version or a shipped recipe: its digest goes into versions.lock, and it never changes again."""
    from app.commands.judging import judge_cases

    chosen = settings()
    registry = load_graders(chosen)
    grader = find(registry, id)
    version, folder = grader.version, registry.folder_of(id)
    if grader.recipe and not registry[grader.recipe.grader].released:
        stop(f"{id} is not released: it stands on {grader.recipe.grader}, which is a draft. Freeze that first.", 1)
    if not version.cases:
        stop(
            f"{id} is not released: it has no case. Wanted: {version.folder / 'cases.toml'} with one or more [[case]] "
            f"that say what they expect of v{version.number}. They are also the self-test of every start; "
            "CONTRIBUTING.md, 'Add a grader', has the rest.",
            1,
        )
    outcomes = asyncio.run(judge_cases(version, chosen, registry.others_than(version)))
    if differences := _differences(version, outcomes):
        so_far = "is released already, but" if grader.released else "is not released:"
        fault = f"{id} {so_far} {len(differences)} of its {len(version.cases)} cases do not hold."
        stop("\n".join([fault, *differences.values()]), 1)
    try:
        write_lock(folder.root, id, grader.digest)
    except (ValueError, OSError) as error:
        stop(f"{id} is not released: {error}", 1)
    out.print(
        f"{id} is released: {grader.digest}. Commit versions.lock; a running service knows of it when it starts anew.",
        highlight=False,
        soft_wrap=True,
    )


def docs(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if anything is out of date.")
    ] = False,
) -> None:
    """Write the generated parts of the READMEs (case tables, settings, errors), or check them."""
    from app.generated import stale_documents, write_documents

    registry = load_graders(settings())
    if not check:
        for file in write_documents(registry):
            out.print(f"written: {file}", markup=False)
    elif stale := stale_documents(registry):
        stop("Out of date, run `rft-graders docs`: " + ", ".join(map(str, stale)), 1)


def _no_cases(version: Version) -> str:
    file = version.folder / "cases.toml"
    if not file.exists():
        return f"{version.id} has no cases: write {file}."
    expected = f"expect.{version.id.partition('@')[2]}"
    return (
        f"{version.id} has no cases: add `{expected} = ...` to those of {file} that hold for it too, or write new ones."
    )


def _check_executions(version: Version, chosen: Settings, others: Collection[str]) -> None:
    """Ends the command with the lines for `cases.toml` where programs now come to something else."""
    from app.commands.executions import execute_cases

    try:
        found = asyncio.run(execute_cases(version, chosen, others))
    except ServiceError as error:
        stop_for(error)
    stale = [case.name for case in version.cases if case.executions != found[case.name]]
    for name in stale:
        out.print(f"# {name}\n{toml_of(found[name])}", markup=False, highlight=False, soft_wrap=True)
    if stale:
        stop(f"{len(stale)} cases have other executions than those above.", 1)


def _differences(version: Version, outcomes: Mapping[str, Outcome]) -> dict[str, str]:
    """By name, the cases whose outcomes are not what they say, and how."""
    found = {case.name: mismatch(version, case, outcomes[case.name]) for case in version.cases}
    return {name: difference for name, difference in found.items() if difference}
