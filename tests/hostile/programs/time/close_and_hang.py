# threat: 100 close_fds_hang
# does: closes every descriptor, so that it seems to have ended, and hangs
# limits: timeout_s=0.4
# structured: timeout
# judged: timeout
# stdio: timeout
# unjailed: until_eof hung
import os
import time


def f(x):
    os.closerange(0, 256)
    time.sleep(1000)
