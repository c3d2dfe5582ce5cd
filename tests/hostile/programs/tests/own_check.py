# threat: 31 redefine_check
# does: defines the test's own function, here and among the builtins
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: call_appended forged
import builtins


def check(candidate):
    return None


builtins.check = check


def f(x):
    return 0
