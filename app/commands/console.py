"""What the commands share: the two consoles, the settings, and how a command ends that cannot go on."""

from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from app.errors import Failure, LedgerUnavailable, detail_of
from app.settings import Settings, SettingsError, from_environment, variable
from graders.discovery import fault_of_path
from graders.registry import Grader, Registry, UnknownGrader

out = Console()
err = Console(stderr=True)

PLACES_MAX = 5
"""Of so many places in what a caller sent is said what is wrong there."""

_ANY_WIDTH = 1 << 20
_STORED = "Recipes that a service has stored (POST /v1/recipes) are known to that service alone."


def stop(message: str, code: int = 2) -> NoReturn:
    """Prints `message` in red and ends the command with exit code `code`."""
    err.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def print_table(table: Table) -> None:
    """Prints `table`, wider than the terminal if it must be: words are never cut, nor is a column that may not wrap."""
    options = out.options.update(max_width=_ANY_WIDTH)
    for column in table.columns:
        cells = [Measurement.get(out, options, cell) for cell in (column.header, *column.cells)]
        column.min_width = max(cell.maximum if column.no_wrap else cell.minimum for cell in cells)
    least = Measurement.get(out, options, table).minimum
    if least > out.width:
        table.width = least
    out.print(table, crop=False)


def settings(**overrides: Any) -> Settings:
    """The settings of this environment; a bad one ends the command with its reason."""
    try:
        return from_environment(**overrides)
    except SettingsError as error:
        stop(str(error))


def check_graders_path(chosen: Settings, *, may_be_missing: bool = False) -> None:
    """Ends the command if RFT_GRADERS_PATH names something else than folders of graders. That of the default may be
    missing: nobody asked for it."""
    is_asked_for = "graders_path" in chosen.model_fields_set
    found = (fault_of_path(path, may_be_missing=may_be_missing or not is_asked_for) for path in chosen.graders_path)
    if faults := [fault for fault in found if fault]:
        meaning = Settings.model_fields["graders_path"].description
        stop("\n".join(f"{variable('graders_path')}: {fault} {meaning}" for fault in faults))


def load_graders(chosen: Settings) -> Registry:
    """The graders of these settings; a path at which none can be ends the command with what is wrong."""
    check_graders_path(chosen)
    return Registry(chosen.graders_path)


def stop_for(error: Failure, code: int = 2) -> NoReturn:
    """Ends the command with what `error` says and where; where the database is away, with which one it is."""
    where = f" {database_in_use()}" if isinstance(error, LedgerUnavailable) else ""
    stop(f"{detail_of(error, PLACES_MAX)}{where}", code)


def database_in_use() -> str:
    """Which database the settings name, and by what another one is named."""
    # The ledger brings SQLAlchemy, which takes longer to import than most commands take.
    from app.ledger import shown_place

    place = shown_place(settings().database)
    return f"The database is {place}; RFT_DATA_DIR or RFT_DATABASE_URL names another."


def find(registry: Registry, id: str) -> Grader:
    """The grader `id`; an unknown one ends the command with the known ones, an unhealthy one with its fault."""
    try:
        return registry[id]
    except UnknownGrader as error:
        stop(f"{id}: {registry.unhealthy[id]}" if id in registry.unhealthy else f"{error.detail} {_STORED}")
