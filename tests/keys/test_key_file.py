"""RFT_API_KEYS_FILE: what it may hold, and refusals that repeat nothing of it."""

import json
from pathlib import Path

import pytest

from app.keys.key_file import KeyFileError, entry_text, read_key_file
from tests.keys.making import stored

SHA256 = "ab" * 32


def test_an_entry_that_was_printed_is_read_as_the_key_that_it_is_of(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    expires_us = 1_900_000_000_000_000
    full = stored(
        scopes=("grade", "admin"), rate_per_s=500.0, burst=4096, concurrency=256, weight=2.5, expires_us=expires_us
    )
    plain = stored(name="other")
    file.write_text(entry_text(full) + entry_text(plain))

    found = read_key_file(file)

    assert [(key.name, key.sha256, key.prefix, key.scopes) for key in found] == [
        (key.name, key.sha256, key.prefix, key.scopes) for key in (full, plain)
    ]
    assert (found[0].rate_per_s, found[0].burst, found[0].concurrency, found[0].weight) == (500.0, 4096, 256, 2.5)
    assert [key.expires_us for key in found] == [expires_us, None]


def test_json_is_read_too(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [{"name": "a", "sha256": SHA256, "rate": 5, "expires": "2030-01-31"}]}))

    [key] = read_key_file(file)

    assert (key.name, key.sha256.hex(), key.rate_per_s, key.expires_us) == ("a", SHA256, 5.0, 1_896_048_000_000_000)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "keys: Field required"),
        ("keys = []", "keys: .*at least 1"),
        (f'[[keys]]\nsha256 = "{SHA256}"', "keys.0.name: Field required"),
        (f'[[keys]]\nname = "a b"\nsha256 = "{SHA256}"', "keys.0.name: .*no caller's name"),
        ('[[keys]]\nname = "a"\nsha256 = "abc"', "keys.0.sha256"),
        (f'[[keys]]\nname = "a"\nsha256 = "{SHA256}"\nscope = "grade"', "keys.0.scope: Extra inputs"),
        (f'[[keys]]\nname = "a"\nsha256 = "{SHA256}"\nscopes = ["root"]', "the scopes are grade"),
        (f'[[keys]]\nname = "a"\nsha256 = "{SHA256}"\nrate = "fast"', "keys.0.rate: .fast. is no rate: .* 30000/min.$"),
        ("{", "neither TOML nor"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(tmp_path: Path, text: str, wanted: str) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(text)

    with pytest.raises(KeyFileError, match=wanted):
        read_key_file(file)


@pytest.mark.parametrize(
    "text",
    [
        '[[keys]]\nname = "a"\nsha256 = "KEY"',
        '[[keys]]\nname = "KEY KEY"\nsha256 = "0"',
        '[[keys]]\nname = "a"\nkey = "KEY"',
        '[[keys]]\nKEY = "a"',
        "KEY",
    ],
)
def test_a_key_that_stands_where_its_hash_should_is_not_repeated(tmp_path: Path, text: str) -> None:
    file, key = tmp_path / "keys.toml", "rft_" + "Zx9" * 14 + "q"
    file.write_text(text.replace("KEY", key))

    with pytest.raises(KeyFileError) as caught:
        read_key_file(file)

    assert key[11:] not in str(caught.value)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="No such file"):
        read_key_file(tmp_path / "keys.toml")
