"""The seccomp filters on both architectures, executed by a small machine of the test's own."""

import errno
import fcntl
import os
import re
import resource
import signal
import socket
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from sandbox.inside.bpf import ALLOW, KILL, error
from sandbox.inside.filters import RunFilter, zygote_filter
from sandbox.inside.syscalls import ARCHITECTURES, Syscalls

DENY = error(errno.EPERM)
CLONE_THREAD = 0x10000
CLONE_VM_AND_FILES = 0x500
MACHINES = list(ARCHITECTURES)


def execute(code: bytes, arch: int, number: int, arguments: Sequence[int] = ()) -> int:
    """What the filter answers to one call, as the kernel's interpreter would (net/core/filter.c)."""
    data = struct.pack("=IIQ6Q", number, arch, 0, *(*arguments, 0, 0, 0, 0, 0, 0)[:6])
    steps = [struct.unpack_from("=HBBI", code, place) for place in range(0, len(code), 8)]
    place = accumulator = 0
    while True:
        operation, if_true, if_false, operand = steps[place]
        place += 1
        if operation == 0x06:
            return operand
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, operand)
            continue
        holds = {
            0x15: accumulator == operand,
            0x25: accumulator > operand,
            0x35: accumulator >= operand,
            0x45: bool(accumulator & operand),
            0x54: False,
        }[operation]
        if operation == 0x54:
            accumulator &= operand
        place += if_true if holds else if_false


@pytest.fixture(params=MACHINES)
def calls(request: pytest.FixtureRequest) -> Syscalls:
    return Syscalls(request.param)


def test_the_large_filter_allows_what_is_listed_kills_what_only_attackers_call_and_denies_the_rest(
    calls: Syscalls,
) -> None:
    code = zygote_filter(calls)
    checked = {"ioctl", "prlimit64", "fcntl", "socketpair", "close_range"}

    for number in range(1024):
        name = next((name for name, known in calls.number.items() if known == number), "")
        expected = DENY
        if name in calls.allowed or (name in calls.zygotes and name not in checked):
            expected = ALLOW
        elif name in calls.killed:
            expected = KILL
        elif name == "clone3":
            expected = error(errno.ENOSYS)
        if name not in checked:
            assert execute(code, calls.audit_arch, number) == expected, name or number
    assert execute(code, calls.audit_arch, calls.number["prlimit64"], [0]) == ALLOW
    assert execute(code, calls.audit_arch, calls.number["prlimit64"], [1]) == DENY
    assert execute(code, calls.audit_arch, calls.number["ioctl"], [0, 0x5401]) == ALLOW
    assert execute(code, calls.audit_arch, calls.number["ioctl"], [0, 0x5412]) == DENY  # TIOCSTI


@pytest.mark.parametrize(
    ("name", "allowed", "denied"),
    [
        ("close_range", [5, 9, 4], [5, 9, 2]),  # CLOSE_RANGE_CLOEXEC, CLOSE_RANGE_UNSHARE
        *[("futex", [0, waits], [0, wakes]) for waits in (0, 9, 265, 128, 129) for wakes in (1, 3, 4, 5, 10, 257)],
        ("socketpair", [socket.AF_UNIX], [30]),  # AF_TIPC
        *[("fcntl", [0, fcntl.F_SETFL], [0, command]) for command in (5, 6, 7, 8, 10, 15, 37, 1024, 1026, 1031)],
        ("openat", [0, 0, os.O_WRONLY | os.O_CREAT | os.O_TRUNC], [0, 0, os.O_RDONLY | os.O_TRUNC]),
        ("openat", [0, 0, os.O_RDONLY | os.O_CLOEXEC], [0, 0, os.O_ACCMODE | os.O_TRUNC]),
    ],
)
def test_arguments_by_which_a_call_would_reach_others_are_denied(
    calls: Syscalls, name: str, allowed: list[int], denied: list[int]
) -> None:
    code = zygote_filter(calls)

    assert execute(code, calls.audit_arch, calls.number[name], allowed) == ALLOW
    assert execute(code, calls.audit_arch, calls.number[name], denied) == DENY


def test_other_architectures_and_x32_are_killed(calls: Syscalls) -> None:
    for code in (zygote_filter(calls), bytes(RunFilter(calls, has_threads=True).code)):
        assert execute(code, 0x40000003, calls.number["read"]) == KILL
        assert execute(code, calls.audit_arch, 0x40000000 | calls.number["read"]) == KILL


@pytest.mark.parametrize("has_threads", [True, False])
def test_the_small_filter_leaves_a_run_its_threads_and_itself(calls: Syscalls, has_threads: bool) -> None:
    small = RunFilter(calls, has_threads=has_threads)
    small.put_pid(4711)
    code, arch, number = bytes(small.code), calls.audit_arch, calls.number

    assert execute(code, arch, number["read"]) == ALLOW
    assert execute(code, arch, number["clone"], [CLONE_THREAD | CLONE_VM_AND_FILES]) == (ALLOW if has_threads else DENY)
    assert execute(code, arch, number["clone"], [CLONE_THREAD | 0x100]) == DENY
    assert execute(code, arch, number["clone"], [17]) == DENY
    for name, place in (("kill", 1), ("tgkill", 2)):
        for signaled in (signal.SIGABRT, signal.SIGTERM, signal.SIGKILL):
            arguments = [4711, signaled, 0] if place == 1 else [4711, 4711, signaled]
            assert execute(code, arch, number[name], arguments) == (DENY if signaled == signal.SIGKILL else ALLOW)
        assert execute(code, arch, number[name], [4711]) == ALLOW
        assert execute(code, arch, number[name], [4712]) == DENY
        assert execute(code, arch, number[name], [0xFFFFFFFFFFFFFFFF]) == DENY
    for pointer in (1, 1 << 40):
        assert execute(code, arch, number["prlimit64"], [0, resource.RLIMIT_CPU, pointer]) == DENY
        assert execute(code, arch, number["prlimit64"], [0, resource.RLIMIT_STACK, pointer]) == ALLOW
    assert execute(code, arch, number["prlimit64"], [0, resource.RLIMIT_CPU, 0]) == ALLOW
    judges = bytes(RunFilter(calls, has_threads=has_threads, sets_own_time=True).code)
    assert execute(judges, arch, number["prlimit64"], [0, resource.RLIMIT_CPU, 1]) == ALLOW
    assert execute(code, arch, number["prctl"], [15]) == ALLOW
    assert execute(code, arch, number["prctl"], [38]) == DENY
    for name in ("seccomp", "landlock_restrict_self", "pidfd_open", "wait4", "waitid"):
        assert execute(code, arch, number[name]) == DENY


@pytest.mark.parametrize(
    ("machine", "header", "pattern"),
    [
        ("x86_64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", r"#define __NR_(\w+)\s+(\d+)"),
        ("aarch64", "/usr/include/asm-generic/unistd.h", r"#define __NR(?:3264)?_(\w+)\s+(\d+)"),
    ],
)
def test_the_numbers_are_those_of_the_kernels_headers(machine: str, header: str, pattern: str) -> None:
    if not Path(header).exists():
        pytest.skip("the kernel's headers are not installed")
    theirs = {name: int(number) for name, number in re.findall(pattern, Path(header).read_text())}
    theirs.setdefault("newfstatat", theirs.get("fstatat", -1))

    assert {name: theirs[name] for name in Syscalls(machine).number} == Syscalls(machine).number


def test_the_readme_says_how_many_calls_there_are() -> None:
    x86, arm = (Syscalls(machine) for machine in MACHINES)
    said = (
        f"all but {len(x86.allowed)} system calls (arm64: {len(arm.allowed)}) and {len(x86.zygotes)} that only the "
        f"zygote's own work needs; {len(x86.killed)} that only attackers call"
    )

    assert len(arm.zygotes) == len(x86.zygotes)
    assert len(arm.killed) == len(x86.killed)
    assert said in (Path(__file__).parents[2] / "sandbox" / "README.md").read_text("utf-8")
