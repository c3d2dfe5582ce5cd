"""Credits of groups as the ledger keeps them: each stored with its group's records, never changed."""

from dataclasses import astuple, fields

from sqlalchemy import Connection, select

from app.errors import LedgerUnavailable
from app.ledger.database import Row
from app.ledger.tables import group_credits
from app.records import StoredCredit

_c = group_credits.c
_CREDIT = select(*(_c[field.name] for field in fields(StoredCredit)))


def row_of(credit: StoredCredit) -> Row:
    """The row to insert for `credit`: its fields stand in the order of the table's columns."""
    return astuple(credit)


def find(connection: Connection, credit: str) -> StoredCredit | None:
    """The credit of that id, or None."""
    row = connection.execute(_CREDIT.where(_c.credit == credit)).one_or_none()
    return None if row is None else StoredCredit(*row)


def replay(connection: Connection, caller: str, grader: str, key: str) -> StoredCredit | None:
    """The credit that holds `key`, or None."""
    query = _CREDIT.where(_c.caller == caller, _c.grader == grader, _c.idempotency_key == key)
    row = connection.execute(query).one_or_none()
    return None if row is None else StoredCredit(*row)


def standing(connection: Connection, credit: StoredCredit) -> StoredCredit:
    """The one that kept `credit` from being stored: itself, stored before a connection broke, or its key's holder.

    Raises:
        LedgerUnavailable: it was deleted since. Store the credit again.
    """
    holder = find(connection, credit.credit) or replay(
        connection, credit.caller, credit.grader, credit.idempotency_key or ""
    )
    if holder is None:
        raise LedgerUnavailable(f"What kept credit {credit.credit} from being stored was deleted at this very moment.")
    return holder
