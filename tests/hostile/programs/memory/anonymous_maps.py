# threat: 54 mem_bomb_mmap
# does: maps memory past the allocator
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code reached
import mmap

kept = []


def f(x):
    for _ in range(20):
        kept.append(mmap.mmap(-1, 16 << 20))
    print("REACHED", flush=True)
