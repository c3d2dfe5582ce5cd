"""The start of `rft-graders serve`: where it cannot listen it says why, and what it prints holds nothing up."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from socket import socket

import httpx2
import pytest
import typer

from app.commands.serve import idle_rates, refuse_addresses, where_to_look, why_not_there
from app.ledger.segments import Segment
from app.settings import from_environ
from graders.registry import Registry
from tests.command_line import rft
from tests.ports import free_port
from tests.servers import Server

FIRST_FREE_FOR_ALL = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())


def broken_pipe() -> int:
    read, write = os.pipe()
    os.close(read)
    return write


@pytest.mark.parametrize(("kind", "unbuffered"), [("full", ""), ("unread", "1")])
def test_a_stdout_that_takes_nothing_does_not_end_the_service(tmp_path: Path, kind: str, unbuffered: str) -> None:
    port = free_port()
    settings = {"RFT_DATA_DIR": str(tmp_path), "RFT_PORT": str(port), "RFT_METRICS_PORT": "-1", "RFT_WORKERS": "1"}
    stdout = os.open("/dev/full", os.O_WRONLY) if kind == "full" else broken_pipe()
    with subprocess.Popen(
        [sys.executable, "-m", "app.cli", "serve"],
        env=os.environ | settings | {"RFT_SANDBOX_SLOTS": "0", "PYTHONUNBUFFERED": unbuffered},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(stdout)
        assert process.stderr is not None
        told = next((line for line in process.stderr if "cannot be written to stdout" in line), "")
        status = httpx2.get(f"http://127.0.0.1:{port}/healthz").status_code
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        code = process.wait(timeout=30)

    assert '"level":"warning"' in told
    assert (status, code) == (200, 0)
    assert "Traceback" not in rest
    assert "Exception ignored" not in rest


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("nope.invalid", "RFT_HOST=nope.invalid cannot be resolved: name an address of this machine"),
        ("a..b", "RFT_HOST=a..b cannot be resolved"),
        ("192.0.2.1", "RFT_HOST=192.0.2.1 is no address of this machine: name one that it has"),
    ],
)
def test_a_host_that_cannot_be_listened_on_is_blamed_itself(host: str, told: str) -> None:
    assert told in why_not_there(host, "RFT_PORT", 0)
    assert told in why_not_there(host, "RFT_PORT", 8000)


def test_a_service_that_nobody_can_listen_to_is_not_started(tmp_path: Path) -> None:
    settings = {"RFT_DATA_DIR": str(tmp_path), "RFT_ALLOW_ANONYMOUS": "1", "RFT_PORT": "0", "RFT_METRICS_PORT": "-1"}

    assert "cannot be resolved" in rft("serve", "--host", "nope.invalid", expect=1, **settings)[1]


def test_a_port_in_use_is_blamed_itself(tmp_path: Path) -> None:
    with socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        for name, another in (("RFT_PORT", "RFT_METRICS_PORT"), ("RFT_METRICS_PORT", "RFT_PORT")):
            settings = {"RFT_DATA_DIR": str(tmp_path), name: str(port), another: "0"}

            assert f"{name}={port} is in use on 127.0.0.1: stop what" in rft("serve", expect=1, **settings)[1]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"RFT_PORT": "18009", "RFT_METRICS_PORT": "18009"}, "RFT_PORT and RFT_METRICS_PORT are both 18009"),
        ({"RFT_REDIS_URL": "redis://:s3cret/x@127.0.0.1:6379/0"}, "RFT_REDIS_URL is no address of a Redis. Wanted"),
        ({"RFT_REDIS_URL": "redis://127.0.0.1?timeout=5"}, "RFT_REDIS_URL is no address of a Redis. Wanted"),
    ],
)
def test_settings_with_which_it_could_not_go_on_are_said_before_it_starts(
    settings: dict[str, str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        refuse_addresses(from_environ(settings))

    said = capsys.readouterr().err
    assert ended.value.exit_code == 2
    assert told in said
    assert "s3cret" not in said


@pytest.mark.skipif(FIRST_FREE_FOR_ALL <= 1, reason="this machine lets everybody listen at every port")
def test_a_port_that_is_not_permitted_is_said_to_be_so() -> None:
    code = (
        "import os; from app.commands.serve import why_not_there; os.geteuid() or os.seteuid(65534); "
        "print(why_not_there('127.0.0.1', 'RFT_PORT', 1))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert "RFT_PORT=1 is not permitted to this user on 127.0.0.1: set a port from 1024 on" in told


def test_where_somebody_can_listen_nothing_is_said() -> None:
    assert why_not_there("127.0.0.1", "RFT_PORT", 0) == ""
    assert why_not_there("localhost", "RFT_PORT", 0) == ""


def test_rates_that_limit_nothing_are_found() -> None:
    told = idle_rates(["*", "finance_qa@v1", "four_tier@v1", "finance_qa@v9"], Registry())

    assert [line.partition(" ")[0] for line in told] == ["four_tier@v1", "finance_qa@v9"]
    assert told[0].endswith("not limited by itself: finance_qa@v1.")
    assert "code_tests@v1, finance_qa@v1, moderation_f1@v1" in told[1]


def test_every_address_of_the_loopback_network_is_served_without_a_key(tmp_path: Path) -> None:
    with Server(tmp_path, RFT_HOST="127.0.0.2") as server:
        assert server.url.startswith("http://127.0.0.2:")
        assert server.client.get("/v1/graders").status_code == 200
        assert server.client.get("/v1/graders", headers={"Host": "127.0.0.2.example"}).status_code == 403


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_the_setting_that_names_the_database_is_blamed_for_it(command: str, tmp_path: Path) -> None:
    _, folder = rft(command, expect=1, RFT_DATA_DIR="/proc/nope")
    _, url = rft(command, expect=1, RFT_DATA_DIR=str(tmp_path), RFT_DATABASE_URL="sqlite:////proc/nope/x.sqlite3")

    assert "(RFT_DATA_DIR=/proc/nope)" in folder
    assert "RFT_DATABASE_URL" not in folder
    assert "(RFT_DATABASE_URL)" in url


def test_an_ipv6_address_stands_in_brackets() -> None:
    shown = str(where_to_look(from_environ({"RFT_HOST": "::1", "RFT_METRICS_PORT": "8001"}), 8000).renderable)

    assert "http://[::1]:8000/docs" in shown
    assert "http://[::1]:8001/metrics" in shown


def test_a_spool_that_a_later_release_left_is_refused_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "spool" / "00000001.spool"
    file.parent.mkdir()
    Segment.create(file, {"records": ["record", "mood"]}).close()

    # Before the database is asked, which a later release may have as well.
    url = f"postgresql://127.0.0.1:{free_port()}/rft"
    _, told = rft("serve", expect=1, RFT_DATA_DIR=str(tmp_path), RFT_DATABASE_URL=url, RFT_METRICS_PORT="-1")

    assert told.strip() == (
        f"{file} was written by a later release: this one knows no mood. Start that release once more, so that it "
        "brings the records to the database."
    )
