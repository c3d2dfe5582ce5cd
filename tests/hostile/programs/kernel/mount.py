# threat: 80 mount
# does: mounts a file system
# structured: sandbox_violation
# judged: sandbox_violation
# stdio: sandbox_violation
# unjailed: exit_code reached
import ctypes

NEWUSER, NEWNS = 0x10000000, 0x20000
libc = ctypes.CDLL(None, use_errno=True)


def in_a_namespace():
    libc.unshare(NEWUSER | NEWNS)


def f(x):
    if libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None):
        in_a_namespace()
        if libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None):
            raise OSError(ctypes.get_errno(), "mount")
    print("REACHED", flush=True)
