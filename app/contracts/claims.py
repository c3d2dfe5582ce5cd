"""What a request claims, from its headers: until when its answer is of use, and how important it is."""

from typing import Annotated, get_args

from fastapi import Header, Request

from app.admission.claim import Claim, Priority
from app.dependencies import caller_of, timeouts_of
from app.errors import InvalidRequest
from graders.errors import Fault

_DIGITS_MAX = 12

TimeoutMs = Annotated[
    str | None,
    Header(
        alias="X-Request-Timeout-Ms",
        pattern=rf"^0*[1-9]\d{{0,{_DIGITS_MAX - 1}}}$",
        description="How long the caller waits for the answer, ms: what cannot be judged by then is not begun. Without "
        "it, and at most, what the service's settings say.",
    ),
]

PriorityHeader = Annotated[
    Priority | None,
    Header(
        alias="X-Priority",
        description="What the request is for; `train` if it does not say. A small reserve of every scarce resource is "
        "there for the others.",
    ),
]

_PRIORITIES: dict[str, Priority] = {name: name for name in get_args(Priority)}


def claim_of(request: Request, run: str | None, timeout_ms: str | None, priority: str | None) -> Claim:
    """The claim of a native request; `timeout_ms` and `priority` as their headers say.

    Raises:
        InvalidRequest: one of them says nothing that can be understood.
    """
    return _claim(request, run, timeout_ms, priority, timeouts_of(request).default_s)


def azure_claim_of(request: Request, timeout_ms: str | None, priority: str | None) -> Claim:
    """As `claim_of`, for a platform that waits longer."""
    return _claim(request, None, timeout_ms, priority, timeouts_of(request).azure_s)


def _claim(request: Request, run: str | None, timeout_ms: str | None, priority: str | None, default_s: float) -> Claim:
    seconds = default_s if timeout_ms is None else min(_seconds(timeout_ms), timeouts_of(request).most_s)
    asked: Priority = "train" if priority is None else _priority(priority)
    scope = request.scope
    return Claim.within(seconds, caller_of(request), run or "", asked, scope.get("presence"), scope.get("trace"))


def _seconds(sent: str) -> float:
    if sent.isascii() and sent.isdigit() and len(sent) <= _DIGITS_MAX and (milliseconds := int(sent)) > 0:
        return milliseconds / 1000
    wanted = f"wanted whole milliseconds from 1, in at most {_DIGITS_MAX} digits"
    raise _unreadable("X-Request-Timeout-Ms", sent, wanted)


def _priority(sent: str) -> Priority:
    if (found := _PRIORITIES.get(sent)) is not None:
        return found
    raise _unreadable("X-Priority", sent, f"known are: {', '.join(_PRIORITIES)}")


def _unreadable(header: str, sent: str, wanted: str) -> InvalidRequest:
    detail = f"{header} is {sent[:40]!r}; {wanted}."
    return InvalidRequest(detail, (Fault(f"/header/{header}", detail),))
