# threat: 57 shm_leftover
# does: leaves a file in /dev/shm, which is memory that no limit of a process counts
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code left file
def f(x):
    with open("/dev/shm/left", "wb") as file:
        file.write(bytes(1 << 20))
