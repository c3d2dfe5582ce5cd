"""What one program may use. The service's settings may allow less; asking for more is an error, never a cut."""

from pydantic import BaseModel, ConfigDict, Field


class Limits(BaseModel):
    """Limits of one program: a process that makes all calls, or one for each stdin."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout_s: float = Field(
        10.0, ge=0.01, le=600, description="Wall time of a process, s; waiting for a CPU does not count."
    )
    total_timeout_s: float = Field(
        20.0,
        ge=0.01,
        le=3600,
        description="Time of the processes of all stdins together, s. Keep it below the deadline.",
    )
    cpu_s: float = Field(10.0, ge=0.01, le=600, description="CPU time of a process, s, in whole seconds rounded up.")
    memory_mib: int = Field(256, ge=1, le=65_536, description="Memory beyond the interpreter's own, MiB.")
    output_bytes: int = Field(
        1 << 20, ge=1024, le=64 << 20, description="All answers together, stdout and stderr, each, bytes."
    )
    files: int = Field(64, ge=16, le=4096, description="Open files.")
    threads: int = Field(
        16, ge=0, le=1024, description="Threads beside the first; a host that cannot count them allows none."
    )
    dependencies: str = Field(
        "plain",
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        description="Name of the set of packages, as RFT_SANDBOX_SETS has it.",
    )
