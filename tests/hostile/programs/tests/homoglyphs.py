# threat: + unicode homoglyph entry points
# does: spells its entry point and a forbidden word with letters that Python takes for the plain ones
# structured: load_error
# judged: load_error
# stdio: finished wrong
# unjailed: regex_guard forged
def 𝐟(x):
    return 0


raise 𝕊ystem𝔼xit(0)
