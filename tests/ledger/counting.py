"""Tallies, when all is counted."""

from app.ledger import Ledger, RunTallies

PATIENCE_S = 30


async def complete(ledger: Ledger, caller: str, run: str) -> RunTallies:
    """The tallies of a run with all records that it has; a step that was just counted takes its rest first."""
    tallies = await ledger.run_tallies(caller, run, patience_s=PATIENCE_S)
    while not tallies.is_complete:
        tallies = await ledger.run_tallies(caller, run, patience_s=PATIENCE_S)
    return tallies
