"""Which row of B belongs to which row of A, and whether they may be compared at all."""

from collections.abc import Iterator, Sequence

from evaluations.errors import DuplicateId, GoldDiffers, IdsDiffer, VersionsDiffer
from evaluations.requests import Label, Side
from evaluations.rows import Row
from graders.errors import Fault, json_pointer

_SHOWN_MAX = 10


def same_order(a: Side, b: Side, rows_a: Sequence[Row], rows_b: Sequence[Row]) -> list[int]:
    """For each row of A the place of the same sample in B.

    Raises:
        VersionsDiffer, DuplicateId, IdsDiffer, GoldDiffers: other samples, or judged in another way.
    """
    if a.version != b.version:
        detail = f"A was judged by version {a.version!r}, B by {b.version!r}. Judge both by one version."
        raise VersionsDiffer(detail, (Fault("/b/version", detail),))
    places_a, places_b = _places(a.ids, "/a/ids"), _places(b.ids, "/b/ids")
    if places_a.keys() != places_b.keys():
        raise _ids_differ(places_a, places_b)
    order = [places_b[id] for id in places_a]
    differing = list(_differing(a, b, rows_a, rows_b, order))
    if differing:
        detail = f"{len(differing)} samples have another gold, known or group in B than in A."
        raise GoldDiffers(detail, tuple(differing[:_SHOWN_MAX]))
    return order


def _places(ids: Sequence[Label], pointer: str) -> dict[Label, int]:
    places: dict[Label, int] = {}
    for place, id in enumerate(ids):
        if places.setdefault(id, place) != place:
            detail = f"The id {id!r} is there twice. With several rollouts per prompt give each an id of its own."
            raise DuplicateId(detail, (Fault(json_pointer(pointer, place), detail),))
    return places


def _ids_differ(a: dict[Label, int], b: dict[Label, int]) -> IdsDiffer:
    only_a, only_b = [id for id in a if id not in b], [id for id in b if id not in a]
    faults = [
        Fault(json_pointer(root, places[id]), f"{id!r} is only here.")
        for root, places, only in (("/a/ids", a, only_a), ("/b/ids", b, only_b))
        for id in only[: _SHOWN_MAX // 2]
    ]
    detail = f"{len(only_a)} ids are only in A, {len(only_b)} only in B. Compare systems on the same samples."
    return IdsDiffer(detail, tuple(faults))


def _differing(a: Side, b: Side, rows_a: Sequence[Row], rows_b: Sequence[Row], order: Sequence[int]) -> Iterator[Fault]:
    for place_a, place_b in enumerate(order):
        id, row_a, row_b = a.ids[place_a], rows_a[place_a], rows_b[place_b]
        if row_a.gold != row_b.gold:
            sent = f"{a.y_true[place_a]!r} in A and {b.y_true[place_b]!r} in B"
            yield Fault(json_pointer("/b/y_true", place_b), f"The gold of {id!r} is {sent}.")
        elif row_a.known != row_b.known:
            yield Fault(json_pointer("/b/known", place_b), f"What is known of {id!r} differs.")
        elif _at(a.groups, place_a) != _at(b.groups, place_b):
            yield Fault(json_pointer("/b/groups", place_b), f"{id!r} belongs to another group.")


def _at(column: Sequence[Label] | None, place: int) -> Label | None:
    return None if column is None else column[place]
