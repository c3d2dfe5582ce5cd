"""Every YAML file of the deployment is well-formed in the way that people expect."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent.parent
RULES = """
extends: default
rules:
  braces: {max-spaces-inside: 0}
  comments: {min-spaces-from-content: 1}
  document-start: disable
  indentation: {indent-sequences: whatever}
  line-length: {max: 140}
  truthy: {check-keys: false}
"""


def test_yamllint_has_nothing_to_say() -> None:
    command = [sys.executable, "-m", "yamllint", "--strict", "-d", RULES, "deploy", "docker-compose.yml"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert (done.stdout, done.returncode) == ("", 0)
