"""The process in which pure calls run when they must be killable: `python -m graders.worker MEMORY_MIB WITHOUT
[FOLDER ...]`. WITHOUT is a JSON list of ids that need not be loaded; the folders are those of `RFT_GRADERS_PATH`.

Frames on stdin and stdout: four bytes of length (big-endian), then that many. A frame in is the JSON of a list of jobs,
`{"grader", "digest", "config", "calls"}`; it is answered with one frame: the microseconds that it took (four bytes,
big-endian), and the outcomes (`graders.calls`), one per call, in order.
"""

import ctypes
import gc
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from pydantic_core import from_json

from graders.calls import Outcome, encode_outcomes, perform_all
from graders.errors import GraderCrashed, Unscored
from graders.group_calls import perform_group
from graders.registry import Registry, UnknownGrader

_PR_SET_PDEATHSIG = 1
# Fewer new objects than this do not wake the garbage collector.
_GC_OBJECTS = 50_000
_TIME_MAX_US = (1 << 32) - 1


def main() -> None:
    """Serves until stdin closes. The first frame out, an empty one, says that the graders are loaded."""
    memory_mib, without, folders = int(sys.argv[1]), from_json(sys.argv[2]), sys.argv[3:]
    # What is loaded stays; the collector's walks over it, and over what a judgement drops anyway, cost 5 % of all.
    gc.set_threshold(_GC_OBJECTS, 20, 20)
    _die_with_parent()
    _limit(memory_mib)
    frames, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # A grader, or a program that it starts, would read the next frame from stdin, or wait for it.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # A grader that forks must not answer twice.
    os.register_at_fork(after_in_child=lambda: os._exit(1))
    # What a grader prints goes to the log, never between the frames.
    os.dup2(2, 1)
    registry = Registry([Path(folder) for folder in folders], without)
    gc.collect()
    gc.freeze()
    _write(answers, b"")
    for jobs in _read(frames):
        began_ns = time.monotonic_ns()
        answer = encode_outcomes([outcome for job in jobs for outcome in _outcomes(registry, job)])
        spent_us = (time.monotonic_ns() - began_ns) // 1000
        _write(answers, min(spent_us, _TIME_MAX_US).to_bytes(4, "big") + answer)


def _write(stream: BinaryIO, body: bytes) -> None:
    stream.write(len(body).to_bytes(4, "big") + body)
    stream.flush()


def _read(stream: BinaryIO) -> Iterator[Any]:
    while head := stream.read(4):
        yield from_json(stream.read(int.from_bytes(head, "big")))


def _outcomes(registry: Registry, job: dict[str, Any]) -> Iterator[Outcome]:
    calls = job["calls"]
    try:
        version = registry[job["grader"]].version
        if version.digest != job["digest"]:
            raise GraderCrashed(f"The files of {version.id} changed under the running service. Restart it.")
        config = version.read_config(job["config"])
    except UnknownGrader as error:
        yield from [GraderCrashed(_not_loaded(registry, job["grader"], error))] * len(calls)
    except Unscored as error:
        yield from [error] * len(calls)
    else:
        if "members" in calls[0]:
            yield from (perform_group(version, config, call) for call in calls)
        else:
            yield from perform_all(version, config, calls)


def _not_loaded(registry: Registry, id: str, error: UnknownGrader) -> str:
    """Why `id`, which the service has loaded, is not there."""
    if (why := registry.unhealthy.get(id)) is None:
        return error.detail
    limit_mib = resource.getrlimit(resource.RLIMIT_AS)[0] >> 20
    return (
        f"{id} cannot be loaded in a worker, though the service could load it. {why} A worker has {limit_mib} MiB of "
        "address space (RFT_WORKER_MEMORY_MIB), and of the environment only PATH, LANG, LC_ALL and PYTHONPATH."
    )


def _die_with_parent() -> None:
    """Linux kills this process when the service dies, also while a call never returns to read its closed stdin."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit(memory_mib: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_mib << 20, memory_mib << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    # Ctrl-C goes to the whole terminal, and systemd's stop to all processes; the service ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    main()
