"""A throw-away machine: `python contained.py PROFILE MODULE ARGUMENTS ...` runs a module of this project in it.

Own processes, network, IPC and mounts; /tmp and /dev/shm are empty, small and its own. Whatever hostile programs do
there is gone when it ends, and what they leave behind can be told from what others left. PROFILE is that of
`tests/sandbox/ordinary.py`, or `root` to stay who one is.
"""

import ctypes
import os
import shutil
import signal
import socket
import struct
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PLACE = Path("/tmp/world")
"""The home of the service under attack."""
COPY = Path("/tmp/project")

_PACKAGES = ("graders", "sandbox", "tests/hostile", "tests/sandbox")
_EMPTIED = ("/tmp", "/dev/shm", "/var/tmp")
_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
_PRIVATE, _BIND = 0x44000, 0x1000
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    profile, module, *arguments = sys.argv[1:]
    separate()
    # A file below /tmp would be hidden by the mounts.
    known = Path(profile).read_bytes() if profile.startswith("/") else b""
    own_files("64m", PROJECT, Path(sysconfig.get_path("purelib")))
    _copy_project()
    if known:
        (COPY / "profile.json").write_bytes(known)
        profile = str(COPY / "profile.json")
    as_user = [sys.executable, str(COPY / "tests/sandbox/ordinary.py"), profile] if profile != "root" else []
    command = [*as_user, interpreter(), "-m", module, *arguments]
    os.chdir(COPY)
    child = os.posix_spawn(command[0], command, os.environ)
    status = 0
    # As the first process here, it buries whatever is left to it.
    while (ended := os.wait())[0] != child:
        status = ended[1]
    status = ended[1]
    sys.exit(os.waitstatus_to_exitcode(status) & 0xFF or _survivors())


def separate() -> None:
    """Goes on as the first process of namespaces of its own.

    Raises:
        OSError: the host allows none.
    """
    user, group = os.geteuid(), os.getegid()
    flags = _NEWNS | _NEWUTS | _NEWIPC | _NEWPID | _NEWNET
    _done(_libc.unshare(flags if user == 0 else flags | _NEWUSER), "unshare")
    if user:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path("/proc/self", name).write_text(text)
    child = os.fork()
    if child:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: os.kill(child, signal.SIGKILL))
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)
    _libc.prctl(1, signal.SIGKILL)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket, suppress(OSError):
        import fcntl

        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))


def own_files(size: str, *kept: Path) -> None:
    """Empty folders where programs like to write, and a /proc of the processes here. What is `kept` stays in place."""
    hidden = {path: os.open(path, os.O_PATH) for path in kept if str(path).startswith(_EMPTIED)}
    _mount("none", "/", "", _PRIVATE, "")
    _mount("proc", "/proc", "proc", 0, "")
    for folder in _EMPTIED:
        _mount("tmpfs", folder, "tmpfs", 0, f"size={size},mode=1777")
    for path, descriptor in hidden.items():
        path.mkdir(parents=True, exist_ok=True)
        _mount(f"/proc/self/fd/{descriptor}", str(path), "", _BIND, "")
        os.close(descriptor)
    Path("/tmp/mq").mkdir()
    _mount("mqueue", "/tmp/mq", "mqueue", 0, "")


def _copy_project() -> None:
    """What every user can read of the project."""
    for package in _PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / package, COPY / package, ignore=ignored)
    PLACE.mkdir(mode=0o777)
    PLACE.chmod(0o777)


def interpreter() -> str:
    """A Python of this version that every user can read."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found = [f"/usr/bin/python{version}", f"/usr/local/bin/python{version}", sys.executable]
    return next(path for path in found if Path(path).exists())


def _survivors() -> int:
    """98 if a process outlived the one that was started here."""
    left = [path for path in Path("/proc").iterdir() if path.name.isdecimal() and path.name != "1"]
    names = [(path / "cmdline").read_bytes() for path in left]
    if left:
        sys.stderr.write(f"Processes are left: {names}\n")
    return 98 if left else 0


def _mount(what: str, where: str, kind: str, flags: int, options: str) -> None:
    arguments = (what.encode(), where.encode(), kind.encode() or None, flags, options.encode() or None)
    _done(_libc.mount(*arguments), f"mount {where}")


def _done(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    main()
