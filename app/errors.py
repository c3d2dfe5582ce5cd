"""What goes wrong between a request and its grade, and how each is answered: one table, one shape (RFC 9457).

422 and other 4xx: the request is wrong, sending it again is no use.
429, 503, 504: nothing is known about the sample, try again after `Retry-After`.
A 200 always holds a judgement; none of these ever becomes a reward.
"""

import math
from dataclasses import dataclass
from typing import Any

from app.redaction import redacted
from evaluations import errors as evaluation
from graders.errors import Fault, GraderCrashed, InvalidConfig, InvalidCredit, InvalidItem, Unscored


class ServiceError(Exception):
    """A request that is not answered with a judgement for a reason of the service's own."""

    def __init__(self, detail: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = faults


class InvalidRequest(ServiceError):
    """Not JSON, or not of the shape that the route documents."""


class BodyTooLarge(ServiceError):
    """The body is over `RFT_BODY_MAX_MIB`."""


class HeadersTooLarge(ServiceError):
    """The request's line and headers are longer or more than any caller needs."""


class MalformedRequest(ServiceError):
    """Not HTTP, or something that two readers of HTTP might read in two ways."""


class RequestTimeout(ServiceError):
    """The request took longer to arrive than any honest link needs."""


class UnsupportedMediaType(ServiceError):
    """The body is not declared as application/json."""


class HostNotAllowed(ServiceError):
    """Without keys only a Host of 127.0.0.0/8, ::1 or localhost is served, so that no web page can come here by DNS."""


class NotAuthorized(ServiceError):
    """No API key came with the request, or one that lets nobody in. Its detail never repeats a key."""


class ScopeMissing(ServiceError):
    """The caller's key does not allow this."""


class TooManyAttempts(ServiceError):
    """So many wrong keys came from the caller's address that it is not listened to for a while."""


class NotFound(ServiceError):
    """No route, grader, recipe, record or run of this name. Subclasses say which."""


class UnknownRoute(NotFound): ...


class UnknownGrader(NotFound): ...


class UnknownRecord(NotFound): ...


class UnknownRun(NotFound): ...


class MethodNotAllowed(ServiceError): ...


class IdempotencyConflict(ServiceError):
    """The same Idempotency-Key was used for another body."""


class NoGroupCredit(ServiceError):
    """The grader judges samples one by one; it cannot credit a group."""


class NotCredited(ServiceError):
    """The sample was judged, but samples without which it cannot be credited were not, and never will be."""


class NotCreditedYet(NotCredited):
    """Those samples may be judged another time."""


class NameTaken(ServiceError):
    """A recipe may not bear the name of a grader or of a shipped recipe."""


class RecordRefused(ServiceError):
    """The database refused this very record; it was quarantined for the operator."""


class Overloaded(ServiceError):
    """Shed before any work: more waits than may, or this could not be done in its time.

    Attributes:
        wait_s: when the same request may find room.
    """

    def __init__(self, detail: str, wait_s: float = 1.0) -> None:
        super().__init__(detail)
        self.wait_s = wait_s


class CallerGone(ServiceError):
    """The caller hung up while the sample waited, and nothing had been spent on it."""


class ShuttingDown(ServiceError):
    """The service is stopping: it takes nothing new, or its time was up before this was judged."""


class RateLimited(ServiceError):
    """The caller's tokens are spent: a quota, not a sign of load. Nothing was taken.

    Attributes:
        wait_s: when the same request fits, if the caller sends nothing else.
        limits: the limits that have too little left, `caller` or `grader`.
        headers: what else the answer says of them.
    """

    def __init__(self, detail: str, wait_s: float, limits: tuple[str, ...], headers: dict[str, str]) -> None:
        super().__init__(detail)
        self.wait_s = wait_s
        self.limits = limits
        self.headers = headers


class BatchOverBurst(ServiceError):
    """More samples in one request than the caller may ever send at once."""


class WorkerDied(GraderCrashed):
    """The process that judged is gone: memory, a crash, or the machine. It may go well the next time."""


class SandboxUnavailable(ServiceError):
    """Untrusted programs cannot be run here and now."""


class InfraError(ServiceError):
    """The process that ran the program was lost, not by the program's doing."""


class InvalidProgram(ServiceError):
    """The grader made a program of the item that asks for more than the settings allow (`RFT_SANDBOX_*_MAX`)."""


class LedgerUnavailable(ServiceError):
    """The record could not be stored, so there is no answer."""


class DeadlineExceeded(ServiceError):
    """Not judged within the time allowed.

    Attributes:
        wait_s: when the same request may be in time.
    """

    def __init__(self, detail: str, wait_s: float = 1.0) -> None:
        super().__init__(detail)
        self.wait_s = wait_s


class LateInQueue(DeadlineExceeded):
    """Its turn did not come within the time allowed; nothing had been spent on it."""


NEVER_BEGUN = (Overloaded, LateInQueue, CallerGone)
"""What becomes of a sample that nothing scarce was spent on: it costs its caller no token."""


class InternalError(ServiceError):
    """A defect of ours. The log has the traceback under the request id."""


@dataclass(frozen=True, slots=True)
class Status:
    """How an error is answered. `retry_after_s` is there exactly when the request may be sent again."""

    status: int
    code: str
    title: str
    retry_after_s: int | None = None


HEADERS_MAX = 100
HEAD_TOO_LARGE = f"A request's line and headers may have 64 KiB and its headers be {HEADERS_MAX}."

TABLE: dict[type[Exception], Status] = {
    InvalidRequest: Status(422, "invalid_request", "The request is not of the documented shape"),
    InvalidItem: Status(422, "invalid_item", "The item cannot be graded by this grader"),
    InvalidConfig: Status(422, "invalid_config", "The config is not one of this grader"),
    InvalidCredit: Status(422, "invalid_credit", "The group cannot be credited like this"),
    InvalidProgram: Status(422, "invalid_program", "The program asks for more than this service allows"),
    NoGroupCredit: Status(422, "no_group_credit", "This grader credits no groups"),
    NotCredited: Status(424, "not_credited", "Other samples of the group cannot be judged, so this one has no reward"),
    NotCreditedYet: Status(503, "not_credited", "Other samples of the group were not judged in time", 1),
    evaluation.InvalidEvaluation: Status(422, "invalid_evaluation", "The evaluation is not of the documented shape"),
    evaluation.BadLabel: Status(422, "bad_label", "A label cannot stand where it stands"),
    evaluation.UnknownGoldLabel: Status(422, "unknown_gold_label", "A gold label is not declared"),
    evaluation.UnknownLabel: Status(422, "unknown_label", "A predicted label is not declared"),
    evaluation.GoldOutsideKnown: Status(422, "gold_outside_known", "A gold label is outside what is known of its row"),
    evaluation.BadPosLabel: Status(422, "bad_pos_label", "The positive label is missing or not declared"),
    evaluation.BadBeta: Status(422, "bad_beta", "beta is neither a number from 0 nor inf"),
    evaluation.BadZeroDivision: Status(422, "bad_zero_division", "zero_division is not 0, 1 or nan"),
    evaluation.BadAverage: Status(422, "bad_average", "There is no such average"),
    evaluation.AverageNotApplicable: Status(422, "average_not_applicable", "This kind of labels has no such average"),
    evaluation.LengthMismatch: Status(422, "length_mismatch", "Columns are of different length"),
    evaluation.EmptyBatch: Status(422, "empty_batch", "There are no rows"),
    evaluation.DuplicateId: Status(422, "duplicate_id", "An id is there twice"),
    evaluation.IdsDiffer: Status(422, "ids_differ", "The systems were not evaluated on the same samples"),
    evaluation.GoldDiffers: Status(422, "gold_differs", "The systems were not evaluated against the same gold"),
    evaluation.VersionsDiffer: Status(422, "versions_differ", "The systems were not judged by the same version"),
    BodyTooLarge: Status(413, "body_too_large", "The body is over the limit"),
    MalformedRequest: Status(400, "malformed_request", "The request is not HTTP/1.1"),
    RequestTimeout: Status(408, "request_timeout", "The request did not arrive in time", 1),
    HeadersTooLarge: Status(431, "headers_too_large", "The request's headers are over the limit"),
    UnsupportedMediaType: Status(415, "unsupported_media_type", "Only application/json is read"),
    NotAuthorized: Status(401, "not_authorized", "The API key is missing or lets nobody in"),
    ScopeMissing: Status(403, "scope_missing", "The API key does not allow this"),
    TooManyAttempts: Status(429, "too_many_attempts", "Too many wrong API keys came from this address", 60),
    HostNotAllowed: Status(403, "host_not_allowed", "Without API keys only this machine is served"),
    UnknownRoute: Status(404, "unknown_route", "There is nothing at this path"),
    UnknownGrader: Status(404, "unknown_grader", "There is no such grader"),
    UnknownRecord: Status(404, "unknown_record", "There is no such record"),
    UnknownRun: Status(404, "unknown_run", "There is no such run"),
    MethodNotAllowed: Status(405, "method_not_allowed", "This path does not answer this method"),
    IdempotencyConflict: Status(409, "idempotency_conflict", "The key was used for another body"),
    NameTaken: Status(409, "name_taken", "The name belongs to a grader"),
    BatchOverBurst: Status(422, "batch_over_burst", "More samples in one request than the caller's burst"),
    RateLimited: Status(429, "rate_limited", "The caller's rate limit is reached", 1),
    GraderCrashed: Status(500, "grader_crashed", "The grader failed; nothing is known about the sample"),
    WorkerDied: Status(500, "grader_crashed", "The process that judged died; nothing is known about the sample", 1),
    RecordRefused: Status(500, "record_refused", "The database refused the record"),
    InternalError: Status(500, "internal_error", "The service failed"),
    Overloaded: Status(503, "overloaded", "Too many samples wait", 1),
    ShuttingDown: Status(503, "shutting_down", "The service is stopping", 2),
    SandboxUnavailable: Status(503, "sandbox_unavailable", "Programs cannot be run now", 5),
    InfraError: Status(503, "infra_error", "The program's process was lost; nothing is known about the sample", 1),
    LedgerUnavailable: Status(503, "ledger_unavailable", "The ledger is not available now", 1),
    CallerGone: Status(503, "caller_gone", "The caller hung up before the sample's turn came", 1),
    DeadlineExceeded: Status(504, "deadline_exceeded", "Not judged in time", 1),
}


class AnsweredAtOnce(Unscored):
    """The same call died or timed out before: the same answer without a worker, and not to be tried again."""

    def __init__(self, first: Unscored | ServiceError) -> None:
        super().__init__(f"{first.detail} It did so before, so it was not tried again.", first.faults)
        self.status = status_of(first)


Failure = Unscored | ServiceError

_PLACE_CHARS = 200

# The row of each class that was asked for; there are as many as are declared.
_ROWS: dict[type[Exception], Status] = {}


def status_of(error: Failure) -> Status:
    """The row of the table for `error`."""
    if isinstance(error, AnsweredAtOnce):
        return Status(error.status.status, error.status.code, error.status.title)
    row = _ROWS.get(type(error))
    if row is None:
        row = _ROWS[type(error)] = next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)
    return row


def is_retryable(error: Failure) -> bool:
    """Whether the same request may go well another time."""
    return status_of(error).retry_after_s is not None


def detail_of(error: Failure, places_max: int = 1) -> str:
    """What `error` says, with the first of its faults and their places, so that it can be read without `errors`."""
    told = [fault for fault in error.faults if fault.detail not in error.detail]
    shown = [f"{(fault.pointer or 'The body')[:_PLACE_CHARS]}: {fault.detail}" for fault in told[:places_max]]
    more = [f"And {len(told) - places_max} more."] if len(told) > places_max else []
    head = error.detail if not told or error.detail.endswith((".", "?", "!")) else f"{error.detail}."
    return " ".join([head, *(text if text.endswith((".", "?")) else f"{text}." for text in shown), *more])


def problem(error: Failure, record: str | None = None) -> dict[str, Any]:
    """`error` as RFC 9457 problem details; `record` is the id of the unscored row, where one was written."""
    status = status_of(error)
    body: dict[str, Any] = {
        "type": f"urn:rft-graders:problem:{status.code}",
        "title": status.title,
        "status": status.status,
        "detail": redacted(detail_of(error)),
        "code": status.code,
        "retryable": is_retryable(error),
        "errors": [{"pointer": redacted(fault.pointer), "detail": redacted(fault.detail)} for fault in error.faults],
    }
    if isinstance(error, RateLimited):
        body["violated-policies"] = error.limits
    return body if record is None else {**body, "record": record}


def headers_of(error: Failure) -> dict[str, str]:
    """`Retry-After`, and the same in milliseconds, where sending the same request again makes sense; how to say who one
    is where that is missing."""
    if isinstance(error, NotAuthorized):
        return {"WWW-Authenticate": 'Bearer realm="rft-graders"'}
    wait_s = status_of(error).retry_after_s
    if wait_s is None:
        return {}
    exact_s = error.wait_s if isinstance(error, RateLimited | Overloaded | DeadlineExceeded) else float(wait_s)
    headers = {"Retry-After": str(max(1, math.ceil(exact_s))), "Retry-After-Ms": str(math.ceil(exact_s * 1000))}
    return {**headers, **error.headers} if isinstance(error, RateLimited) else headers
