# threat: 76 abstract_unix
# does: talks to a socket that has a name and no file
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code leaked
import socket


def f(x):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect("\0world")
        print(connection.recv(99), flush=True)
