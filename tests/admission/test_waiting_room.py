"""What is served is served in time to be of use, as far as the service can know."""

import time

import pytest

from app.admission.claim import Claim
from app.admission.fair_queue import DEFAULT_BOUNDS
from app.admission.waiting_room import WaitingRoom
from app.auth import LOCAL
from app.metrics import Metrics
from tests.admission.pool import Waiting

pytestmark = pytest.mark.anyio


class Told(Waiting):
    """A ticket that may be told what became of it."""

    def drop(self, error: Exception) -> None:
        pass


@pytest.mark.parametrize(("delay_s", "is_begun"), [(0.0, True), (0.1, False)])
async def test_what_would_be_done_just_in_time_is_not_begun_while_the_service_is_late(
    delay_s: float, is_begun: bool
) -> None:
    room = WaitingRoom[Told]("workers", 1, DEFAULT_BOUNDS, Metrics())
    served = Told(0, Claim.within(60, LOCAL))
    room.enter(served)
    assert room.peek() is served
    room.take()
    read_at = time.monotonic() + delay_s
    while time.monotonic() < read_at:
        pass
    room.done(served, 0.0)

    room.enter(Told(1, Claim.within(0.05, LOCAL)))

    assert (room.peek() is not None) == is_begun
    room.close()
