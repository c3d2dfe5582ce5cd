"""What may differ between an answer and the expected one: the rules that a config or an item sets."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Unordered = Literal["none", "outer", "all"]
Whitespace = Literal["exact", "trailing", "any"]


class Comparison(BaseModel):
    """When a program's answer counts as the expected one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    float_rel: float = Field(
        1e-6,
        ge=0,
        le=1,
        description="Relative tolerance where the expected number is a float (in stdout: has a point or an exponent).",
    )
    float_abs: float = Field(1e-9, ge=0, le=1e12, description="Absolute tolerance there; the larger one counts.")
    unordered: Unordered = Field(
        "none",
        description="Lists whose order does not matter: `none`, the `outer` one (of stdout: its lines), or `all`. "
        "Where it does not, a set may stand for a list.",
    )
    strict_types: bool = Field(
        False, description="Whether tuple and list, 1 and 1.0, set and frozenset differ. True and 1 always do."
    )
    whitespace: Whitespace | None = Field(
        None,
        description="White space of strings and stdout: `exact`; `trailing`: that at the ends of lines and of the text "
        "does not count; `any`: only whether there is some between words does. Default null: `trailing` for stdout, "
        "`exact` for returned strings.",
    )

    def is_near(self, expected: float, got: float) -> bool:
        """Whether two finite numbers are within the tolerance."""
        return abs(expected - got) <= max(self.float_abs, self.float_rel * abs(expected))
