"""One key for all spellings of a label: `Self_Harm`, `self-harm` and `SELF HARM` are the same name."""

import re
import unicodedata

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣－"), "-")
_GAPS = re.compile(r"[\s_/-]+")
_COMMA = re.compile(r" ?, ?")


def label_key(text: str) -> str:
    """`text` in Unicode's NFKC form and without case; runs of blanks, `_`, `/` and dashes are one blank.

    Look-alike letters of another script stay what they are. Empty for a text that has nothing else than gaps.

    >>> label_key(" Violence/Graphic ")
    'violence graphic'
    """
    if text.isascii():
        folded = text.lower()
    else:
        normal = unicodedata.normalize("NFKC", text).casefold()
        folded = unicodedata.normalize("NFKC", normal).translate(_DASHES)
    key = _GAPS.sub(" ", folded).strip()
    return _COMMA.sub(",", key) if "," in key else key
