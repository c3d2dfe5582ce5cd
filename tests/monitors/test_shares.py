"""A share in words is neither nothing nor all unless it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.monitors.shares import percent
from tests.monitors.making import found, mixed


@pytest.mark.parametrize(
    ("share", "decimals", "shown"),
    [
        (0.0, 0, "0%"), (1.0, 0, "100%"), (0.5, 0, "50%"), (0.996, 0, ">99%"), (0.004, 0, "<1%"),
        (0.0, 1, "0.0%"), (1.0, 1, "100.0%"), (0.9996, 1, ">99.9%"), (0.0004, 1, "<0.1%"), (0.996, 1, "99.6%"),
    ],
)  # fmt: skip
def test_a_share_in_words(share: float, decimals: int, shown: str) -> None:
    assert percent(share, decimals) == shown


@given(st.integers(1, 10**6), st.data(), st.sampled_from([0, 1]))
def test_only_nothing_is_0_and_only_all_is_100(whole: int, data: st.DataObject, decimals: int) -> None:
    part = data.draw(st.integers(0, whole))
    shown = percent(part / whole, decimals)

    assert (shown.strip("0.%") == "") is (part == 0)
    assert shown.startswith("100") is (part == whole)
    assert float(shown.strip("<>%")) == pytest.approx(100 * part / whole, abs=1.0)


def test_findings_do_not_say_all_of_nearly_all() -> None:
    def steps(number: int) -> list[dict]:
        return [*mixed(300, reward=1.0), {"reward": 0.0}]

    assert ">99% of 903 grades are exactly 1" in found(3, steps)["saturated"].detail
