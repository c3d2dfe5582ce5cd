# threat: 58 memfd_bomb
# does: hides memory in files without a name, which RLIMIT_AS does not count
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: memory_capped reached
import os


def f(x):
    for place in range(20):
        descriptor = os.memfd_create(str(place))
        os.posix_fallocate(descriptor, 0, 16 << 20)
    print("REACHED", flush=True)
