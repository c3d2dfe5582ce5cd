"""Tallies of steps name the step's first record: a run that was deleted and begun again counts from 0 once more."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column. What was counted before, or by the release before, names no record, and is counted anew."""
    op.add_column("step_tallies", sa.Column("first", _text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Drops it."""
    op.drop_column("step_tallies", "first")


def _text() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
