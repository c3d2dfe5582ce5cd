"""SQLite: added records are counted once per transaction by who adds them, no longer by a trigger for each row."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# As 0005 made it.
_TRIGGER = """
CREATE TRIGGER records_added AFTER INSERT ON records WHEN NEW.run_id IS NOT NULL BEGIN
    INSERT INTO run_steps (caller, run_id, has_step, step, part, added, deleted, first, last)
    VALUES (NEW.caller, NEW.run_id, CASE WHEN NEW.step IS NULL THEN 0 ELSE 1 END, coalesce(NEW.step, 0), 0, 1, 0,
        NEW.record, NEW.record)
    ON CONFLICT (caller, run_id, has_step, step, part) DO UPDATE SET
        added = added + 1, first = min(first, excluded.first), last = max(last, excluded.last);
END
"""


def upgrade() -> None:
    """Drops the trigger. PostgreSQL's counts once per statement, and stays."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER records_added")


def downgrade() -> None:
    """Makes it again."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_TRIGGER)
