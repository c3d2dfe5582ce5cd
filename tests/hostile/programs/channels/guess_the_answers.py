# threat: + writing answers in the sandbox's own form
# does: answers every call at once, with guesses; all that it can forge is a wrong answer
# structured: finished wrong
# judged: finished failed
# stdio: protocol_error
# unjailed: nothing, naive runners do not speak that form
import os
import struct


def f(x):
    os.write(4, 3 * (struct.pack("=cI", b"V", 1) + b"7"))
    os._exit(0)
