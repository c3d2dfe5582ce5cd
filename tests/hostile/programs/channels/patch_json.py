# threat: 26 patch_json
# does: makes every JSON text say that all has passed
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: printed_json forged
import json

json.dumps = lambda *_, **__: '{"passed": 3, "total": 3}'


def f(x):
    return 0
