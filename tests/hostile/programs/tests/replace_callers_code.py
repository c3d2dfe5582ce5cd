# threat: 38 del_check_on_call
# does: answers the first call rightly and replaces the code of the function that made it
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: pickled_results forged
import gc
import sys


def f(x):
    caller = sys._getframe(1).f_code
    for function in gc.get_referrers(caller):
        if getattr(function, "__code__", None) is caller and caller.co_argcount:
            names = ", ".join(caller.co_varnames[: caller.co_argcount])
            function.__code__ = eval(f"lambda {names}: True").__code__
    return 9
