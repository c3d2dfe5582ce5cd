"""What the question asks of the answer's form: unit, scale, currency, decimals, sign, container. Derived once, at data
preparation, and stored in the item; a config may give defaults."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from graders.kit.answers import Container
from graders.kit.numerals import DECIMAL_COMMA
from graders.kit.quantity_words import words

_DECIMAL_POINT = words("en ja zh ko th he hi ga mt")


def _language(locale: str) -> str:
    language = locale.partition("-")[0].partition("_")[0].lower()
    if language not in _DECIMAL_POINT | DECIMAL_COMMA:
        raise ValueError(f"known languages are {', '.join(sorted(_DECIMAL_POINT | DECIMAL_COMMA))}")
    return language


class Spec(BaseModel):
    """How the answer should be given. Every field left out is one that the question does not ask for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Literal["percent", "ratio", "currency", "count", "multiple", "bps", "year"] | None = Field(
        None, description="Unit asked for. `count` and `year` are exact. Default null: the unit the reference shows."
    )
    scale: Literal["ones", "thousand", "million", "billion", "trillion"] | None = Field(
        None, description="Scale asked for, which is also that of a bare reference. Default null: any scale will do."
    )
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = Field(
        None, description="ISO 4217 code of the currency asked for. Default null: that of the reference."
    )
    decimals: int | None = Field(
        None, ge=0, le=20, description="Digits after the point that are asked for. Default null: as the reference."
    )
    sign: Literal["signed", "magnitude", "auto"] = Field(
        "auto",
        description="`signed`: the opposite sign is wrong. `magnitude`: a size is asked for. Default `auto`: signed, "
        "unless the question asks for a decrease; then the other sign is a fault of form.",
    )
    answer_only: bool = Field(False, description="Only the number is asked for: words beside it are a fault of form.")
    container: Container | None = Field(
        None, description="Where the answer was asked for; elsewhere is a fault of form. Default null: anywhere."
    )
    locale: Annotated[str, AfterValidator(_language)] = Field(
        "en", description="Language of reference and answer: says whether 1.234 is more or less than 2. Default `en`."
    )
    mode: Literal["strict", "prose"] = Field(
        "strict",
        description="Default `strict`: exactly one value where the answer stands; the only mode to train with. "
        "`prose`: picks one out of free text, for offline evaluation.",
    )
    precision: Literal["display", "exact"] = Field(
        "display",
        description="Default `display`: what rounds to the reference is right. `exact`: only an equal number is.",
    )

    @property
    def comma_is_decimal(self) -> bool:
        return self.locale in DECIMAL_COMMA


class SpecDefaults(Spec):
    """Values for whatever `item.spec` leaves out. A null in the item is not left out: it takes a default back."""


def merged(defaults: Spec, spec: Spec | None) -> Spec:
    """`spec` over `defaults`, field by field."""
    if spec is None or not spec.model_fields_set:
        return defaults
    if not defaults.model_fields_set:
        return spec
    return defaults.model_copy(update={name: getattr(spec, name) for name in spec.model_fields_set})


_DIMENSIONLESS = frozenset({"percent", "bps", "year"})


def contradiction(spec: Spec) -> tuple[str, str] | None:
    """A field of `spec` that denies its `unit`, and a sentence that says so; None where they agree."""
    if spec.unit in _DIMENSIONLESS and spec.scale not in (None, "ones"):
        return "scale", f"a {spec.unit} has no scale; leave `scale` out, or null where the config sets one"
    if spec.currency is not None and spec.unit not in (None, "currency"):
        return "currency", f"a {spec.unit} has no currency; leave `currency` out, or null where the config sets one"
    return None
