"""Builds the images and runs them for real, as deploy/README.md tells: `python -m deploy.trial`, as root."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from deploy.trial import images
from deploy.trial.alone import try_alone
from deploy.trial.engine import Engine, Failed, engine, remove
from deploy.trial.report import heading, say
from deploy.trial.seccomp import write_dockers
from deploy.trial.together import try_together

_BESIDE = Path(__file__).parent


def main() -> int:
    """The exit code: 0 if everything was as it must be."""
    parser = argparse.ArgumentParser(prog="python -m deploy.trial", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help="`alone` and `together`; none: both")
    parser.add_argument("--base", help="base image of the service, instead of a Debian made here")
    parser.add_argument("--folder", type=Path, help="where images are kept for the next time")
    chosen = parser.parse_args()
    if os.geteuid() != 0:
        print("Images are built and run as root here: sudo make try-image", file=sys.stderr)
        return 2
    with ExitStack() as stack:
        folder = chosen.folder or Path(tempfile.mkdtemp(prefix="rft-trial-", dir="/var/tmp"))
        if chosen.folder is None:
            stack.callback(remove, folder)
        try:
            with engine(folder.absolute()) as found:
                _try(found, chosen.base, set(chosen.parts) or {"alone", "together"})
        except Failed as failure:
            print(f"\nFAILED: {failure}", file=sys.stderr)
            return 1
    print("\nAll of it was as it must be.")
    return 0


def _try(engine: Engine, base: str | None, parts: set[str]) -> None:
    heading("Images")
    if base is None:
        _timed(engine, images.BASE, lambda: images.build_base(engine))
    _timed(engine, images.SERVICE, lambda: images.build(engine, images.SERVICE, images.PROJECT, base or images.BASE))
    if "alone" in parts:
        heading("Alone, under Podman's default seccomp profile")
        try_alone(engine)
        heading("Alone, under what Docker's default seccomp profile allows")
        profile = engine.folder / "seccomp.json"
        write_dockers(profile)
        try_alone(engine, profile)
    if "together" in parts:
        heading("With PostgreSQL, Redis and Prometheus, by docker-compose.yml")
        images.build_base(engine)
        for image in (images.POSTGRES, images.REDIS, images.PROMETHEUS, images.ALERTMANAGER):
            folder = _BESIDE / image.removeprefix("localhost/").partition(":")[0]
            _timed(engine, image, partial(images.build, engine, image, folder, images.BASE))
        try_together(engine)


def _timed(engine: Engine, image: str, build: Callable[[], None]) -> None:
    began = time.monotonic()
    build()
    say(image, f"{images.size_mb(engine, image):.0f} MB, built in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
