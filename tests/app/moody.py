"""A grader that does what a sample tells it to, bad things included."""

# `hang` never returns, `gate` does when the file `gate` is there; `die` is a crash of the interpreter; `eat` asks for
# more memory than a worker has.
MOODY = '''"""Does what the sample says."""
import os, re, subprocess, sys, time
from fractions import Fraction
from pydantic import BaseModel
from graders.api import Grade
VERDICTS = ("done",)
SMALL_MAX_BYTES = 40
class Item(BaseModel):
    n: int
class Config(BaseModel):
    pass
def grade(sample, item, config, results):
    if sample.text == "hang":
        re.match(r"(a+)+$", "a" * 60 + "b")
    while sample.text == "gate" and not os.path.exists(os.path.join(os.path.dirname(__file__), "gate")):
        time.sleep(0.01)
    if sample.text == "die":
        os.abort()
    if sample.text == "eat":
        bytearray(1 << 40)
    if sample.text == "fork" and os.fork() == 0:
        raise RuntimeError("a second process would answer too")
    if sample.text == "fraction":
        return Grade(Fraction(1, 2), "done", "")
    if sample.text == "surrogate":
        raise ValueError(chr(0xD800))
    if sample.text == "huge":
        return Grade(1.0, "done", "", details={"n": 10 ** 5000})
    if sample.text == "environ":
        return Grade(1.0, "done", " ".join(os.environ), "")
    if sample.text == "read":
        return Grade(1.0, "done", repr(sys.stdin.read() + subprocess.run("cat", stdout=-1, text=True).stdout), "")
    if sample.text == "print":
        print("between the frames?")
    return Grade(1.0, "done", str(item.n), str(os.getpid()))
'''
