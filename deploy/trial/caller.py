"""A trainer that calls the service, and what must come back."""

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from deploy.trial.engine import Failed

Answer = dict[str, Any]

FINANCE = {
    "item": {"reference": "$1,577 million", "spec": {"unit": "currency", "scale": "million", "currency": "USD"}},
    "sample": "Capital expenditure was <answer>$1.577 billion</answer>.",
}
_ADD = {"entry_point": "add", "cases": [{"args": [1, 2], "expected": 3}, {"args": [-1, 1], "expected": 0}]}
RIGHT = {"item": _ADD, "sample": "def add(a, b):\n    return a + b"}
WRONG = {"item": _ADD, "sample": "def add(a, b):\n    return a * b"}
SLOW = {"item": _ADD, "sample": "import time\ndef add(a, b):\n    time.sleep(0.5)\n    return a + b"}
THIEF = {"item": _ADD, "sample": "def add(a, b):\n    return a + b if open('/etc/passwd').read() else 0"}


@dataclass(frozen=True)
class Caller:
    """Of the service at this address, with this key or with none."""

    base: str
    key: str = ""

    def send(self, path: str, body: Answer | None = None) -> tuple[int, Answer]:
        """Status and JSON of the answer.

        Raises:
            URLError: nobody answers.
        """
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        data = None if body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(self.base + path, data, headers), timeout=30) as response:
                return response.status, json.load(response)
        except HTTPError as error:
            return error.code, json.load(error)

    def grade(self, grader: str, body: Answer) -> Answer:
        """The grade.

        Raises:
            Failed: there is none.
        """
        status, answer = self.send(f"/v1/graders/{grader}/grade", body)
        if status != HTTPStatus.OK:
            raise Failed(f"{grader} answered {status}: {answer}")
        return answer

    def ready(self, timeout_s: float = 60) -> Answer:
        """What /readyz says once it is ready."""
        return self._readyz(lambda state: bool(state["ready"]), "ready", timeout_s)

    def settled(self, timeout_s: float = 60) -> Answer:
        """What /readyz says once the sandbox is no longer starting."""
        return self._readyz(lambda state: state["sandbox"]["state"] != "starting", "settled", timeout_s)

    def spool(self, wanted: str, timeout_s: float = 60) -> Answer:
        """What /readyz says once the spool is in this state."""
        return self._readyz(lambda state: state["spool"]["state"] == wanted, f"in the state {wanted}", timeout_s)

    def _readyz(self, is_there: Callable[[Answer], bool], wanted: str, timeout_s: float) -> Answer:
        until, state = time.monotonic() + timeout_s, {}
        while time.monotonic() < until:
            try:
                state = self.send("/readyz")[1]
            except (URLError, ConnectionError):
                state = {}
            if state and is_there(state):
                return state
            time.sleep(0.05)
        raise Failed(f"Not {wanted} within {timeout_s:g} s: {state or 'nobody answers'}")


def expect(what: str, found: object, wanted: object) -> None:
    """
    Raises:
        Failed: it is something else.
    """
    if found != wanted:
        raise Failed(f"{what}: {found!r}, not {wanted!r}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
