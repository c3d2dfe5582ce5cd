"""Whether a folder would end with the container, told from its mounts."""

from pathlib import Path

import pytest

from app.ledger.lasting import is_container, mounts, parsed, why_it_ends

DOCKER = """\
612 554 0:91 / / rw,relatime master:230 - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w
613 612 0:94 / /proc rw,nosuid - proc proc rw
620 612 254:1 /var/lib/docker/volumes/data/_data /data rw,relatime - ext4 /dev/vda1 rw
621 612 0:95 / /tmp rw,nosuid - tmpfs tmpfs rw,size=65536k
622 612 0:96 / /my\\040volume rw,relatime shared:1 - nfs4 host:/x rw
623 620 0:97 / /data/cache rw - tmpfs tmpfs rw
"""
HOST = "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n25 22 0:23 / /tmp rw,nosuid - tmpfs tmpfs rw\n"


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("/app/data/spool", "own file system"),
        ("/tmp/spool", "in memory"),
        ("/data/spool", ""),
        ("/data/cache/spool", "in memory"),
        ("/my volume/spool", ""),
        ("/database", "own file system"),
    ],
)
def test_in_a_container_only_volumes_last(folder: str, reason: str) -> None:
    why = why_it_ends(Path(folder), list(parsed(DOCKER)), in_container=True)

    assert (reason in why) if reason else why == ""


def test_outside_of_containers_every_folder_lasts() -> None:
    assert why_it_ends(Path("/tmp/spool"), list(parsed(HOST)), in_container=False) == ""


def test_a_layered_root_is_a_container() -> None:
    assert is_container(list(parsed(DOCKER)))


def test_the_mounts_of_this_machine_can_be_read() -> None:
    assert "/" in {mount.point for mount in mounts()}
