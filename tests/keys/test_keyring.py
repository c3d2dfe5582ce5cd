"""The keys in memory: where they come from, when none is needed, and what asking for one costs."""

import math
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.auth import LOCAL, Caller, Limits
from app.errors import LedgerUnavailable, NotAuthorized, TooManyAttempts
from app.keys.gate import Gate
from app.keys.guesses import MOST
from app.keys.held import NO_KEY
from app.keys.key_file import entry_text
from app.keys.keyring import Keyring
from app.keys.secret import new_key
from app.keys.snapshot import Snapshot
from app.ledger import KeyStore, migrate
from tests.keys.making import stored

pytestmark = pytest.mark.anyio

# What the brief of this service allows, for one request.
MOST_US = 2.0


@pytest.fixture
async def store(database_url: str, anyio_backend: str) -> AsyncIterator[KeyStore]:
    await migrate(database_url)
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
        with pytest.raises(NotAuthorized, match="'trainer' expired at"):
            ask(Gate(keyring, lambda _: None), request(key))


async def test_letting_a_caller_in_costs_under_two_microseconds_more_than_letting_everybody_in(
    store: KeyStore, snapshot: Snapshot
) -> None:
    key = new_key()
    async with started(store, snapshot) as keyring:
        gate = Gate(keyring, lambda _: None)
        scope = request(key)
        headers = dict(scope["headers"])
        open_us = _least_us(lambda: gate.caller(scope, headers))
        for number in range(50):
            await store.create(stored(name=f"caller-{number}"))
        await store.create(stored(key))
        await keyring.refresh(store)

        keyed_us = _least_us(lambda: gate.caller(scope, headers))

    assert keyed_us - open_us < MOST_US, (open_us, keyed_us)


async def test_how_long_a_wrong_key_takes_says_nothing_about_the_right_ones(
    store: KeyStore, snapshot: Snapshot
) -> None:
    """Of equally long keys, one that differs in its last character takes as long as one that shares nothing."""
    key = new_key()
    await store.create(stored(key))
    near = (key[:-1] + ("a" if key[-1] != "a" else "b")).encode()
    far = ("rft_" + "~" * 43).encode()

    async with started(store, snapshot) as keyring:
        near_us = _least_us(lambda: keyring.find(near))
        far_us = _least_us(lambda: keyring.find(far))

    assert abs(near_us - far_us) < 0.2 * statistics.mean([near_us, far_us]), (near_us, far_us)


def _least_us(work: Callable[[], object]) -> float:
    """The time of one call, us: the least of many rounds, since neighbours only ever add to it."""
    rounds = []
    for _ in range(60):
        started = time.perf_counter()
        for _ in range(1000):
            work()
        rounds.append(time.perf_counter() - started)
    return min(rounds) * 1000
