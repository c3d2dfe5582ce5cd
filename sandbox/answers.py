"""What a program wrote: its frames, read without building any of its values."""

from dataclasses import dataclass, field

from graders.api import Program, Result
from sandbox.inside import protocol
from sandbox.inside.protocol import FRAME

_CALL_OUTCOMES = {
    protocol.RETURNED: "returned",
    protocol.RAISED: "raised",
    protocol.OUT_OF_MEMORY: "memory_limit",
    protocol.UNSENDABLE: "unsendable",
}


@dataclass(slots=True)
class Answers:
    """Frames in order. `fault` says what is wrong with the rest; empty if nothing is."""

    frames: list[tuple[bytes, bytes]] = field(default_factory=list)
    fault: str = ""

    @property
    def has_loaded(self) -> bool:
        return bool(self.frames) and self.frames[0][0] == protocol.LOADED

    @property
    def load_outcome(self) -> str:
        """Why the program was not loaded; empty if it was, or if it says nothing of that."""
        if not self.frames or self.has_loaded:
            return ""
        kinds = {protocol.NOT_LOADED: "load_error", protocol.OUT_OF_MEMORY: "memory_limit"}
        return kinds.get(self.frames[0][0], "protocol_error")

    @property
    def load_error(self) -> str:
        return said(self.frames[0][1]) if self.load_outcome else ""


def read(content: bytes, most: int) -> Answers:
    """The frames that `content` begins with, at most so many: more are a fault. An unfinished last frame is none: its
    writer may have been killed."""
    answers = Answers()
    place = 0
    while place + FRAME.size <= len(content):
        kind, length = FRAME.unpack_from(content, place)
        place += FRAME.size
        if kind not in protocol.ANSWER_KINDS or (answers.frames and kind in protocol.LOAD_KINDS):
            answers.fault = "The program wrote among its answers."
            break
        if place + length > len(content):
            break
        if len(answers.frames) == most:
            answers.fault = "The program wrote more answers than there were calls."
            break
        answers.frames.append((kind, content[place : place + length]))
        place += length
    return answers


def results(answers: Answers, program: Program) -> tuple[Result, ...]:
    """One result per call of a structured program."""
    found = [result(kind, body) for kind, body in answers.frames[1:]] if answers.has_loaded else []
    missing = len(program.calls) - len(found)
    return (*found[: len(program.calls)], *[Result("not_reached")] * missing)


def result(kind: bytes, body: bytes, call: str = "") -> Result:
    """What one call came to."""
    outcome = _CALL_OUTCOMES.get(kind, "not_reached")
    if kind == protocol.RETURNED:
        # A value is ASCII; what is not becomes `Unreadable` where it is decoded.
        return Result(outcome, value=body.decode("ascii", "replace"), call=call)
    return Result(outcome, error=said(body), call=call)


def said(body: bytes) -> str:
    """A program's words about an exception, no longer than its honest ones can be."""
    return body[: 4 * protocol.ERROR_CHARACTERS].decode("utf-8", "replace")[: protocol.ERROR_CHARACTERS]
