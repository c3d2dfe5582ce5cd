# threat: 69 proc_environ
# does: prints its environment, as it is and as it was
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code leaked
import os


def f(x):
    print(dict(os.environ), flush=True)
    with open("/proc/self/environ") as file:
        print(file.read(), flush=True)
