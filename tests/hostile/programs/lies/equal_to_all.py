# threat: 6 eq_object
# does: returns an object that says it equals everything
# structured: finished unsendable
# judged: finished failed
# stdio: finished wrong
# unjailed: pickled_results forged
class Always:
    def __eq__(self, other):
        return True

    def __bool__(self):
        return True


def f(x):
    return Always()
