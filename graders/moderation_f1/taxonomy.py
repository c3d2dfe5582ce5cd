"""The labels that answers may name, as a config declares them, and the same compiled to bits and keys."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from graders.kit.label_keys import label_key

NEGATIVE = -1
"""In an index: the word says that there is nothing to name."""

# Folding a character may give eighteen; a text longer than two of the longest names is no spelling of one.
SPELLING_MAX_LENGTH = 400

Name = Annotated[str, Field(min_length=1, max_length=200)]


class Label(BaseModel):
    """One label of a taxonomy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(description="The label as grades and reports write it.")
    parent: Name | None = Field(None, description="Name of the label that this one is a kind of. Default null: none.")
    aliases: list[Name] = Field(default_factory=list, max_length=50, description="Other spellings. Default: none.")
    weight: float = Field(
        1.0,
        ge=0,
        le=1_000_000,
        allow_inf_nan=False,
        description="How much an error in this label costs under the reward `cost`. Default 1.",
    )


class Taxonomy(BaseModel):
    """A closed set of labels. Spellings are compared by `label_key`: no case, and all gaps are equal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(max_length=200)] = Field("custom", description="For people; counts nowhere.")
    labels: list[Label] = Field(max_length=500, description="The labels, in the order in which grades list them.")
    negative_aliases: list[Name] = Field(
        ["none", "safe"], max_length=50, description="Words that say: nothing to name. Default `none`, `safe`."
    )

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        _ = self.compiled
        return self

    @cached_property
    def compiled(self) -> "Compiled":
        """The taxonomy as `counting` and the formats use it.

        Raises:
            ValueError: two labels share a spelling, an alias is a negative word, a parent is unknown or its own child.
        """
        index = _index(self.labels, self.negative_aliases)
        names = tuple(label.name for label in self.labels)
        split = [re.split("[,;]", key) for key in index]
        return Compiled(
            names=names,
            index=index,
            closures=_closures(self.labels, index),
            weights=tuple(label.weight for label in self.labels),
            openings=frozenset(parts[0].strip() for parts in split if len(parts) > 1),
            most_separators=max((len(parts) - 1 for parts in split), default=0),
            hash=_hash(self),
        )


@dataclass(frozen=True, slots=True)
class Compiled:
    """A taxonomy whose sets of labels are ints: bit i stands for `names[i]`."""

    names: tuple[str, ...]
    index: dict[str, int]
    """From a spelling or its key to the label's place, or to `NEGATIVE`."""
    closures: tuple[int, ...]
    """Of each label: itself and its ancestors."""
    weights: tuple[float, ...]
    openings: frozenset[str]
    """Of spellings that hold commas or semicolons: what stands before the first one."""
    most_separators: int
    """Most commas and semicolons in a spelling."""
    hash: str
    """`sha256:` and 16 hex digits of what the labels are; taxonomies that differ share no counts."""

    @property
    def all(self) -> int:
        return (1 << len(self.names)) - 1

    def find(self, text: str) -> int | None:
        """The place of the label that `text` spells, `NEGATIVE`, or None."""
        place = self.index.get(text)
        if place is None and len(text) <= SPELLING_MAX_LENGTH:
            place = self.index.get(label_key(text))
        return place

    def listed(self, labels: int) -> list[str]:
        """The names of a set of labels, in the taxonomy's order."""
        return [self.names[place] for place in places(labels)] if labels else []

    def closed(self, labels: int) -> int:
        """The set with all ancestors of its members."""
        found = labels
        for place in places(labels):
            found |= self.closures[place]
        return found

    def weights_of(self, labels: int) -> list[float]:
        """The weight of each label of a set."""
        return [self.weights[place] for place in places(labels)]


def places(labels: int) -> Iterator[int]:
    """Where the members of a set of labels stand in the taxonomy, in order."""
    while labels:
        lowest = labels & -labels
        yield lowest.bit_length() - 1
        labels ^= lowest


def _index(labels: list[Label], negatives: list[str]) -> dict[str, int]:
    index: dict[str, int] = {}
    for word in negatives:
        _add(index, word, NEGATIVE, "negative_aliases")
    for place, label in enumerate(labels):
        for spelling in (label.name, *label.aliases):
            _add(index, spelling, place, label.name)
    return index


def _add(index: dict[str, int], spelling: str, place: int, owner: str) -> None:
    key = label_key(spelling)
    if not key:
        raise ValueError(f"bad_taxonomy:empty_key: {spelling!r} of {owner!r} has neither letter nor digit")
    known = index.setdefault(key, place)
    if known != place:
        code = "alias_is_negative" if NEGATIVE in (known, place) else "alias_collision"
        raise ValueError(f"bad_taxonomy:{code}: {spelling!r} of {owner!r} is already a spelling of something else")
    index[spelling] = place


def _closures(labels: list[Label], index: dict[str, int]) -> tuple[int, ...]:
    if len({label_key(label.name) for label in labels}) < len(labels):
        raise ValueError("bad_taxonomy:duplicate_name: two labels have the same name")
    parents = [_parent(label, index) for label in labels]
    return tuple(_ancestry(place, parents, labels) for place in range(len(labels)))


def _parent(label: Label, index: dict[str, int]) -> int | None:
    if label.parent is None:
        return None
    place = index.get(label_key(label.parent), NEGATIVE)
    if place == NEGATIVE:
        raise ValueError(f"bad_taxonomy:unknown_parent: {label.parent!r} of {label.name!r} is no label")
    return place


def _ancestry(place: int, parents: list[int | None], labels: list[Label]) -> int:
    found = 0
    above: int | None = place
    while above is not None:
        if found >> above & 1:
            raise ValueError(f"bad_taxonomy:cycle: {labels[place].name!r} is below itself")
        found |= 1 << above
        above = parents[above]
    return found


def _hash(taxonomy: Taxonomy) -> str:
    """Order, repeated spellings and `id` do not count."""
    labels = sorted(
        (
            label.name,
            label.parent and label_key(label.parent),
            sorted({label_key(alias) for alias in label.aliases}),
            label.weight,
        )
        for label in taxonomy.labels
    )
    negatives = sorted({label_key(word) for word in taxonomy.negative_aliases})
    content = json.dumps([labels, negatives], ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(content.encode()).hexdigest()[:16]
