"""The ledger: every grade with its provenance, durable before it is answered. All SQL of the service is in here.

`ledger.py` is its face; `writer.py` commits in groups; `queries.py`, `reports.py`, `group_credits.py` and `recipes.py`
read and store through a connection; `sqlite.py` and `postgres.py` say where that connection comes from.
"""

from app.errors import LedgerUnavailable, RecordRefused
from app.ledger.database import place_of
from app.ledger.key_store import KeyStore
from app.ledger.ledger import Ledger
from app.ledger.migrate import migrate, schema_revision
from app.ledger.records import (
    CountedGrade,
    GraderReport,
    Record,
    RecordFilter,
    RunSummary,
    StepReport,
    StoredCredit,
    StoredKey,
    StoredRecipe,
)

__all__ = [
    "CountedGrade",
    "GraderReport",
    "KeyStore",
    "Ledger",
    "LedgerUnavailable",
    "Record",
    "RecordFilter",
    "RecordRefused",
    "RunSummary",
    "StepReport",
    "StoredCredit",
    "StoredKey",
    "StoredRecipe",
    "migrate",
    "place_of",
    "schema_revision",
]
