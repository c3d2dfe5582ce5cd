# threat: 85 seccomp_unstack
# does: puts a filter over the grader's own process, which then can do nothing; and tries to take one off
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: alarm_exec killed
import ctypes
import struct

PR_SET_SECCOMP, MODE_NONE, MODE_FILTER, PR_SET_NO_NEW_PRIVS = 22, 0, 2, 38
KILL_ALL = ctypes.create_string_buffer(struct.pack("=HBBI", 6, 0, 0, 0x80000000))
libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    libc.prctl(PR_SET_SECCOMP, MODE_NONE, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.prctl(PR_SET_SECCOMP, MODE_FILTER, struct.pack("=H6xQ", 1, ctypes.addressof(KILL_ALL)), 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
