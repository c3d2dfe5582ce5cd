# threat: + other calls into the kernel
# does: has the CPU's events counted, by which much can be found out about others
# structured: sandbox_violation
# judged: sandbox_violation
# stdio: sandbox_violation
# unjailed: exit_code reached
import ctypes
import os
import struct

PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241}[os.uname().machine]
SOFTWARE, TASK_CLOCK, USER_ONLY = 1, 1, 0b1100000
libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    event = struct.pack("=IIQQQQQ72x", SOFTWARE, 120, TASK_CLOCK, 0, 0, 0, USER_ONLY)
    if libc.syscall(PERF_EVENT_OPEN, event, 0, -1, -1, 0) < 0:
        raise OSError(ctypes.get_errno(), "perf_event_open")
    print("REACHED", flush=True)
