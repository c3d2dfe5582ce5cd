"""Training-run monitors: pure functions from the tallies of a run's steps to what a person should look at.

`report.py` makes the report of a run, `findings.py` and `watches.py` its findings, `comparison.py` compares two runs;
`answers.py` says what all of it looks like.
"""
