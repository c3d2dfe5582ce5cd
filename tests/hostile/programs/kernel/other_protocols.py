# threat: + other calls into the kernel
# does: has the kernel load a module for a family of sockets
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: nothing, few kernels have those families
import socket


def f(x):
    for family in (30, 31, 38):
        socket.socketpair(family, socket.SOCK_STREAM)
        print("REACHED", flush=True)
