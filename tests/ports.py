"""Ports for servers that cannot be asked which one they took."""

import os
import secrets
import socket

_WORKERS_MOST = 16


def free_port() -> str:
    """Nobody takes it by chance before the test does: the kernel gives out ports from 32,768 on, and each of the
    processes that run tests chooses among its own."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS_MOST
    while True:
        port = secrets.choice(range(12_000 + number, 32_000, _WORKERS_MOST))
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return str(port)
