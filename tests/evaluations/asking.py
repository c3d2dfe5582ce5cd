"""Short ways to ask."""

from typing import Any

import pytest

from evaluations.answers import CompareAnswer, F1Answer
from evaluations.comparison import compare
from evaluations.errors import InvalidEvaluation
from evaluations.f1 import evaluate
from evaluations.requests import CompareRequest, F1Request, read


def f1(**request: Any) -> F1Answer:
    return evaluate(read(F1Request, request))


def compared(**request: Any) -> CompareAnswer:
    return compare(read(CompareRequest, request))


def refusal(ask: Any, **request: Any) -> tuple[str, list[str]]:
    """The code and the pointers of the error that `ask` must end with."""
    with pytest.raises(InvalidEvaluation) as refused:
        ask(**request)
    return refused.value.code, [fault.pointer for fault in refused.value.faults]
