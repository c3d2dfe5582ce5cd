"""The images of the trial, from packages alone: no registry of images is asked."""

import tempfile
from pathlib import Path

from deploy.trial.engine import Engine

PROJECT = Path(__file__).parent.parent.parent
RELEASE = "bookworm"
BASE = f"localhost/debian-python:{RELEASE}"
SERVICE = "localhost/rft-graders:trial"
POSTGRES = "localhost/postgres:trial"
REDIS = "localhost/redis:trial"
PROMETHEUS = "localhost/prometheus:trial"
ALERTMANAGER = "localhost/alertmanager:trial"

# What this machine trusts, it trusts during a build too: the registry of packages may be a mirror of one's own.
_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def build_base(engine: Engine) -> None:
    """Debian with its Python, in place of `python:3.12-slim`."""
    if engine.has(BASE):
        return
    with tempfile.TemporaryDirectory(dir=engine.folder) as folder:
        root = Path(folder) / "root"
        engine.run("debootstrap", "--variant=minbase", "--include=ca-certificates,python3", RELEASE, root)
        container = engine.buildah("from", "scratch")
        engine.buildah("add", "--quiet", container, root, "/")
    engine.buildah("copy", "--quiet", container, _AUTHORITIES, _AUTHORITIES)
    engine.buildah("config", "--env", f"PIP_CERT={_AUTHORITIES}", container)
    engine.buildah("commit", "--quiet", "--rm", container, BASE)


def build(engine: Engine, image: str, folder: Path, base: str) -> None:
    """Builds the Dockerfile in the folder. In Docker's own format, since the OCI's keeps no health check."""
    engine.buildah(
        "bud",
        "--isolation",
        "chroot",
        "--format",
        "docker",
        "--build-arg",
        f"BASE_IMAGE={base}",
        "--tag",
        image,
        folder,
    )


def size_mb(engine: Engine, image: str) -> float:
    """Size of its layers, uncompressed, in MB."""
    return int(engine.podman("image", "inspect", "--format", "{{.Size}}", image)) / 1e6
