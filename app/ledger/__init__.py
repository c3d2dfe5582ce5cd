"""The ledger: every grade with its provenance, durable before it is answered. All SQL of the service is in here.

`ledger.py` is its face; `writer.py` commits in groups; `queries.py`, `reports.py`, `group_credits.py` and `recipes.py`
read and store through a connection; `sqlite.py` and `postgres.py` say where that connection comes from. `tallying.py`
counts runs step by step (`steps.py`, `tallies.py`, `traits.py`); `removal.py` takes records out. While the database is
away: `guarded.py` first, then `spool.py` (`segments.py`, `frames.py`) and `replaying.py`.
"""

from app.errors import LedgerUnavailable, RecordRefused
from app.ledger.displaced import Displaced
from app.ledger.guarded import SpoolCondition, SpoolState
from app.ledger.key_store import KeyStore
from app.ledger.ledger import Ledger
from app.ledger.migrate import migrate, schema_revision
from app.ledger.opening import place_of, shown_place
from app.ledger.outages import Outages
from app.ledger.spool import SpoolInUse, SpoolTooNew, refuse_unusable
from app.ledger.tallies import Part, Spread, StepTally
from app.ledger.tallying import RunTallies
from app.records import (
    CountedGrade,
    ErrorTally,
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
    "Displaced",
    "ErrorTally",
    "GraderReport",
    "KeyStore",
    "Ledger",
    "LedgerUnavailable",
    "Outages",
    "Part",
    "Record",
    "RecordFilter",
    "RecordRefused",
    "RunSummary",
    "RunTallies",
    "SpoolCondition",
    "SpoolInUse",
    "SpoolState",
    "SpoolTooNew",
    "Spread",
    "StepReport",
    "StepTally",
    "StoredCredit",
    "StoredKey",
    "StoredRecipe",
    "migrate",
    "place_of",
    "refuse_unusable",
    "schema_revision",
    "shown_place",
]
