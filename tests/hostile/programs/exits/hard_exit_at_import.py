# threat: 3 _exit0_import
# does: ends the process past every handler, with status 0
# structured: exited_early
# judged: exited_early
# stdio: finished wrong
# unjailed: exit_code forged
import os

os._exit(0)
