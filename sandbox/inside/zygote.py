"""A zygote: `python zygote.py ROLE`, started by exec with an empty environment, its control socket as stdin.

It imports what programs will want, takes the layers of the jail that last, and then forks one process per run. It
holds no secret and no program: a run reads its job itself, from a descriptor that the zygote closes unread.
"""

import gc
import json
import os
import select
import signal
import site
import socket
import sys
import time
import traceback
import types
from array import array
from collections.abc import Sequence
from contextlib import suppress
from mmap import PAGESIZE, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

if not TYPE_CHECKING:
    # The project's packages without their __init__, which would import the service's half.
    for name in ("sandbox", "graders", "graders.kit"):
        package = types.ModuleType(name)
        package.__path__ = [str(Path(__file__).parents[2].joinpath(*name.split(".")))]
        sys.modules[name] = package

from sandbox.inside import candidate, judge, protocol, replay
from sandbox.inside.layers import Jail
from sandbox.inside.protocol import Note, Report, Run
from sandbox.inside.warm_up import preload, warm_up

# A larger buffer would be mapped and unmapped for every message.
_MESSAGE_BYTES = 4096
_CONFIG_BYTES = 1 << 18
_EXTRAS_BYTES = socket.CMSG_SPACE(8 * array("i").itemsize)
_CONTROL, _LOG, _STARTED = 60, 62, 63
_DESCRIPTORS_END = 256
_BROKEN = 70
_LONG_S = 86_400.0
# How long a run has waited for a CPU is not asked below this: the answer takes 100 us.
_SHORT_US = 20_000


def main() -> None:
    """Serves until the control socket closes."""
    role = sys.argv[1]
    os.dup2(0, _CONTROL, inheritable=False)
    control = socket.socket(fileno=_CONTROL)
    config = json.loads(control.recv(_CONFIG_BYTES))
    jail = Jail(config)
    jail.separate()
    sys.path += config["packages_in"]
    preload(config["preload"])
    if role == "candidate":
        # `exit` and `quit`, which `python -S` leaves out.
        site.setquit()
    _forget_the_environment()
    _point_at_nothing()
    jail.enter()
    warm_up()
    work = {"candidate": candidate, "judge": judge}.get(role)
    for module in [module for module in sys.modules if module.split(".")[0] in {"sandbox", "graders"}]:
        del sys.modules[module]
    gc.collect()
    gc.freeze()
    gc.disable()
    # The service is gone, or wants this process no more.
    with suppress(ConnectionError):
        control.send(json.dumps({"layers": jail.layers}).encode())
        if work is None:
            replay.serve(control, jail, Run(*config["replay"]))
        else:
            _serve(control, jail, work)


def _forget_the_environment() -> None:
    os.environ.clear()
    sys.argv = sys.orig_argv = ["solution.py"]
    sys.path[:] = [folder for folder in sys.path if folder != str(Path(__file__).parent)]


def _point_at_nothing() -> None:
    """/dev/null behind descriptors 0 to 2, and text streams that fit any file there. What ends a zygote is logged."""
    os.dup2(2, _LOG, inheritable=False)
    sys.excepthook = _log
    nothing = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        errors = "surrogateescape" if mode == "r" else "backslashreplace"
        stream = open(descriptor, mode, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _log(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    lines = "".join(traceback.format_exception(kind, error, trace))
    os.write(_LOG, f"A sandbox process ends: {lines}".encode())


def _serve(control: socket.socket, jail: Jail, work: Any) -> None:
    # Shared with judges alone; no run finds there what another one left.
    page = mmap(-1, PAGESIZE) if work is judge else bytearray(PAGESIZE)
    blank = bytes(PAGESIZE)
    started = _started_pipe()
    watch = _Watch(control, page, started)
    while True:
        message, extras, _, _ = control.recvmsg(_MESSAGE_BYTES, _EXTRAS_BYTES)
        descriptors = array("i", extras[0][2]) if extras else array("i")
        if not message:
            return
        if message[:1] != protocol.RUN:
            # About a run that has ended meanwhile.
            continue
        order = Run.unpack(message)
        page[:] = blank
        watch.begin(order)
        try:
            child = os.fork()
        except OSError as error:
            report = Report(order.number, protocol.NEVER_STARTED, -(error.errno or 0), 0, 0, 0, 0, 0, 0)
        else:
            if child == 0:
                _become(order, descriptors, jail, page, work)
            report = watch.report(child)
        for descriptor in descriptors:
            os.close(descriptor)
        control.send(report.pack())


def _started_pipe() -> int:
    """The end of a pipe that holds a byte once a run has taken its layers; the other end is `_STARTED`."""
    read, write = os.pipe2(os.O_NONBLOCK)
    os.dup2(write, _STARTED, inheritable=False)
    os.close(write)
    os.dup2(read, _STARTED + 1, inheritable=False)
    os.close(read)
    return _STARTED + 1


def _become(order: Run, descriptors: Sequence[int], jail: Jail, page: mmap | bytearray, work: Any) -> None:
    """Turns this process into the run's. Nothing returns from here."""
    try:
        for source, target in zip(descriptors, work.DESCRIPTORS, strict=False):
            if source != target:
                os.dup2(source, target)
        jail.restrict(order)
        os.write(_STARTED, b"1")
        # The pipe too: a program that could take the word back would stay without a reward.
        os.closerange(max(work.DESCRIPTORS) + 1, _DESCRIPTORS_END)
        sys.excepthook = sys.__excepthook__
        work.main(page)
    finally:
        os._exit(_BROKEN)


class _Watch:
    """Waits for a run's process, and ends it at its wall limit or when it is told to.

    Whatever the zygote writes to while a run lives is a page to be copied, so between fork and poll it does next to
    nothing.
    """

    def __init__(self, control: socket.socket, page: mmap | bytearray, started: int) -> None:
        self._control, self._page, self._was_started = control, page, started
        self._poll = select.poll()
        self._poll.register(_CONTROL, select.POLLIN)

    def begin(self, order: Run) -> None:
        """Notes what is about to start."""
        self._order = order
        self._ended = protocol.BY_ITSELF
        self._limit_s = order.timeout_ms / 1000
        self._started = time.monotonic()

    def report(self, child: int) -> Report:
        """What became of the process, once it has ended."""
        self._pidfd = os.pidfd_open(child)
        self._poll.register(self._pidfd, select.POLLIN)
        ready = self._poll.poll(self._order.timeout_ms)
        self._child = child
        while self._pidfd not in dict(ready):
            if ready:
                self._listen()
            elif self._left_s() <= 0:
                self._expire()
            ready = self._poll.poll(max(0.0, self._left_s()) * 1000)
        self._poll.unregister(self._pidfd)
        wall_us = int((time.monotonic() - self._started) * 1e6)
        # Both can be read as long as nobody has waited for the process.
        charged_us = time.clock_gettime_ns(_charged_clock(child)) // 1000
        waited_us = self._times_ns()[1] // 1000 if wall_us > _SHORT_US else 0
        os.close(self._pidfd)
        _, status, usage = os.wait4(child, 0)
        cpu_us = int((usage.ru_utime + usage.ru_stime) * 1e6)
        ended = self._ended if self._has_started() or self._ended == protocol.AT_STOP else protocol.NEVER_STARTED
        times = cpu_us, charged_us, wall_us, waited_us
        return Report(self._order.number, ended, status, *times, usage.ru_maxrss, self._page[protocol.MARK])

    def _has_started(self) -> bool:
        try:
            return bool(os.read(self._was_started, 1))
        except BlockingIOError:
            return False

    def _left_s(self) -> float:
        return self._started + self._limit_s - time.monotonic()

    def _listen(self) -> None:
        message = self._control.recv(_MESSAGE_BYTES)
        if not message:
            os.kill(self._child, signal.SIGKILL)
            os._exit(0)
        note = Note.unpack(message)
        if note.number != self._order.number:
            return
        if note.kind == protocol.STOP:
            self._end(protocol.AT_STOP)
        elif note.kind == protocol.EXTEND:
            self._limit_s = time.monotonic() - self._started + note.amount / 1000
        elif note.kind == protocol.ASK:
            self._tell(protocol.BUSY, sum(self._times_ns()))

    def _tell(self, kind: bytes, amount_ns: int) -> None:
        self._control.send(Note(kind, self._order.number, amount_ns, self._page[protocol.MARK]).pack())

    def _expire(self) -> None:
        """The limit is reached on the clock; what the run has waited for a CPU does not count."""
        waited_s = self._times_ns()[1] / 1e9
        spent_s = time.monotonic() - self._started - waited_s
        allowed_s = self._order.timeout_ms / 1000
        if spent_s < allowed_s:
            self._limit_s += allowed_s - spent_s
        elif self._order.is_live:
            self._limit_s = _LONG_S
            self._tell(protocol.EXPIRED, int(waited_s * 1e9))
        else:
            self._end(protocol.AT_TIMEOUT)

    def _end(self, why: int) -> None:
        self._ended = why
        self._limit_s = _LONG_S
        os.kill(self._child, signal.SIGKILL)

    def _times_ns(self) -> tuple[int, int]:
        """How long the process has run on a CPU, and the longest that one of its threads has waited for one, less what
        its other threads have run: they may be what it has waited for."""
        try:
            info = Path(f"/proc/self/fdinfo/{self._pidfd}").read_text()
            # Where /proc counts processes otherwise than this namespace does, this line still tells its number.
            process = next(line.split()[1] for line in info.splitlines() if line.startswith("Pid:"))
            threads = Path(f"/proc/{process}/task").glob("*/schedstat")
            times = [tuple(map(int, thread.read_text().split()[:2])) for thread in threads]
            run = time.clock_gettime_ns(_cpu_clock(self._child))
        except (OSError, StopIteration):
            return 0, 0
        return run, max(0, *(waited - (run - own) for own, waited in times))


def _charged_clock(pid: int) -> int:
    """The clock by which RLIMIT_CPU is held (CPUCLOCK_PROF of clock_gettime)."""
    return ~pid << 3


def _cpu_clock(pid: int) -> int:
    """The clock that counts what a process has run, its ended threads included (CPUCLOCK_SCHED of clock_gettime)."""
    return ~pid << 3 | 2


if __name__ == "__main__":
    main()
