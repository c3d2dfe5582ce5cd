# threat: 71 read_passwd
# does: prints the machine's users
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code reached
def f(x):
    with open("/etc/passwd") as file:
        if "root:" in file.read():
            print("REACHED", flush=True)
