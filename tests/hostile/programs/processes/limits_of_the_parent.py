# threat: 86 prlimit_parent
# does: takes the parent's right to open files
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code broke
import os
import resource


def f(x):
    resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (0, 0))
