"""API keys: a hash, who holds it, and what they may do and take."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table. The release before knows no keys and goes on without."""
    op.create_table(
        "api_keys",
        sa.Column("sha256", sa.LargeBinary, primary_key=True),
        sa.Column("name", _text(), nullable=False),
        sa.Column("prefix", _text(), nullable=False),
        sa.Column("scopes", _text(), nullable=False),
        sa.Column("rate_per_s", sa.Double),
        sa.Column("burst", sa.BigInteger),
        sa.Column("concurrency", sa.BigInteger),
        sa.Column("weight", sa.Double, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("expires_us", sa.BigInteger),
        sa.Column("revoked_us", sa.BigInteger),
    )


def downgrade() -> None:
    """Drops the table with all keys: their holders are shut out, or everybody is let in."""
    op.drop_table("api_keys")


def _text() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
