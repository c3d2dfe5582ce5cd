"""The frames of the spool: whatever is cut off or turned over, what is read is whole, and nothing is made up."""

from hypothesis import given
from hypothesis import strategies as st

from app.ledger.frames import MARKER_BYTES, Frame, Gap, framed, frames

MARKER = b"\x8e spool\x01"
BODIES = st.lists(st.binary(max_size=60), min_size=1, max_size=6)


def written(bodies: list[bytes]) -> bytes:
    return b"".join(framed(MARKER, body) for body in bodies)


def read(data: bytes) -> list[bytes]:
    return [part.body for part in frames(data, MARKER, 0) if isinstance(part, Frame)]


def borders(bodies: list[bytes]) -> list[int]:
    return [len(written(bodies[:count])) for count in range(len(bodies) + 1)]


def test_the_marker_is_as_long_as_the_format_says() -> None:
    assert len(MARKER) == MARKER_BYTES


@given(BODIES)
def test_what_was_written_is_read(bodies: list[bytes]) -> None:
    assert read(written(bodies)) == bodies


@given(BODIES, st.data())
def test_any_truncation_is_cut_at_the_border_of_a_frame(bodies: list[bytes], data: st.DataObject) -> None:
    whole = written(bodies)
    cut = data.draw(st.integers(0, len(whole)))

    parts = list(frames(whole[:cut], MARKER, 0))

    kept = max(index for index, border in enumerate(borders(bodies)) if border <= cut)
    assert [part.body for part in parts if isinstance(part, Frame)] == bodies[:kept]
    border = borders(bodies)[kept]
    assert [part for part in parts if isinstance(part, Gap)] == ([Gap(border, cut)] if border < cut else [])


@given(BODIES, st.data())
def test_any_flipped_bit_costs_its_own_frame_and_no_other(bodies: list[bytes], data: st.DataObject) -> None:
    whole = bytearray(written(bodies))
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    whole[bit // 8] ^= 1 << bit % 8

    parts = list(frames(bytes(whole), MARKER, 0))

    hit = max(index for index, border in enumerate(borders(bodies)) if border <= bit // 8)
    assert [part.body for part in parts if isinstance(part, Frame)] == bodies[:hit] + bodies[hit + 1 :]
    assert [part for part in parts if isinstance(part, Gap)] == [Gap(*borders(bodies)[hit : hit + 2])]


@given(BODIES, st.binary(min_size=1, max_size=80))
def test_garbage_behind_the_last_frame_is_told_apart(bodies: list[bytes], garbage: bytes) -> None:
    assert read(written(bodies) + garbage) == bodies


def test_a_block_of_zeros_as_a_power_cut_leaves_it_is_no_frame() -> None:
    whole = written([b"one", b"two"])

    assert list(frames(whole + bytes(4096), MARKER, 0))[-1] == Gap(len(whole), len(whole) + 4096)


def test_a_sample_that_holds_a_frame_of_another_file_is_not_read_as_one_when_its_own_is_damaged() -> None:
    forged = framed(b"\0another", b"paid in full")
    whole = bytearray(written([forged, b"two"]))
    whole[MARKER_BYTES] ^= 1

    assert read(bytes(whole)) == [b"two"]
