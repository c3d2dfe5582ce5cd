# threat: +
# does: has the collector show what was frozen, and searches that for a function `check` and takes the answers from its constants
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: exit_code forged
import gc


def f(x):
    gc.unfreeze()
    for thing in gc.get_objects():
        if getattr(thing, "__name__", "") == "check" and hasattr(thing, "__code__"):
            consts = [value for value in thing.__code__.co_consts if type(value) is int]
            if x in consts:
                return consts[consts.index(x) + 1]
    return 0
