# threat: 60 pipe_buffers
# does: hides memory in the buffers of pipes
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: memory_capped reached
import fcntl
import os

kept = []


def f(x):
    for _ in range(24):
        read, write = os.pipe()
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 1 << 20)
        kept.append(os.write(write, bytes(1 << 20)))
    print("REACHED", flush=True)
