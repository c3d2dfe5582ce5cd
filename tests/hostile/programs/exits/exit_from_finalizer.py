# threat: +
# does: ends the process with status 0 when the test lets go of its value
# structured: exited_early
# judged: finished failed
# stdio: finished wrong
# verdict: wrong_answer
# unjailed: exit_code forged
import os


class Value(int):
    def __del__(self):
        os._exit(0)


def f(x):
    return Value(0)
