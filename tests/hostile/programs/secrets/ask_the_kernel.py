# threat: + the network's configuration
# does: asks the kernel for its network interfaces
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code reached
import socket


def f(x):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as link:
        link.bind((0, 0))
        print("REACHED", flush=True)
