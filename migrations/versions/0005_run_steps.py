"""Counts of records by run and step, kept by triggers; tallies of steps; an index of what stayed unscored."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_STEP = "CASE WHEN {0}.step IS NULL THEN 0 ELSE 1 END, coalesce({0}.step, 0)"
_KEY = "caller, run_id, has_step, step, part"
_UPDATED = "ON CONFLICT (caller, run_id, has_step, step, part) DO UPDATE SET"

# A trigger counts what any release inserts, by whatever way. PostgreSQL: once per statement, each connection in a row
# of its own (part), so that replicas never wait for each other, nor deadlock. SQLite has one writer.
_POSTGRESQL = (
    f"""
    CREATE FUNCTION count_added_records() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO run_steps ({_KEY}, added, deleted, first, last)
        SELECT caller, run_id, {_STEP.format("added")}, pg_backend_pid(), count(*), 0, min(record), max(record)
        FROM added WHERE run_id IS NOT NULL GROUP BY 1, 2, 3, 4
        {_UPDATED} added = run_steps.added + excluded.added, first = least(run_steps.first, excluded.first),
            last = greatest(run_steps.last, excluded.last);
        RETURN NULL;
    END $$
    """,  # noqa: S608 - no value from outside
    f"""
    CREATE FUNCTION count_deleted_records() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO run_steps ({_KEY}, added, deleted, first, last)
        SELECT caller, run_id, {_STEP.format("gone")}, pg_backend_pid(), 0, count(*), min(record), max(record)
        FROM gone WHERE run_id IS NOT NULL GROUP BY 1, 2, 3, 4
        {_UPDATED} deleted = run_steps.deleted + excluded.deleted;
        RETURN NULL;
    END $$
    """,  # noqa: S608 - no value from outside
    """
    CREATE TRIGGER records_added AFTER INSERT ON records REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_added_records()
    """,
    """
    CREATE TRIGGER records_deleted AFTER DELETE ON records REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION count_deleted_records()
    """,
)
_SQLITE = (
    f"""
    CREATE TRIGGER records_added AFTER INSERT ON records WHEN NEW.run_id IS NOT NULL BEGIN
        INSERT INTO run_steps ({_KEY}, added, deleted, first, last)
        VALUES (NEW.caller, NEW.run_id, {_STEP.format("NEW")}, 0, 1, 0, NEW.record, NEW.record)
        {_UPDATED} added = added + 1, first = min(first, excluded.first), last = max(last, excluded.last);
    END
    """,  # noqa: S608 - no value from outside
    f"""
    CREATE TRIGGER records_deleted AFTER DELETE ON records WHEN OLD.run_id IS NOT NULL BEGIN
        INSERT INTO run_steps ({_KEY}, added, deleted, first, last)
        VALUES (OLD.caller, OLD.run_id, {_STEP.format("OLD")}, 0, 0, 1, OLD.record, OLD.record)
        {_UPDATED} deleted = deleted + 1;
    END
    """,  # noqa: S608 - no value from outside
)


def upgrade() -> None:
    """Makes both tables and counts what is there. Making the triggers keeps other writers out until that is done."""
    _make_run_steps()
    _make_step_tallies()
    for statement in _POSTGRESQL if _is_postgresql() else _SQLITE:
        op.execute(statement)
    op.execute(
        f"INSERT INTO run_steps ({_KEY}, added, deleted, first, last) "  # noqa: S608 - no value from outside
        f"SELECT caller, run_id, {_STEP.format('records')}, 0, count(*), 0, min(record), max(record) "
        "FROM records WHERE run_id IS NOT NULL GROUP BY 1, 2, 3, 4"
    )
    unscored = sa.text("code IS NOT NULL")
    columns = ["caller", "record", "code", "grader", "verdict", "step"]
    op.create_index("records_unscored", "records", columns, postgresql_where=unscored, sqlite_where=unscored)


def downgrade() -> None:
    """Drops what `upgrade` made; it can be made again from the records."""
    on = " ON records" if _is_postgresql() else ""
    for name in ("added", "deleted"):
        op.execute(f"DROP TRIGGER records_{name}{on}")
        if _is_postgresql():
            op.execute(f"DROP FUNCTION count_{name}_records()")
    op.drop_index("records_unscored", "records")
    op.drop_table("step_tallies")
    op.drop_table("run_steps")


def _make_run_steps() -> None:
    op.create_table(
        "run_steps",
        *_step_key(),
        sa.Column("part", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("deleted", sa.BigInteger, nullable=False),
        sa.Column("first", _text(), nullable=False),
        sa.Column("last", _text(), nullable=False),
        sqlite_with_rowid=False,
    )


def _make_step_tallies() -> None:
    op.create_table(
        "step_tallies",
        *_step_key(),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("deleted", sa.BigInteger, nullable=False),
        sa.Column("format", sa.BigInteger, nullable=False),
        sa.Column("tally", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )


def _step_key() -> list[sa.Column[str] | sa.Column[int]]:
    return [
        sa.Column("caller", _text(), primary_key=True),
        sa.Column("run_id", _text(), primary_key=True),
        sa.Column("has_step", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("step", sa.BigInteger, primary_key=True, autoincrement=False),
    ]


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _text() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
