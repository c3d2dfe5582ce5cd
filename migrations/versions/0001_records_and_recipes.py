"""Records and recipes, with the indexes that searches, runs and idempotency keys need."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes both tables."""
    _make_records()
    _index_records()
    _make_recipes()


def downgrade() -> None:
    """Drops both tables with all they hold."""
    op.drop_table("recipes")
    op.drop_table("records")


def _text() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _make_records() -> None:
    op.create_table(
        "records",
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
        sa.CheckConstraint(
            "(reward IS NULL) = (verdict IS NULL) AND (reward IS NULL) <> (code IS NULL)",
            name="records_grade_or_code",
        ),
        sa.CheckConstraint(
            "reward BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308", name="records_finite_reward"
        ),
        sa.CheckConstraint("idempotency_key IS NULL OR reward IS NOT NULL", name="records_key_needs_grade"),
    )


def _index_records() -> None:
    found = ("record", "grader", "verdict", "code", "step", "reward", "item_crc", "group_crc")
    op.create_index("records_by_caller", "records", ["caller", *found])
    _partial_index("records_by_run", ["caller", "run_id", *found], "run_id")
    _partial_index("records_by_key", ["caller", "grader", "idempotency_key"], "idempotency_key", unique=True)


def _partial_index(name: str, columns: list[str], present: str, *, unique: bool = False) -> None:
    where = sa.text(f"{present} IS NOT NULL")
    op.create_index(name, "records", columns, unique=unique, postgresql_where=where, sqlite_where=where)


def _make_recipes() -> None:
    op.create_table(
        "recipes",
        sa.Column("name", _text(), primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("content_sha256", sa.LargeBinary, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("digest", _text(), nullable=False),
        sa.Column("caller", _text(), nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
    )
    op.create_index("recipes_by_content", "recipes", ["name", "content_sha256"], unique=True)
