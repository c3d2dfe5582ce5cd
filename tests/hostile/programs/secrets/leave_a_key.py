# threat: + the kernel's keyrings
# does: puts a key into the user's keyring, where the next program finds it
# structured: sandbox_violation
# judged: sandbox_violation
# stdio: sandbox_violation
# unjailed: exit_code reached
import ctypes
import os

ADD_KEY = {"x86_64": 248, "aarch64": 217}[os.uname().machine]
USER_KEYRING = -4
libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    if libc.syscall(ADD_KEY, b"user", b"left", b"answers", 7, USER_KEYRING) < 0:
        raise OSError(ctypes.get_errno(), "add_key")
    print("REACHED", flush=True)
