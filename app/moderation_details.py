"""What a moderation grade says of itself in its details, read quickly out of the ledger."""

from typing import Literal

import msgspec

Mode = Literal["set", "class", "flag"]


class Details(msgspec.Struct):
    """The part of `moderation_f1`'s details that reports and comparisons stand on."""

    mode: Mode
    fp: int
    gold: tuple[str, ...]
    predicted: tuple[str, ...]
    known: tuple[str, ...]
    flagged: bool | None
    gold_flagged: bool
    abstained: bool
    taxonomy_hash: str
    unknown: tuple[str, ...] = ()
    parse_error: str | None = None
    f_ref: float | None = None


class _Grade(msgspec.Struct):
    details: Details


_decoder = msgspec.json.Decoder(_Grade)

# Without these a version's `Details` are of something else.
FIELDS = frozenset(field.name for field in msgspec.structs.fields(Details) if field.required)


def details_of(grade: bytes) -> Details | None:
    """The details in the JSON of a stored grade; None if they are of something else."""
    try:
        return _decoder.decode(grade).details
    except msgspec.ValidationError:
        return None
