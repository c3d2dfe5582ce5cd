"""An assembler for seccomp filters: what a system call's number and arguments lead to, as classic BPF.

`struct sock_filter` and `struct seccomp_data` as in linux/filter.h and linux/seccomp.h; both architectures are
little-endian.
"""

import errno
import struct
from collections.abc import Mapping

ALLOW = 0x7FFF0000
KILL = 0x80000000
_ERRNO = 0x00050000

_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_IF_EQUAL, _IF_GREATER, _IF_AT_LEAST, _IF_ANY_BIT = 0x15, 0x25, 0x35, 0x45
_AT_NUMBER, _AT_ARCH, _AT_ARGUMENTS = 0, 4, 16
_X32_BIT = 0x40000000

Code = list[tuple[int, int, int, int]]
"""Instructions as (code, jump if true, jump if false, operand)."""


def error(number: int) -> int:
    """The action that lets a call fail with this errno."""
    return _ERRNO | number


DENY = error(errno.EPERM)


def argument_in(index: int, values: list[int], otherwise: int = DENY) -> Code:
    """Allows the call if the low 32 bits of its argument are one of `values`."""
    code: Code = [(_LOAD, 0, 0, _AT_ARGUMENTS + 8 * index)]
    code += [(_IF_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [*code, (_RETURN, 0, 0, otherwise), (_RETURN, 0, 0, ALLOW)]


def argument_has(index: int, bits: int, otherwise: int = DENY) -> Code:
    """Allows the call if its argument has all of `bits`."""
    return [
        (_LOAD, 0, 0, _AT_ARGUMENTS + 8 * index),
        (_AND, 0, 0, bits),
        (_IF_EQUAL, 1, 0, bits),
        (_RETURN, 0, 0, otherwise),
        (_RETURN, 0, 0, ALLOW),
    ]


def argument_has_or_is(index: int, bits: int, values: list[int], otherwise: int = DENY) -> Code:
    """Allows the call if its argument has any of `bits`, or is one of `values` (their low 32 bits)."""
    code = argument_in(index, values, otherwise)
    # The first is the load; the two returns stand last, the second of them allows.
    return [code[0], (_IF_ANY_BIT, len(code) - 2, 0, bits), *code[1:]]


def argument_without(index: int, mask: int, values: list[int], otherwise: int = DENY) -> Code:
    """Allows the call unless the bits `mask` of its argument are one of `values`."""
    code: Code = [(_LOAD, 0, 0, _AT_ARGUMENTS + 8 * index), (_AND, 0, 0, mask)]
    code += [(_IF_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [*code, (_RETURN, 0, 0, ALLOW), (_RETURN, 0, 0, otherwise)]


def argument_is_and_not(index: int, value: int, other: int, unwanted: int) -> Code:
    """Allows the call if the low 32 bits of argument `index` are `value` and those of `other` are not `unwanted`."""
    return [
        (_LOAD, 0, 0, _AT_ARGUMENTS + 8 * index),
        (_IF_EQUAL, 0, 2, value),
        (_LOAD, 0, 0, _AT_ARGUMENTS + 8 * other),
        (_IF_EQUAL, 0, 1, unwanted),
        (_RETURN, 0, 0, DENY),
        (_RETURN, 0, 0, ALLOW),
    ]


def pointer_null_if(index: int, value: int, pointer: int) -> Code:
    """Allows the call unless the low 32 bits of argument `index` are `value` and argument `pointer` is not null."""
    at = _AT_ARGUMENTS + 8 * pointer
    return [
        (_LOAD, 0, 0, _AT_ARGUMENTS + 8 * index),
        (_IF_EQUAL, 0, 5, value),
        (_LOAD, 0, 0, at),
        (_IF_EQUAL, 0, 2, 0),
        (_LOAD, 0, 0, at + 4),
        (_IF_EQUAL, 1, 0, 0),
        (_RETURN, 0, 0, DENY),
        (_RETURN, 0, 0, ALLOW),
    ]


def assemble(arch: int, rules: Mapping[int, int | Code], default: int) -> bytes:
    """The filter for calls of `arch`; those of another one, and x32's, kill the process.

    `rules` maps a call's number to an action or to code that returns one.
    """
    code: Code = [
        (_LOAD, 0, 0, _AT_ARCH),
        (_IF_EQUAL, 1, 0, arch),
        (_RETURN, 0, 0, KILL),
        (_LOAD, 0, 0, _AT_NUMBER),
        (_IF_AT_LEAST, 0, 1, _X32_BIT),
        (_RETURN, 0, 0, KILL),
    ]
    for first, last, rule in _ranges(rules):
        then: Code = [(_RETURN, 0, 0, rule)] if isinstance(rule, int) else rule
        # Numbers ascend, so one below the range belongs to none; one above it belongs to a later range, if to any.
        code += [
            (_IF_GREATER, 2 + len(then), 0, last),
            (_IF_AT_LEAST, 1, 0, first),
            (_RETURN, 0, 0, default),
            *then,
        ]
    return b"".join(struct.pack("=HBBI", *step) for step in [*code, (_RETURN, 0, 0, default)])


def _ranges(rules: Mapping[int, int | Code]) -> list[tuple[int, int, int | Code]]:
    """Neighbours with the same action as one range, in ascending order."""
    found: list[tuple[int, int, int | Code]] = []
    for number in sorted(rules):
        rule = rules[number]
        if found and found[-1][1] == number - 1 and found[-1][2] == rule:
            found[-1] = (found[-1][0], number, rule)
        else:
            found.append((number, number, rule))
    return found
