"""The sandbox's settings come from the service's, and the number of slots from the CPUs that the service may use."""

import os
from pathlib import Path

import pytest

from app.cpus import usable_cpus
from app.programs import sandbox_settings
from app.settings import Settings, SettingsError, from_environ
from sandbox import SandboxSettings


def test_the_defaults_are_the_sandboxs_own() -> None:
    assert sandbox_settings(Settings(sandbox_slots=2)) == SandboxSettings()


def test_every_setting_of_the_sandbox_can_be_set() -> None:
    chosen = from_environ(
        {
            "RFT_SANDBOX_SLOTS": "5",
            "RFT_SANDBOX_SETS": "numpy:science=numpy+scipy.stats",
            "RFT_SANDBOX_PYTHON": "/usr/bin/python3",
            "RFT_SANDBOX_ALLOW_DEGRADED": "1",
            "RFT_SANDBOX_TIMEOUT_S_MAX": "1",
            "RFT_SANDBOX_CPU_S_MAX": "2",
            "RFT_SANDBOX_MEMORY_MIB_MAX": "30",
            "RFT_SANDBOX_OUTPUT_BYTES_MAX": "4000",
            "RFT_SANDBOX_FILES_MAX": "50",
            "RFT_SANDBOX_THREADS_MAX": "6",
            "RFT_SANDBOX_JUDGE_CPU_S": "7",
            "RFT_SANDBOX_JUDGE_TIMEOUT_S": "8",
            "RFT_SANDBOX_JUDGE_MEMORY_MIB": "90",
            "RFT_SANDBOX_RECORDINGS_MAX": "10",
        }
    )

    assert sandbox_settings(chosen) == SandboxSettings(
        slots=5,
        sets={"plain": (), "numpy": ("numpy",), "science": ("numpy", "scipy.stats")},
        python="/usr/bin/python3",
        allow_degraded=True,
        timeout_s_max=1,
        cpu_s_max=2,
        memory_mib_max=30,
        output_bytes_max=4000,
        files_max=50,
        threads_max=6,
        judge_cpu_s=7,
        judge_timeout_s=8,
        judge_memory_mib=90,
        recordings_max=10,
    )


@pytest.mark.parametrize("sets", ["numpy,scipy", "scikit-learn", "a=", "=numpy", "a=b=c", "a=numpy scipy"])
def test_a_set_that_cannot_be_read_is_said_so(sets: str) -> None:
    with pytest.raises(SettingsError, match=r"RFT_SANDBOX_SETS: .*NAME=PACKAGE"):
        from_environ({"RFT_SANDBOX_SETS": sets})


def test_one_slot_more_than_cpus_is_the_default() -> None:
    assert sandbox_settings(from_environ({"RFT_SANDBOX_SLOTS": ""})).slots == usable_cpus() + 1


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "100000 100000\n"}, 1),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "90000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
        ({"cpu.max": "nonsense"}, None),
        ({}, None),
    ],
)
def test_a_containers_share_of_the_cpus_counts(tmp_path: Path, files: dict[str, str], cpus: int | None) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)

    assert usable_cpus(tmp_path) == (cpus or len(os.sched_getaffinity(0)))
