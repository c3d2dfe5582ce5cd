"""uvicorn's server with an end that loses nothing: what was accepted is answered, and who comes late is told so."""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Callable, Collection
from socket import socket
from types import FrameType
from typing import Any

import uvicorn

from app.drain import Drain

_log = logging.getLogger(__name__)

# How often it is looked whether something has happened, s.
_LOOK_S = 0.02
# The end is at most so long after the time is up, s: for the commits of what was cut off, for answering whatever is not
# done even then, for closing the parts, and for the last answers to leave.
END_S = 3.0
_COMMIT_S, _CANCEL_S, _CLOSE_S, _FLUSH_S = 1.0, 0.3, 1.0, 0.4
# No request for so long: nobody is on the way to a connection that is about to be closed, s.
_QUIET_S = 0.1
# Waiting for that moment takes so long at most once the time is up, and before that so long, s: callers that were
# answered a moment ago are a round trip away.
_QUIET_LEAST_S, _QUIET_MOST_S = 0.3, 1.5


class GracefulServer(uvicorn.Server):
    """Drains when SIGTERM or SIGINT comes; the second one ends the waiting.

    Args:
        wait_s: how long requests are still taken.
        timeout_s: how long after the signal what is unfinished is cut off.
    """

    def __init__(self, config: uvicorn.Config, drain: Drain, *, wait_s: float, timeout_s: float) -> None:
        super().__init__(config)
        self.drain = drain
        self._wait_s, self._timeout_s = wait_s, timeout_s
        self._signalled_at = 0.0
        self._is_hastened = False
        self._is_stuck = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._signalled_at:
            self._is_hastened = True
        else:
            self._signalled_at = time.monotonic()
            # Not here: Python runs this between any two bytecodes, that is, in the midst of an answer as well.
            asyncio.get_running_loop().call_soon_threadsafe(self._leave)
        super().handle_exit(sig, frame)

    def _leave(self) -> None:
        """Once, whoever sees the signal first: the loop's next turn, or the end of the main loop."""
        if self.drain.is_leaving:
            return
        self.drain.leave()
        for connection in list(self.server_state.connections):
            connection.leave()  # type: ignore[union-attr]  # they are ours
        if not self._wait_s:
            self.drain.close()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Answers what was accepted, closes the parts, and only then the doors, so that nobody finds no one there."""
        self._leave()
        await self._drained()
        await self._close_parts()
        if self.server_state.connections:
            await self._quiet()
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        await self._disconnected()
        if self._is_stuck:
            # What does not close cannot be cancelled either, and asyncio would wait for it. Everybody has an answer.
            sys.stdout.flush()
            os._exit(0)

    async def _drained(self) -> None:
        under_way = len(self.server_state.tasks)
        _log.info("Stopping: %d requests under way; more are taken for %g s", under_way, self._wait_s)
        await self._within(self._wait_s, lambda: False)
        self.drain.close()
        # Those that come from now on are refused at the door.
        admitted = set(self.server_state.tasks)
        left_s = self._signalled_at + self._timeout_s - time.monotonic()
        await self._within(left_s, lambda: _all_done(admitted))
        if _all_done(admitted):
            return
        unfinished = sum(not task.done() for task in admitted)
        _log.warning("%d requests are cut off by the stop: they are answered 503", unfinished)
        self.drain.cut()
        await _ended(admitted, _COMMIT_S)
        for task in admitted:
            task.cancel()
        await _ended(admitted, _CANCEL_S)

    async def _close_parts(self) -> None:
        until = self._signalled_at + self._timeout_s + END_S - _QUIET_LEAST_S - _FLUSH_S
        try:
            await asyncio.wait_for(self.lifespan.shutdown(), max(_CLOSE_S, until - time.monotonic()))
        except TimeoutError:
            _log.error("A part of the service does not close (a database that does not answer?); it is left as it is")
            self._is_stuck = True

    async def _within(self, seconds: float, is_over: Callable[[], bool]) -> None:
        """Waits so long at most, until `is_over` or a second signal comes."""
        until = time.monotonic() + seconds
        while not self._is_hastened and not is_over() and time.monotonic() < until:  # noqa: ASYNC110 - signals set no event
            await asyncio.sleep(_LOOK_S)

    async def _quiet(self) -> None:
        """Waits for those at the doorway to be answered, and for a moment in which nobody comes or is about to."""
        now = time.monotonic()
        last = max(now + _QUIET_LEAST_S, self._signalled_at + self._timeout_s + END_S - _FLUSH_S)
        until = min(now + (_QUIET_LEAST_S if self._is_hastened else _QUIET_MOST_S), last)
        answered = -1
        while time.monotonic() < (last if self._is_anybody_waiting() else until):
            is_silent = answered == self.server_state.total_requests
            if is_silent and not self._is_anybody_waiting() and not self._is_anybody_expected():
                return
            answered = self.server_state.total_requests
            await asyncio.sleep(_QUIET_S)

    def _is_anybody_waiting(self) -> bool:
        return any(one.is_unanswered() for one in self.server_state.connections)  # type: ignore[union-attr]

    def _is_anybody_expected(self) -> bool:
        return any(one.is_expected() for one in self.server_state.connections)  # type: ignore[union-attr]

    async def _disconnected(self) -> None:
        for connection in list(self.server_state.connections):
            connection.close_idle()  # type: ignore[union-attr]  # they are ours
        until = time.monotonic() + _FLUSH_S
        while self.server_state.connections and time.monotonic() < until:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(_LOOK_S)


def _all_done(tasks: Collection[asyncio.Task[Any]]) -> bool:
    return all(task.done() for task in tasks)


async def _ended(tasks: Collection[asyncio.Task[Any]], seconds: float) -> None:
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)
