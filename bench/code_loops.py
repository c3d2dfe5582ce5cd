"""Loops without a service, each a process of its own: `python code_loops.py KIND PROGRAMS.json [CONFIG.json]`.

bare: fork, every layer of the jail, compile and execute the program with its calls, waitpid; no value goes anywhere.
warm: the same from a process that is prepared as our zygotes are: what fork per run can reach at best.
harness: HumanEval's way, restated: a fork of multiprocessing with a manager's list for the verdict, tests and program
in one namespace, no isolation.

Says `ready`; for a line `FIRST COUNT` on stdin it runs so many programs and prints the seconds that they took.
"""

import json
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

Program = dict[str, Any]


def main() -> None:
    kind, programs = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    run = _harness if kind == "harness" else _bare(json.loads(Path(sys.argv[3]).read_text()), kind == "warm")
    print("ready", flush=True)
    for line in sys.stdin:
        first, count = map(int, line.split())
        started = time.perf_counter()
        for place in range(first, first + count):
            run(programs[place % len(programs)])
        print(time.perf_counter() - started, flush=True)


def _bare(config: dict[str, Any], is_warm: bool) -> Any:
    """A zygote's own layers, taken here, and a run that takes a run's."""
    sys.path.insert(0, config["project"])
    import gc
    import importlib
    import types

    for name in ("sandbox", "graders", "graders.kit"):
        package = types.ModuleType(name)
        package.__path__ = [str(Path(config["project"], *name.split(".")))]
        sys.modules[name] = package
    from sandbox.inside import candidate  # noqa: F401  # a zygote holds it too
    from sandbox.inside.layers import Jail
    from sandbox.inside.protocol import Run
    from sandbox.inside.warm_up import preload, warm_up

    if is_warm:
        preload(config["preload"])
    for name in config["preload"]:
        importlib.import_module(name)
    jail = Jail(config)
    jail.separate()
    jail.enter()
    if is_warm:
        warm_up()
    order = Run(1, 10_000, 10, 256 << 20, 1 << 20, 64, 16, False)
    gc.collect()
    gc.freeze()
    gc.disable()

    def run(program: Program) -> None:
        child = os.fork()
        if child == 0:
            jail.restrict(order)
            names: dict[str, Any] = {"__name__": "solution"}
            exec(compile(program["source"], "solution.py", "exec"), names)
            function = names[program["entry_point"]]
            for args in program["args"]:
                function(*args)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert status == 0, program["entry_point"]

    return run


def _harness(program: Program) -> None:
    manager = multiprocessing.Manager()
    verdict = manager.list()
    process = multiprocessing.Process(target=_execute, args=(program, verdict))
    process.start()
    process.join(timeout=11)
    if process.is_alive():
        process.kill()
    assert list(verdict) == ["passed"], program["entry_point"]
    manager.shutdown()


def _execute(program: Program, verdict: Any) -> None:
    signal.signal(signal.SIGALRM, _too_late)
    signal.setitimer(signal.ITIMER_REAL, 10)
    text = f"{program['source']}\n{program['test']}\ncheck({program['entry_point']})"
    try:
        exec(compile(text, "program.py", "exec"), {})
        verdict.append("passed")
    except BaseException as error:  # noqa: BLE001  # as the harness does
        verdict.append(f"failed: {error}")


def _too_late(*_: object) -> None:
    raise TimeoutError


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    main()
