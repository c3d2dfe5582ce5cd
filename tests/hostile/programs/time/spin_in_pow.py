# threat: 45 c_loop_pow
# does: computes a power that takes for ever, in C
# limits: timeout_s=0.3
# structured: timeout
# judged: timeout
# stdio: timeout
# unjailed: thread_join hung
def f(x):
    return pow(3**2000, 3**2000, 1 << 2_000_000) + 7 ** (10**8)
