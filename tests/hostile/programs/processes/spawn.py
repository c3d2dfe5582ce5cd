# threat: 52 posix_spawn
# does: starts a program without fork
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code reached
import os


def f(x):
    child = os.posix_spawn("/bin/echo", ["echo", "REACHED"], {})
    os.waitpid(child, 0)
