"""API keys in either database: read back as they were stored, ended and forgotten by the name of their holder."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from app.ledger import KeyStore, Ledger, migrate
from app.ledger.opening import place_of
from tests.keys.making import stored
from tests.ledger.making import grade

pytestmark = pytest.mark.anyio

NOW_US = 1_900_000_000_000_000


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[KeyStore]:
    store = KeyStore.open(database_url)
    yield store
    await store.close()


async def test_a_key_is_read_back_as_it_was_stored(store: KeyStore) -> None:
    plain = stored(name="a")
    full = stored(
        name="b",
        scopes=("grade", "admin"),
        rate_per_s=0.5,
        burst=4096,
        concurrency=256,
        weight=2.5,
        expires_us=NOW_US,
        revoked_us=NOW_US - 1,
    )

    assert await store.create(plain)
    assert await store.create(full)

    assert await store.every() == [plain, full]


async def test_a_name_has_one_live_key_until_it_is_rotated(store: KeyStore) -> None:
    first = stored(created_us=NOW_US)
    await store.create(first)

    assert not await store.create(stored(created_us=NOW_US + 1))
    await store.rotate(stored(created_us=NOW_US + 2), ends_us=NOW_US + 10)

    old, new = await store.every()
    assert (old.sha256, old.expires_us, new.expires_us) == (first.sha256, NOW_US + 10, None)
    assert old.is_live(NOW_US + 9)
    assert not old.is_live(NOW_US + 10)


async def test_rotating_never_lengthens_a_key_s_life(store: KeyStore) -> None:
    await store.create(stored(created_us=NOW_US, expires_us=NOW_US + 5))

    await store.rotate(stored(created_us=NOW_US + 1), ends_us=NOW_US + 10)

    assert [key.expires_us for key in await store.every()] == [NOW_US + 5, None]


async def test_revoking_ends_every_live_key_of_a_name_and_no_other(store: KeyStore) -> None:
    await store.create(stored(created_us=NOW_US))
    await store.rotate(stored(created_us=NOW_US + 1), ends_us=NOW_US + 100)
    await store.create(stored(name="other", created_us=NOW_US))

    assert await store.revoke("trainer", NOW_US + 2) == 2
    assert await store.revoke("trainer", NOW_US + 3) == 0
    assert [key.is_live(NOW_US + 3) for key in await store.every()] == [True, False, False]


async def test_only_keys_that_have_ended_are_forgotten(store: KeyStore) -> None:
    await store.create(stored(created_us=NOW_US, expires_us=NOW_US + 1))
    await store.rotate(stored(created_us=NOW_US), ends_us=NOW_US + 1)

    assert await store.forget("trainer", NOW_US + 1) == 1
    assert [key.expires_us for key in await store.every()] == [None]
    await store.revoke("trainer", NOW_US + 2)
    assert await store.forget("trainer", NOW_US + 2) == 1
    assert await store.every() == []


async def test_the_ledger_reads_what_the_store_has_stored(store: KeyStore, ledger: Ledger) -> None:
    key = stored()
    await store.create(key)

    assert await ledger.keys.every() == [key]


async def test_the_release_before_goes_on_without_keys(store: KeyStore, ledger: Ledger) -> None:
    """It knows the other tables only, and nothing it does meets this one."""
    await store.create(stored())

    assert len(await ledger.add([grade()])) == 1


async def test_no_key_is_in_the_database(tmp_path: Path) -> None:
    file = tmp_path / "rft.sqlite3"
    url, key = f"sqlite:///{file}", "rft_" + "a" * 43
    await migrate(url)
    store = KeyStore.open(url)
    await store.create(stored(key))
    await store.close()

    with closing(sqlite3.connect(file)) as connection:
        held = "\n".join(connection.iterdump())
    assert key[:10] in held
    assert key[:12] not in held


def test_the_place_of_a_database_is_the_same_whoever_asks_it() -> None:
    here = place_of("postgresql://alice:secret@host/rft")

    assert here == place_of("postgresql://bob:other@host/rft")
    assert here not in {place_of("postgresql://alice:secret@host/other"), place_of("sqlite:///rft"), place_of("")}
