# threat: + a program that does not read its calls
# does: answers ahead and leaves unread what is sent to it, so that the sender gets stuck
# task: long text
# limits: timeout_s=0.3
# structured: timeout
# judged: timeout
# stdio: timeout
# unjailed: piped_calls hung
import os
import time


def f(text):
    if __name__ != "__main__":
        os.write(4, b"V\1\0\0\0001")
    time.sleep(1000)
