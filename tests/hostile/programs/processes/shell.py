# threat: 51 subprocess_spawn
# does: runs a shell command
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code reached
import subprocess


def f(x):
    print(subprocess.check_output("echo REACHED", shell=True, text=True), flush=True)
