# threat: + exceptions that steer the test
# does: raises StopIteration, at which a `map` ends as if all had been well
# task: mapped square
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code forged
def f(x):
    raise StopIteration
