# threat: 35 bool_true
# does: returns True where 1 is expected
# task: one
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: pickled_values forged
def f(x):
    return True
