"""The keys in memory: where they come from, when none is needed, and what asking for one costs."""

import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from app.auth import LOCAL, Caller, Limits
from app.errors import LedgerUnavailable, NotAuthorized, TooManyAttempts
from app.keys.gate import Gate
from app.keys.guesses import MOST
from app.keys.held import NO_KEY
from app.keys.key_file import entry_text
from app.keys.keyring import Keyring
from app.keys.secret import hash_of, new_key
from app.keys.snapshot import Snapshot
from app.ledger import KeyStore
from tests.keys.making import stored
from tests.pace import ratio_of

pytestmark = pytest.mark.anyio

# To let a caller in takes one hash and what surrounds it; compared with a hash, as microseconds depend on the machine.
MOST_HASHES = 8


@pytest.fixture
async def store(database_url: str, anyio_backend: str) -> AsyncIterator[KeyStore]:
    store = KeyStore.open(database_url)
    yield store
    await store.close()


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return Snapshot(tmp_path / "api_keys.json", "here")


Opened = Callable[..., Awaitable[Keyring]]


@asynccontextmanager
async def started(store: object, snapshot: Snapshot, **changes: object) -> AsyncIterator[Keyring]:
    values = {"file": None, "keyless": LOCAL, "snapshot": snapshot, "on_refreshed": lambda: None}
    keyring = Keyring(**values | changes)  # type: ignore[arg-type]
    await keyring.start(store)  # type: ignore[arg-type]
    yield keyring
    await keyring.close()


class Away:
    """A database that does not answer."""

    async def every(self) -> list:
        raise LedgerUnavailable("The database does not answer: it is away.")


class Late:
    """A database whose answer does not come in time."""

    async def every(self) -> list:
        raise TimeoutError


async def test_two_reasons_why_keys_stay_as_they_were_are_both_in_the_log(
    snapshot: Snapshot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(entry_text(stored()))
    async with started(Late(), snapshot, file=file) as keyring:
        file.unlink()
        await keyring.refresh(Late())

    assert "keys.toml cannot be read" in caplog.messages[-1]
    assert "API keys stay as they were: The database does not answer within" in caplog.messages[-1]


async def test_a_key_is_found_with_all_that_its_holder_may(store: KeyStore, snapshot: Snapshot) -> None:
    key = new_key()
    await store.create(stored(key, scopes=("grade", "admin"), rate_per_s=0.5, burst=2, concurrency=3, weight=4.0))

    async with started(store, snapshot) as keyring:
        found = keyring.find(key.encode())

    limits = Limits(rate_per_s=0.5, burst=2, concurrency=3, weight=4.0)
    assert found.caller == Caller("trainer", frozenset({"grade", "admin"}), limits)
    assert found.ends_s == math.inf


async def test_what_is_no_key_is_not_found(store: KeyStore, snapshot: Snapshot) -> None:
    key = new_key()
    await store.create(stored(key))

    async with started(store, snapshot) as keyring:
        for wrong in (new_key(), key[:-1], key + "x", key.lower(), "", "\x00", "x" * 60_000):
            assert keyring.find(wrong.encode()) is NO_KEY


async def test_a_scope_of_a_later_release_is_passed_over(store: KeyStore, snapshot: Snapshot) -> None:
    key = new_key()
    await store.create(stored(key, scopes=("grade", "later")))

    async with started(store, snapshot) as keyring:
        assert keyring.find(key.encode()).caller.scopes == {"grade"}


async def test_without_keys_this_machine_needs_none_and_with_the_first_one_it_does(
    store: KeyStore, snapshot: Snapshot
) -> None:
    async with started(store, snapshot) as keyring:
        assert keyring.open_caller is LOCAL

        await store.create(stored())
        await keyring.refresh(store)
        assert keyring.open_caller is None


async def test_keys_are_needed_until_the_last_one_is_forgotten_not_only_revoked(
    store: KeyStore, snapshot: Snapshot
) -> None:
    key, now_us = new_key(), time.time_ns() // 1000
    await store.create(stored(key))

    async with started(store, snapshot) as keyring:
        await store.revoke("trainer", now_us)
        await keyring.refresh(store)
        assert keyring.open_caller is None
        assert keyring.find(key.encode()).ends_s <= time.time()

        await store.forget("trainer", now_us)
        await keyring.refresh(store)
        assert keyring.open_caller is LOCAL


async def test_where_nobody_is_served_without_a_key_that_stays_so(store: KeyStore, snapshot: Snapshot) -> None:
    async with started(store, snapshot, keyless=None) as keyring:
        assert keyring.open_caller is None


async def test_a_file_of_keys_is_read_again_and_a_broken_one_changes_nothing(
    store: KeyStore, snapshot: Snapshot, tmp_path: Path
) -> None:
    file, first, second = tmp_path / "keys.toml", new_key(), new_key()
    file.write_text(entry_text(stored(first)))

    async with started(store, snapshot, file=file) as keyring:
        assert keyring.open_caller is None
        assert keyring.find(first.encode()).caller.name == "trainer"

        file.write_text(entry_text(stored(second, name="other")))
        await keyring.refresh(store)
        assert keyring.find(first.encode()) is NO_KEY

        file.write_text("broken")
        await keyring.refresh(store)
        assert keyring.find(second.encode()).caller.name == "other"


async def test_a_key_of_the_file_can_be_revoked_in_the_database(
    store: KeyStore, snapshot: Snapshot, tmp_path: Path
) -> None:
    file, key = tmp_path / "keys.toml", new_key()
    file.write_text(entry_text(stored(key)))
    await store.create(stored(key))
    await store.revoke("trainer", time.time_ns() // 1000)

    async with started(store, snapshot, file=file) as keyring:
        assert keyring.find(key.encode()).is_revoked


async def test_while_the_database_is_away_keys_stay_as_they_were(store: KeyStore, snapshot: Snapshot) -> None:
    key = new_key()
    await store.create(stored(key))

    async with started(store, snapshot) as keyring:
        await keyring.refresh(Away())
        assert keyring.find(key.encode()).caller.name == "trainer"

    async with started(Away(), snapshot) as restarted:
        assert restarted.find(key.encode()).caller.name == "trainer"
        assert restarted.open_caller is None


async def test_a_start_without_database_and_snapshot_lets_nobody_in_until_the_keys_are_known(
    store: KeyStore, snapshot: Snapshot
) -> None:
    async with started(Away(), snapshot) as keyring:
        assert keyring.open_caller is None

        await keyring.refresh(store)
        assert keyring.open_caller is LOCAL


async def test_a_machine_without_keys_needs_none_after_a_restart_without_the_database(
    store: KeyStore, snapshot: Snapshot
) -> None:
    async with started(store, snapshot):
        pass

    async with started(Away(), snapshot) as restarted:
        assert restarted.open_caller is LOCAL


def request(key: str, client: tuple[str, int] | None = ("10.0.0.1", 5), path: str = "/v1/graders") -> dict:
    headers = [(b"host", b"h"), (b"content-type", b"application/json"), (b"x-api-key", key.encode())]
    return {"path": path, "query_string": b"", "headers": headers, "client": client}


def ask(gate: Gate, scope: dict) -> Caller:
    return gate.caller(scope, dict(scope["headers"]))


async def test_a_guesser_is_shut_out_and_its_neighbour_is_not(store: KeyStore, snapshot: Snapshot) -> None:
    key, refused = new_key(), []
    await store.create(stored(key))

    async with started(store, snapshot) as keyring:
        gate = Gate(keyring, refused.append)
        for _ in range(MOST):
            with pytest.raises(NotAuthorized):
                ask(gate, request(new_key()))
        with pytest.raises(TooManyAttempts):
            ask(gate, request(key))
        assert ask(gate, request(key, ("10.0.0.2", 5))).name == "trainer"
        assert ask(gate, request(key, None)).name == "trainer"

    assert refused == ["wrong"] * MOST + ["blocked"]


async def test_a_key_that_has_expired_lets_nobody_in(store: KeyStore, snapshot: Snapshot) -> None:
    key, now_us = new_key(), time.time_ns() // 1000
    await store.create(stored(key, created_us=now_us - 2, expires_us=now_us - 1))

    async with started(store, snapshot) as keyring:
        with pytest.raises(NotAuthorized, match=r"'trainer' expired at .*keys create trainer"):
            ask(Gate(keyring, lambda _: None), request(key))


def by_header(key: str) -> dict:
    return request(key)


def by_bearer(key: str) -> dict:
    scope = request(key)
    scope["headers"][-1] = (b"authorization", b"Bearer " + key.encode())
    return scope


def by_path(key: str) -> dict:
    scope = request(key, path=f"/k/{key}/v1/graders")
    return scope | {"headers": scope["headers"][:-1], "raw_path": scope["path"].encode()}


@pytest.mark.parametrize("way", [by_header, by_bearer, by_path])
async def test_letting_a_caller_in_costs_less_than_eight_hashes_of_a_key(
    store: KeyStore, snapshot: Snapshot, way: Callable[[str], dict]
) -> None:
    key = new_key()
    async with started(store, snapshot) as keyring:
        gate = Gate(keyring, lambda _: None)
        scope = way(key)
        headers = dict(scope["headers"])
        path, raw_path = scope["path"], scope.get("raw_path")

        def let_in() -> Caller:
            # The gate takes a key out of the path.
            scope["path"], scope["raw_path"] = path, raw_path
            return gate.caller(scope, headers)

        for number in range(50):
            await store.create(stored(name=f"caller-{number}"))
        await store.create(stored(key))
        await keyring.refresh(store)
        assert let_in().name == "trainer"

        hashes = ratio_of(let_in, lambda: hash_of(key.encode()))

    assert hashes < MOST_HASHES


@pytest.mark.parametrize(
    ("path", "rest"),
    [("/v1/x", "/v1/x"), ("", "/"), ("/", "/"), ("/v1/a b", "/v1/a%20b"), ("/v1/é", "/v1/%C3%A9")],
)
async def test_nothing_of_a_key_is_left_in_the_path(store: KeyStore, snapshot: Snapshot, path: str, rest: str) -> None:
    key = new_key()
    await store.create(stored(key))
    scope = by_path(key) | {"path": f"/k/{key}{path}", "raw_path": f"/k/{key}{quote(path)}".encode()}

    async with started(store, snapshot) as keyring:
        assert ask(Gate(keyring, lambda _: None), scope).name == "trainer"

    assert (scope["path"], scope["raw_path"]) == (path or "/", rest.encode())


async def test_how_long_a_wrong_key_takes_says_nothing_about_the_right_ones(
    store: KeyStore, snapshot: Snapshot
) -> None:
    """Of equally long keys, one that differs in its last character takes as long as one that shares nothing."""
    key = new_key()
    await store.create(stored(key))
    near = (key[:-1] + ("a" if key[-1] != "a" else "b")).encode()
    far = ("rft_" + "~" * 43).encode()

    async with started(store, snapshot) as keyring:
        ratio = ratio_of(lambda: keyring.find(near), lambda: keyring.find(far))

    assert 0.8 < ratio < 1.25
