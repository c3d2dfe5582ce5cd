# threat: 84 x32_abi
# does: uses the numbers of another ABI, which a filter may not know
# structured: sandbox_violation
# judged: sandbox_violation
# stdio: sandbox_violation
# unjailed: nothing, few kernels have that ABI
import ctypes

X32_GETPID = 0x40000000 + 39
libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    if libc.syscall(X32_GETPID) < 0:
        raise OSError(ctypes.get_errno(), "x32")
    print("REACHED", flush=True)
