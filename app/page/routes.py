"""The page at `/` and the OpenAPI page: files that are read once, and the headers that keep a sample from ever running
as script."""

import hashlib
from functools import partial
from pathlib import Path

from fastapi import APIRouter, Request, Response

FOLDER = Path(__file__).parent / "static"

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""The Content-Security-Policy: scripts and styles come in files of this service's; no text ever becomes markup."""

# Swagger UI makes markup of the descriptions in our own schema, and styles and pictures as it goes. It shows no sample
# but what its reader has just sent, and its scripts too come from here and nowhere else.
_DOCS_POLICY = POLICY.partition("; require-trusted-types")[0].replace(
    "style-src 'self'; img-src 'self'", "style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)
_PAGES = {"index.html": ("/", POLICY), "docs.html": ("/docs", _DOCS_POLICY)}

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_SAFETY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def page_router() -> APIRouter:
    """`/`, `/docs` and the files below `/page/`. They hold no data and are served to everybody, so that a key can be
    given."""
    router = APIRouter(include_in_schema=False)
    for file in sorted(FOLDER.rglob("*")):
        if file.suffix in _TYPES:
            name = file.relative_to(FOLDER).as_posix()
            path, policy = _PAGES.get(name, (f"/page/{name}", POLICY))
            answer = _File(file.read_bytes(), _TYPES[file.suffix], policy)
            router.add_api_route(path, partial(_served, answer), methods=["GET", "HEAD"])
    return router


class _File:
    """A file as it is sent."""

    def __init__(self, content: bytes, media_type: str, policy: str) -> None:
        self.content = content
        self.tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        self.headers = {**_SAFETY, "Content-Security-Policy": policy, "Content-Type": media_type, "ETag": self.tag}


async def _served(file: _File, request: Request) -> Response:
    """The file, or 304 if the browser has it."""
    if file.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=file.headers)
    return Response(file.content, headers=file.headers)
