# threat: 24 fd_write_forge_then_exit
# does: writes a verdict into every descriptor when it is called, and ends with status 0
# structured: protocol_error
# judged: protocol_error
# stdio: protocol_error
# unjailed: framed_verdict forged
import contextlib
import os
import struct

VERDICT = b'{"passed": true}'


def f(x):
    for descriptor in range(3, 64):
        with contextlib.suppress(OSError):
            os.write(descriptor, struct.pack("=cI", b"R", len(VERDICT)) + VERDICT)
    os._exit(0)
