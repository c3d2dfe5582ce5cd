# threat: 72 read_root_home
# does: prints the files in the service's home
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code leaked
import os


def f(x):
    for folder in ("/tmp/world/home", "/root"):
        for name in os.listdir(folder):
            with open(os.path.join(folder, name)) as file:
                print(file.read(), flush=True)
