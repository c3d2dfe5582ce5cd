"""An API key: 256 random bits, of which only a hash is stored.

Slow, salted hashes (bcrypt, argon2) protect words that people choose, of which an attacker can try all. Nobody can try
2^256 keys, so one plain SHA-256 is as strong, and takes a microsecond where those take a tenth of a second by design.
"""

import hashlib
import secrets
import string

from app.redaction import SHOWN_CHARS

_ALPHABET = string.ascii_letters + string.digits
_CHARS = 43


def new_key() -> str:
    """A key that nobody has seen: `rft_` and 43 letters and digits, 256 bits."""
    return "rft_" + "".join(secrets.choice(_ALPHABET) for _ in range(_CHARS))


def hash_of(key: bytes) -> bytes:
    """What is stored of a key: its SHA-256, 32 bytes."""
    return hashlib.sha256(key).digest()


def prefix_of(key: str) -> str:
    """What may be shown of a key, so that people can tell theirs apart: 220 of its bits stay unknown."""
    return key[:SHOWN_CHARS]
