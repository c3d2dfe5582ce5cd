"""A sandbox's answers as JSON, for tests that start it as another user: layers, outcomes, what is left."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from graders.api import Program
from sandbox import Sandbox, SandboxSettings, Unavailable

_CALL = ('{"args":[],"kwargs":{}}',)
PROGRAMS = {
    "right": Program("def f():\n    return 1", entry_point="f", calls=_CALL),
    "judged": Program("def f():\n    return 1", entry_point="f", test="def check(c):\n    assert c() == 1"),
    "forged": Program("def f():\n    return 2", entry_point="f", test="def check(c):\n    assert c() == 1"),
    "stdio": Program("print(input())", stdin="x\n"),
    "cpu": Program("while True: pass", cpu_s=1.0),
    "timeout": Program("import time; time.sleep(60)", timeout_s=0.3),
    "memory": Program("x = [1]\nwhile True: x += x", memory_mib=64),
    "fork": Program("import os; os.fork()"),
    "socket": Program("import socket; socket.socket()"),
    "file": Program("open('/etc/passwd')"),
    "service": Program(
        "import os\nfor pid in range(1, 100_000):\n    try: os.kill(pid, 9)\n    except PermissionError: pass"
    ),
    "everyone": Program("import os; os.kill(-1, 9)"),
    "proc": Program("open('/proc/self/environ')"),
    "ptrace": Program("import ctypes; ctypes.CDLL(None).ptrace(16, 1, 0, 0)"),
    "threads": Program("import threading\nt = threading.Thread(target=print)\nt.start()\nt.join()"),
    "environment": Program("import os\nassert not os.environ"),
    "twice": Program("def f():\n    return 1", entry_point="f", calls=_CALL * 2),
}


async def probe(settings: SandboxSettings) -> dict[str, Any]:
    async with Sandbox(settings) as sandbox:
        found = {name: (await sandbox.run([p], time.monotonic() + 60))[0] for name, p in PROGRAMS.items()}
        trusted = await sandbox.run([PROGRAMS["judged"]] * 3, time.monotonic() + 60, trusted=True)
        return {
            "layers": sandbox.layers,
            "python": sandbox.interpreters["plain"].path,
            "outcomes": {name: execution.outcome for name, execution in found.items()},
            "errors": {name: execution.error for name, execution in found.items()},
            "checks": {name: [c.outcome for c in execution.checks] for name, execution in found.items()},
            "trusted": [execution.checks[0].outcome for execution in trusted],
        }


def main() -> None:
    try:
        told = asyncio.run(probe(SandboxSettings(slots=2, **json.loads(sys.argv[1]))))
    except Unavailable as error:
        told = {"unavailable": error.detail}
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    sys.stdout.write(json.dumps(told | {"left": children.read_text().split()}))


if __name__ == "__main__":
    main()
