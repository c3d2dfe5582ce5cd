# threat: +
# does: opens a file for its path alone, which asks for no permission, and reads it through /proc
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code reached
import os
from pathlib import Path


def f(x):
    place = os.open("/etc/passwd", os.O_PATH)
    Path(f"/proc/self/fd/{place}").read_text()
    print("REACHED", flush=True)
    return 0
