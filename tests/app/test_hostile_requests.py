"""Requests made to guess keys, to get into logs, or to fill memory: nothing of them is let in, kept or repeated."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from app.keys.guesses import MOST
from app.keys.secret import new_key
from tests.command_line import rft
from tests.servers import Server

PATH = "/v1/graders/finance_qa@v1/grade"
BODY = {"item": {"reference": "94"}, "sample": "94"}
FORGED = "2030-01-01 00:00:00,000 INFO app all is well"


class Keyed:
    def __init__(self, server: Server, key: str) -> None:
        self.server, self.key = server, key
        self.address = urlsplit(server.url).hostname or "", urlsplit(server.url).port or 0

    def client(self, source: str) -> httpx2.Client:
        """A client at another address of this machine."""
        transport = httpx2.HTTPTransport(local_address=source)
        return httpx2.Client(base_url=self.server.url, transport=transport, timeout=30)

    def send(self, *parts: bytes) -> bytes:
        """What is answered to these bytes, which may come in many parts."""
        with closing(socket.create_connection(self.address, timeout=30)) as connection:
            for part in parts:
                try:
                    connection.sendall(part)
                except (BrokenPipeError, ConnectionResetError):
                    break
            try:
                return connection.recv(1 << 16)
            except ConnectionResetError:
                return b""

    def memory_kib(self) -> int:
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))

    def grade(self) -> httpx2.Response:
        return self.server.client.post(PATH, json=BODY, headers={"X-Api-Key": self.key})


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    data_dir = tmp_path_factory.mktemp("hostile")
    key = rft("keys", "create", "trainer", RFT_DATA_DIR=str(data_dir))[0].strip()
    with Server(data_dir, RFT_LOG_LEVEL="debug") as server:
        keyed = Keyed(server, key)
        # From the tests' own address comes a right key, so it is never shut out.
        assert keyed.grade().status_code == 200
        yield keyed
    log = "".join(server.log)
    assert key[10:] not in log
    assert not [line for line in server.log if line.startswith(FORGED[:10])]


def test_a_guesser_of_path_tokens_is_shut_out_and_nobody_else(keyed: Keyed) -> None:
    with keyed.client("127.0.0.2") as guesser, keyed.client("127.0.0.3") as neighbour:
        codes = [guesser.get(f"/k/{new_key()}/v1/graders").json()["code"] for _ in range(MOST + 5)]
        shut_out = guesser.get(f"/k/{keyed.key}/v1/graders")

        assert codes == ["not_authorized"] * MOST + ["too_many_attempts"] * 5
        assert (shut_out.status_code, shut_out.headers["retry-after"]) == (429, "60")
        assert neighbour.get(f"/k/{keyed.key}/v1/graders").status_code == 200
        assert guesser.get("/healthz").status_code == 200


def test_wrong_keys_beside_right_ones_stop_no_training_job(keyed: Keyed) -> None:
    for _ in range(3 * MOST):
        wrong = keyed.server.client.get("/v1/graders", headers={"X-Api-Key": new_key()})
        assert wrong.json()["code"] == "not_authorized"

    assert keyed.grade().status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        f"/k/x%0A{FORGED.replace(' ', '%20')}/v1/graders",
        f"/v1/graders/x%0D%0A{FORGED.replace(' ', '%20')}",
        f"/v1/runs/x%0A{FORGED.replace(' ', '%20')}",
        "/v1/graders/x%E2%80%A8%1B%5B2K",
    ],
)
def test_a_path_writes_no_line_of_its_own_into_the_log(keyed: Keyed, path: str) -> None:
    for key in ("", keyed.key):
        answer = keyed.server.client.get(path, headers={"X-Api-Key": key} if key else {})
        assert answer.status_code in {401, 404}
        assert "\n" not in answer.text


@pytest.mark.parametrize("value", [b"\nX: y", b"\r\nX: y", b"\x00", b"\x1b[2K"])
def test_a_request_id_that_could_break_a_line_is_not_taken(keyed: Keyed, value: bytes) -> None:
    answer = keyed.send(
        b"GET /v1/graders HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Request-Id: a" + value + b"\r\n\r\n"
    )

    head = answer.partition(b"\r\n\r\n")[0]
    assert head.startswith((b"HTTP/1.1 401", b"HTTP/1.1 400"))
    assert b"x-request-id: a" + value not in head


@pytest.mark.parametrize("key", ["é", "rft_" + "é" * 43, "a" * 60_000, "%00", "..", "{}", "rft_"])
def test_what_is_no_key_is_a_wrong_key(keyed: Keyed, key: str) -> None:
    head = b"GET /v1/graders HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Api-Key: " + key.encode() + b"\r\n\r\n"

    assert keyed.send(head).startswith(b"HTTP/1.1 401")


def test_an_endless_head_is_cut_off_and_costs_no_memory(keyed: Keyed) -> None:
    before_kib = keyed.memory_kib()
    for endless in (b"X-%d: " + b"a" * 1000 + b"\r\n", b"a" * 1000):
        begun = b"GET / HTTP/1.1\r\nHost: h\r\n" if endless.startswith(b"X") else b"GET /"
        parts = (endless % number if b"%d" in endless else endless for number in range(50_000))

        answer = keyed.send(begun, *parts)

        assert answer.startswith(b"HTTP/1.1 431") or answer == b""
    assert keyed.memory_kib() - before_kib < 20_000
    assert keyed.grade().status_code == 200


def test_a_flood_of_small_headers_is_one_problem(keyed: Keyed) -> None:
    connection = http.client.HTTPConnection(*keyed.address)
    connection.putrequest("GET", "/v1/graders")
    connection.putheader("X-Api-Key", keyed.key)
    for number in range(200):
        connection.putheader(f"X-{number}", "a")
    connection.endheaders()

    answer = connection.getresponse()

    assert (answer.status, json.loads(answer.read())["code"]) == (431, "headers_too_large")
    connection.close()
