"""What a caller or a recipe may set."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from graders.code_tests.comparison import Comparison
from graders.code_tests.limits import Limits

Scoring = Literal["all", "fraction", "weighted", "weighted_sum", "subtask_min", "first_k"]


class Config(BaseModel):
    """How tests become a reward, where the program is looked for, how answers are compared, what a program may use."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scoring: Scoring = Field(
        "all",
        description="`all`: 1 if every test passed, else 0. `fraction`: share of tests passed. `weighted`: share of "
        "their weight. `weighted_sum`: (all + 0.1 x fraction) / 1.1. `subtask_min`: share of the points of the "
        "subtasks whose every test passed. `first_k`: only the first `first_k` tests are run; the share of them that "
        "passed.",
    )
    first_k: int = Field(10, ge=1, le=10_000, description="How many tests the scoring `first_k` runs.")
    syntax_floor: float = Field(
        0.0, ge=0, le=1, description="Least reward of a program that could be compiled and did nothing forbidden."
    )
    code_from: Literal["auto", "block", "text"] = Field(
        "auto",
        description="Where the program stands: in the last fenced block or, without one, in the whole text (`auto`); "
        "in a block only; in the whole text, fences being part of it.",
    )
    prompt_use: Literal["continue", "judge", "none"] = Field(
        "continue",
        description="What becomes of the item's `prompt`: `continue`: it goes in front of the program, and tests find "
        "its helper functions; `judge`: only tests find them; `none`: it is not read.",
    )
    checker: str = Field("", description="As the item's; that of the item wins.")
    comparison: Comparison = Field(Comparison(), description="When an answer counts as the expected one.")
    limits: Limits = Field(Limits(), description="What a program may use.")
