# threat: 69 proc_environ of others
# does: reads the environment of every process
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: exit_code leaked
import contextlib


def f(x):
    for pid in ("self", "thread-self", *range(1, 400)):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/environ") as file:
            print(file.read(), flush=True)
    return 0
