# threat: + shell injection through the source
# does: ends the shell's here-document, so that its own commands follow instead of the test
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: shell_heredoc forged
def f(x):
    return 0


REST = """
EOF
exit 0
"""
