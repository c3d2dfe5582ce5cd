# threat: 32 globals_setitem_trap
# does: replaces `check` in every namespace on the heap
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: call_appended forged
import gc

for names in gc.get_objects():
    if type(names) is dict and callable(names.get("check")):
        names["check"] = lambda candidate: None


def f(x):
    return 0
