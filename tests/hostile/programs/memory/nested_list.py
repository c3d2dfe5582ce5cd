# threat: 93 deep_nest_value
# does: returns a list that is nested deeper than Python can follow
# structured: finished unsendable
# judged: finished raised
# stdio: runtime_error
# unjailed: pickled_values broke
def f(x):
    value = []
    for _ in range(100_000):
        value = [value]
    return value
