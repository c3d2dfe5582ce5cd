# threat: 91 huge_int
# does: returns an int of 80 million digits
# structured: output_limit
# judged: output_limit
# stdio: runtime_error
# unjailed: pickled_values broke
def f(x):
    return 1 << (1 << 25)
