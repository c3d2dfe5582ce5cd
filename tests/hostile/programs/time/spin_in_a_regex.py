# threat: 44 c_loop_regex
# does: matches a pattern that takes for ever, in C
# limits: timeout_s=0.3
# structured: timeout
# judged: timeout
# stdio: timeout
# unjailed: thread_join hung
import re


def f(x):
    return re.fullmatch("(a*)*b", "a" * 60)
