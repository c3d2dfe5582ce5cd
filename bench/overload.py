"""What a training burst does to a service, and to its neighbour: `python bench/overload.py [--docs] [--quick]`.

The service has a scarce grader, 16 workers of 40 ms: 400 samples a second. Caller A fires 3,000 samples, one a request,
at one instant; caller B sends 25 a second all the while, 300 of them. Clients are modelled on trainers
(overload_trainers.py) and wait 3 s, or 12 s. Policies of admission, each in front of the same service with recording
on: an unbounded FIFO, a rate limit per caller in front of it, a cap that turns the rest away at once, and ours. Then
ours under ten times what it can do, beside the most it can. Exits 0 if every target is met.

A row counts only if its clients kept up; else it is run again, twice at most. The whole takes about ten minutes.
"""

import argparse
import math
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from bench import overload_report
from bench.overload_client import Client, Plan, Told
from bench.overload_report import Check, Goodput, Row
from bench.overload_service import CALL_S, PATH, SLOTS, Service, running
from bench.overload_trainers import ONCE, OPEN_RLHF, TRAINERS, VERL, Trainer

SAMPLES, NEIGHBOURS, NEIGHBOURS_PER_S = 3000, 300, 25
BURST_AT_S = 1.0
TIMEOUTS_S = (3.0, 12.0)
# Only ours has a deadline to be set to the client's timeout; a naive policy's one service sees all rows.
STARTS = (("FIFO", TIMEOUTS_S), ("429-only", TIMEOUTS_S), ("cap-503", TIMEOUTS_S), ("ours", (3.0,)), ("ours", (12.0,)))

PEAK_CLIENTS, PEAK_SAMPLES = 4 * SLOTS, 1600
OVERLOAD, OVERLOAD_S = 10, 6.0
COUNTED_FROM_S = 1.5

MOST_P99_SHARE = 0.15
MOST_WASTED = 0.05
LEAST_GOODPUT = 0.95
MOST_LAG_S = 0.25
MOST_SENDING_S = 1.0
TRIES = 3

Measured = TypeVar("Measured", Row, Goodput)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", action="store_true", help="write the table and the plot to docs/")
    parser.add_argument("--quick", action="store_true", help="only FIFO and ours, verl and OpenRLHF, 3 s")
    asked = parser.parse_args()
    console = Console(width=130)
    rows, goodput = _measured(asked.quick, console)
    checks = list(_checks(rows, goodput))
    overload_report.show(console, rows, goodput, checks)
    if asked.docs:
        overload_report.write(rows, goodput, checks)
    sys.exit(0 if all(check.is_met for check in checks) else 1)


def _measured(is_quick: bool, console: Console) -> tuple[list[Row], Goodput]:
    rows, goodput = [], None
    for policy, timeouts_s in STARTS:
        if is_quick and (policy not in {"FIFO", "ours"} or 3.0 not in timeouts_s):
            continue
        with tempfile.TemporaryDirectory() as folder, running(policy, timeouts_s[0], Path(folder)) as service:
            for timeout_s in timeouts_s[:1] if is_quick else timeouts_s:
                for trainer in (OPEN_RLHF, VERL) if is_quick else TRAINERS:
                    rows.append(_kept_up(partial(_row, service, policy, trainer, timeout_s)))
                    console.print(overload_report.line(rows[-1]), markup=False, highlight=False)
            if policy == "ours" and goodput is None:
                goodput = _kept_up(partial(_goodput, service, timeouts_s[0]))
    assert goodput is not None
    return rows, goodput


def _kept_up(measure: Callable[[], Measured]) -> Measured:
    """What was measured, of clients that were not what was measured."""
    for _ in range(TRIES):
        measured = measure()
        if measured.lag_s <= MOST_LAG_S and measured.sending_s <= MOST_SENDING_S:
            return measured
    sys.exit(
        f"The clients did not keep up, so nothing can be said: a loop was {measured.lag_s:.2f} s late (at most "
        f"{MOST_LAG_S}), the last one sent {measured.sending_s:.2f} s late (at most {MOST_SENDING_S}). {measured}"
    )


def _row(service: Service, policy: str, trainer: Trainer, timeout_s: float) -> Row:
    executed_before = service.executed
    burst = Plan(service.port, PATH, service.keys["a"], trainer, timeout_s, [BURST_AT_S] * SAMPLES)
    steady = [place / NEIGHBOURS_PER_S for place in range(NEIGHBOURS)]
    a, b = _together(burst, Plan(service.port, PATH, service.keys["b"], VERL, timeout_s, steady))
    executed = service.settle() - executed_before
    step_s = max(a.ended_s) - BURST_AT_S
    rewards = a.answers[200] + b.answers[200]
    return Row(
        policy=policy,
        trainer=trainer.name,
        timeout_s=timeout_s,
        step_s=step_s,
        a_lost=a.lost,
        b_lost=b.lost,
        b_p99_s=_p99(b, steady, timeout_s),
        executed=executed,
        wasted=executed - rewards,
        goodput_per_s=a.answers[200] / step_s,
        sending_s=a.sending_s,
        lag_s=b.lag_s,
    )


def _p99(told: Told, moments_s: list[float], timeout_s: float) -> float:
    """Of the seconds until the reward; a sample that was lost counts with the client's time at least."""
    took_s = sorted(
        ended_s - due_s if status == 200 else max(ended_s - due_s, timeout_s)
        for ended_s, due_s, status in zip(told.ended_s, moments_s, told.statuses, strict=True)
    )
    return took_s[math.ceil(0.99 * len(took_s)) - 1]


def _goodput(service: Service, timeout_s: float) -> Goodput:
    """Rewards a second: of clients that keep every slot busy and no more, and of one that sends ten times as much."""
    peak = Plan(service.port, PATH, service.keys["a"], ONCE, timeout_s, [0.0] * PEAK_SAMPLES, PEAK_CLIENTS)
    [most] = _together(peak)
    offered_per_s = OVERLOAD * SLOTS / CALL_S
    moments_s = [place / offered_per_s for place in range(int(OVERLOAD_S * offered_per_s))]
    before = service.settle()
    [over] = _together(Plan(service.port, PATH, service.keys["a"], ONCE, timeout_s, moments_s))
    executed = service.settle() - before
    rewarded = [ended_s for ended_s, status in zip(over.ended_s, over.statuses, strict=True) if status == 200]
    counted = sum(COUNTED_FROM_S <= ended_s < OVERLOAD_S for ended_s in rewarded)
    return Goodput(
        peak_per_s=PEAK_SAMPLES / max(most.ended_s),
        offered_per_s=offered_per_s,
        overloaded_per_s=counted / (OVERLOAD_S - COUNTED_FROM_S),
        wasted=(executed - len(rewarded)) / executed,
        sending_s=over.sending_s,
        lag_s=over.lag_s,
    )


def _together(*plans: Plan) -> list[Told]:
    """What each caller saw, each in a process of its own, started at one moment."""
    starts_at = time.monotonic() + 0.5
    callers = []
    for plan in plans:
        ours, theirs = multiprocessing.Pipe(duplex=False)
        caller = multiprocessing.Process(target=_call, args=(plan, starts_at, theirs))
        caller.start()
        callers.append((caller, ours))
    told = [pipe.recv() for _, pipe in callers]
    for caller, _ in callers:
        caller.join()
    return told


def _call(plan: Plan, starts_at: float, pipe: Connection) -> None:
    client = Client(plan)
    time.sleep(max(0.0, starts_at - time.monotonic()))
    pipe.send(client.run(starts_at))


def _checks(rows: list[Row], goodput: Goodput) -> Iterator[Check]:
    fifo = {(row.trainer, row.timeout_s): row for row in rows if row.policy == "FIFO"}
    ours = [row for row in rows if row.policy == "ours"]
    shares = [row.b_p99_s / fifo[row.trainer, row.timeout_s].b_p99_s for row in ours]
    yield Check("samples that the neighbour lost, worst row", max(row.b_lost for row in ours), most=0)
    yield Check("the neighbour's p99 beside the FIFO's, worst row", max(shares), most=MOST_P99_SHARE)
    if patient := [row.a_lost for row in ours if row.timeout_s == TIMEOUTS_S[1]]:
        yield Check("samples that A lost with 12 s, worst row", max(patient), most=0)
    wasted = [row.wasted_share for row in ours]
    yield Check("executed for nobody, worst row", max(*wasted, goodput.wasted), most=MOST_WASTED)
    yield Check(f"goodput at {OVERLOAD} times the load, beside the peak", goodput.share, least=LEAST_GOODPUT)


if __name__ == "__main__":
    main()
