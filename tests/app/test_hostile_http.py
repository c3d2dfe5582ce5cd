"""HTTP that is slow, endless, ambiguous or too much: it is answered where HTTP has a place for an answer, it ends, and
nobody beside it notices."""

import json
import resource
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.reply import Reply
from tests.app.wire import Wire, chunked, connected, head
from tests.servers import Server

PATH = "/v1/graders/finance_qa@v1/grade"
BODY = b'{"item": {"reference": "94"}, "sample": "94"}'
LENGTH = f"Content-Length: {len(BODY)}"
GRADE = head(PATH, LENGTH) + BODY
CONNECTIONS_MAX = 60
# Fewer than the connections and all the rest need.
FILES_BEFORE = 128
BODY_MAX = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {
        "RFT_CONNECTIONS_MAX": str(CONNECTIONS_MAX),
        "RFT_HEAD_TIMEOUT_S": "0.5",
        "RFT_BODY_TIMEOUT_S": "2",
        "RFT_BODY_MAX_MIB": "1",
        "RFT_RECEIVING_MAX_MIB": "4",
    }
    server = Server(tmp_path_factory.mktemp("http"), **settings)
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES_BEFORE, most))
    try:
        server.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    yield server
    assert server.stop() == 0
    assert "Traceback" not in "".join(server.log)


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    with connected(server) as wire:
        yield wire


def grades(server: Server) -> bool:
    """Whether a newcomer is graded."""
    with connected(server) as wire:
        wire.send(GRADE)
        return wire.answer().json["reward"] == 1.0


def rss_kib(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


# Slow.


def test_a_head_that_drips_is_answered_408_and_ends(wire: Wire) -> None:
    wire.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nX: ")
    wire.drip(b"a", every_s=0.05)

    answer = wire.answer()
    assert (answer.status, answer.json["code"], answer.headers["connection"]) == (408, "request_timeout", "close")
    assert wire.is_at_its_end()


@pytest.mark.parametrize("framing", [f"Content-Length: {10**6}", "Transfer-Encoding: chunked"])
def test_a_body_that_drips_is_answered_408_and_ends(wire: Wire, framing: str) -> None:
    wire.send(head(PATH, framing), b'ffff\r\n{"item": "' if "chunked" in framing else b'{"item": "')
    wire.drip(b"a", every_s=0.05)

    assert wire.answer().json["code"] == "request_timeout"
    assert wire.is_at_its_end()


def test_a_body_after_its_answer_is_not_read_for_ever(wire: Wire) -> None:
    wire.send(head("/v1/nothing", f"Content-Length: {10**6}"))
    assert wire.answer().status == 404

    wire.drip(b"a", every_s=0.05)
    assert wire.is_at_its_end()


def test_the_second_head_of_a_connection_has_its_own_time(wire: Wire) -> None:
    wire.send(GRADE)
    assert wire.answer().status == 200
    wire.send(GRADE[:20])

    assert wire.answer().status == 408


def test_slow_heads_and_idle_connections_keep_no_newcomer_out(server: Server) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(connected(server)) for _ in range(CONNECTIONS_MAX)]
        for wire in slow:
            wire.send(b"POST / HTTP/1.1\r\n")
        assert grades(server)
        more = [stack.enter_context(connected(server)) for _ in range(CONNECTIONS_MAX)]
        for wire in more:
            wire.send(b"POST / HTTP/1.1\r\n")
        assert grades(server)
        assert slow[0].rest()[:12] in {b"HTTP/1.1 408", b""}
        idle = [stack.enter_context(connected(server)) for _ in range(2 * CONNECTIONS_MAX)]
        assert idle[0].is_at_its_end()
        idle[-1].send(GRADE)
        assert idle[-1].answer().status == 200
        assert grades(server)


def test_one_more_than_may_be_busy_is_told_so(server: Server) -> None:
    with ExitStack() as stack:
        busy = [stack.enter_context(connected(server)) for _ in range(CONNECTIONS_MAX)]
        for wire in busy:
            wire.send(head(PATH, LENGTH, "Expect: 100-continue"))
        for wire in busy:
            assert wire.line() + wire.line() == b"HTTP/1.1 100 Continue\r\n\r\n"
        answers = [stack.enter_context(connected(server)).answer() for _ in range(3)]
        busy[-1].send(BODY)
        last = busy[-1].answer()

    assert [(answer.status, answer.json["code"]) for answer in answers] == [(503, "overloaded")] * 3
    assert answers[0].headers["retry-after"]
    assert last.status == 200
    assert grades(server)


def test_the_limit_of_open_files_is_raised_to_what_connections_need(server: Server) -> None:
    limits = Path(f"/proc/{server.process.pid}/limits").read_text()
    files = next(line.split()[3] for line in limits.splitlines() if line.startswith("Max open files"))

    assert int(files) > FILES_BEFORE + CONNECTIONS_MAX


def test_more_connections_than_may_be_take_no_more_memory(server: Server) -> None:
    with ExitStack() as stack:
        for _ in range(CONNECTIONS_MAX):
            stack.enter_context(connected(server))
        before_kib = rss_kib(server)
        for _ in range(10 * CONNECTIONS_MAX):
            stack.enter_context(connected(server))
        assert grades(server)
        assert rss_kib(server) - before_kib < 4096


# Too much.


@pytest.mark.parametrize("size", [1000, 100_000])
def test_a_chunked_body_is_graded(wire: Wire, size: int) -> None:
    body = json.dumps({"item": {"reference": "94", "more": "x" * 300_000}, "sample": "94"}).encode()
    wire.send(head(PATH, "Transfer-Encoding: chunked"), chunked(body, size))

    assert wire.answer().json["reward"] == 1.0


def test_an_endless_chunked_body_is_refused_at_the_limit_and_not_kept(server: Server, wire: Wire) -> None:
    before_kib = rss_kib(server)
    wire.send(head(PATH, "Transfer-Encoding: chunked"))
    sent = 0
    while not wire.has_answer(0) and sent < 100 * BODY_MAX:
        wire.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        sent += 65536

    answer = wire.answer()
    assert (answer.status, answer.json["code"]) == (413, "body_too_large")
    assert sent < 100 * BODY_MAX
    assert rss_kib(server) - before_kib < 20_000


def test_a_body_that_is_announced_too_large_is_refused_before_it_is_sent(wire: Wire) -> None:
    wire.send(head(PATH, f"Content-Length: {2 * BODY_MAX}"))

    assert wire.answer().status == 413


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
def test_a_refusal_reaches_who_is_still_sending(wire: Wire, connection: str) -> None:
    wire.send(head("/v1/nothing", f"Content-Length: {8 * BODY_MAX}", f"Connection: {connection}"), b"x" * 8 * BODY_MAX)

    assert wire.answer().status == 404
    assert wire.is_at_its_end()


def test_bodies_that_arrive_at_the_same_time_are_bounded_together(server: Server) -> None:
    with ExitStack() as stack:
        wires = [stack.enter_context(connected(server)) for _ in range(8)]
        for wire in wires:
            wire.send(head(PATH, f"Content-Length: {BODY_MAX}"), b" " * (BODY_MAX - 1))
        answers = [wire.answer() for wire in wires]

    codes = [answer.json["code"] for answer in answers]
    assert {"overloaded", "request_timeout"} == set(codes)
    assert codes.count("request_timeout") <= 4
    assert grades(server)


def test_a_connection_is_used_again_after_a_body_that_was_not_wanted(wire: Wire) -> None:
    for _ in range(2):
        wire.send(head("/v1/nothing", f"Content-Length: {BODY_MAX // 2}"), b"x" * (BODY_MAX // 2))
        assert wire.answer().status == 404
    wire.send(GRADE)

    assert wire.answer().status == 200


def test_a_long_request_line_is_refused(wire: Wire) -> None:
    wire.send(b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n")

    assert wire.answer().json["code"] == "headers_too_large"
    assert wire.is_at_its_end()


def test_pipelined_requests_are_answered_in_their_order(wire: Wire) -> None:
    wire.send(b"".join(head(PATH, LENGTH, f"X-Request-Id: {n}") + BODY for n in range(30)))

    assert [wire.answer().headers["x-request-id"] for _ in range(30)] == [str(n) for n in range(30)]


def test_what_is_pipelined_beyond_a_limit_is_not_read(wire: Wire) -> None:
    wire.send(b"".join(head(PATH, LENGTH, f"X-Request-Id: {n}") + BODY for n in range(300)))

    answered = 0
    answer = wire.answer()
    while answer.headers.get("connection") != "close":
        assert (answer.status, answer.headers["x-request-id"]) == (200, str(answered))
        answered += 1
        answer = wire.answer()
    assert answered < 200
    assert wire.is_at_its_end()


# Ambiguous.

SMUGGLED = head("/healthz", method="GET")


@pytest.mark.parametrize(
    "request_head",
    [
        head(PATH, LENGTH, "Transfer-Encoding: chunked"),
        head(PATH, "Transfer-Encoding: chunked", LENGTH),
        head(PATH, LENGTH, "Content-Length: 4"),
        head(PATH, LENGTH, LENGTH),
        head(PATH, f"{LENGTH}, {len(BODY)}"),
        head(PATH, f"Content-Length: +{len(BODY)}"),
        head(PATH, f"Content-Length : {len(BODY)}"),
        head(PATH, "Content-Length: 99999999999999999999999"),
        head(PATH, "Transfer-Encoding: xchunked"),
        head(PATH, "Transfer-Encoding: chunked, identity"),
        head(PATH, LENGTH).replace(b"\r\n", b"\n"),
        head(PATH, "X: y\nContent-Length: 4"),
        head(PATH, "X: y\rContent-Length: 4"),
        head(PATH, "X: y\r\n folded", LENGTH),
        head(PATH, "X: a\0b", LENGTH),
        head(PATH, LENGTH).replace(b"\r\nHost", b"\r\n Host"),
        head("localhost:80", method="CONNECT"),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "GET /é HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
    ],
    ids=[
        "length-and-chunked", "chunked-and-length", "two-lengths", "length-twice", "list-of-lengths", "signed-length",
        "space-before-colon", "endless-length", "unknown-coding", "chunked-not-last", "bare-lf", "bare-lf-in-a-field",
        "bare-cr", "folded", "nul", "space-before-field", "connect", "http-2", "http-9", "tls", "path-of-bytes",
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_read_in_none(wire: Wire, request_head: bytes) -> None:
    wire.send(request_head + BODY + SMUGGLED)

    answer = wire.answer()
    assert (answer.status, answer.json["code"], answer.headers["connection"]) == (400, "malformed_request", "close")
    assert wire.is_at_its_end()


@pytest.mark.parametrize(
    "chunks", [b"3\nabc\n0\n\n", b"3\r\nabcd\r\n0\r\n\r\n", b"-3\r\nabc\r\n", b"3;a\nb\r\nabc\r\n"]
)
def test_a_chunk_that_is_not_what_it_says_ends_the_connection(wire: Wire, chunks: bytes) -> None:
    wire.send(head(PATH, "Transfer-Encoding: chunked") + chunks + SMUGGLED)

    assert wire.answer().status == 400
    assert wire.is_at_its_end()


def test_what_came_complete_is_answered_before_what_cannot_be_read(wire: Wire) -> None:
    wire.send(GRADE + b"\0garbage\r\n\r\n" + GRADE)

    assert wire.answer().json["reward"] == 1.0
    assert wire.is_at_its_end()


def test_fields_behind_a_body_are_no_headers(wire: Wire) -> None:
    """A proxy that looks at headers has not seen them."""
    behind = b"%x\r\n%b\r\n0\r\nIdempotency-Key: behind\r\nX-Request-Id: behind\r\n\r\n" % (len(BODY), BODY)
    for _ in range(2):
        wire.send(head(PATH, "Transfer-Encoding: chunked") + behind)
        answer = wire.answer()

        assert (answer.status, answer.json["replayed"]) == (200, False)
        assert answer.headers["x-request-id"] != "behind"


# Unusual.


@pytest.mark.parametrize("value", ["1\r\nSet-Cookie: a=b", "1\n", "\x00", "\u20ac"])
def test_no_header_is_sent_that_would_break_out_of_its_line(value: str) -> None:
    with pytest.raises(ValueError, match="cannot be sent"):
        Reply(b"{}", headers={"Retry-After": value}).fields("id")


def test_a_refusal_of_head_has_no_body(wire: Wire) -> None:
    wire.send(b"HEAD /v1/graders HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n" + GRADE)

    lines = list(iter(wire.line, b"\r\n"))
    assert lines[0].startswith(b"HTTP/1.1 403 ")
    assert any(line.startswith(b"content-length: ") for line in lines)
    assert wire.answer().json["reward"] == 1.0


@pytest.mark.parametrize("offer", ["h2c", "websocket", "TLS/1.0, h2c"])
@pytest.mark.parametrize("packets", ["one", "two", "chunks"])
def test_who_offers_another_protocol_is_answered_in_this_one(wire: Wire, offer: str, packets: str) -> None:
    framing = "Transfer-Encoding: chunked" if packets == "chunks" else LENGTH
    body = chunked(BODY, 7) if packets == "chunks" else BODY
    request = head(
        PATH, "Connection: Upgrade, HTTP2-Settings", f"Upgrade: {offer}", "HTTP2-Settings: AAMAAABk", framing
    )
    for _ in range(2):
        wire.send(*([request, body] if packets == "two" else [request + body]))

        assert wire.answer().json["reward"] == 1.0
    wire.send(head("/healthz", "Connection: Upgrade", f"Upgrade: {offer}", method="GET") + GRADE)
    assert [wire.answer().status, wire.answer().status] == [200, 200]


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
def test_http_1_0_is_answered_and_closed(wire: Wire, connection: str) -> None:
    wire.send(head(PATH, LENGTH, f"Connection: {connection}", version="1.0") + BODY)

    assert wire.answer().json["reward"] == 1.0
    assert wire.is_at_its_end()


def test_who_waits_to_be_told_to_send_is_told(wire: Wire) -> None:
    for _ in range(2):
        wire.send(head(PATH, LENGTH, "Expect: 100-continue"))
        assert [wire.line(), wire.line()] == [b"HTTP/1.1 100 Continue\r\n", b"\r\n"]
        wire.send(BODY)

        assert wire.answer().json["reward"] == 1.0


def test_who_waits_to_be_told_to_send_too_much_is_refused_and_the_connection_ends(wire: Wire) -> None:
    """Otherwise its next request might be read as the body that it did not send."""
    wire.send(head(PATH, f"Content-Length: {2 * BODY_MAX}", "Expect: 100-continue"))

    assert wire.answer().status == 413
    assert wire.is_at_its_end()
