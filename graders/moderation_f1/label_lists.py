"""Lists of labels, from JSON or written out: known ones, unknown ones, and the words that say there are none."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from graders.kit.label_keys import label_key
from graders.moderation_f1.answer import Named, Unread
from graders.moderation_f1.taxonomy import NEGATIVE, SPELLING_MAX_LENGTH, Compiled

NAMES_MAX = 256
"""Most names in a list. An object may hold more if the taxonomy has more: twice as many keys as labels."""
_SEPARATORS_MAX = 4 * NAMES_MAX

Entry = int | str
"""A label's place in the taxonomy, `NEGATIVE`, or the key of a name that the taxonomy lacks."""

_SEPARATOR = re.compile(r"[,;\n]")
_MARKS = " .*•\"'`"
_UNKNOWN_MAX_LENGTH = 60


def named_in_list(values: list[Any], taxonomy: Compiled) -> Named:
    """What a JSON list of names says.

    Raises:
        Unread: a member is no name, there are too many, or a negative word stands beside a label.
    """
    if not all(type(value) is str and value.strip() for value in values):
        raise Unread("bad_label_type", "a label is not a string with something in it")
    _check_number(len(values), NAMES_MAX)
    return _gathered([_entry(value, taxonomy) for value in values], is_empty=not values)


def named_in_text(text: str, taxonomy: Compiled) -> Named:
    """What names separated by commas, semicolons or lines say; the longest known name wins over its own commas.

    Nothing at all (blanks, separators) names nothing and denies nothing.

    Raises:
        Unread: there are too many names, or a negative word stands beside a label.
    """
    return _gathered(_entries(text, taxonomy), is_empty=False)


def named_in_flags(flags: dict[str, Any], taxonomy: Compiled) -> Named:
    """What an object from label to true, false or null (not flagged) says; an empty one names and denies nothing.

    Raises:
        Unread: a value is something else, there are too many, or two spellings of a label disagree.
    """
    _check_number(len(flags), max(NAMES_MAX, 2 * len(taxonomy.names)))
    states: dict[Entry, bool] = {}
    for name, value in flags.items():
        if value is not None and type(value) is not bool:
            raise Unread("bad_label_type", f"the value of {name[:60]!r} is not true, false or null")
        if states.setdefault(_entry(name, taxonomy), bool(value)) != bool(value):
            raise Unread("contradiction", f"{name[:60]!r} is both flagged and not flagged")
    return _gathered(
        [entry for entry, is_on in states.items() if is_on], is_empty=bool(flags) and not any(states.values())
    )


def _entry(text: str, taxonomy: Compiled) -> Entry:
    place = taxonomy.find(text)
    return (_key(text) or text.strip()) if place is None else place


def _gathered(entries: Iterable[Entry], is_empty: bool) -> Named:
    named = Named(is_empty=is_empty)
    unknown: dict[str, None] = {}
    for entry in entries:
        if isinstance(entry, str):
            unknown[entry[:_UNKNOWN_MAX_LENGTH]] = None
        elif entry == NEGATIVE:
            named.is_empty = True
        else:
            named.labels |= 1 << entry
    named.unknown = tuple(unknown)
    if named.is_empty and (named.labels or unknown):
        raise Unread("contradiction", "it says that there is nothing to name, and names something")
    return named


def _entries(text: str, taxonomy: Compiled) -> Iterator[Entry]:
    ends = [match.start() for match in _SEPARATOR.finditer(text)]
    _check_number(len(ends), _SEPARATORS_MAX)
    ends.append(len(text))
    first, start, number = 0, 0, 0
    while first < len(ends):
        last, entry = _longest(text, start, ends, first, taxonomy)
        if entry != "":
            number += 1
            _check_number(number, NAMES_MAX)
            yield entry
        first, start = last + 1, ends[last] + 1


def _longest(text: str, start: int, ends: list[int], first: int, taxonomy: Compiled) -> tuple[int, Entry]:
    """The most pieces from `first` on that are one known name together: the last of them, and the name.

    Where there is no such name: `first` and what it holds alone, "" for blanks and marks.
    """
    piece = text[start : ends[first]]
    if not piece or piece.isspace():
        return first, ""
    key = _key(piece)
    bare = key.strip(_MARKS)
    if bare in taxonomy.openings:
        for last in range(min(first + taxonomy.most_separators, len(ends) - 1), first, -1):
            whole = _key(text[start : ends[last]])
            place = taxonomy.index.get(whole, taxonomy.index.get(whole.strip(_MARKS)))
            if place is not None:
                return last, place
    return first, taxonomy.index.get(key, taxonomy.index.get(bare, bare))


def _key(text: str) -> str:
    return label_key(text if len(text) <= SPELLING_MAX_LENGTH else text[:_UNKNOWN_MAX_LENGTH])


def _check_number(number: int, most: int) -> None:
    if number > most:
        raise Unread("too_many_labels", f"it names more than {most} labels")
