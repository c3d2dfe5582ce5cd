"""What the commands on runs share: the ledger to ask, and whose run is meant."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from app.commands.console import settings, stop_for
from app.errors import InvalidRequest, ServiceError, UnknownRun
from app.ledger import Ledger

T = TypeVar("T")

Run = Annotated[str, typer.Argument(metavar="ID", help="The run's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
CallerName = Annotated[str | None, typer.Option("--caller", help="Only this caller's; default: everybody's.")]
OwnerName = Annotated[
    str | None, typer.Option("--caller", help="Whose run it is; needed if several callers have one of this name.")
]


def asked(question: Callable[[Ledger], Awaitable[T]]) -> T:
    """The ledger's answer; one that cannot be had ends the command with the reason."""

    async def ask() -> T:
        ledger = await Ledger.open(settings().database)
        try:
            return await question(ledger)
        finally:
            await ledger.close()

    try:
        return asyncio.run(ask())
    except ServiceError as error:
        stop_for(error)


async def owner_of(ledger: Ledger, run: str, caller: str | None) -> str:
    """Whose run is meant.

    Raises:
        UnknownRun: nobody has one of this name, or `caller` has none.
        InvalidRequest: several callers have one.
    """
    owners = await ledger.callers_of(run)
    if not owners or caller not in {None, *owners}:
        whose = "" if caller is None else f" of {caller!r}"
        raise UnknownRun(f"No run {run!r}{whose}. `rft-graders runs list` shows them.")
    if caller is None and len(owners) > 1:
        raise InvalidRequest(f"Several callers have a run {run!r}: {', '.join(owners)}. Name one with --caller.")
    return caller or owners[0]
