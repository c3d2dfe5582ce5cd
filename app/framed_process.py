"""A child process that is spoken to in frames, on its stdin and stdout: four bytes of length (big-endian), then that
many. It knows bytes and life and death; what they mean is its subclasses' business."""

import asyncio
from abc import ABC, abstractmethod
from asyncio.subprocess import PIPE
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self


class FramedProcess(asyncio.SubprocessProtocol, ABC):
    """Made by `start`, ended by `kill` or `finish`."""

    def __init__(self) -> None:
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._received = bytearray()
        self._transport: Any = None
        self._stdin: Any = None

    async def start(self, command: Sequence[str], environment: Mapping[str, str]) -> Self:
        """Starts `command`, which knows nothing of our environment but `environment`.

        Raises:
            OSError: it cannot be started.
        """
        await asyncio.get_running_loop().subprocess_exec(
            lambda: self, *command, stdin=PIPE, stdout=PIPE, stderr=None, env=environment
        )
        return self

    def send(self, body: bytes) -> None:
        """Sends one frame; to a process that is gone it goes nowhere."""
        self._stdin.write(len(body).to_bytes(4, "big") + body)

    def end(self) -> None:
        """Kills the process, if it is there; `ended` is called when it is gone."""
        if not self._gone.done():
            self._transport.kill()

    async def kill(self) -> None:
        """Ends the process and waits until it is gone."""
        self.end()
        await self._gone

    async def finish(self) -> None:
        """Says that nothing more will come and waits until the process has ended by itself."""
        self._stdin.close()
        await self._gone

    @abstractmethod
    def frame_received(self, body: bytes) -> None:
        """Called with every frame that comes out of the process."""

    @abstractmethod
    def ended(self) -> None:
        """Called once, when the process is gone."""

    def connection_made(self, transport: Any) -> None:
        self._transport, self._stdin = transport, transport.get_pipe_transport(0)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._received += data
        for body in self._frames():
            self.frame_received(body)

    def process_exited(self) -> None:
        if not self._gone.done():
            self._gone.set_result(None)
        self._transport.close()
        self.ended()

    def _frames(self) -> Iterator[bytes]:
        received = self._received
        while len(received) >= 4 and len(received) >= (end := 4 + int.from_bytes(received[:4], "big")):
            yield bytes(received[4:end])
            del received[:end]
