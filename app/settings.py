"""Every setting of the service with its unit and default. Only this module reads the environment; the rest receives
a Settings."""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

PREFIX = "RFT_"

# What Kubernetes puts into every pod for a Service whose name begins with "rft": RFT_GRADERS_SERVICE_HOST,
# RFT_GRADERS_PORT_8000_TCP_ADDR, RFT_GRADERS_PORT=tcp://10.0.0.1:8000 and the like.
_KUBERNETES = re.compile(r"RFT_(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)")

# `numpy`, or `science=numpy+scipy`.
_PACKAGE = r"[A-Za-z_][\w.]*"
_SET = re.compile(rf"{_PACKAGE}|[A-Za-z_][\w-]*={_PACKAGE}(\+{_PACKAGE})*")

# `code_tests@v1=50`, or `*=500`.
_GRADER_RATE = re.compile(r"(\*|\w+@v\d+)=\d+(\.\d+)?")


# Until whoever sends requests has seen that the service is not ready.
_DRAIN_WAIT_S = 2.0


class SettingsError(ValueError):
    """The environment cannot be used; each line says which variable, what was wanted and what to do."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long requests may take, s: one that does not say, one of the Azure contract, and any that says."""

    default_s: float
    azure_s: float
    most_s: float


class Settings(BaseModel):
    """The service's settings. The variable of a field is `RFT_` and its name in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(
        "127.0.0.1",
        description="Address to listen on. One beyond this machine needs an API key or RFT_ALLOW_ANONYMOUS.",
    )
    port: int = Field(8000, ge=0, le=65535, description="Port of the API and the OpenAPI page; 0 takes a free one.")
    metrics_port: int = Field(
        8001, ge=-1, le=65535, description="Port of /metrics, with probes; 0: a free one; -1: none."
    )
    allow_anonymous: bool = Field(
        False, description="1 serves callers without a key on a non-loopback address, as long as there is no key."
    )
    api_keys_file: Path | None = Field(
        None, description="TOML or JSON with hashes of API keys (`rft-graders keys create NAME --print-entry`)."
    )
    data_dir: Path = Field(
        Path("data"), description="Folder of the embedded database, the spool and quarantined records."
    )
    database_url: str = Field("", description="sqlite:///FILE or postgresql://...; empty: SQLite in RFT_DATA_DIR.")
    redis_url: str = Field(
        "",
        pattern="^$|^(redis|rediss|unix)://",
        description="redis://... through which replicas share rate limits; empty: they are each process's own.",
    )
    rate_per_s: float | None = Field(
        None,
        gt=0,
        le=1e6,
        description="Samples a second that each caller may send; empty: no limit. An API key's own rate wins.",
    )
    grader_rates: tuple[str, ...] = Field(
        (),
        description="Samples a second that each caller may send to one grader, joined by ':': `code_tests@v1=50`, or "
        "`*=500` for every grader that is not named. A recipe counts as the grader it stands on.",
    )
    burst: int = Field(
        16_384,
        ge=1,
        le=10_000_000,
        description="Samples that a rate lets through at once: a whole training step. An API key's own burst wins.",
    )
    graders_path: tuple[Path, ...] = Field(
        (Path("my_graders"),), description="Folders that hold the folders of your own graders, joined by ':'."
    )
    workers: int = Field(2, ge=1, le=256, description="Processes for judgements that must be killable.")
    worker_memory_mib: int = Field(1024, ge=128, description="Address space of one worker, MiB.")
    worker_queue_max: int = Field(16_384, ge=1, description="Samples that may wait for a worker; more are shed (503).")
    sandbox_queue_max: int = Field(
        16_384, ge=1, description="Programs that may wait for a slot of the sandbox; more are shed (503)."
    )
    queue_max_mib: int = Field(
        256, ge=1, description="What may wait for workers, and for the sandbox, MiB each; more is shed (503)."
    )
    call_timeout_s: float = Field(5.0, gt=0, le=600, description="Longest time of one judgement inside a worker, s.")
    deadline_s: float = Field(
        30.0, gt=0, le=3600, description="Longest time of a request that does not say how long it waits, s."
    )
    azure_deadline_s: float = Field(
        540.0, gt=0, le=3600, description="The same for the Azure contract, whose platform waits for 600 s, s."
    )
    deadline_max_s: float = Field(
        600.0, gt=0, le=3600, description="Longest time that X-Request-Timeout-Ms is given, s."
    )
    body_max_mib: int = Field(16, ge=1, le=1024, description="Largest request body, MiB.")
    receiving_max_mib: int = Field(
        512, ge=1, description="Bytes of all requests that are still arriving, together, MiB; more are shed (503)."
    )
    head_timeout_s: float = Field(
        10.0, gt=0, le=600, description="Longest time from a request's first byte to the end of its headers, s."
    )
    body_timeout_s: float = Field(
        300.0,
        gt=0,
        le=3600,
        description="Longest time for a body to arrive, s. After 10 s it must have come at 1 KiB/s or more.",
    )
    connections_max: int = Field(
        16_384,
        ge=8,
        le=1_000_000,
        description="Open connections; as many as the limit of open files allows, if that is fewer. One more ends the "
        "one that has been idle for longest.",
    )
    drain_wait_s: float | None = Field(
        None,
        ge=0,
        le=600,
        description="After SIGTERM, how long requests are still taken while /readyz says no, s; empty: 0 on loopback, "
        "else 2.",
    )
    drain_timeout_s: float = Field(
        7.0,
        gt=0,
        le=3600,
        description="How long after SIGTERM what is still unfinished is answered 503, s. The service has ended 3 s "
        "later, which must be within its container's grace period.",
    )
    ledger_pending_max: int = Field(
        50_000, ge=1, description="Records that may wait for their commit; more are shed (503)."
    )
    ledger_commit_timeout_s: float = Field(
        2.0, gt=0, le=60, description="Longest wait for PostgreSQL to store grades, s; then they go to the spool."
    )
    spool_dir: Path | None = Field(
        None,
        description="Folder, each process's own, of grades that wait for PostgreSQL; empty: `spool` in RFT_DATA_DIR.",
    )
    spool_max_mib: int = Field(
        512,
        ge=0,
        le=1 << 20,
        description="Most that may wait in the spool, MiB; then grades are refused (503). 0: none.",
    )
    spool_lasts: bool | None = Field(
        None,
        description="Whether RFT_SPOOL_DIR outlives the container; empty: found out. 0: without PostgreSQL grades are "
        "refused (503).",
    )
    sandbox_slots: int | None = Field(
        None,
        ge=0,
        le=1024,
        description="Programs run at the same time; empty: one per CPU and one more; 0: none is run.",
    )
    sandbox_sets: tuple[str, ...] = Field(
        ("plain",),
        description="What programs may import beside the standard library (`plain`), joined by ':': `numpy`, or "
        "`science=numpy+scipy`.",
    )
    sandbox_python: str = Field(
        "", description="Interpreter of programs; empty: the service's own, or the system's where users cannot read it."
    )
    sandbox_allow_degraded: bool = Field(
        False, description="1 runs programs on a host without Landlock or seccomp; only if all of them are your own."
    )
    sandbox_timeout_s_max: float = Field(60.0, gt=0, le=3600, description="Longest timeout a program may ask for, s.")
    sandbox_cpu_s_max: float = Field(60.0, gt=0, le=3600, description="Most CPU time a program may ask for, s.")
    sandbox_memory_mib_max: int = Field(2048, ge=16, description="Most memory a program may ask for, MiB.")
    sandbox_output_bytes_max: int = Field(
        16 << 20, ge=1024, description="Most bytes of answers, stdout and stderr, each, that a program may ask for."
    )
    sandbox_files_max: int = Field(256, ge=16, le=65536, description="Most open files a program may ask for.")
    sandbox_threads_max: int = Field(64, ge=0, le=4096, description="Most threads a program may ask for.")
    sandbox_judge_cpu_s: int = Field(4, ge=1, le=3600, description="CPU time of one execution of a test, s.")
    sandbox_judge_timeout_s: float = Field(
        4.0, gt=0, le=3600, description="Longest time that a test goes on without its program, s."
    )
    sandbox_judge_memory_mib: int = Field(512, ge=64, description="Memory of one execution of a test, MiB.")
    sandbox_recordings_max: int = Field(
        4096, ge=1, description="Tasks whose calls are remembered, for callers whose tests are trusted."
    )
    retention_days: int | None = Field(
        None,
        ge=1,
        le=36_500,
        description="Days that grades are kept, with their samples and whatever holds them; older ones are deleted, "
        "every hour. Empty: for ever.",
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Least severe log line written.")

    @field_validator("graders_path", "sandbox_sets", "grader_rates", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(filter(None, value.split(":"))) if isinstance(value, str) else value

    @field_validator(
        *("api_keys_file", "sandbox_slots", "rate_per_s", "drain_wait_s", "spool_dir", "spool_lasts", "retention_days"),
        mode="before",
    )
    @classmethod
    def _empty(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("sandbox_sets")
    @classmethod
    def _readable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for written in value:
            if not _SET.fullmatch(written):
                raise ValueError(f"wanted `plain`, a package or NAME=PACKAGE+PACKAGE, got {written!r}")
        return value

    @field_validator("grader_rates")
    @classmethod
    def _rated(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for written in value:
            if not _GRADER_RATE.fullmatch(written) or not 0 < float(written.partition("=")[2]) <= 1e6:
                raise ValueError(f"wanted GRADER=RATE with a rate above 0 and at most 1000000, got {written!r}")
        return value

    @property
    def timeouts(self) -> Timeouts:
        return Timeouts(self.deadline_s, self.azure_deadline_s, self.deadline_max_s)

    @property
    def rate_by_grader(self) -> dict[str, float]:
        """Grader id, or `*` -> samples a second."""
        return {name: float(rate) for name, _, rate in (written.partition("=") for written in self.grader_rates)}

    @property
    def database(self) -> str:
        """The database's URL, the embedded one's if none is set."""
        return self.database_url or f"sqlite:///{self.data_dir / 'rft.sqlite3'}"

    @property
    def database_setting(self) -> str:
        """The variable that names the database; a URL may hold a password and is not repeated."""
        return variable("database_url") if self.database_url else f"{variable('data_dir')}={self.data_dir}"

    @property
    def has_spool(self) -> bool:
        """Whether grades may wait for the database: the embedded one is on the same disk."""
        return self.spool_max_mib > 0 and not self.database.startswith("sqlite")

    @property
    def spool_folder(self) -> Path:
        return self.spool_dir or self.data_dir / "spool"

    @property
    def dependency_sets(self) -> dict[str, tuple[str, ...]]:
        """Name of a set -> its packages. `plain` is always there."""
        named = [written.partition("=") for written in self.sandbox_sets if written != "plain"]
        return {"plain": (), **{name: tuple((packages or name).split("+")) for name, _, packages in named}}

    @property
    def drain_wait(self) -> float:
        """How long requests are still taken after SIGTERM, s."""
        if self.drain_wait_s is not None:
            return self.drain_wait_s
        return 0.0 if self.is_loopback else _DRAIN_WAIT_S

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it: all of 127.0.0.0/8 is loopback."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def from_environment(**overrides: Any) -> Settings:
    """`from_environ` of this process's environment."""
    return from_environ(os.environ, **overrides)


def worker_environment() -> dict[str, str]:
    """What a worker process may know of our environment: no setting, so no password and no key."""
    return {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "PYTHONPATH") if name in os.environ}


def database_environment() -> dict[str, str]:
    """What a process that reads the database may know besides: where PostgreSQL's own variables say how to connect."""
    postgres = {name: value for name, value in os.environ.items() if name.startswith("PG") or name == "HOME"}
    return worker_environment() | postgres


def variable(field: str) -> str:
    return PREFIX + field.upper()


def from_environ(environ: Mapping[str, str], **overrides: Any) -> Settings:
    """The settings that `environ` asks for; `overrides` (from the command line) win unless None.

    Raises:
        SettingsError: a variable is unknown or has an unusable value.
    """
    values = {
        _field(name): value for name, value in environ.items() if name.startswith(PREFIX) and not _foreign(name, value)
    }
    values |= {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError("\n".join(_explained(found["loc"], found["msg"]) for found in error.errors())) from error
    return settings


def _field(name: str) -> str:
    field = name.removeprefix(PREFIX).lower()
    if field not in Settings.model_fields:
        near = difflib.get_close_matches(field, Settings.model_fields, n=1)
        known = ", ".join(map(variable, Settings.model_fields))
        hint = f"Did you mean {variable(near[0])}?" if near else f"All there are: {known}."
        raise SettingsError(f"{name} is no setting of this service. {hint}")
    return field


def _foreign(name: str, value: str) -> bool:
    """Whether Kubernetes set `name`, not the operator. One of our own names that it took is refused with a hint."""
    known = name.removeprefix(PREFIX).lower() in Settings.model_fields
    is_service_port = name.endswith("_PORT") and value.startswith("tcp://")
    if known and is_service_port:
        raise SettingsError(
            f"{name}={value} comes from a Kubernetes Service, not from you: its name makes Kubernetes write over our "
            "variable. Set `enableServiceLinks: false` in the pod, or rename the Service."
        )
    return not known and (is_service_port or _KUBERNETES.fullmatch(name) is not None)


def _explained(location: tuple[int | str, ...], message: str) -> str:
    field = str(location[0]) if location else "settings"
    description = Settings.model_fields[field].description if field in Settings.model_fields else ""
    said = message.removeprefix("Value error, ").removesuffix(".")
    return f"{variable(field)}: {said}. {description}"
