# threat: 12 trace_jump
# does: answers the first call rightly, then lets the test jump to its last line
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: exit_code forged
import dis
import sys


def jump(frame, event, _):
    if event == "line":
        frame.f_lineno = max(line for _, line in dis.findlinestarts(frame.f_code) if line)
    return jump


def f(x):
    caller = sys._getframe(1)
    if caller.f_code.co_name == "check":
        sys.settrace(lambda *_: None)
        caller.f_trace = jump
    return 9
