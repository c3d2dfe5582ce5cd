"""`rft-graders` as a person runs it."""

import os
import subprocess
import sys
from pathlib import Path


def rft(*arguments: str | Path, expect: int = 0, **settings: str) -> tuple[str, str]:
    """What the command prints on stdout and stderr; its environment has these settings, one worker and no others."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RFT_")}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        env=environment | {"COLUMNS": "200", "RFT_WORKERS": "1", **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout, done.stderr
