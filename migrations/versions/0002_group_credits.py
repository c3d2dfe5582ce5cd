"""Credits: what groups of samples were given together."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "group_credits",
        sa.Column("credit", _text(), primary_key=True),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("caller", _text(), nullable=False),
        sa.Column("grader", _text(), nullable=False),
        sa.Column("digest", _text(), nullable=False),
        sa.Column("parameters", sa.LargeBinary, nullable=False),
        sa.Column("members", sa.LargeBinary, nullable=False),
        sa.Column("block", sa.LargeBinary, nullable=False),
        sa.Column("idempotency_key", _text()),
        sa.Column("body_sha256", sa.LargeBinary),
    )
    present = sa.text("idempotency_key IS NOT NULL")
    columns = ["caller", "grader", "idempotency_key"]
    op.create_index(
        "group_credits_by_key", "group_credits", columns, unique=True, postgresql_where=present, sqlite_where=present
    )


def downgrade() -> None:
    """Drops the table with all it holds."""
    op.drop_table("group_credits")


def _text() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
