"""Finding records by filter, page by page."""

import random
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Row, Select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from app.ledger import Ledger, Record, RecordFilter
from app.ledger.opening import open_database
from app.ledger.queries import _REPLAY, conditions
from app.ledger.tables import records
from tests.ledger.making import grade, matches, unscored

pytestmark = pytest.mark.anyio

CHOICES: dict[str, Sequence[object]] = {
    "caller": ("alice", "bob"),
    "run": (None, "r1", "r2"),
    "grader": ("g@v1", "g@v2"),
    "step": (None, 0, 1),
    "item_id": (None, "i1", "i2"),
    "group": (None, "g1"),
}
FILTERS = st.builds(
    RecordFilter,
    **{name: st.sampled_from((None, *choices)) for name, choices in CHOICES.items()},
    verdict=st.sampled_from((None, "accurate", "wrong")),
    code=st.sampled_from((None, None, "invalid_item")),
    min_reward=st.sampled_from((None, None, 0.0, 0.5)),
    max_reward=st.sampled_from((None, None, 0.5, 1.0)),
    scored=st.sampled_from((None, True, False)),
)


@pytest.fixture
async def stored(ledger: Ledger) -> list[Record]:
    """Records of every kind, newest first."""
    dice = random.Random(7)
    made = []
    for _ in range(400):
        place = {name: dice.choice(choices) for name, choices in CHOICES.items()}
        score = {"reward": dice.choice((0.0, 0.5, 1.0)), "verdict": dice.choice(("accurate", "wrong"))}
        made.append(unscored(**place) if dice.random() < 0.2 else grade(**place, **score))
    await ledger.add(made)
    return made[::-1]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=FILTERS, limit=st.integers(1, 30))
async def test_pages_hold_what_matches_each_once_newest_first(
    ledger: Ledger, stored: list[Record], where: RecordFilter, limit: int
) -> None:
    found: list[Record] = []
    while page := await ledger.search(where, after=found[-1].record if found else None, limit=limit):
        assert len(page) <= limit
        found += page

    assert found == [record for record in stored if matches(record, where)]


async def test_pages_do_not_move_while_records_come_in(ledger: Ledger, stored: list[Record]) -> None:
    first = await ledger.search(RecordFilter(), after=None, limit=10)
    await ledger.add([grade()])

    assert await ledger.search(RecordFilter(), after=first[-1].record, limit=10) == stored[10:20]


@pytest.mark.parametrize(
    "where",
    [
        RecordFilter(),
        RecordFilter(caller="a"),
        RecordFilter(caller="a", run="r"),
        RecordFilter(caller="a", grader="g", verdict="v", min_reward=0.5),
        RecordFilter(caller="a", code="c"),
        RecordFilter(caller="a", step=1, scored=False),
        RecordFilter(caller="a", item_id="i"),
        RecordFilter(caller="a", group="g"),
        RecordFilter(caller="a", run="r", item_id="i", step=1),
    ],
    ids=lambda where: "+".join(name for name, value in asdict(where).items() if value is not None) or "all",
)
async def test_no_search_reads_the_table_from_end_to_end(database_url: str, where: RecordFilter) -> None:
    database = open_database(database_url)

    plan = await database.run(
        lambda connection: _plan(
            connection, records.select().where(*conditions(where)).order_by(records.c.record.desc()).limit(50)
        )
    )

    assert "INDEX" in plan.upper()
    assert "SEQ SCAN" not in plan.upper()
    assert "TEMP B-TREE" not in plan.upper()
    await database.close()


async def test_a_search_for_what_no_column_can_hold_is_not_taken_for_an_absent_database(postgres_url: str) -> None:
    ledger = await Ledger.open(postgres_url)

    with pytest.raises(DBAPIError, match="invalid byte sequence"):
        await ledger.search(RecordFilter(run="a\x00b"), after=None, limit=1)

    await ledger.check()
    await ledger.close()


async def test_keys_are_looked_up_in_their_own_index(database_url: str) -> None:
    database = open_database(database_url)
    keys = {"caller": "a", "grader": "g@v1", "keys": [str(n) for n in range(20)]}

    plan = await database.run(lambda connection: _plan(connection, _REPLAY.params(keys)))

    assert "records_by_key" in plan
    assert "idempotency_key=?" in plan or "idempotency_key = ANY" in plan
    await database.close()


def _plan(connection: Connection, query: Select[Any]) -> str:
    """How the database would go about it. Sequential scans are off: tables this small would otherwise get them."""
    dialect, explain = (sqlite.dialect(), "EXPLAIN QUERY PLAN")
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET enable_seqscan = off"))
        dialect, explain = (postgresql.dialect(), "EXPLAIN")
    sql = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True, "render_postcompile": True}))
    rows: Sequence[Row[tuple[object, ...]]] = connection.exec_driver_sql(f"{explain} {sql}").all()
    return "\n".join(str(row) for row in rows)
