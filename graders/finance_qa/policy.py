"""What is paid for what: the rewards of the tiers and the limits between them. The config of finance_qa."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from graders.finance_qa.spec import SpecDefaults

Score = Annotated[float, Field(ge=0, le=1)]
Limit = Annotated[Decimal, Field(ge=0, le=1000, allow_inf_nan=False)]


class Scores(BaseModel):
    """The reward of each tier, each in [0, 1], none more than the one above."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    accurate: Score = Field(1.0, description="Right value, right form. Default 1.0.")
    format: Score = Field(0.8, description="Right value, wrong form. Default 0.8.")
    minor: Score = Field(0.6, description="A minor decimal difference, whatever the form. Default 0.6.")
    wrong: Score = Field(0.0, description="Everything else: wrong, missing or hedged. Default 0.0.")

    @model_validator(mode="after")
    def _falls(self) -> Self:
        if not self.accurate >= self.format >= self.minor >= self.wrong:
            raise ValueError("a lower tier may not pay more: accurate >= format >= minor >= wrong")
        return self


class Config(BaseModel):
    """The four tiers, their limits, and defaults for the items' `spec`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scores: Scores = Field(Scores(), description="Reward per tier. Default 1.0, 0.8, 0.6, 0.0.")
    spec: SpecDefaults = Field(SpecDefaults(), description="Defaults for every field of `item.spec`; the item's wins.")
    ulp_accurate: Limit = Field(
        Decimal("0.5"), description="Units of the reference's last digit up to which a value is accurate. Default 0.5."
    )
    ulp_minor: Limit = Field(
        Decimal(1), description="Units of the reference's last digit up to which an error is minor. Default 1."
    )
    ulp_rel_cap: Limit = Field(
        Decimal("0.05"), description="Fraction of the reference that `ulp_minor` never exceeds. Default 0.05."
    )
    rel_minor: Limit = Field(
        Decimal("0.001"), description="Fraction of the reference up to which any error is minor. Default 0.001."
    )
    coarse_rel: Limit = Field(
        Decimal("0.01"),
        description="Fraction of the reference that a correct, coarser rounding may lose. Default 0.01.",
    )
    on_currency_conflict: Literal["zero", "format"] = Field(
        "zero", description="Another currency than asked is wrong (default `zero`) or a fault of form (`format`)."
    )
    percent_as_fraction: Literal["format", "accurate"] = Field(
        "format", description="0.654 for 65.4 %, or the reverse: a fault of form (default `format`) or no fault."
    )
    scale_variant: Literal["format", "accurate"] = Field(
        "format",
        description="$1.577 billion where millions were asked: a fault of form (default `format`) or no fault.",
    )
    on_extra_text: Literal["format", "zero"] = Field(
        "format", description="Words beside the number under `answer_only`: a fault of form (default) or worth nothing."
    )
    set_credit: Literal["all", "fraction"] = Field(
        "all",
        description="For `reference_set`: the lowest tier, wrong unless all are right (default `all`), or the mean "
        "reward over the references (`fraction`).",
    )
