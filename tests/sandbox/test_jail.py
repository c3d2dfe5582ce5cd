"""What each layer of the jail stops, seen from inside, as the host allows it."""

import os
from typing import Any

import pytest

from graders.api import Program
from graders.kit.values import decode

Run = Any


@pytest.fixture
def seen(run: Run) -> Any:
    """The value of an expression in a jailed program, or the exception that it ends with."""

    def seen(expression: str, setup: str = "") -> Any:
        source = f"import ctypes, fcntl, os, resource, signal, socket, sys\n{setup}\ndef f():\n    return {expression}"
        found = run.one(source, ())
        (result,) = found.results
        return decode(result.value) if result.outcome == "returned" else result.error or found.outcome

    return seen


def _needs(run: Run, layer: str) -> None:
    if not any(name.startswith(layer) for name in run.sandbox.layers):
        pytest.skip(f"this host does not allow {layer}")


def test_nothing_of_the_service_is_told(seen: Any) -> None:
    assert seen("dict(os.environ)") == {}
    assert seen("os.getcwd()") == "/"
    assert seen("sys.argv + sys.orig_argv") == ["solution.py"] * 2
    assert seen("[name for name in sys.modules if name.startswith(('sandbox', 'graders'))]") == []


def test_a_run_has_its_own_descriptors_and_no_others(seen: Any) -> None:
    assert seen("[descriptor for descriptor in range(256) if _open(descriptor)]", _OPEN) == [0, 1, 2, 4]


_OPEN = """
def _open(fd):
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True
"""


# Long enough that both slots are used.
_WHO = Program(
    "import os, time\ndef f():\n    time.sleep(0.01)\n    return os.getuid()",
    entry_point="f",
    calls=('{"args":[],"kwargs":{}}',),
)


def test_capabilities_and_privileges_are_gone(seen: Any, run: Run) -> None:
    header = "ctypes.create_string_buffer(b'\\x22\\x05\\x08\\x20\\0\\0\\0\\0'), "
    # capget is not on the list, so the jail cannot be asked; what needs a capability fails.
    assert seen(f"ctypes.CDLL(None).capget({header}None)") == -1
    assert seen("os.setuid(0)").startswith("PermissionError")
    assert seen("os.chroot('/')") == "sandbox_violation"


def test_every_process_has_a_user_of_its_own(seen: Any, run: Run) -> None:
    _needs(run, "uid")
    assert seen("os.getuid()") not in {0, os.getuid()}
    assert seen("os.getgroups()") == []
    users = [decode(found.results[0].value) for found in run(*[_WHO] * 20)]
    assert len(set(users)) == 2


def test_namespaces_hide_other_processes_and_the_network(seen: Any, run: Run) -> None:
    _needs(run, "namespaces")
    assert seen("os.getppid()") == 1
    assert seen("[name for _, name in socket.if_nameindex()]").startswith(("PermissionError", "OSError"))


def test_landlock_lets_only_the_interpreters_files_be_read(seen: Any, run: Run) -> None:
    _needs(run, "landlock")
    for path in ("/etc/passwd", "/proc/self/status", "/proc/self/maps", "/tmp", "/root", __file__, "/"):
        assert seen(f"os.open({path!r}, os.O_RDONLY)").startswith("PermissionError"), path
    for path in ("/tmp/jailed-x", "/dev/shm/jailed-x", os.path.join(os.path.dirname(os.__file__), "x.py")):  # noqa: PTH118, PTH120
        assert seen(f"os.open({path!r}, os.O_WRONLY | os.O_CREAT)").startswith("PermissionError"), path
    assert seen("print('x', file=open(os.devnull, 'w'))") is None
    assert seen("os.read(os.open('/dev/urandom', os.O_RDONLY), 4)") != b""
    assert seen("__import__('decimal').Decimal(1) / 4 > 0")
    assert seen("str(__import__('zoneinfo').ZoneInfo('Europe/Berlin'))") == "Europe/Berlin"


@pytest.mark.parametrize(
    "expression",
    [
        "socket.socket()",
        "socket.socket(socket.AF_UNIX)",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "os.memfd_create('x')",
        "os.kill(os.getppid(), 0)",
        "os.kill(1, signal.SIGKILL)",
        "os.kill(-1, signal.SIGKILL)",
        "os.pidfd_open(os.getpid())",
        "os.setpriority(os.PRIO_PROCESS, 0, -5)",
        "os.symlink('/etc/passwd', '/tmp/x')",
        "os.chmod('/', 0o777)",
        "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))",
        "os.mkfifo('/tmp/x')",
        "os.setsid()",
        "resource.prlimit(1, resource.RLIMIT_CPU, (1, 1))",
        "os.sched_setaffinity(0, {0})",
        "socket.socketpair()[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)",
        "fcntl.flock(os.open(os.__file__, os.O_RDONLY), fcntl.LOCK_SH)",
        "fcntl.lockf(os.open(os.__file__, os.O_RDONLY), fcntl.LOCK_SH)",
    ],
)
def test_calls_beyond_the_list_are_denied(seen: Any, expression: str) -> None:
    assert seen(expression).startswith(("PermissionError", "OSError: [Errno 1]", "OSError: [Errno 38]")), expression


def test_limits_cannot_be_raised(seen: Any) -> None:
    for kind in ("CPU", "AS", "FSIZE", "NOFILE", "STACK", "CORE"):
        raised = f"resource.setrlimit(resource.RLIMIT_{kind}, (resource.RLIM_INFINITY,) * 2)"
        assert seen(raised).startswith(("ValueError", "PermissionError")), kind
    assert seen("resource.getrlimit(resource.RLIMIT_CORE)") == (0, 0)
    assert seen("resource.getrlimit(resource.RLIMIT_MEMLOCK)") == (0, 0)


def test_filters_cannot_be_taken_off_or_piled_up(seen: Any) -> None:
    assert seen("ctypes.CDLL(None).prctl(22, 0, 0, 0, 0)") == -1
    assert seen("ctypes.CDLL(None).syscall(317, 0, 0, 0)") == -1


def test_no_memory_is_shared_between_runs(seen: Any, run: Run) -> None:
    pages = "[page for page in __import__('gc').get_objects() if type(page).__name__ == 'mmap']"
    leave = f"def check(c):\n    c()\n    (page,) = {pages}\n    assert any(page) == found\n    page[9] = 1"

    assert seen(pages) == []
    for _ in range(3):
        found = run.one("def f():\n    return 1", test=f"found = False\n{leave}")
        assert found.checks[0].outcome in {"held", "failed"}
        assert "page[9]" not in found.checks[0].error


def test_a_program_cannot_claim_that_it_was_never_started(seen: Any, run: Run) -> None:
    take_back = (
        "import os\nfor descriptor in range(3, 256):\n    try: os.read(descriptor, 1)\n    except OSError: pass\n"
    )

    assert run.one(f"{take_back}os._exit(70)\ndef f(): pass", ()).outcome == "exited_early"


def test_the_order_of_sets_is_that_of_one_hash_seed(seen: Any) -> None:
    assert seen("sys.flags.hash_randomization") == 0
