# threat: 42 infinite_loop_import
# does: never gets as far as its function
# limits: timeout_s=0.3
# structured: timeout
# judged: timeout
# stdio: timeout
# unjailed: thread_join hung
while True:
    pass
