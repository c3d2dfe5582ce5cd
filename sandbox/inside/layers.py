"""The layers of the jail: those that a zygote takes once, and those that every run adds.

Each layer that the host allows is applied; which ones were is told to the service, which knows the required minimum.
"""

import os
import resource
import signal
from pathlib import Path
from typing import Any

from sandbox.inside import kernel
from sandbox.inside.filters import RunFilter, zygote_filter
from sandbox.inside.protocol import Run
from sandbox.inside.syscalls import Syscalls, machine

_NAMESPACES = {
    "pid": kernel.CLONE_NEWPID,
    "net": kernel.CLONE_NEWNET,
    "ipc": kernel.CLONE_NEWIPC,
    "uts": kernel.CLONE_NEWUTS,
    "mnt": kernel.CLONE_NEWNS,
}
# Above what a run is given, so that those descriptors come in order from 3.
_RULESET = 61
_STACK_BYTES = 64 << 20
# Processes of a slot's own user that are no threads of the run: the zygote, its parent, the run's first thread.
_OWN_PROCESSES = 3
_COUNTS_PER_USER_NAMESPACE = (5, 14)


class Jail:
    """A zygote's jail. Its methods are called in the order in which they stand here."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self.layers: list[str] = []
        self._counts_threads = False
        self._own_bytes = 0
        # With the first process of its namespace, the kernel ends all others.
        self._is_first = False

    def separate(self) -> None:
        """Takes namespaces and goes on as process 1 of its own, where that is allowed. The caller's process waits."""
        _prefer_for_oom()
        is_root = os.geteuid() == 0
        user, group = os.geteuid(), os.getegid()
        flags = sum(_NAMESPACES.values()) | (0 if is_root else kernel.CLONE_NEWUSER)
        try:
            kernel.unshare(flags)
        except OSError:
            return
        if not is_root:
            _map_user(user, group)
            self._counts_threads = _kernel_version() >= _COUNTS_PER_USER_NAMESPACE
            self.layers.append("userns")
        self.layers.append("namespaces:" + ",".join(_NAMESPACES))
        _go_on_as_child()
        self._is_first = True

    def enter(self) -> None:
        """Takes every other layer that lasts; from here on nothing but the interpreter's files can be read."""
        self._drop_user()
        if self._is_first:
            # The parent only waits. A change of user would forget this, so it comes after that.
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        self._limit_resources()
        self._take_landlock()
        self._take_seccomp()
        self._own_bytes = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()

    def restrict(self, run: Run) -> None:
        """Takes the layers of one run, in its own process. Descriptors above the run's own must be closed after it."""
        if not self._is_first:
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        # A second between the two: first the signal that says what it is for, then, if it is ignored, SIGKILL.
        kernel.limit(resource.RLIMIT_CPU, run.cpu_s, run.cpu_s if run.cpu_s < 0 else run.cpu_s + 1)
        kernel.limit(resource.RLIMIT_AS, self._own_bytes + run.memory_bytes)
        kernel.limit(resource.RLIMIT_FSIZE, run.output_bytes)
        kernel.limit(resource.RLIMIT_NOFILE, run.files)
        if self._counts_threads:
            kernel.limit(resource.RLIMIT_NPROC, run.threads + _OWN_PROCESSES)
        self.take_own_domain()
        self.take_small_filter(run)

    def take_own_domain(self) -> None:
        """A run may not reach another one, which is in a domain of its own too."""
        if self._abi:
            kernel.landlock_restrict(_RULESET, self._abi)

    def take_small_filter(self, run: Run) -> None:
        has_threads = self._counts_threads and run.threads > 0
        self._filters[has_threads, run.cpu_s < 0].install(os.getpid())

    def _drop_user(self) -> None:
        user = self._config["user"]
        if user is not None:
            try:
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(user, user, user)
            except PermissionError:
                # A root without CAP_SETUID stays what it is.
                pass
            else:
                self._counts_threads = True
                self.layers.append("uid")
        kernel.drop_capabilities()
        self.layers.append("capabilities")

    def _limit_resources(self) -> None:
        for kind in (resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE, resource.RLIMIT_RTPRIO):
            kernel.limit(kind, 0)
        kernel.limit(resource.RLIMIT_STACK, _STACK_BYTES)
        self.layers.append("rlimits")

    def _take_landlock(self) -> None:
        self._abi = kernel.landlock_abi()
        if not self._abi:
            return
        files, folders = self._config["files"], self._config["folders"]
        # The zygote itself reads from /proc how long a run has waited for a CPU; a run's own rules leave that out. What
        # else may be read, the zygote's rules say.
        roots = sorted({"/" + path.split("/")[1] for path in (*files, *folders)})
        ruleset = kernel.landlock_ruleset(self._abi, [], roots)
        os.dup2(ruleset, _RULESET, inheritable=False)
        os.close(ruleset)
        own = kernel.landlock_ruleset(self._abi, files, [*folders, "/proc"])
        kernel.landlock_restrict(own, self._abi)
        os.close(own)
        self.layers.append(f"landlock{self._abi}")

    def _take_seccomp(self) -> None:
        calls = Syscalls(machine())
        self._filters = {
            (has_threads, sets_own_time): RunFilter(calls, has_threads=has_threads, sets_own_time=sets_own_time)
            for has_threads in (False, True)
            for sets_own_time in (False, True)
        }
        kernel.Filter(zygote_filter(calls)).install()
        self.layers.append("seccomp")
        if self._counts_threads:
            self.layers.append("threads")


def _prefer_for_oom() -> None:
    """Lets the kernel take a process of the sandbox, the largest first, before any of the service."""
    Path("/proc/self/oom_score_adj").write_text("1000")


def _map_user(user: int, group: int) -> None:
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _go_on_as_child() -> None:
    """Forks; the parent waits for the child and never returns."""
    child = os.fork()
    if child:
        _close_all_but_stderr()
        os.waitpid(child, 0)
        os._exit(0)


def _close_all_but_stderr() -> None:
    os.closerange(0, 2)
    os.closerange(3, 1024)


def _kernel_version() -> tuple[int, ...]:
    return tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
