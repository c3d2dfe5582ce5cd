# threat: 96 frame_len_lie
# does: announces four gigabytes and sends nothing more
# limits: timeout_s=0.4
# structured: timeout
# judged: output_limit | timeout
# stdio: timeout
# unjailed: framed_values hung
import contextlib
import os
import struct
import time


def f(x):
    for descriptor in range(3, 16):
        with contextlib.suppress(OSError):
            os.write(descriptor, struct.pack("=cI", b"V", 0xFFFFFFFF))
    time.sleep(1000)
