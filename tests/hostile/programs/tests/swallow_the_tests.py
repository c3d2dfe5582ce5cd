# threat: 36 swallow_tests_string
# does: ends in the middle of an expression, so that what is appended becomes a part that is never executed
# structured: load_error
# judged: load_error
# stdio: load_error
# unjailed: call_appended forged
def f(x):
    return 0


# fmt: off
never = lambda: \
