"""Why no program ran is said in words that an operator can act on."""

import errno
import signal

import pytest

from sandbox.errors import SlotLost
from sandbox.inside import protocol
from sandbox.inside.protocol import Report
from sandbox.outcomes import started


@pytest.mark.parametrize(
    ("status", "said"),
    [(-errno.EAGAIN, "Resource temporarily unavailable"), (signal.SIGKILL, "by signal 9"), (70 << 8, "with status 70")],
)
def test_a_process_that_could_not_be_had_says_why(status: int, said: str) -> None:
    report = Report(1, protocol.NEVER_STARTED, status, 0, 0, 0, 0, 0, 0)

    with pytest.raises(SlotLost, match=said):
        started(report)
