"""Where the service listens, and whom it then serves: with keys, without, and while the database is away."""

from pathlib import Path

import pytest

from app.keys.key_file import entry_text
from app.keys.secret import new_key
from tests.command_line import rft
from tests.keys.making import stored
from tests.servers import Server
from tests.services import running_postgres

EVERYWHERE = {"RFT_HOST": "0.0.0.0"}


def refused_start(data_dir: Path, **settings: str) -> str:
    _, told = rft("serve", expect=2, RFT_DATA_DIR=str(data_dir), RFT_METRICS_PORT="-1", RFT_PORT="0", **settings)
    return " ".join(told.split())


def statuses(server: Server, key: str) -> tuple[int, int]:
    """Of a request without a key, and with it."""
    keyless, keyed = (server.client.get("/v1/graders", headers=headers) for headers in ({}, {"X-Api-Key": key}))
    return keyless.status_code, keyed.status_code


def test_an_address_beyond_this_machine_needs_a_key_or_a_decision(data_dir: Path) -> None:
    assert "RFT_ALLOW_ANONYMOUS=1" in refused_start(data_dir, **EVERYWHERE)

    with Server(data_dir, **EVERYWHERE, RFT_ALLOW_ANONYMOUS="1") as server:
        assert statuses(server, new_key()) == (200, 200)


def test_the_decision_counts_only_as_long_as_there_is_no_key(data_dir: Path) -> None:
    key = rft("keys", "create", "a", RFT_DATA_DIR=str(data_dir))[0].strip()

    with Server(data_dir, **EVERYWHERE, RFT_ALLOW_ANONYMOUS="1") as server:
        assert statuses(server, key) == (401, 200)


def test_a_file_of_keys_opens_a_container(data_dir: Path, tmp_path: Path) -> None:
    file, key = tmp_path / "keys.toml", new_key()
    file.write_text(entry_text(stored(key)))

    with Server(data_dir, **EVERYWHERE, RFT_API_KEYS_FILE=str(file)) as server:
        assert statuses(server, key) == (401, 200)


@pytest.mark.parametrize("text", ["", "[[keys]]\nname = 'a'"])
def test_a_file_of_keys_that_cannot_be_used_stops_the_start(data_dir: Path, tmp_path: Path, text: str) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(text)

    assert "RFT_API_KEYS_FILE" in refused_start(data_dir, RFT_API_KEYS_FILE=str(file))


def test_a_restart_without_the_database_knows_its_callers(data_dir: Path) -> None:
    with running_postgres() as postgres:
        settings = EVERYWHERE | {"RFT_DATABASE_URL": postgres.new_database()}
        key = rft("keys", "create", "a", RFT_DATA_DIR=str(data_dir), **settings)[0].strip()
        with Server(data_dir, **settings) as server:
            assert statuses(server, key) == (401, 200)

        postgres.stop()
        with Server(data_dir, **settings) as server:
            keyless, keyed = (
                server.client.get("/v1/graders/finance_qa@v1", headers=headers) for headers in ({}, {"X-Api-Key": key})
            )
            assert (keyless.status_code, keyed.status_code) == (401, 200)

            postgres.start()
            graded = server.client.post(
                "/v1/graders/finance_qa@v1/grade",
                json={"item": {"reference": "94"}, "sample": "94"},
                headers={"X-Api-Key": key},
            )
            assert graded.status_code == 200


def test_a_first_start_without_the_database_stops(data_dir: Path) -> None:
    settings = {"RFT_DATA_DIR": str(data_dir), "RFT_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/rft"}

    assert "cannot be migrated" in rft("serve", expect=1, **settings)[1]
