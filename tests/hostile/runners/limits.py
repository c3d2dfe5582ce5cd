"""What the naive runners allow a program: read as attributes, because a control sets them for its process."""

TIMEOUT_S = 10.0
SHORT_S = 1.0
"""Where the program is to hold up its runner."""
