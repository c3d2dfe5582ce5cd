"""What a grade's details may hold, and how it is stored."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from graders.api import Grade
from graders.calls import judged
from graders.errors import GraderCrashed


class Seen(BaseModel):
    n: int


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (float("inf"), None),
        ((1, 2.0, "é\u2028"), [1, 2.0, "é\u2028"]),
        # These only the slower of the two writers takes.
        (Seen(n=3), {"n": 3}),
        ({None: 1}, {"None": 1}),
        (2**64, 2**64),
    ],
)
def test_details_are_stored_as_json(value: Any, stored: Any) -> None:
    assert json.loads(judged(Grade(1.0, "right", "So it is.", details={"v": value})).json)["details"] == {"v": stored}


@pytest.mark.parametrize("value", [object(), 10**5000], ids=["object", "huge"])
def test_details_that_are_no_json_are_the_grader_s_fault(value: Any) -> None:
    with pytest.raises(GraderCrashed, match="The grade's details are no JSON values"):
        judged(Grade(1.0, "right", "So it is.", details={"v": value}))
