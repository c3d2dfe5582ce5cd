# threat: + raw hash-collision frame whose hashes differ
# does: sends a dict of different hashes that all want the same places of the table
# limits: output_bytes=1048576
# structured: protocol_error
# judged: finished failed | finished judge_error
# stdio: runtime_error
# verdict: wrong_answer | protocol_error | runtime_error
# unjailed: framed_values hung
import contextlib
import os
import random
import struct

MASK = (1 << 16) - 1
run, place = [], 1
for _ in range(30_000):
    run.append(place)
    place = (5 * place + 1) & MASK
filled, keys = set(run), list(run)
while len(keys) < 43_600:
    key = at = random.choice(run) + (random.randrange(1, 1 << 10) << 16)
    rest = key
    while at & MASK in filled and rest:
        rest >>= 5
        at = 5 * (at & MASK) + rest + 1
    if at & MASK in filled:
        keys.append(key)
BODY = b'{"$":["dict",[%b]]}' % ",".join(f"[{key},0]" for key in keys).encode()


def f(x):
    for descriptor in range(3, 16):
        with contextlib.suppress(OSError):
            os.write(descriptor, struct.pack("=cI", b"V", len(BODY)) + BODY)
    return 0
