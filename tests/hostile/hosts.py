"""Starts a module of the suite on a throw-away machine, as the tests want it."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.data import data_folder

HERE = Path(__file__).parent
CANARY = "canary-5f3a9c"
"""A secret of the service's: whoever prints it has read what he must not read."""

HOSTS = ("root", "container")


def run(host: str, module: str, *arguments: str) -> dict[str, Any]:
    """What the module prints, run as root, as an ordinary `user`, or in what an ordinary `container` is."""
    profile = {"root": "root", "user": "-"}.get(host) or str(
        data_folder("data/sandbox") / "docker_default_seccomp.json"
    )
    if host == "root" and os.geteuid() != 0:
        pytest.skip("not root")
    libraries = os.pathsep.join({"/tmp/project", sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    environment = {"PYTHONPATH": libraries, "PATH": os.environ["PATH"], "RFT_SECRET": CANARY}
    command = [sys.executable, str(HERE / "contained.py"), profile, module, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=240)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told
