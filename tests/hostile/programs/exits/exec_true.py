# threat: 39 exec_true_binary
# does: becomes a program that ends with status 0
# structured: load_error
# judged: load_error
# stdio: runtime_error
# unjailed: exit_code forged
import os

os.execv("/bin/true", ["true"])
