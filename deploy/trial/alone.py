"""The image alone, with SQLite, held as docker-compose.yml holds it."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path

from deploy.trial.caller import FINANCE, RIGHT, SLOW, THIEF, WRONG, Answer, Caller, expect, free_port
from deploy.trial.composed import restrictions, service
from deploy.trial.engine import Engine, Failed
from deploy.trial.images import SERVICE
from deploy.trial.report import say

STOP_MAX_S = 5
NEEDED = ("capabilities", "rlimits", "landlock", "seccomp")
_NAME = "trial"


def try_alone(engine: Engine, seccomp: Path | None = None) -> None:
    """Starts it, has it grade, stops it. `seccomp`: a profile in place of Podman's.

    Raises:
        Failed: something was not as it must be.
    """
    options = list(restrictions()) + ([f"--security-opt=seccomp={seccomp}"] if seccomp else [])
    options += [f"--volume={volume}" for volume in service()["volumes"]]
    key = engine.podman("run", "--rm", *options, SERVICE, "keys", "create", "trainer").splitlines()[-1]
    port = free_port()
    began = time.monotonic()
    engine.podman("run", "--detach", f"--name={_NAME}", f"--publish=127.0.0.1:{port}:8000", *options, SERVICE)
    caller = Caller(f"http://127.0.0.1:{port}", key)
    caller.ready()
    say("ready after", f"{time.monotonic() - began:.1f} s")
    _look_inside(engine)
    layers_hold(caller.settled())
    grades_are_right(caller)
    say("memory", engine.podman("stats", "--no-stream", "--format", "{{.MemUsage}}, {{.PIDs}} processes", _NAME))
    _stop_under_way(engine, caller)
    engine.podman("rm", _NAME)
    engine.podman("volume", "rm", *(volume.partition(":")[0] for volume in service()["volumes"]))


def layers_hold(state: Answer) -> None:
    """The sandbox is ready, with the layers that it needs in any container."""
    sandbox = state["sandbox"]
    say("sandbox", f"{sandbox['state']}, {sandbox['slots']} slots: {' '.join(sandbox['layers'])}")
    expect("State of the sandbox", sandbox["state"], "ready")
    missing = [name for name in NEEDED if not any(layer.startswith(name) for layer in sandbox["layers"])]
    expect("Layers that are missing", missing, [])


def grades_are_right(caller: Caller, finance: str = "finance_qa@v1", code: str = "code_tests@v1") -> Answer:
    """Without a key nothing, with it the right verdicts, also of programs; the last record of a program."""
    status, _ = Caller(caller.base).send(f"/v1/graders/{finance}/grade", FINANCE)
    expect("Status without a key", status, HTTPStatus.UNAUTHORIZED)
    wanted = [(finance, FINANCE, "wrong_format"), (code, RIGHT, "passed"), (code, WRONG, "wrong_answer")]
    for grader, body, verdict in wanted:
        grade = caller.grade(grader, body)
        expect(f"Verdict of {grader}", grade["verdict"], verdict)
        say(grader, f"{grade['reward']} {grade['verdict']}")
    grade = caller.grade(code, THIEF)
    expect("Reward of a program that reads /etc/passwd", grade["reward"], 0.0)
    say("a program that reads a file", f"{grade['reward']} {grade['verdict']}: {grade['reason']}")
    _, record = caller.send(f"/v1/grades/{grade['record']}")
    return record


def _look_inside(engine: Engine) -> None:
    """The first process is nobody in particular and may nothing; the root is read-only; the health check says so."""
    pid = engine.podman("inspect", "--format", "{{.State.Pid}}", _NAME)
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
    )
    seen = {name: status[name].split()[0] for name in ("Uid", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp")}
    wanted = {"Uid": "10001", "CapEff": "0" * 16, "CapBnd": "0" * 16, "NoNewPrivs": "1", "Seccomp": "2"}
    expect("The first process", seen, wanted)
    say("first process", json.dumps(seen))
    writable = "import os; print([f for f in ('/', '/etc', '/opt/rft-graders', '/tmp') if os.access(f, os.W_OK)])"
    expect("Writable", engine.podman("exec", _NAME, "python3", "-c", writable), "['/tmp']")
    engine.podman("healthcheck", "run", _NAME)
    say("health check", "healthy")


def _stop_under_way(engine: Engine, caller: Caller) -> None:
    """A grade that is under way is answered; then the container ends with 0, in time."""
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(caller.grade, "code_tests@v1", SLOW)
        _wait_for_program(caller)
        began = time.monotonic()
        engine.podman("stop", "--time", "30", _NAME)
        took_s = time.monotonic() - began
        expect("Verdict of the grade under way", answer.result()["verdict"], "passed")
    expect("Exit code", engine.podman("inspect", "--format", "{{.State.ExitCode}}", _NAME), "0")
    say("stopped after", f"{took_s:.2f} s with exit code 0; a grade under way was answered")
    if took_s >= STOP_MAX_S:
        raise Failed(f"Stopping took {took_s:.2f} s; at most {STOP_MAX_S} s is wanted.")


def _wait_for_program(caller: Caller) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if any(load["served"] for load in caller.send("/v1/overview")[1]["load"]):
            return
    raise Failed("The program was not seen running within 10 s.")
