"""Why the sandbox ran nothing or lost a run. None of these is ever an outcome of a program."""


class SandboxError(Exception):
    """There is no execution. `detail` says in a sentence what was wanted and what to do."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Unavailable(SandboxError):
    """There is no jail that programs may run in: no interpreter, or too few layers."""


class SlotLost(SandboxError):
    """The process that ran the program is gone, or never started it. Another attempt may well succeed."""


class DeadlinePassed(SandboxError):
    """The time of the whole request was up before the program had ended."""


class BadProgram(SandboxError):
    """The program asks for more than the service's settings allow, or for packages that it does not have."""
