"""The process in which evaluations run, so that they take no time from grading.

`python -m evaluations.worker MEMORY_MIB` speaks in frames on stdin and stdout: four bytes of length (big-endian), then
that many. A frame in is a line, `NAME TIMEOUT_S`, and the JSON of the request; NAME is one of `_NAMES`. A frame out
begins with `+` and is the JSON of the answer, or with `-` and is `{"error", "detail", "faults"}` with the name of an
InvalidEvaluation. A process that is still busy after the timeout is ended by its own alarm, so none outlives a service
that died.
"""

import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict

from pydantic_core import from_json, to_json

from evaluations import errors
from evaluations.comparison import compare
from evaluations.errors import InvalidEvaluation
from evaluations.f1 import evaluate
from evaluations.moderation import report as moderation
from evaluations.requests import CompareRequest, F1Request, read_json
from graders.errors import Fault

# Grading goes first where both want the same CPU.
_NICENESS = 5

_NAMES: dict[str, Callable[[bytes], bytes]] = {
    "f1": lambda body: to_json(evaluate(read_json(F1Request, body))),
    "compare": lambda body: to_json(compare(read_json(CompareRequest, body))),
    "moderation": moderation.answer,
}


def main() -> None:
    """Serves until stdin closes."""
    memory_bytes = int(sys.argv[1]) << 20
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Ctrl-C goes to the whole terminal, and systemd's stop to all processes; the service ends this one itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(_NICENESS)
    while head := sys.stdin.buffer.read(4):
        line, _, body = sys.stdin.buffer.read(int.from_bytes(head, "big")).partition(b"\n")
        name, timeout_s = line.decode().split()
        signal.setitimer(signal.ITIMER_REAL, float(timeout_s))
        answer = answered(name, body)
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout.buffer.write(len(answer).to_bytes(4, "big") + answer)
        sys.stdout.buffer.flush()


def answered(name: str, body: bytes) -> bytes:
    """The frame that answers a request."""
    try:
        return b"+" + _NAMES[name](body)
    except InvalidEvaluation as error:
        faults = [asdict(fault) for fault in error.faults]
        return b"-" + to_json({"error": type(error).__name__, "detail": error.detail, "faults": faults})


def unpacked(frame: bytes) -> bytes:
    """The answer in a frame of `answered`.

    Raises:
        InvalidEvaluation: the request was refused.
    """
    if frame[:1] == b"+":
        return frame[1:]
    refused = from_json(frame[1:])
    kind: type[InvalidEvaluation] = getattr(errors, refused["error"])
    raise kind(refused["detail"], tuple(Fault(**fault) for fault in refused["faults"]))


if __name__ == "__main__":
    main()
