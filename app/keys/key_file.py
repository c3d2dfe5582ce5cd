"""`RFT_API_KEYS_FILE`: keys for containers, as hashes, in TOML or JSON.

[[keys]]
name = "trainer-a"
sha256 = "..."           # what `rft-graders keys create trainer-a --print-entry` prints
scopes = ["grade"]       # grade, admin, trusted_tests
rate = "500/s"           # samples per s, min or h; left out, as burst and concurrency: the service's default
burst = 4096
concurrency = 256
weight = 1
expires = 2030-01-31T00:00:00Z
"""

import json
import tomllib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints, ValidationError

from app.auth import Scope
from app.keys.notation import read_name, read_rate, read_scopes, shown_rate, shown_time, to_us
from app.ledger import StoredKey
from app.redaction import redacted


class KeyFileError(ValueError):
    """The file cannot be used; says where and what was wanted, never what stood there."""


class _Entry(BaseModel, extra="forbid"):
    name: Annotated[str, AfterValidator(read_name)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    prefix: Annotated[str, StringConstraints(pattern=r"^rft_[0-9A-Za-z]{6}$")] = ""
    scopes: Annotated[tuple[Scope, ...], BeforeValidator(read_scopes)] = ("grade",)
    rate: Annotated[float | None, BeforeValidator(lambda written: read_rate(str(written)))] = None
    burst: int | None = Field(None, ge=1)
    concurrency: int | None = Field(None, ge=1)
    weight: float = Field(1.0, gt=0, le=1000)
    expires: datetime | None = None

    def stored(self) -> StoredKey:
        return StoredKey(
            sha256=bytes.fromhex(self.sha256),
            name=self.name,
            prefix=self.prefix,
            scopes=self.scopes,
            rate_per_s=self.rate,
            burst=self.burst,
            concurrency=self.concurrency,
            weight=self.weight,
            created_us=0,
            expires_us=None if self.expires is None else to_us(self.expires),
            revoked_us=None,
        )


class _File(BaseModel, extra="forbid"):
    keys: list[_Entry] = Field(min_length=1)


def read_key_file(file: Path) -> tuple[StoredKey, ...]:
    """The keys in `file`: JSON if its name ends so, else TOML.

    Raises:
        KeyFileError: it cannot be read, holds no key, or an entry is not of the documented form.
    """
    try:
        text = file.read_text("utf-8")
        content: Any = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
        return tuple(entry.stored() for entry in _File.model_validate(content).keys)
    except OSError as error:
        raise KeyFileError(f"RFT_API_KEYS_FILE={file} cannot be read: {error.strerror}.") from None
    except ValidationError as error:
        faults = "; ".join(_fault(found["loc"], found["msg"]) for found in error.errors(include_url=False))
        raise KeyFileError(f"RFT_API_KEYS_FILE={file}: {redacted(faults).removesuffix('.')}.") from None
    except ValueError as error:
        raise KeyFileError(f"RFT_API_KEYS_FILE={file} is neither TOML nor *.json: {redacted(str(error))}.") from None


def entry_text(key: StoredKey) -> str:
    """`key` as an entry of the file, TOML."""
    limits: Sequence[tuple[str, Any]] = (
        ("rate", None if key.rate_per_s is None else shown_rate(key.rate_per_s)),
        ("burst", key.burst),
        ("concurrency", key.concurrency),
        ("weight", None if key.weight == 1 else key.weight),
    )
    written = {"name": key.name, "prefix": key.prefix, "sha256": key.sha256.hex(), "scopes": list(key.scopes)}
    written |= {name: value for name, value in limits if value is not None}
    # A JSON string, number or list of strings is one in TOML too.
    lines = [f"{name} = {json.dumps(value)}" for name, value in written.items()]
    if key.expires_us is not None:
        lines.append(f"expires = {shown_time(key.expires_us)}")
    return "\n".join(["[[keys]]", *lines, ""])


def _fault(location: tuple[int | str, ...], message: str) -> str:
    place, said = ".".join(map(str, location)), message.removeprefix("Value error, ")
    return f"{place}: {said}" if place else said
