# threat: + listening for others
# does: waits for connections on a port of the machine
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code reached
import socket


def f(x):
    with socket.create_server(("127.0.0.1", 7999)):
        print("REACHED", flush=True)
