# threat: 10 frame_consts_expected
# does: reads the constant that its caller is about to compare with
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: exit_code forged
import dis
import sys


def f(x):
    frame = sys._getframe(1)
    for step in dis.get_instructions(frame.f_code):
        if step.offset > frame.f_lasti and step.opname == "LOAD_CONST":
            return step.argval if isinstance(step.argval, int) else 0
    return 0
