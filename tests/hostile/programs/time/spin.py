# threat: 41 infinite_loop
# does: never returns, and uses all the CPU there is
# limits: cpu_s=1 timeout_s=5
# structured: cpu_limit
# judged: cpu_limit
# stdio: cpu_limit
# unjailed: thread_join hung
def f(x):
    while True:
        pass
