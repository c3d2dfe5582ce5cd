"""What comes out of a version's `plan` is a list of programs, or no judgement."""

from pathlib import Path

import pytest

from graders.api import Program, Sample
from graders.calls import Call, decode_outcomes, encode_outcomes, perform
from graders.errors import GraderCrashed
from graders.registry import Registry
from tests.app.programs import GRADER, called, install

SAMPLE = Sample(output_text="def f(x): return x")


def test_a_plan_crosses_a_process_border_as_it_is(tmp_path: Path) -> None:
    version = Registry([Path(install(tmp_path))])["runs@v1"].version
    call = Call.of(called("é\ud7ff", memory_mib=64)["item"], "def f(x): return 'é'")
    call.is_plan = True

    plan = perform(version, version.read_config({}), call.value)

    assert isinstance(plan, list)
    assert isinstance(plan[0], Program)
    assert decode_outcomes(encode_outcomes([plan, []])) == [plan, []]


@pytest.mark.parametrize("planned", ["['f()']", "[None]", "'f()'", "{}", "None", "[Program]"])
def test_a_plan_that_is_no_list_of_programs_is_the_graders_fault(tmp_path: Path, planned: str) -> None:
    path = Path(install(tmp_path))
    (path / "astray").mkdir()
    (path / "astray" / "v1.py").write_text(GRADER.replace("    fields = dict(item.limits)", f"    return {planned}"))
    version = Registry([path])["astray@v1"].version

    with pytest.raises(GraderCrashed, match="planned something else than a list of programs"):
        version.plan(SAMPLE, version.read_item({}), version.read_config({}))
