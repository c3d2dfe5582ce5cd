"""Who a request comes from: the key it presents, wherever that stands, turned into the Caller who holds it."""

import time
from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote_to_bytes

from starlette.types import Scope

from app.auth import Caller
from app.errors import NotAuthorized, TooManyAttempts
from app.keys.guesses import Guesses
from app.keys.held import NO_KEY, HeldKey
from app.keys.keyring import Keyring
from app.keys.notation import shown_time
from app.redaction import KEY

NOBODY = Caller("nobody")
"""Whoever asks for what needs no key: a probe, or the embedded page, which holds no data and asks for one."""

PROBES = frozenset({"/healthz", "/readyz"})
"""What needs no key and is answered even by a service that stops."""

_PAGES = frozenset({"/", "/docs"})
_PAGE_FILES = "/page/"

_HEADERS = (b"x-api-key", b"x-functions-key", b"authorization")

_HOW = (
    "Send it as `Authorization: Bearer KEY`, `X-Api-Key: KEY` or `X-Functions-Key: KEY`, or, from a caller that cannot "
    "send headers, in the path: /k/KEY/v1/..."
)
_NO_KEY = f"This service needs an API key. {_HOW} Its operator makes one with `rft-graders keys create NAME`."
_WRONG = (
    "The API key is none of this service's: mistyped, cut, of another deployment, or made within the last seconds. "
    "`rft-graders keys list` shows how those that there are begin."
)
_IN_QUERY = (
    f"An API key in the query string is not read: URLs with their queries are kept in many logs. {_HOW} Have this key "
    "rotated."
)
_TWICE = "The headers hold two API keys. Send one."
_BLOCKED = "Many wrong API keys came from your address, so no key from there is read for a minute."


class Gate:
    """Lets callers in.

    Args:
        refused: told why, in one word, whenever somebody is not let in.
    """

    def __init__(self, keyring: Keyring, refused: Callable[[str], None]) -> None:
        self._keyring = keyring
        self._refused = refused
        self._guesses = Guesses()

    def caller(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Caller:
        """Who asks. A key in the path is taken out of `scope`, so that nothing after this can show it.

        Raises:
            NotAuthorized, TooManyAttempts.
        """
        key = _taken_from_path(scope) if scope["path"][:3] == "/k/" else b""
        if (open_caller := self._keyring.open_caller) is not None:
            return open_caller
        if scope["path"] in PROBES or (not key and _is_page(scope["path"])):
            return NOBODY
        key = key or headers.get(b"x-api-key") or headers.get(b"x-functions-key") or _bearer(headers)
        if not key or scope["query_string"] or len(headers) != len(scope["headers"]):
            self._refuse_unusual(key, scope)
        address = scope["client"][0] if scope["client"] else ""
        if self._guesses.blocked and self._guesses.is_blocked(address):
            self._refused("blocked")
            raise TooManyAttempts(_BLOCKED)
        found = self._keyring.find(key)
        if time.time() < found.ends_s:
            self._guesses.right(address)
            return found.caller
        if found is not NO_KEY:
            self._refused("ended")
            raise NotAuthorized(_ended(found))
        self._guesses.wrong(address)
        self._refused("wrong")
        raise NotAuthorized(_WRONG)

    def _refuse_unusual(self, key: bytes, scope: Scope) -> None:
        """Raises NotAuthorized for a key in the query string, two keys in headers, or none at all."""
        if scope["query_string"] and KEY.search(unquote_to_bytes(scope["query_string"]).decode("latin-1")):
            self._refused("in_query")
            raise NotAuthorized(_IN_QUERY)
        if any(len({value for name, value in scope["headers"] if name == wanted}) > 1 for wanted in _HEADERS):
            self._refused("two_keys")
            raise NotAuthorized(_TWICE)
        if not key:
            self._refused("no_key")
            raise NotAuthorized(_NO_KEY)


def _is_page(path: str) -> bool:
    return path in _PAGES or path.startswith(_PAGE_FILES)


def _taken_from_path(scope: Scope) -> bytes:
    """The key in `/k/KEY/rest`, of which `/rest` is left."""
    path: str = scope["path"]
    end = path.find("/", 3)
    key, rest = (path[3:], "/") if end < 0 else (path[3:end], path[end:])
    raw: bytes = scope["raw_path"]
    # What is quoted says more than what it stands for: a slash in a name is no slash of the path.
    raw_end = raw.find(b"/", 3) if raw[:3] == b"/k/" else -1
    scope["path"], scope["raw_path"] = rest, raw[raw_end:] if raw_end > 0 else quote(rest).encode()
    return key.encode()


def _bearer(headers: Mapping[bytes, bytes]) -> bytes:
    sent = headers.get(b"authorization", b"")
    return sent[7:].strip() if sent[:7] == b"Bearer " or sent[:7].lower() == b"bearer " else b""


def _ended(key: HeldKey) -> str:
    name, how = key.caller.name, "was revoked" if key.is_revoked else "expired"
    when = shown_time(int(key.ends_s * 1e6))
    return (
        f"The API key of {name!r} {how} at {when}. Ask the operator for another: one that was made since, or a new one "
        f"(`rft-graders keys create {name}`)."
    )
