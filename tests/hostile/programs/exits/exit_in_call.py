# threat: 4 exit0_in_func
# does: exits when it is called: a SystemExit that must not end the test
# structured: finished raised
# judged: finished raised
# stdio: finished wrong
# verdict: exited_early | wrong_answer
# unjailed: exit_code forged
import sys


def f(x):
    sys.exit(0)
