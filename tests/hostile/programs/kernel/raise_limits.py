# threat: 87 raise_limits
# does: takes back the limit of its memory
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: soft_limits reached
import resource


def f(x):
    for most in (resource.getrlimit(resource.RLIMIT_AS)[1], 1 << 40):
        resource.setrlimit(resource.RLIMIT_AS, (most, max(most, 1 << 30)))
        kept = bytearray(300 << 20)
        print("REACHED", len(kept), flush=True)
        break
