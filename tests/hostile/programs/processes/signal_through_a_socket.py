# threat: + signals that the kernel sends on one's behalf
# does: makes itself owner of a socket in the parent's name, with SIGKILL as the signal that tells of data
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code killed
import fcntl
import os
import signal
import socket


def f(x):
    ours, theirs = socket.socketpair()
    fcntl.fcntl(ours, fcntl.F_SETOWN, os.getppid())
    fcntl.fcntl(ours, 10, signal.SIGKILL)
    fcntl.fcntl(ours, fcntl.F_SETFL, fcntl.fcntl(ours, fcntl.F_GETFL) | os.O_ASYNC)
    theirs.send(b"x")
