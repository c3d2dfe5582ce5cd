"""Model output as plain characters: what the scanners read, with a way back to where each character came from.

Dashes become "-", every decimal digit 0-9, every blank a space; invisible characters go, LaTeX markup becomes what it
shows. Markdown marks become SOFT, a blank that separates nothing: "**65.4**%" is one quantity, "9**9" not one number.
"""

import re
import unicodedata
from collections.abc import Callable

from msgspec import Struct

from graders.kit.quantity_words import words

SOFT = "\x1f"

_SINGLE = {
    "−": "-", "–": "-", "‐": "-", "‑": "-", "’": "'", "‘": "'", "⁄": "/", "∕": "/", "∼": "~",
}  # fmt: skip
_SUPERSCRIPTS = {"⁰": "0", "¹": "1", "²": "2", "³": "3", "⁻": "-", "⁺": "+"} | {
    chr(0x2070 + digit): str(digit) for digit in range(4, 10)
}
_RAISED = "".join(_SUPERSCRIPTS)
_TEN_TO_THE = re.compile(rf"(?<![0-9.,])(10)([{_RAISED}]++)")
_FOOTNOTE = re.compile(rf"[{_RAISED}]")
# Two decimals at most: 2.125 for 2⅛ would be two thousand where the point separates thousands.
_TENTHS = {"½": "5", "¼": "25", "¾": "75", "⅕": "2", "⅖": "4", "⅗": "6", "⅘": "8", "⅒": "1"}
_GLUED_FRACTION = re.compile(r"[½¼¾⅐-⅟↉](?<=\d.)|[½¼¾⅐-⅞↉](?=\d)")

_LATEX_SIGNS = {
    "times": "×", "cdot": "×", "approx": "≈", "simeq": "≈", "sim": "~", "pm": "±", "div": "/", "euro": "€",
    "pounds": "£",
}  # fmt: skip
_LATEX_INVISIBLE = words(
    "boxed fbox text textbf textit textrm textnormal mathbf mathrm mathit mathsf bf rm bold left right displaystyle"
    " ensuremath"
)
_LATEX = re.compile(
    r"\\[dt]?frac\s?\{([0-9]{1,12})\}\s?\{([0-9]{1,12})\}"  # 1, 2: numerator, denominator
    r"|\\u([0-9a-fA-F]{4})"  # 3: a JSON escape
    r"|\\([A-Za-z]++)"  # 4: a command
    r"|\\(.)"  # 5: an escaped character
    r"|\{(,)\}"  # 6: a thousands separator in math mode
    r"|[{}]",
    re.DOTALL,
)
_HTML = re.compile(
    r"</?(?:b|i|u|em|strong|span|p|td|tr|th|div|br|code|font|mark|small|big|center|li|ul|ol|h[1-6]|answer|final_answer"
    r"|result)(?:[\s/][^<>\n]{0,80}+|)>",
    re.IGNORECASE,
)
_MARKING_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


class PlainText(Struct, gc=False):
    """`text` to scan; `origin[i]` is where its character i stood, None where nothing moved."""

    text: str
    origin: list[int] | None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """[start, end) of `text` as [start, end) of the original, for 0 <= start < end."""
        return (start, end) if self.origin is None else (self.origin[start], self.origin[end - 1] + 1)


def plain_text(original: str) -> PlainText:
    """`original` as plain characters. Linear in its length; ASCII without markup is returned as it is."""
    plain = PlainText(original, None)
    if not original.isascii():
        plain = _ascii_where_possible(_with_decimals(_without_superscripts(plain)))
    if "<" in plain.text and ">" in plain.text:
        plain = _replaced(plain, _HTML, lambda _: SOFT)
    if "\\" in plain.text or "{,}" in plain.text:
        plain = _replaced(plain, _LATEX, _shown)
    if "*" in plain.text or "`" in plain.text or "_" in plain.text:
        marked = plain.text.replace("*", SOFT).replace("`", SOFT)
        return PlainText(_MARKING_UNDERSCORE.sub(SOFT, marked), plain.origin)
    return plain


def _without_superscripts(plain: PlainText) -> PlainText:
    """Powers of ten as `10^9`; any other superscript is the mark of a footnote, and 5,818¹ is not 58181."""
    if not _FOOTNOTE.search(plain.text):
        return plain
    plain = _replaced(plain, _TEN_TO_THE, lambda found: "10^" + "".join(_SUPERSCRIPTS[mark] for mark in found[2]))
    return _replaced(plain, _FOOTNOTE, lambda _: "")


def _with_decimals(plain: PlainText) -> PlainText:
    """2½ as 2.5; a fraction that touches a number and has no short decimals is set apart from it: 21/3 is not 2⅓."""
    return _replaced(plain, _GLUED_FRACTION, _decimal) if _GLUED_FRACTION.search(plain.text) else plain


def _decimal(found: re.Match[str]) -> str:
    text, (start, end) = found.string, found.span()
    before, after = text[start - 1 : start], text[end : end + 1]
    if before.isdecimal() and not after.isdecimal() and (digits := _TENTHS.get(found[0])):
        return f".{digits}"
    return f" {_plain_character(found[0])} "


def _ascii_where_possible(plain: PlainText) -> PlainText:
    shown = {mark: _plain_character(mark) for mark in set(plain.text) if mark > "\x7f"}
    if all(len(characters) == 1 for characters in shown.values()):
        table = {ord(mark): characters for mark, characters in shown.items()}
        return PlainText(plain.text.translate(table), plain.origin)
    pieces, origin = [], []
    for place, mark in enumerate(plain.text):
        characters = shown.get(mark, mark)
        pieces.append(characters)
        origin += [place] * len(characters)
    return PlainText("".join(pieces), _composed(plain.origin, origin))


def _plain_character(mark: str) -> str:
    if mark in _SINGLE:
        return _SINGLE[mark]
    category = unicodedata.category(mark)
    if category == "Nd":
        return str(unicodedata.decimal(mark))
    if category == "Zs":
        return " "
    if category == "Cf":
        return ""
    compatible = unicodedata.normalize("NFKC", mark)
    if (category == "No" and "⁄" not in compatible) or unicodedata.decomposition(mark).startswith("<circle>"):
        return SOFT  # 94① and 94₁ have a footnote
    return "".join(_SINGLE.get(part, part) for part in compatible)


def _shown(found: re.Match[str]) -> str:
    """What a piece of LaTeX (or a JSON escape) looks like when it is rendered."""
    top, bottom, code, command, escaped, comma = found.groups()
    if top:
        return f"{top}/{bottom}"
    if code:
        return chr(int(code, 16))
    if command:
        return "" if command in _LATEX_INVISIBLE else _LATEX_SIGNS.get(command, " ")
    if escaped:
        return escaped if escaped in "%$€£#&" else "" if escaped == "!" else " "
    return comma or ""


def _replaced(plain: PlainText, pattern: re.Pattern[str], shown: Callable[[re.Match[str]], str]) -> PlainText:
    pieces: list[str] = []
    origin: list[int] = []
    end = 0
    for found in pattern.finditer(plain.text):
        piece = shown(found)
        pieces += plain.text[end : found.start()], piece
        origin += range(end, found.start())
        origin += [found.start()] * (len(piece) - 1) + [found.end() - 1] * (len(piece) > 0)
        end = found.end()
    pieces.append(plain.text[end:])
    origin += range(end, len(plain.text))
    return PlainText("".join(pieces), _composed(plain.origin, origin))


def _composed(first: list[int] | None, second: list[int]) -> list[int]:
    return second if first is None else [first[place] for place in second]
