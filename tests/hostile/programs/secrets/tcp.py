# threat: 73 socket_tcp
# does: asks a service that listens on loopback
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code leaked
import socket


def f(x):
    with socket.create_connection(("127.0.0.1", 7001), timeout=2) as connection:
        print(connection.recv(99), flush=True)
