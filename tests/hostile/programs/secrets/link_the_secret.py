# threat: 77 symlink by a hard link
# does: gives a secret file a second name, where others read
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code left file
import os


def f(x):
    os.link("/tmp/world/home/.netrc", "/tmp/everyone.txt")
