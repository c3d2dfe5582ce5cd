"""What is asked of an answer and what it earns: every rule that a caller may set, with its default."""

from collections.abc import Callable
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, WrapValidator, field_validator, model_validator

from graders.kit.label_keys import label_key
from graders.moderation_f1.shipped import SHIPPED, shipped
from graders.moderation_f1.taxonomy import NEGATIVE, Compiled, Taxonomy

Format = Literal[
    "json", "labels", "openai_moderation", "llama_guard", "yes_no", "binary", "qwen3guard", "wildguard", "nemoguard",
    "fields",
]  # fmt: skip
Mode = Literal["set", "flag", "class"]
Reward = Literal["f_linear", "set_f", "exact", "jaccard", "cost"]

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Cost = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Words = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(min_length=1, max_length=50)]

_WITHOUT_LABELS = ("yes_no", "wildguard", "fields")
_OPTIONS: dict[str, tuple[Format, ...]] = {
    "thresholds": ("openai_moderation",),
    "controversial": ("qwen3guard",),
    "yes_means_violation": ("yes_no",),
    "field": ("wildguard", "nemoguard", "fields"),
    "positive": ("fields",),
    "negative": ("fields",),
    "after": ("fields",),
}
_FIELDS: dict[str, tuple[str, ...]] = {
    "wildguard": ("harmful request", "response refusal", "harmful response"),
    "nemoguard": ("user safety", "response safety"),
}
_MOST_KEPT = 64
_LONGEST_KEPT = 100_000
_read: dict[str, Taxonomy] = {}


def _taxonomy(sent: Any, validate: Callable[[Any], Taxonomy]) -> Taxonomy:
    """A shipped taxonomy by name, or one written out; the last ones are kept, for checking one takes a while."""
    if isinstance(sent, Taxonomy):
        return sent
    if isinstance(sent, str):
        found = shipped(sent)
        if found is None:
            raise ValueError(f"bad_taxonomy:unknown: no taxonomy {sent[:60]!r} ships; known: {', '.join(SHIPPED)}")
        return found
    text = repr(sent)
    found = _read.get(text)
    if found is None:
        found = validate(sent)
        if len(_read) >= _MOST_KEPT:
            _read.clear()
        if len(text) <= _LONGEST_KEPT:
            _read[text] = found
    return found


NO_LABELS = Taxonomy(id="no labels", labels=[])


class Config(BaseModel):
    """The taxonomy, the format that answers must have, how they are counted, and what the counts earn."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Mode = Field(
        "set",
        description="`set` (default): any number of labels a sample. `class`: exactly one. `flag`: only whether "
        "anything is flagged.",
    )
    taxonomy: Annotated[Taxonomy, WrapValidator(_taxonomy, json_schema_input_type=str | Taxonomy)] = Field(
        default_factory=lambda: NO_LABELS,
        description=f"The labels: one of {', '.join(SHIPPED)}, or an object. May be left out only in mode `flag`.",
        validate_default=True,
    )
    format: Format = Field("json", description="The one format in which answers are read. Default `json`.")
    reward: Reward = Field(
        "f_linear", description="What counts earn. Default `f_linear`, which needs `f_ref`; see the README."
    )
    beta: float = Field(
        1.0, ge=0, le=100, allow_inf_nan=False, description="Recall counts beta times as much. Default 1."
    )
    f_ref: Share | None = Field(
        None,
        description="The F that the policy has now, measured over a corpus, in [0, 1]. Needed by `f_linear`.",
        validate_default=True,
    )
    empty_empty: Share = Field(
        1.0, description="What `set_f` and `jaccard` pay for rightly naming nothing, in [0, 1]. Default 1."
    )
    unknown: Literal["fp", "drop", "error"] = Field(
        "fp",
        description="A name outside the taxonomy is a false alarm (default `fp`), counts nowhere (`drop`; an answer "
        "without any other name is then none), or makes the answer unreadable (`error`).",
    )
    hierarchy: Literal["exact", "ancestors"] = Field(
        "exact", description="`ancestors`: gold and answer are both completed by all ancestors. Default `exact`."
    )
    abstain_reward: Share = Field(0.0, description="What an abstention earns, in [0, 1]. Default 0.")
    format_floor: float = Field(
        0.0,
        ge=0,
        lt=1,
        allow_inf_nan=False,
        description="e: whatever is read earns e + (1 - e) times its reward, what is not read 0. Default 0.",
    )
    scale: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)] | None = Field(
        None,
        description="Divides the costs of `f_linear` and `cost`. Default null: the known labels (`cost`: their "
        "weights), in modes `flag` and `class` 1 (`cost`: the largest weight).",
    )
    w_fn: Cost = Field(1.0, description="`cost`: cost of a miss; only its ratio to `w_fp` counts. Default 1.")
    w_fp: Cost = Field(1.0, description="`cost`: cost of a false alarm. Default 1.")
    thresholds: dict[str, Share] | None = Field(
        None,
        max_length=501,
        description="`openai_moderation`: flag by `category_scores` at or above these, per label or `default` (0.5), "
        "instead of by the sender's booleans. Default null.",
        validate_default=False,
    )
    controversial: Literal["abstain", "unsafe", "safe"] = Field(
        "abstain", description="`qwen3guard`: what `Controversial` means. Default `abstain`."
    )
    yes_means_violation: bool = Field(True, description="`yes_no`: whether yes flags. Default true.")
    field: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None,
        description="The field that decides. `fields`: any name, needed. `wildguard`: default `harmful request`. "
        "`nemoguard`: default null, either of the two.",
        validate_default=True,
    )
    positive: Words = Field(["harmful", "unsafe", "yes"], description="`fields`: values that flag.")
    negative: Words = Field(["unharmful", "safe", "no"], description="`fields`: values that do not.")
    after: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="`fields`: only what follows the last of these texts is read. Default null: everything."
    )

    @field_validator("taxonomy")
    @classmethod
    def _has_labels(cls, taxonomy: Taxonomy, info: ValidationInfo) -> Taxonomy:
        if not taxonomy.labels and info.data.get("mode") in ("set", "class"):
            raise ValueError("bad_taxonomy:missing: modes `set` and `class` need labels")
        return taxonomy

    @field_validator("format")
    @classmethod
    def _fits_mode(cls, format: Format, info: ValidationInfo) -> Format:
        if format in _WITHOUT_LABELS and info.data.get("mode") in ("set", "class"):
            raise ValueError(f"`{format}` names no labels, only whether something is flagged: use mode `flag`")
        return format

    @field_validator("f_ref")
    @classmethod
    def _is_pinned(cls, f_ref: float | None, info: ValidationInfo) -> float | None:
        if f_ref is None and info.data.get("reward") == "f_linear":
            raise ValueError("`f_linear` needs `f_ref`, the F that the policy has now; measure it with `set_f` first")
        return f_ref

    @field_validator("thresholds")
    @classmethod
    def _names_labels(cls, thresholds: dict[str, float] | None, info: ValidationInfo) -> dict[str, float] | None:
        taxonomy = info.data.get("taxonomy")
        for name in thresholds or ():
            place = taxonomy.compiled.find(name) if taxonomy else 0
            if name != "default" and (place is None or place == NEGATIVE):
                raise ValueError(f"{name[:60]!r} is no label of the taxonomy, nor `default`")
        return thresholds

    @field_validator("field")
    @classmethod
    def _is_a_field(cls, field: str | None, info: ValidationInfo) -> str | None:
        format = info.data.get("format")
        if format == "fields" and field is None:
            raise ValueError("the format `fields` needs the name of the field that decides")
        known = _FIELDS.get(format or "")
        if field is not None and known and label_key(field) not in known:
            raise ValueError(f"the fields of {format} are {', '.join(known)}")
        return field

    @model_validator(mode="after")
    def _has_no_idle_option(self) -> Self:
        for name in self.model_fields_set & _OPTIONS.keys():
            if self.format not in _OPTIONS[name]:
                raise ValueError(f"`{name}` is read only by the format {' or '.join(_OPTIONS[name])}; leave it out")
        if self.w_fn == self.w_fp == 0:
            raise ValueError("`w_fn` and `w_fp` are both 0: nothing would cost anything")
        if {label_key(word) for word in self.positive} & {label_key(word) for word in self.negative}:
            raise ValueError("a word stands in `positive` and in `negative`")
        return self

    @cached_property
    def labels(self) -> Compiled:
        """The taxonomy, compiled."""
        return self.taxonomy.compiled

    @cached_property
    def weights(self) -> tuple[float, float]:
        """Cost of a miss and of a false alarm, the larger of them 1.

        Of `f_linear`: (1 + beta^2 - f_ref) to f_ref, the trade that F itself makes at f_ref (Dinkelbach's form of a
        ratio of sums; its decision threshold F/2 is the optimum of Lipton et al., arXiv 1402.1892).
        """
        miss, alarm = self.w_fn, self.w_fp
        if self.reward == "f_linear" and self.f_ref is not None:
            miss, alarm = 1 + self.beta**2 - self.f_ref, self.f_ref
        larger = max(miss, alarm)
        return miss / larger, alarm / larger

    @cached_property
    def negative_weight(self) -> float | None:
        """The weight of a negative sample, a positive's being 1, for a trainer that divides by the std of a group.

        F / (1 + beta^2 - F) at `f_ref`; None without `f_ref`, and where a miss costs nothing.
        """
        rest = None if self.f_ref is None else 1 + self.beta**2 - self.f_ref
        return self.f_ref / rest if rest and self.f_ref is not None else None

    @cached_property
    def least_scores(self) -> tuple[float, ...]:
        """The threshold of each label."""
        given = self.thresholds or {}
        default = given.get("default", 0.5)
        by_place = {self.labels.find(name): value for name, value in given.items()}
        return tuple(by_place.get(place, default) for place in range(len(self.labels.names)))
