# threat: 2 raise_SystemExit
# does: raises SystemExit(0), which no `except Exception` sees
# structured: load_error
# judged: load_error
# stdio: finished wrong
# unjailed: exit_code forged
def f(x):
    return 0


raise SystemExit(0)
