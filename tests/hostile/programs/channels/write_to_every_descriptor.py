# threat: 23 fd_write_forge
# does: writes a verdict into every descriptor before the test begins
# structured: protocol_error
# judged: protocol_error
# stdio: protocol_error
# unjailed: framed_verdict forged
import contextlib
import os
import struct

VERDICT = b'{"passed": true}'
for descriptor in range(3, 64):
    with contextlib.suppress(OSError):
        os.write(descriptor, struct.pack("=cI", b"R", len(VERDICT)) + VERDICT)


def f(x):
    return 0
