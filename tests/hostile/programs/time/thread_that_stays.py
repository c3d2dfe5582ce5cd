# threat: 98 never_exit_nondaemon
# does: leaves a thread that keeps the process alive
# limits: timeout_s=1.5
# structured: finished wrong
# structured in a container: load_error
# judged: finished failed
# judged in a container: load_error
# stdio: timeout
# stdio in a container: runtime_error
# unjailed: alarm_exec hung
import threading
import time

threading.Thread(target=time.sleep, args=(1000,)).start()


def f(x):
    return 0
