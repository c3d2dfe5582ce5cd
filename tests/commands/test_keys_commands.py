"""`rft-graders keys`: what it prints, what it keeps to itself, and what it refuses."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import cli
from app.keys.key_file import read_key_file
from app.keys.secret import hash_of
from tests.command_line import rft

KEY = re.compile(r"rft_[0-9A-Za-z]{43}")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def keys(data: Path, *arguments: str, expect: int = 0, **settings: str) -> Result:
    environment = {"RFT_DATA_DIR": str(data), "COLUMNS": "200", **settings}
    done = CliRunner().invoke(cli, ["keys", *arguments], env=environment)
    assert done.exit_code == expect, done.output
    return done


def said(data: Path, *arguments: str, **settings: str) -> str:
    """What is said to a command that cannot be carried out, in one line."""
    return " ".join(keys(data, *arguments, expect=2, **settings).output.split())


def listed(data: Path, **settings: str) -> list[dict]:
    return json.loads(keys(data, "list", "--json", **settings).stdout)


def test_a_key_stands_alone_on_stdout_and_works_before_the_first_start(data: Path) -> None:
    shown, told = rft("keys", "create", "trainer-a", RFT_DATA_DIR=str(data))

    assert KEY.fullmatch(shown.strip())
    assert "trainer-a may grade" in told
    assert f"The database is {data}/rft.sqlite3; RFT_DATA_DIR or RFT_DATABASE_URL names another." in told
    assert shown.strip() not in told


def test_limits_scopes_and_expiry_are_kept(data: Path) -> None:
    options = ["--rate", "500/s", "--burst", "4096", "--concurrency", "256", "--weight", "2.5"]
    keys(data, "create", "a", *options, "--scopes", "admin,grade", "--expires", "2050-01-01")

    [key] = listed(data)

    assert (key["rate_per_s"], key["burst"], key["concurrency"], key["weight"]) == (500.0, 4096, 256, 2.5)
    assert (key["scopes"], key["expires_us"]) == (["grade", "admin"], 2_524_608_000_000_000)


def test_no_list_shows_a_key(data: Path) -> None:
    key = keys(data, "create", "a").stdout.strip()

    for shown in (keys(data, "list").output, keys(data, "list", "--json").output):
        assert key[:10] in shown
        assert key[10:] not in shown
        assert hash_of(key.encode()).hex() not in shown


def test_a_key_fades_out_is_revoked_and_forgotten(data: Path) -> None:
    keys(data, "create", "a", "--expires", "90d", "--burst", "7")
    keys(data, "create", "a", expect=2)
    rotated = keys(data, "rotate", "a", "--grace", "1h").stdout.strip()
    assert KEY.fullmatch(rotated)
    old, new = listed(data)
    assert [key["state"] for key in (old, new)] == ["live", "live"]
    assert old["expires_us"] - new["created_us"] == 3600 * 1_000_000
    assert new["expires_us"] - new["created_us"] == 90 * 86_400 * 1_000_000
    assert new["burst"] == 7

    assert "keys revoke" in said(data, "forget", "a")
    keys(data, "revoke", "a")
    assert [key["state"] for key in listed(data)] == ["revoked", "revoked"]
    assert re.search("no live key .*keys create", said(data, "rotate", "a"))
    keys(data, "forget", "a")
    assert listed(data) == []


def test_an_entry_for_a_file_is_printed_and_nothing_is_stored(data: Path, tmp_path: Path) -> None:
    done = keys(data, "create", "a", "--rate", "10/s", "--print-entry")
    file = tmp_path / "keys.toml"
    file.write_text(done.stdout)

    [entry] = read_key_file(file)

    [key] = KEY.findall(done.stderr)
    assert entry.sha256 == hash_of(key.encode())
    assert not KEY.search(done.stdout)
    assert listed(data) == []
    [shown] = listed(data, RFT_API_KEYS_FILE=str(file))
    assert (shown["name"], shown["source"], shown["prefix"]) == ("a", "file", key[:10])
    assert "change that file" in said(data, "revoke", "a", RFT_API_KEYS_FILE=str(file))


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["create", "a b"], "no caller's name"),
        (["create", "a\nINFO all is well"], "no caller's name"),
        (["create", "a", "--rate", "fast"], "no rate"),
        (["create", "a", "--scopes", "root"], "the scopes are grade"),
        (["create", "a", "--expires", "2020-01-01"], "not in the future"),
        (["create", "a", "--burst", "0"], "--burst"),
        (["rotate", "a", "--grace", "soon"], "no span of time"),
        (["revoke", "a"], "Callers with keys there: none"),
    ],
)
def test_what_cannot_be_done_is_said(data: Path, arguments: list[str], wanted: str) -> None:
    assert wanted in said(data, *arguments)


def test_a_key_given_for_a_name_is_not_repeated(data: Path) -> None:
    key = "rft_" + "Zx9" * 14 + "q"

    for arguments in (["revoke", key], ["create", key + " "]):
        assert key[11:] not in said(data, *arguments)
