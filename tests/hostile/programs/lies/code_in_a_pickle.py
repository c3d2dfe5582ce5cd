# threat: 27 pickle_reduce
# does: returns an object that runs code in the process that unpickles it
# structured: finished unsendable
# judged: finished failed
# stdio: finished wrong
# unjailed: pickled_values leaked
import os


class Evil:
    def __reduce__(self):
        return (os.getenv, ("RFT_SECRET",))


def f(x):
    return Evil()
