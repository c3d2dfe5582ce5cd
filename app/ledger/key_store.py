"""The ledger's API keys: what `rft-graders keys` changes and the service reads."""

from typing import Self

from sqlalchemy import Connection

from app.ledger import keys
from app.ledger.database import Database
from app.ledger.opening import open_database
from app.records import StoredKey


class KeyStore:
    """Every method raises LedgerUnavailable while the database is away or was not migrated."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, url: str) -> Self:
        """The keys in the database at `url`, for a command; `close` at the end."""
        return cls(open_database(url))

    async def every(self) -> list[StoredKey]:
        """All keys, live or not, by name and age."""
        return await self._database.run(keys.every)

    async def create(self, key: StoredKey) -> bool:
        """Stores `key`, unless its name has a live one: False."""
        live: list[StoredKey] = []

        def work(connection: Connection) -> None:
            live.extend(
                held for held in keys.every(connection) if held.name == key.name and held.is_live(key.created_us)
            )
            if not live:
                keys.add(connection, key)

        await self._database.exclusively(work)
        return not live

    async def rotate(self, key: StoredKey, ends_us: int) -> None:
        """Stores `key`; the others of its name end at `ends_us`, or sooner if they were to."""

        def work(connection: Connection) -> None:
            keys.expire(connection, key.name, ends_us)
            keys.add(connection, key)

        await self._database.exclusively(work)

    async def revoke(self, name: str, at_us: int) -> int:
        """Revokes every live key of `name`; returns how many there were."""
        return await self._database.run(lambda connection: keys.revoke(connection, name, at_us))

    async def forget(self, name: str, now_us: int) -> int:
        """Deletes the keys of `name` that have ended; returns how many there were."""
        return await self._database.run(lambda connection: keys.forget(connection, name, now_us))

    async def close(self) -> None:
        await self._database.close()
