"""CPU time in a measure that does not hang on the machine, for tests that hold what something costs."""

from time import process_time

_TEXT = "Revenue was $1,234.5 million, or 12% more. " * 40


def in_paces(spent_s: float) -> float:
    """How many paces `spent_s` of CPU time are. A pace is a fixed piece of Python's work, measured now, the fastest of
    nine: about 1 ms where this was written. A machine that is slow, or busy with other things, is slow at both."""
    return spent_s / min(_pace_s() for _ in range(9))


def _pace_s() -> float:
    started = process_time()
    for _ in range(17):
        words = _TEXT.split()
        counts = dict.fromkeys(words, 0)
        for word in words:
            counts[word] += len(word.strip("$%,.").lower())
    return process_time() - started
