# threat: 92 huge_list
# does: returns a list that costs its reader more than its writer
# structured: finished memory_limit
# judged: finished raised
# stdio: memory_limit
# verdict: memory_limit
# unjailed: pickled_values grew
def f(x):
    return list(range(2_500_000))
