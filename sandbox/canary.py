"""The first program of every process: it shows that an honest program works in the finished jail, and that the jail
is closed."""

import json
from collections.abc import Sequence

from graders.api import Program
from graders.kit.values import decode
from sandbox.errors import SlotLost, Unavailable
from sandbox.process import JailedProcess
from sandbox.settings import SandboxSettings
from sandbox.shapes import structured

REQUIRED = ("landlock", "seccomp", "rlimits")
"""The least isolation: without Landlock a program reads files, without seccomp it reaches the network and others."""

_SOURCE = """
import os, threading

def works(modules, has_threads):
    import decimal, fractions, json, statistics, unicodedata, zoneinfo
    for name in modules:
        __import__(name)
    if has_threads:
        thread = threading.Thread(target=len, args=("",))
        thread.start()
        thread.join()
    return str(decimal.Decimal(1) / 7)[:4]

def leaks(paths):
    found = ["environment"] if os.environ else []
    for path in paths:
        try:
            os.close(os.open(path, os.O_RDONLY))
            found.append(path)
        except OSError:
            pass
    for name, attempt in ATTEMPTS.items():
        try:
            attempt()
            found.append(name)
        except OSError:
            pass
    return found

def fork():
    if os.fork() == 0:
        os._exit(0)

def connect():
    import socket
    socket.socket().close()

ATTEMPTS = {
    "fork": fork,
    "socket": connect,
    "signal": lambda: os.kill(os.getppid() or -1, 0),
    "memfd": lambda: os.close(os.memfd_create("x")),
    "write": lambda: os.close(os.open("/tmp/canary", os.O_WRONLY | os.O_CREAT)),
}

def canary(modules, has_threads, paths):
    return [works(modules, has_threads), leaks(paths)]
"""

_WORKS = "0.14"
_FORBIDDEN = ("/etc/passwd", "/proc/self/environ", "/proc/1/cmdline", "/")


def missing_layers(layers: Sequence[str]) -> list[str]:
    """What of `REQUIRED` is not among the layers in force."""
    return [name for name in REQUIRED if not any(layer.startswith(name) for layer in layers)]


def check_layers(process: JailedProcess, settings: SandboxSettings) -> None:
    """Whether the layers in force are enough.

    Raises:
        Unavailable: one of `REQUIRED` is missing, and the settings do not allow that.
    """
    missing = missing_layers(process.layers)
    if missing and not settings.allow_degraded:
        raise Unavailable(
            f"This host has no {' and no '.join(missing)}, so programs would not be jailed. Use a kernel of 5.13 or "
            "later with Landlock, or set RFT_SANDBOX_ALLOW_DEGRADED=1 if all programs are your own."
        )


async def try_out(process: JailedProcess, settings: SandboxSettings) -> None:
    """Runs the canary in a zygote.

    Raises:
        Unavailable: an honest program does not work there, or a hostile one would.
    """
    packages = list(process.interpreter.packages)
    call = {"args": [packages, "threads" in process.layers, list(_FORBIDDEN)], "kwargs": {}}
    program = Program(_SOURCE, entry_point="canary", calls=(json.dumps(call),), timeout_s=20.0)
    try:
        found = await structured(process, program)
    except SlotLost as error:
        raise Unavailable(error.detail) from error
    result = found.results[0]
    if result.outcome != "returned":
        raise Unavailable(
            f"An honest program does not work in the jail: {result.error or found.error or found.outcome}"
        )
    works, leaks = decode(result.value)
    if works != _WORKS or (leaks and not settings.allow_degraded):
        raise Unavailable(f"The jail is open: a program could reach {', '.join(leaks)}.")
