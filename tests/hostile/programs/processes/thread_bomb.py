# threat: 49 thread_bomb
# does: starts threads until there are a hundred
# structured: load_error
# judged: load_error
# stdio: runtime_error
# unjailed: exit_code reached
import threading
import time

for _ in range(100):
    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
print("REACHED", flush=True)


def f(x):
    return 0
