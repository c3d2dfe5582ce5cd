# threat: 17 thread_exit0
# does: ends the process from a thread while the test waits
# structured: exited_early
# structured in a container: load_error
# judged: exited_early
# judged in a container: load_error
# stdio: finished wrong
# stdio in a container: runtime_error
# unjailed: exit_code forged
import os
import threading
import time

called = threading.Event()


def leave():
    called.wait()
    os._exit(0)


threading.Thread(target=leave, daemon=True).start()


def f(x):
    called.set()
    time.sleep(4)
