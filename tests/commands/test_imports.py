"""What a command imports is what its user waits for: a second of CPU, if it were all of the service."""

import json
import subprocess
import sys

_SCRIPT = """
import importlib, json, sys
heavy, told = sys.argv[1].split(","), {}
for command in sys.argv[2:]:
    importlib.import_module(f"app.commands.{command}")
    told[command] = [name for name in heavy if name in sys.modules]
print(json.dumps(told))
"""


def test_a_command_imports_no_large_part_that_it_may_not_need() -> None:
    heavy = ["alembic", "asyncpg", "sqlalchemy.orm", "sqlalchemy", "fastapi"]
    # Each is imported on top of those before it.
    commands = ["graders", "new", "grade", "check_tasks", "keys", "serve"]

    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, ",".join(heavy), *commands], capture_output=True, text=True, check=True
    )

    assert json.loads(done.stdout) == {
        "graders": [],
        "new": [],
        "grade": [],
        "check_tasks": [],
        "keys": ["sqlalchemy"],
        "serve": ["sqlalchemy", "fastapi"],
    }
