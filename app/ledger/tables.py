"""The tables as the code sees them. `migrations/` makes them; a test holds the two equal."""

from functools import lru_cache
from typing import Any
from zlib import crc32

from sqlalchemy import BigInteger, CheckConstraint, Column, Double, Index, LargeBinary, MetaData, Table, Text

metadata = MetaData()

# The C collation compares bytes, as SQLite does: both databases sort alike, whatever the server's locale.
_Text = Text().with_variant(Text(collation="C"), "postgresql")


# JSON is kept as bytes, not as text: PostgreSQL stores no NUL in text, and a sample may hold one.
def _record_columns() -> list[Column[Any]]:
    return [
        Column("record", _Text, primary_key=True),
        Column("created_us", BigInteger, nullable=False),
        Column("caller", _Text, nullable=False),
        Column("grader", _Text, nullable=False),
        Column("digest", _Text, nullable=False),
        Column("contract", _Text, nullable=False),
        Column("run_id", _Text, key="run"),
        Column("step", BigInteger),
        Column("item_id", _Text),
        Column("rollout", BigInteger),
        Column("group_id", _Text, key="group"),
        Column("reward", Double),
        Column("verdict", _Text),
        Column("code", _Text),
        Column("duration_us", BigInteger, nullable=False),
        Column("idempotency_key", _Text),
        Column("body_sha256", LargeBinary),
        Column("grade", LargeBinary, nullable=False),
        Column("config", LargeBinary, nullable=False),
        Column("item", LargeBinary, nullable=False),
        Column("sample", LargeBinary, nullable=False),
        Column("executions", LargeBinary, nullable=False),
        Column("item_crc", BigInteger),
        Column("group_crc", BigInteger),
    ]


records = Table(
    "records",
    metadata,
    *_record_columns(),
    CheckConstraint(
        "(reward IS NULL) = (verdict IS NULL) AND (reward IS NULL) <> (code IS NULL)", name="records_grade_or_code"
    ),
    # Written so that NaN fails too: SQLite reads it as NULL, PostgreSQL as more than any number.
    CheckConstraint("reward BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308", name="records_finite_reward"),
    CheckConstraint("idempotency_key IS NULL OR reward IS NOT NULL", name="records_key_needs_grade"),
)

_c = records.c

# Both indexes grow at one end per run, so that a commit touches few pages: an index that is sorted by item or group
# would cost as much again as all the rest of a record. The columns after `record` let a search pass over what it does
# not want without reading the rows themselves. An entry of a PostgreSQL index is limited to 2704 bytes, so none holds
# two names that the caller chooses freely (run, item, group: 512 characters, 2048 bytes each), but checksums of them.
_FOUND = (_c.record, _c.grader, _c.verdict, _c.code, _c.step, _c.reward, _c.item_crc, _c.group_crc)
Index("records_by_caller", _c.caller, *_FOUND)
Index(
    "records_by_run",
    *(_c.caller, _c.run, *_FOUND),
    postgresql_where=_c.run.is_not(None),
    sqlite_where=_c.run.is_not(None),
)
Index(
    "records_by_key",
    *(_c.caller, _c.grader, _c.idempotency_key),
    unique=True,
    postgresql_where=_c.idempotency_key.is_not(None),
    sqlite_where=_c.idempotency_key.is_not(None),
)
# Few rows, so it costs nothing but finds what went wrong among a million grades.
Index(
    "records_unscored",
    *(_c.caller, _c.record, _c.code, _c.grader, _c.verdict, _c.step),
    postgresql_where=_c.code.is_not(None),
    sqlite_where=_c.code.is_not(None),
)


def _step_key() -> list[Column[Any]]:
    """A step of a run; `has_step` is 0, and `step` too, where the caller did not say which."""
    return [
        Column("caller", _Text, primary_key=True),
        Column("run_id", _Text, key="run", primary_key=True),
        Column("has_step", BigInteger, primary_key=True, autoincrement=False),
        Column("step", BigInteger, primary_key=True, autoincrement=False),
    ]


# How many records of a step there are, and between which ids they stand: written by triggers on `records`, but for rows
# added to SQLite by who adds them. The sums over `part` count; both numbers only grow, so that a tally knows whether it
# is up to date.
run_steps = Table(
    "run_steps",
    metadata,
    *_step_key(),
    Column("part", BigInteger, primary_key=True, autoincrement=False),
    Column("added", BigInteger, nullable=False),
    Column("deleted", BigInteger, nullable=False),
    Column("first", _Text, nullable=False),
    Column("last", _Text, nullable=False),
    sqlite_with_rowid=False,
)

# What was counted over a step's records, of which `first` was the first, when so many had been added and deleted. A run
# that was deleted and begun again has the same numbers once more, but other records.
step_tallies = Table(
    "step_tallies",
    metadata,
    *_step_key(),
    Column("added", BigInteger, nullable=False),
    Column("deleted", BigInteger, nullable=False),
    Column("first", _Text, nullable=False, server_default=""),
    Column("format", BigInteger, nullable=False),
    Column("tally", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# What groups of samples were given together; the records of a group name it in their `grade`.
group_credits = Table(
    "group_credits",
    metadata,
    Column("credit", _Text, primary_key=True),
    Column("created_us", BigInteger, nullable=False),
    Column("caller", _Text, nullable=False),
    Column("grader", _Text, nullable=False),
    Column("digest", _Text, nullable=False),
    Column("parameters", LargeBinary, nullable=False),
    Column("members", LargeBinary, nullable=False),
    Column("block", LargeBinary, nullable=False),
    Column("idempotency_key", _Text),
    Column("body_sha256", LargeBinary),
)

Index(
    "group_credits_by_key",
    *(group_credits.c.caller, group_credits.c.grader, group_credits.c.idempotency_key),
    unique=True,
    postgresql_where=group_credits.c.idempotency_key.is_not(None),
    sqlite_where=group_credits.c.idempotency_key.is_not(None),
)

# Grades that were answered while the database was away, and whose idempotency key another grade held when it was back.
# They can be looked up, and are in no report.
displaced = Table("displaced", metadata, *_record_columns(), Column("displaced_by", _Text, nullable=False))

recipes = Table(
    "recipes",
    metadata,
    Column("name", _Text, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("content_sha256", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("digest", _Text, nullable=False),
    Column("caller", _Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Index("recipes_by_content", "name", "content_sha256", unique=True),
)

# The scopes are one text, joined by commas: they are read as a whole and never searched by.
api_keys = Table(
    "api_keys",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("name", _Text, nullable=False),
    Column("prefix", _Text, nullable=False),
    Column("scopes", _Text, nullable=False),
    Column("rate_per_s", Double),
    Column("burst", BigInteger),
    Column("concurrency", BigInteger),
    Column("weight", Double, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger),
    Column("revoked_us", BigInteger),
)


# Rollouts of an item, which share its name, come together.
@lru_cache(maxsize=4096)
def checksum(name: str | None) -> int | None:
    """What `item_crc` and `group_crc` hold: the CRC-32 of the name, or None where there is none."""
    return None if name is None else crc32(name.encode(errors="surrogatepass"))
