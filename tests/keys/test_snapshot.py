"""The file that lets a service start without its database: for one database, one user, and nobody else's eyes."""

import os
from pathlib import Path

import pytest

from app.keys.snapshot import Snapshot
from tests.keys.making import stored


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "api_keys.json"


def test_keys_are_read_back_as_they_were_written(file: Path) -> None:
    keys = stored(), stored(name="b", scopes=("grade", "admin"), rate_per_s=0.5, burst=1, expires_us=5, revoked_us=6)

    Snapshot(file, "here").write(keys)

    assert Snapshot(file, "here").read() == keys


def test_that_there_are_no_keys_is_known_too(file: Path) -> None:
    assert Snapshot(file, "here").read() is None

    Snapshot(file, "here").write([])

    assert Snapshot(file, "here").read() == ()


def test_another_database_s_keys_are_not_used(file: Path) -> None:
    Snapshot(file, "here").write([stored()])

    assert Snapshot(file, "there").read() is None


def test_only_the_service_s_user_can_read_it_whatever_the_umask(file: Path) -> None:
    before = os.umask(0)
    try:
        Snapshot(file, "here").write([stored()])
        Snapshot(file, "here").write([stored()])
    finally:
        os.umask(before)

    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("mode", [0o644, 0o620, 0o606])
def test_a_file_that_others_can_read_or_write_is_not_used(file: Path, mode: int) -> None:
    Snapshot(file, "here").write([stored()])
    file.chmod(mode)

    assert Snapshot(file, "here").read() is None


def test_a_link_is_not_followed(file: Path, tmp_path: Path) -> None:
    Snapshot(tmp_path / "other.json", "here").write([stored()])
    file.parent.mkdir()
    file.symlink_to(tmp_path / "other.json")

    assert Snapshot(file, "here").read() is None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"database": "here"}', b'{"database": "here", "keys": [{}]}'])
def test_a_damaged_file_is_not_used(file: Path, body: bytes) -> None:
    Snapshot(file, "here").write([])
    file.write_bytes(body)

    assert Snapshot(file, "here").read() is None
