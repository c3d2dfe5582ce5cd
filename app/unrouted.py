"""What is said to who asked at a path or by a method that is not there."""

from collections.abc import Iterable
from typing import Any

from app.errors import MethodNotAllowed, UnknownRoute


def allowed_at(path: str, routes: Iterable[Any]) -> list[str]:
    """The methods that `path` answers, in the order of the alphabet."""
    return sorted({method for route in routes if route.path_regex.match(path) for method in route.methods or ()})


def wrong_method(method: str, path: str, allowed: list[str]) -> MethodNotAllowed:
    """The error for `method` at a path that answers others."""
    return MethodNotAllowed(f"{path} does not answer {method}; it answers {', '.join(allowed)}.")


def nothing_at(path: str, routes: Iterable[Any]) -> UnknownRoute:
    """The error for `path`; a slash too many at its end is named."""
    bare = path.rstrip("/")
    if bare != path and allowed_at(bare, routes):
        return UnknownRoute(f"There is nothing at {path}; {bare}, without the slash, is a route.")
    return UnknownRoute(f"There is nothing at {path}. The routes are at /docs.")
