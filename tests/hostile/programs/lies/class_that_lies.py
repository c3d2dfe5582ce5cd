# threat: +
# does: returns an object whose `__class__` says int
# task: one
# structured: finished raised
# judged: finished raised
# stdio: finished wrong
# unjailed: pickled_results forged
class Faked:
    __class__ = int

    def __eq__(self, other):
        return True


def f(x):
    return Faked()
