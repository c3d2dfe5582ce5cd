"""What an API key looks like, and how it is taken out of a text that others may read."""

import re

# 43 of 62 characters hold 256 bits; none of them needs escaping in a URL, a shell or TOML. Half a key is one too, and
# of two that follow one another each.
KEY = re.compile(r"rft_([0-9A-Za-z]{6})[0-9A-Za-z]{14,}?(?=rft_|[^0-9A-Za-z]|$)")
SHOWN_CHARS = 10


def redacted(text: str) -> str:
    """`text` with every API key cut to the prefix by which its operator knows it."""
    return KEY.sub(r"rft_\1[redacted]", text) if "rft_" in text else text
