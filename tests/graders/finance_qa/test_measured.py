"""The figures that the README claims, where the outside data is present."""

import pytest

from bench.finance_agreement import Measure, attacks, human_pairs, notations, own_references, worked_examples
from tests.data import data_folder


@pytest.mark.parametrize("measure", [human_pairs, worked_examples, notations, own_references, attacks])
def test_every_target_is_met(measure: object) -> None:
    assert callable(measure)
    found: list[Measure] = list(measure(data_folder("data/finance")))

    assert found
    for one in found:
        assert one.is_met, (one.name, one.share, one.misses[:5])
