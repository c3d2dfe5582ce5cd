"""Buildah and Podman with their images, containers, volumes and networks in one folder, which nothing else uses."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Podman asks for more processes than a root without CAP_SYS_RESOURCE may give; it asks for these instead.
_PROCESSES = 4096

_STORAGE = """
[storage]
driver = "overlay"
graphroot = "{folder}/images"
runroot = "{folder}/run"
"""
# runc with cgroupfs starts containers where there is no systemd, too.
_CONTAINERS = """
[containers]
default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
static_dir = "{folder}/libpod"
tmp_dir = "{folder}/run/libpod"
volume_path = "{folder}/volumes"
[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"
"""


class Failed(Exception):
    """Something did not do what it must; the message says what."""


@dataclass(frozen=True)
class Engine:
    folder: Path
    environment: Mapping[str, str]

    def run(self, *command: str | Path, extra: Mapping[str, str] | None = None) -> str:
        """What the command prints to stdout.

        Raises:
            Failed: it ended with another code than 0.
        """
        done = subprocess.run(
            command, env={**self.environment, **(extra or {})}, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            said = (done.stdout + done.stderr).strip()[-3000:]
            raise Failed(f"`{' '.join(map(str, command))}` ended with {done.returncode}:\n{said}")
        return done.stdout.strip()

    def podman(self, *arguments: str | Path) -> str:
        return self.run("podman", *arguments)

    def buildah(self, *arguments: str | Path) -> str:
        return self.run("buildah", *arguments)

    def has(self, image: str) -> bool:
        return bool(self.podman("images", "--quiet", "--filter", f"reference={image}"))


def ulimits(files: int) -> dict[str, int]:
    """Limits for a container that wants so many open files: no more than this machine may give."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return {"nofile": files if most == resource.RLIM_INFINITY else min(files, most), "nproc": _PROCESSES}


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """An engine in this folder; at the end its containers, volumes and networks are gone, its images stay."""
    folder.mkdir(parents=True, exist_ok=True)
    limits = ulimits(65535)
    (folder / "storage.conf").write_text(_STORAGE.format(folder=folder))
    (folder / "containers.conf").write_text(
        _CONTAINERS.format(folder=folder, files=limits["nofile"], processes=limits["nproc"])
    )
    environment = os.environ | {
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "CONTAINERS_CONF": str(folder / "containers.conf"),
    }
    found = Engine(folder, environment)
    try:
        yield found
    except Failed:
        _tell_logs(found)
        raise
    finally:
        found.podman("rm", "--all", "--force", "--time", "1")
        found.podman("volume", "prune", "--force")
        found.podman("network", "prune", "--force")


def _tell_logs(engine: Engine) -> None:
    for name in engine.podman("ps", "--all", "--format", "{{.Names}}").split():
        print(f"\n-- Last lines of {name}", file=sys.stderr, flush=True)
        command = ["podman", "logs", "--tail", "20", name]
        subprocess.run(command, env=dict(engine.environment), stdout=sys.stderr, check=False)


def remove(folder: Path) -> None:
    """Removes the folder with all images in it."""
    with_layers = folder / "images" / "overlay"
    if os.path.ismount(with_layers):
        subprocess.run(["umount", with_layers], check=True)
    shutil.rmtree(folder)
