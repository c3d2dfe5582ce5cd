# threat: 95 raw_deep_json
# does: sends JSON that is nested deeper than readers of JSON can go
# structured: protocol_error
# judged: protocol_error
# stdio: runtime_error
# verdict: wrong_answer | protocol_error | runtime_error
# unjailed: framed_values broke
import contextlib
import os
import struct


def f(x):
    body = b"[" * 100_000
    for descriptor in range(3, 16):
        with contextlib.suppress(OSError):
            os.write(descriptor, struct.pack("=cI", b"V", len(body)) + body)
    return 0
