"""`rft-graders keys create | list | revoke | rotate | forget`: who may call the service."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal, NoReturn, TypeVar

import typer
from rich.table import Table

from app.commands.console import database_in_use, err, out, print_table, settings, stop, stop_for
from app.errors import LedgerUnavailable
from app.keys.key_file import KeyFileError, entry_text, read_key_file
from app.keys.keyring import REFRESH_S
from app.keys.notation import (
    read_expiry_us,
    read_name,
    read_rate,
    read_scopes,
    read_span_s,
    shown_rate,
    shown_time,
)
from app.keys.secret import hash_of, new_key, prefix_of
from app.ledger import KeyStore, StoredKey, migrate
from app.redaction import redacted

T = TypeVar("T")

keys = typer.Typer(help="Make, list and end the API keys of callers.", no_args_is_help=True)

_HINTS = {
    "live": " What it had has ended: `rft-graders keys create` makes a new one; limits and scopes are given anew.",
    "ended": " What it has is live: `rft-graders keys revoke` ends it.",
}

Name = Annotated[str, typer.Argument(metavar="NAME", help="The caller who holds the key.")]


@keys.command()
def create(
    name: Name,
    rate: Annotated[str | None, typer.Option(help="Samples per time: 500/s, 30000/min.")] = None,
    burst: Annotated[int | None, typer.Option(min=1, help="Samples at one instant.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Samples at a time; more wait.")] = None,
    weight: Annotated[float, typer.Option(min=0.01, max=1000, help="Share of a scarce resource beside others.")] = 1.0,
    scopes: Annotated[str, typer.Option(help="Of grade, admin, trusted_tests; joined by commas.")] = "grade",
    expires: Annotated[str | None, typer.Option(help="90d, 12h, 2030-01-31, 2030-01-31T12:00:00Z.")] = None,
    print_entry: Annotated[
        bool, typer.Option("--print-entry", help="Store nothing; print an entry for RFT_API_KEYS_FILE.")
    ] = False,
) -> None:
    """Make a key for NAME and print it, once: only its hash is kept. Limits left out are the service's defaults."""
    key, now_us = new_key(), _now_us()
    stored = StoredKey(
        sha256=hash_of(key.encode()),
        name=_read(read_name, name),
        prefix=prefix_of(key),
        scopes=_read(read_scopes, scopes.split(",")),
        rate_per_s=None if rate is None else _read(read_rate, rate),
        burst=burst,
        concurrency=concurrency,
        weight=weight,
        created_us=now_us,
        expires_us=None if expires is None else _read(lambda text: read_expiry_us(text, now_us), expires),
        revoked_us=None,
    )
    if print_entry:
        err.print(f"The key, shown once: {key}", markup=False, highlight=False, soft_wrap=True)
        typer.echo(entry_text(stored), nl=False)
        return
    if not _with_store(lambda store: store.create(stored)):
        stop(f"{name} has a live key. `rft-graders keys rotate {name}` gives another one while the old one fades out.")
    _show_once(key, stored)


@keys.command("list")
def list_keys(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List every key by the characters with which it begins, those of RFT_API_KEYS_FILE too."""
    found = [*((key, "database") for key in _with_store(lambda store: store.every())), *_from_file()]
    now_us = _now_us()
    if as_json:
        out.print_json(json.dumps([_as_json(key, source, now_us) for key, source in found]))
        return
    table = Table("caller", "begins with", "state", "scopes", "limits", "ends")
    for column in table.columns[:2]:
        column.no_wrap = True
    for key, source in found:
        table.add_row(*_cells(key, source, now_us))
    print_table(table)
    _say_where()


@keys.command()
def revoke(name: Name) -> None:
    """End every key of NAME now."""
    if not _with_store(lambda store: store.revoke(name, _now_us())):
        _stop_unknown(name, "live")
    err.print(f"The keys of {name} are revoked; a running service knows it within {REFRESH_S:g} s.", markup=False)
    _say_where()
    if not any(key.is_live(_now_us()) for key in _with_store(lambda store: store.every())):
        err.print("No live key is left in the database. Keys are needed all the same until `keys forget`.")


@keys.command()
def rotate(
    name: Name,
    grace: Annotated[str, typer.Option(help="How long the old keys still work: 24h, 30min, 0s.")] = "24h",
) -> None:
    """Make another key for NAME, with the scopes and limits of its newest live one, and let the old ones fade out."""
    now_us = _now_us()
    ends_us = now_us + int(_read(read_span_s, grace) * 1e6)
    live = [key for key in _with_store(lambda store: store.every()) if key.name == name and key.is_live(now_us)]
    if not live:
        _stop_unknown(name, "live")
    old, key = live[-1], new_key()
    life_us = None if old.expires_us is None else old.expires_us - old.created_us
    stored = replace(
        old,
        sha256=hash_of(key.encode()),
        prefix=prefix_of(key),
        created_us=now_us,
        expires_us=None if life_us is None else now_us + life_us,
    )
    _with_store(lambda store: store.rotate(stored, ends_us))
    err.print(f"The old keys of {name} end at {shown_time(ends_us)} at the latest.", markup=False, highlight=False)
    _show_once(key, stored)


@keys.command()
def forget(name: Name) -> None:
    """Delete the ended keys of NAME. Where no key is left, the service needs none again."""
    count = _with_store(lambda store: store.forget(name, _now_us()))
    if not count:
        _stop_unknown(name, "ended")
    err.print(f"{count} ended keys of {name} are forgotten.", markup=False, highlight=False)
    _say_where()


def _show_once(key: str, stored: StoredKey) -> None:
    """The key alone on stdout, so that a script can take it; what a person should know on stderr."""
    until = "" if stored.expires_us is None else f", until {shown_time(stored.expires_us)}"
    told = f"{stored.name} may {', '.join(stored.scopes)}{until}. A running service knows it within {REFRESH_S:g} s."
    err.print(told, markup=False, highlight=False, soft_wrap=True)
    _say_where()
    err.print("The key is shown this once; only its hash is kept:", highlight=False)
    typer.echo(key)


def _say_where() -> None:
    err.print(database_in_use(), markup=False, highlight=False, soft_wrap=True)


def _with_store(work: Callable[[KeyStore], Awaitable[T]]) -> T:
    """What `work` makes of the keys in the database, which is brought to this release's schema first."""
    url = settings().database

    async def done() -> T:
        await migrate(url)
        store = KeyStore.open(url)
        try:
            return await work(store)
        finally:
            await store.close()

    try:
        return asyncio.run(done())
    except LedgerUnavailable as error:
        stop_for(error, 1)


def _from_file() -> list[tuple[StoredKey, str]]:
    file = settings().api_keys_file
    if file is None:
        return []
    try:
        return [(key, "file") for key in read_key_file(file)]
    except KeyFileError as error:
        stop(str(error))


def _cells(key: StoredKey, source: str, now_us: int) -> list[str]:
    state = _state(key, now_us) + (" (file)" if source == "file" else "")
    limits = [
        f"{name} {limit}"
        for name, limit in (
            ("rate", None if key.rate_per_s is None else shown_rate(key.rate_per_s)),
            ("burst", key.burst),
            ("concurrency", key.concurrency),
            ("weight", None if key.weight == 1 else f"{key.weight:g}"),
        )
        if limit is not None
    ]
    ends_us = key.revoked_us or key.expires_us
    ends = shown_time(ends_us) if ends_us else "never"
    return [key.name, key.prefix, state, " ".join(key.scopes), " ".join(limits) or "default", ends]


def _as_json(key: StoredKey, source: str, now_us: int) -> dict[str, Any]:
    shown = {name: value for name, value in asdict(key).items() if name != "sha256"}
    return {**shown, "scopes": list(key.scopes), "state": _state(key, now_us), "source": source}


def _state(key: StoredKey, now_us: int) -> str:
    if key.revoked_us is not None:
        return "revoked"
    return "live" if key.is_live(now_us) else "expired"


def _stop_unknown(name: str, which: Literal["live", "ended"]) -> NoReturn:
    stored = _with_store(lambda store: store.every())
    known = {key.name for key in stored}
    in_file = {key.name for key, _ in _from_file()}
    hint = ""
    if name in in_file:
        hint = " It has one in RFT_API_KEYS_FILE: change that file."
    elif name in known:
        hint = _HINTS[which]
    names = ", ".join(sorted(known)) or "none"
    stop(redacted(f"{name!r} has no {which} key in the database.{hint} Callers with keys there: {names}."))


def _read(reader: Callable[[Any], T], written: Any) -> T:
    try:
        return reader(written)
    except ValueError as error:
        stop(redacted(str(error)))


def _now_us() -> int:
    return time.time_ns() // 1000
