# threat: + printing only a prefix
# does: prints nothing, which a comparison line by line finds no fault with
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: zipped_lines forged
def print(*_, **__):
    pass


def f(x):
    return 0
