# threat: 1 exit0_import
# does: ends the process with status 0 before a test begins
# structured: load_error
# judged: load_error
# stdio: finished wrong
# unjailed: exit_code forged
import sys

sys.exit(0)
