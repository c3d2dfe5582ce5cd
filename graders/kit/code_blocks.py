r"""Finds the program in a model's output: the last fenced block of its language, or the whole text where there is none.

Fences are those of CommonMark 0.31, section 4.5: three or more backticks or tildes, closed by at least as many of the
same alone on a line. Two things are wider, since models write them: an opening fence may be indented by any amount (a
list item), and a block that is never closed reaches to the end of the text (a stop sequence cut it there). Nothing is
parsed or evaluated; every search is one pass over the text.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

_FENCE = re.compile(r"^([ \t]*+)(`{3,}+|~{3,}+)([^\n]*)$", re.MULTILINE)
_REASONING_END = re.compile(r"</think(?:ing)?>[ \t]*+\r?$", re.MULTILINE | re.IGNORECASE)
_REASONING_START = re.compile(r"\s*+<think(?:ing)?>", re.IGNORECASE)
_CLOSING_INDENT_MAX = 3


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: what stands between its fences is `text[start:end]`, each line indented by `indent` more."""

    language: str
    """The first word of the info string in lower case, without braces and dots; empty where there is none."""
    start: int
    end: int
    indent: int
    is_closed: bool

    def code(self, text: str) -> str:
        """The block's lines without the fence's own indentation."""
        found = text[self.start : self.end]
        return re.sub(rf"^[ \t]{{1,{self.indent}}}", "", found, flags=re.MULTILINE) if self.indent else found


@dataclass(frozen=True, slots=True)
class Code:
    """A program that was found. `span` is None where the text holds it only with another indentation."""

    code: str
    span: tuple[int, int] | None
    place: Literal["block", "text"]


@dataclass(frozen=True, slots=True)
class NoCode:
    """Why there is no program, in one sentence."""

    why: str


def find_code(text: str, languages: Collection[str], wants_block: bool = False) -> Code | NoCode:
    """The program in `text`.

    What stands up to the last `</think>` at the end of a line is reasoning and does not count. Of several blocks with
    content the last one that names one of `languages` decides; if none does, the last that names no language. With
    blocks of other languages only there is no program. Without a block it is the whole text, unless `wants_block`.
    """
    start = _after_reasoning(text)
    if start is None:
        return NoCode("The output ends within its reasoning.")
    last: dict[str, Block] = {}
    has_blocks = False
    for block in find_blocks(text, start):
        has_blocks = True
        if block.end > block.start and not text[block.start : block.end].isspace():
            last[block.language] = block
    if not has_blocks:
        return _whole(text, start, wants_block)
    return _chosen(text, last, languages)


def _chosen(text: str, last: dict[str, Block], languages: Collection[str]) -> Code | NoCode:
    """The program in one of the blocks with content, of which `last` has the last one of each language."""
    if not last:
        return NoCode("The output's blocks are empty.")
    ours = [block for language, block in last.items() if language in languages]
    block = max(ours, key=lambda block: block.start) if ours else last.get("")
    if block is None:
        others = ", ".join(sorted(language[:40] for language in last)[:3])
        return NoCode(f"The output has only blocks of other languages: {others}.")
    return Code(block.code(text), None if block.indent else (block.start, block.end), "block")


def find_blocks(text: str, start: int = 0) -> Iterator[Block]:
    """Every fenced block after `start`, in order."""
    opening: re.Match[str] | None = None
    for fence in _FENCE.finditer(text, start):
        if opening is None:
            if fence[2][0] == "~" or "`" not in fence[3]:
                opening = fence
        elif _closes(fence, opening):
            yield _block(opening, fence.start(), is_closed=True)
            opening = None
    if opening is not None:
        yield _block(opening, len(text), is_closed=False)


def _closes(fence: re.Match[str], opening: re.Match[str]) -> bool:
    return (
        fence[2].startswith(opening[2])
        and not fence[3].strip()
        and len(fence[1]) <= len(opening[1]) + _CLOSING_INDENT_MAX
    )


def _block(opening: re.Match[str], end: int, is_closed: bool) -> Block:
    words = opening[3].split(maxsplit=1)
    language = words[0].strip("{}.").lower() if words else ""
    # The line's end belongs to the fence.
    return Block(language, min(opening.end() + 1, end), end, len(opening[1]), is_closed)


def _after_reasoning(text: str) -> int | None:
    """Where the answer begins; None if the text is reasoning without an end."""
    ends = [found.end() for found in _REASONING_END.finditer(text)]
    if ends:
        return ends[-1]
    return None if _REASONING_START.match(text) else 0


def _whole(text: str, start: int, wants_block: bool) -> Code | NoCode:
    rest = text[start:]
    if wants_block:
        return NoCode("The output has no fenced block with code.")
    if not rest or rest.isspace():
        return NoCode("The output has no code.")
    # Blank lines go, the first line's indentation stays.
    begin = start + len(rest) - len(rest.lstrip())
    begin = text.rfind("\n", start, begin) + 1 or start
    end = start + len(rest.rstrip())
    return Code(text[begin:end], (begin, end), "text")
