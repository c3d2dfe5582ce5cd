# threat: + catching the alarm
# does: catches what an alarm raises, and goes on
# limits: timeout_s=0.3
# structured: timeout
# judged: timeout
# stdio: timeout
# unjailed: alarm_exec hung
def f(x):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
