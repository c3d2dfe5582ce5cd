# threat: 82 bpf
# does: makes a map in the kernel for programs of its own
# structured: sandbox_violation
# judged: sandbox_violation
# stdio: sandbox_violation
# unjailed: nothing, most hosts deny it to users
import ctypes
import os
import struct

BPF = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    if libc.syscall(BPF, 0, struct.pack("=4I48x", 2, 4, 8, 1), 64) < 0:
        raise OSError(ctypes.get_errno(), "bpf")
    print("REACHED", flush=True)
