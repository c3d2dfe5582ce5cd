# threat: 53 mem_bomb
# does: allocates until it has more than it may
# structured: finished memory_limit
# judged: finished raised
# stdio: memory_limit
# verdict: memory_limit
# unjailed: exit_code reached
kept = []


def f(x):
    for _ in range(20):
        kept.append(bytearray(16 << 20))
    print("REACHED", flush=True)
