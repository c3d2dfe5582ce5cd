# threat: 34 list_true_nan
# does: returns NaN, of which no comparison says that it is too far away
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: tolerance forged
def f(x):
    return float("nan")
