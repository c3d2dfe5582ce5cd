"""API keys as the ledger keeps them: functions of a connection. The names are those of the callers who hold them."""

from dataclasses import astuple, fields, replace

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from app.ledger.tables import api_keys
from app.records import StoredKey

_c = api_keys.c
_NAMES = [field.name for field in fields(StoredKey)]
_KEY = select(*(_c[name] for name in _NAMES))


def every(connection: Connection) -> list[StoredKey]:
    """All keys, live or not, by name and age."""
    rows = connection.execute(_KEY.order_by(_c.name, _c.created_us, _c.sha256))
    return [_read(StoredKey(*row)) for row in rows]


def add(connection: Connection, key: StoredKey) -> None:
    """Stores a key that is not there yet."""
    values = dict(zip(_NAMES, astuple(key), strict=True)) | {"scopes": ",".join(key.scopes)}
    connection.execute(insert(api_keys).values(values))


def revoke(connection: Connection, name: str, at_us: int) -> int:
    """Revokes every live key of `name`; returns how many there were."""
    live = _c.revoked_us.is_(None), or_(_c.expires_us.is_(None), _c.expires_us > at_us)
    return connection.execute(update(api_keys).where(_c.name == name, *live).values(revoked_us=at_us)).rowcount


def expire(connection: Connection, name: str, at_us: int) -> None:
    """Lets every key of `name` end at `at_us`, unless it ends sooner."""
    end = func.coalesce(_c.expires_us, at_us)
    sooner = update(api_keys).where(_c.name == name, end >= at_us)
    connection.execute(sooner.values(expires_us=at_us))


def forget(connection: Connection, name: str, now_us: int) -> int:
    """Deletes the keys of `name` that let nobody in any more; returns how many there were."""
    ended = or_(_c.revoked_us.is_not(None), _c.expires_us <= now_us)
    return connection.execute(delete(api_keys).where(_c.name == name, ended)).rowcount


def _read(row: StoredKey) -> StoredKey:
    # The column holds text, and bytes may come as another type of buffer.
    scopes: str = row.scopes  # type: ignore[assignment]
    return replace(row, sha256=bytes(row.sha256), scopes=tuple(scopes.split(",")))
