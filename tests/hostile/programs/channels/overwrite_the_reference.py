# threat: + two scripts whose outputs are compared
# does: replaces the reference script, so that it prints the same as this one
# structured: load_error
# judged: load_error
# stdio: runtime_error
# unjailed: two_stdouts forged
with open("reference.py", "w") as file:
    file.write("input()\nprint(0)\n")


def f(x):
    return 0
