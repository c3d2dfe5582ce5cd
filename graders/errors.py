"""Why a sample stays unscored. A grade is a judgement; each of these is raised instead of one.

    Unscored
    + InvalidItem       the dataset row cannot be graded by this version (the caller's fault)
    + InvalidConfig     the config cannot be used by this version (the caller's fault)
    + InvalidCredit     the group cannot be credited in the way that was asked for (the caller's fault)
    + GraderCrashed     the grader itself failed or broke its own promises (our fault, or its author's)

Errors in the *sample* are not here: wrong, empty or hostile output is judged. Outside every digest: only grows.
"""

import re
from dataclasses import dataclass

from pydantic import ValidationError


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a request: where (RFC 6901 JSON pointer) and what."""

    pointer: str
    detail: str


class Unscored(Exception):
    """No judgement was possible. `faults` say where the request is at fault, if it is."""

    def __init__(self, detail: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = faults

    @property
    def code(self) -> str:
        """The class in snake case: `invalid_item`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


class InvalidItem(Unscored):
    """The item cannot be graded by this version. Raised by `Item` validation or by `grade` itself."""


class InvalidConfig(Unscored):
    """The config is not one this version understands."""


class InvalidCredit(Unscored):
    """The group cannot be credited as asked. Raised by `Credit` validation or by `grade_group` itself."""


class GraderCrashed(Unscored):
    """The grader raised, died, or returned what its version does not allow."""


def json_pointer(root: str, *path: str | int) -> str:
    """`root` extended by `path`, escaped as RFC 6901 asks: `~` is `~0`, `/` is `~1`."""
    return root + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def said_by(error: BaseException) -> str:
    """What `error` says, as text that can be stored: cut to 1,000 characters, without lone surrogates."""
    # It may be anybody's class, whose __str__ may raise.
    try:
        text = str(error)
    except Exception:  # noqa: BLE001
        return "(it cannot say what)"
    return text[:1000].encode("utf-8", "replace").decode("utf-8")


def _said(kind: str, message: str) -> str:
    """Pydantic's message without the names of our classes and of its own."""
    return "Input should be an object" if kind == "model_type" else message.removeprefix("Value error, ")


def faults_of(error: ValidationError, root: str = "") -> tuple[Fault, ...]:
    """Pydantic's findings as faults, their pointers below `root`."""
    return tuple(
        Fault(json_pointer(root, *found["loc"]), _said(found["type"], found["msg"]))
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    )
