# threat: + names of others' files
# does: has the kernel tell whenever somebody opens a file
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code reached
import ctypes

IN_OPEN = 0x20
libc = ctypes.CDLL(None, use_errno=True)


def f(x):
    watcher = libc.inotify_init1(0)
    if libc.inotify_add_watch(watcher, b"/tmp/world", IN_OPEN) < 0:
        raise OSError(ctypes.get_errno(), "inotify_add_watch")
    print("REACHED", flush=True)
