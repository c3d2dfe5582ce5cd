"""The service as a row of a bench: programs over HTTP, one by one or in batches, recorded and all."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from bench.code_tasks import CONFIG, GRADER, Task

_PORT = 18192


class Connection:
    """One kept-alive connection: a client that costs next to nothing."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def post(self, path: str, body: bytes) -> Any:
        """The JSON of a 200."""
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        self._writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        status, *lines = (await self._reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        headers = dict(line.lower().split(b": ", 1) for line in lines if line)
        answer = await self._reader.readexactly(int(headers[b"content-length"]))
        assert status.startswith(b"HTTP/1.1 200"), answer
        return json.loads(answer)

    def close(self) -> None:
        self._writer.close()


class Service:
    """A running service and connections to it."""

    def __init__(self, connections: list[Connection]) -> None:
        self._connections = connections

    def singles(self, tasks: list[Task], clients: int) -> Callable[[int, int], Awaitable[float]]:
        """So many clients, each asking for one grade after the other."""
        bodies = [json.dumps({"item": task.item, "sample": task.sample, "config": CONFIG}).encode() for task in tasks]

        async def client(connection: Connection, places: Iterator[int]) -> None:
            for place in places:
                grade = await connection.post(f"/v1/graders/{GRADER}/grade", bodies[place % len(bodies)])
                assert grade["reward"] == 1.0, grade

        async def row(first: int, count: int) -> float:
            places = iter(range(first, first + count))
            started = time.perf_counter()
            await asyncio.gather(*(client(connection, places) for connection in self._connections[:clients]))
            return count / (time.perf_counter() - started)

        return row

    def batch(self, tasks: list[Task]) -> Callable[[int, int], Awaitable[float]]:
        """One client that sends a round's programs as one batch."""
        samples = [{"item": task.item, "sample": task.sample} for task in tasks]

        async def row(first: int, count: int) -> float:
            sent = [samples[place % len(samples)] for place in range(first, first + count)]
            body = json.dumps({"config": CONFIG, "samples": sent}).encode()
            started = time.perf_counter()
            answer = await self._connections[0].post(f"/v1/graders/{GRADER}/grade-batch", body)
            elapsed_s = time.perf_counter() - started
            assert all(result.get("reward") == 1.0 for result in answer["results"]), answer
            return count / elapsed_s

        return row


@asynccontextmanager
async def running(slots: int, clients: int) -> AsyncIterator[Service]:
    """A service, with so many connections to it."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RFT_")}
        environment |= {
            "RFT_PORT": str(_PORT), "RFT_METRICS_PORT": "-1", "RFT_DATA_DIR": folder, "RFT_SANDBOX_SLOTS": str(slots)
        }  # fmt: skip
        command = [sys.executable, "-m", "app.cli", "serve"]
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            connections = [await _connected() for _ in range(clients)]
            yield Service(connections)
            for connection in connections:
                connection.close()
        finally:
            process.terminate()
            await process.wait()


async def _connected() -> Connection:
    for _ in range(300):
        with contextlib.suppress(ConnectionRefusedError):
            return Connection(*await asyncio.open_connection("127.0.0.1", _PORT, limit=64 << 20))
        await asyncio.sleep(0.1)
    raise AssertionError("The service does not answer.")
