"""What ends comes out in order, once, and what was taken out is not kept."""

from hypothesis import given
from hypothesis import strategies as st

from app.admission.deadlines import Deadlines


@given(st.lists(st.tuples(st.floats(0, 10), st.booleans())), st.floats(0, 10))
def test_what_is_due_comes_in_order_and_once(things: list[tuple[float, bool]], now: float) -> None:
    deadlines: Deadlines[int] = Deadlines()
    endings = [deadlines.add(at, number) for number, (at, _) in enumerate(things)]
    for ending, (_, is_taken_out) in zip(endings, things, strict=True):
        if is_taken_out:
            deadlines.remove(ending)
            deadlines.remove(ending)
    kept = sorted((at, number) for number, (at, is_taken_out) in enumerate(things) if not is_taken_out)

    assert deadlines.first == (kept[0][0] if kept else None)
    assert deadlines.due(now) == [number for at, number in kept if at <= now]
    assert deadlines.due(now) == []
    assert len(deadlines) == sum(at > now for at, _ in kept)


def test_what_was_taken_out_is_not_kept() -> None:
    deadlines: Deadlines[object] = Deadlines()
    for number in range(1000):
        deadlines.remove(deadlines.add(float(number), object()))

    assert len(deadlines._heap) < 50
