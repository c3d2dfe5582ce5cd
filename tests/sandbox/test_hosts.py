"""The same verdicts as root, as an ordinary user and in an ordinary container; a host that cannot jail is refused."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.data import data_folder

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent

# What a host may lack, and what a program may then not do.
OUTCOMES = {
    "right": "finished",
    "judged": "finished",
    "forged": "finished",
    "stdio": "finished",
    "cpu": "cpu_limit",
    "timeout": "timeout",
    "memory": "memory_limit",
    "fork": "runtime_error",
    "socket": "runtime_error",
    "file": "runtime_error",
    "service": "finished",
    "everyone": "runtime_error",
    "proc": "runtime_error",
    "ptrace": "sandbox_violation",
    "environment": "finished",
    "twice": "finished",
}


@pytest.fixture(scope="module")
def readable_copy() -> Iterator[Path]:
    """The project and its dependencies where every user can read them."""
    folder = Path(tempfile.mkdtemp())  # pytest's own folder is private
    folder.chmod(0o755)
    for package in ("graders", "sandbox", "tests"):
        shutil.copytree(PROJECT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    yield folder
    shutil.rmtree(folder)


def _python() -> str:
    """An interpreter of this version that every user can read."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for path in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        command = [sys.executable, str(HERE / "ordinary.py"), "-", path, "-c", "import decimal, asyncio"]
        if Path(path).exists() and subprocess.run(command, check=False, capture_output=True).returncode == 0:
            return path
    pytest.skip(f"no Python {version} that every user can read")


def _probe(folder: Path, profile: str, **settings: Any) -> dict[str, Any]:
    libraries = os.pathsep.join({str(folder), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    as_user = [sys.executable, str(HERE / "ordinary.py"), profile] if profile else []
    command = [*as_user, _python(), "-m", "tests.sandbox.probe_everything", json.dumps(settings)]
    environment = {"PYTHONPATH": libraries, "PATH": os.environ["PATH"], "SECRET": "s3cr3t"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder, env=environment, timeout=120)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("host", ["root", "user", "container"])
def test_verdicts_do_not_depend_on_the_host(host: str, readable_copy: Path) -> None:
    if host == "root" and os.geteuid() != 0:
        pytest.skip("not root")
    profile = {"root": "", "user": "-", "container": ""}[host]
    if host == "container":
        profile = str(data_folder("data/sandbox") / "docker_default_seccomp.json")
    told = _probe(readable_copy, profile)

    layers = told["layers"]
    assert {name: told["outcomes"][name] for name in OUTCOMES} == OUTCOMES, told["errors"]
    assert told["outcomes"]["threads"] == ("finished" if "threads" in layers else "runtime_error")
    assert (told["checks"]["judged"], told["checks"]["forged"]) == (["held"], ["failed"])
    assert told["trusted"] == ["held"] * 3
    assert told["left"] == []
    assert {"seccomp", "rlimits", "capabilities"} <= set(layers)
    assert any(layer.startswith("landlock") for layer in layers)
    assert ("uid" in layers) == (host == "root")
    assert any(layer.startswith("namespaces") for layer in layers) == (host != "container")


def test_a_host_without_landlock_is_refused_unless_the_operator_allows_it(readable_copy: Path, tmp_path: Path) -> None:
    profile = json.loads((data_folder("data/sandbox") / "docker_default_seccomp.json").read_text())
    for rule in profile["syscalls"]:
        rule["names"] = [name for name in rule["names"] if not name.startswith("landlock")]
    path = readable_copy / "no_landlock.json"
    path.write_text(json.dumps(profile))

    refused, allowed = (_probe(readable_copy, str(path), allow_degraded=allow) for allow in (False, True))

    assert "no landlock" in refused["unavailable"]
    assert "RFT_SANDBOX_ALLOW_DEGRADED=1" in refused["unavailable"]
    assert allowed["checks"]["judged"] == ["held"]
    assert not any(layer.startswith("landlock") for layer in allowed["layers"])


def test_an_interpreter_that_programs_cannot_read_makes_the_sandbox_unavailable(readable_copy: Path) -> None:
    """Never a load_error: the canary imports lazily, as programs do, in the finished jail."""
    if os.geteuid() != 0:
        pytest.skip("root alone can read what its programs cannot")
    hidden, version = readable_copy / "hidden", f"python{sys.version_info[0]}.{sys.version_info[1]}"
    source = Path(subprocess.check_output([_python(), "-c", "import os; print(os.__file__)"], text=True)).parent
    shutil.copytree(source, hidden / "lib" / version, ignore=shutil.ignore_patterns("test*", "*-packages", "idlelib"))
    (hidden / "bin").mkdir()
    python = shutil.copy(Path(_python()).resolve(), hidden / "bin" / version)
    assert "unavailable" not in _probe(readable_copy, "", python=str(python))
    hidden.chmod(0o700)

    told = _probe(readable_copy, "", python=str(python))

    assert "An honest program does not work in the jail: " in told["unavailable"]
    assert "RFT_SANDBOX_PYTHON" in told["unavailable"]


def test_an_interpreter_that_is_not_there_is_named(readable_copy: Path) -> None:
    told = _probe(readable_copy, "", python="/nowhere/python3")

    assert "/nowhere/python3 cannot be started" in told["unavailable"]
