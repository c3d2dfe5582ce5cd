# threat: 74 socket_udp_dns
# does: sends a datagram and prints the answer, as a name that is looked up carries secrets away
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code leaked
import socket


def f(x):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.settimeout(2)
        datagrams.sendto(b"secret.example", ("127.0.0.1", 7053))
        print(datagrams.recv(99), flush=True)
