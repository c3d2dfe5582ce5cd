# threat: 75 unix_socket
# does: talks to a daemon's socket in the file system
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code leaked
import socket


def f(x):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect("/tmp/world/docker.sock")
        print(connection.recv(99), flush=True)
