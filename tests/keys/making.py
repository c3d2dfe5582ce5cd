"""Keys for tests."""

import time
from typing import Any

from app.keys.secret import hash_of, new_key, prefix_of
from app.ledger import StoredKey


def stored(key: str = "", **changes: Any) -> StoredKey:
    """A live key of `trainer`, as it is stored."""
    key = key or new_key()
    values: dict[str, Any] = {
        "sha256": hash_of(key.encode()),
        "name": "trainer",
        "prefix": prefix_of(key),
        "scopes": ("grade",),
        "rate_per_s": None,
        "burst": None,
        "concurrency": None,
        "weight": 1.0,
        "created_us": time.time_ns() // 1000,
        "expires_us": None,
        "revoked_us": None,
    }
    return StoredKey(**values | changes)
