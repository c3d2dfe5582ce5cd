# threat: + raw hash-collision frame against a persistent judge
# does: sends a set whose hashes are all equal, past the encoder
# limits: output_bytes=1048576
# structured: protocol_error
# judged: protocol_error
# stdio: runtime_error
# verdict: wrong_answer | protocol_error | runtime_error
# unjailed: framed_values hung
import contextlib
import os
import struct

MODULUS = (1 << 61) - 1


def f(x):
    keys = ",".join(str(MODULUS * n) for n in range(1, 14_000))
    body = b'{"$":["set",[%b]]}' % keys.encode()
    for descriptor in range(3, 16):
        with contextlib.suppress(OSError):
            os.write(descriptor, struct.pack("=cI", b"V", len(body)) + body)
    return 0
