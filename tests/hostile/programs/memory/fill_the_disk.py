# threat: 56 disk_fill
# does: fills /tmp
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code left file
def f(x):
    with open("/tmp/fill", "wb") as file:
        for _ in range(32):
            file.write(bytes(1 << 20))
