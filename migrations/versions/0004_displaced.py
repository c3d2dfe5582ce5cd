"""Displaced grades: answered while the database was away, when another grade held their idempotency key."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table: the columns of `records`, and what stands in the row's place."""
    op.create_table(
        "displaced",
        sa.Column("record", _text(), primary_key=True),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("caller", _text(), nullable=False),
        sa.Column("grader", _text(), nullable=False),
        sa.Column("digest", _text(), nullable=False),
        sa.Column("contract", _text(), nullable=False),
        sa.Column("run_id", _text()),
        sa.Column("step", sa.BigInteger),
        sa.Column("item_id", _text()),
        sa.Column("rollout", sa.BigInteger),
        sa.Column("group_id", _text()),
        sa.Column("reward", sa.Double),
        sa.Column("verdict", _text()),
        sa.Column("code", _text()),
        sa.Column("duration_us", sa.BigInteger, nullable=False),
        sa.Column("idempotency_key", _text()),
        sa.Column("body_sha256", sa.LargeBinary),
        sa.Column("grade", sa.LargeBinary, nullable=False),
        sa.Column("config", sa.LargeBinary, nullable=False),
        sa.Column("item", sa.LargeBinary, nullable=False),
        sa.Column("sample", sa.LargeBinary, nullable=False),
        sa.Column("executions", sa.LargeBinary, nullable=False),
        sa.Column("item_crc", sa.BigInteger),
        sa.Column("group_crc", sa.BigInteger),
        sa.Column("displaced_by", _text(), nullable=False),
    )


def downgrade() -> None:
    """Drops the table with all it holds."""
    op.drop_table("displaced")


def _text() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
