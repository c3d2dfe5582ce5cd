"""What the naive runners allow a program."""

TIMEOUT_S = 0.6
