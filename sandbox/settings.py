"""What an operator decides about the sandbox, with the defaults. The service's settings fill it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from graders.api import Program
from sandbox.errors import BadProgram


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Slots, interpreter, package sets, and the most that a program may ask for."""

    slots: int = 2
    """Programs that run at the same time; one per CPU is best."""
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"plain": ()})
    """Name of a dependency set -> packages that its interpreters have imported before any program runs."""
    python: str = ""
    """Path of the interpreter; empty: the service's own, or the system's where users cannot read that."""
    allow_degraded: bool = False
    """Whether programs may run although the host lacks Landlock or seccomp."""
    timeout_s_max: float = 60.0
    cpu_s_max: float = 60.0
    memory_mib_max: int = 2048
    output_bytes_max: int = 16 << 20
    files_max: int = 256
    threads_max: int = 64
    judge_cpu_s: int = 4
    """CPU time of one execution of a test, s."""
    judge_timeout_s: float = 4.0
    """Longest time that a test may go on without its program, s."""
    judge_memory_mib: int = 512
    recordings_max: int = 4096
    """Tasks of trusted callers whose calls are remembered."""

    def check(self, program: Program) -> None:
        """Whether `program` may run here.

        Raises:
            BadProgram: it asks for too much, too little, or an unknown set.
        """
        if program.dependencies not in self.sets:
            known = ", ".join(sorted(self.sets))
            raise BadProgram(f"No dependency set {program.dependencies!r}. Known sets (RFT_SANDBOX_SETS): {known}.")
        for name, least in _LEAST.items():
            wanted, most = getattr(program, name), getattr(self, f"{name}_max")
            if not least <= wanted <= most:
                setting = f"RFT_SANDBOX_{name.upper()}_MAX"
                raise BadProgram(f"{name} is {wanted}; this service runs programs with {least} to {most} ({setting}).")


_LEAST = {"timeout_s": 0.01, "cpu_s": 0.01, "memory_mib": 1, "output_bytes": 1024, "files": 16, "threads": 0}
