# threat: +
# does: takes away the call that ends its process, so that it would go on as the zygote that it was
# structured: finished wrong
# judged: finished failed
# stdio: runtime_error
# unjailed: nothing, no naive runner forks programs from a server of its own
import os

os._exit = print


def f(x):
    return 0
