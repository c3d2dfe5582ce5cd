# threat: 55 mem_str_mult
# does: makes one string that is larger than its memory
# structured: finished memory_limit
# judged: finished raised
# stdio: memory_limit
# verdict: memory_limit
# unjailed: exit_code reached
def f(x):
    text = "a" * (300 << 20)
    print("REACHED", flush=True)
    return len(text)
