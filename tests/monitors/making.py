"""Steps of runs for the monitors' tests, counted from rows as the ledger does it."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from app.ledger.tallies import StepCount, TallyRow
from app.monitors.answers import Finding, Step
from app.monitors.findings import findings_of
from app.monitors.report import step_of

Rows = Iterable[dict[str, Any]]


def step(number: int | None, rows: Rows) -> Step:
    """The step in which `rows` were recorded, each a change to an ordinary grade of 1.0."""
    count = StepCount()
    count.add([row(index, **changes) for index, changes in enumerate(rows)][::-1])
    [tally] = count.tallies()
    return step_of(number, tally, 1.0)


def found(steps: int, rows: Callable[[int], Rows]) -> dict[str, Finding]:
    """What the monitors find in a run of so many steps, by code."""
    made = [step(number, rows(number)) for number in range(steps)]
    return {one.code: one for one in findings_of("r", "g@v1", made, (0.0, 1.0))}


def mixed(count: int = 32, **changes: Any) -> list[dict[str, Any]]:
    """Grades of eight items, half of each item's rewards 1.0 and half 0.0, every answer another one."""
    return [
        {"item_id": f"q{n % 8}", "rollout": n // 8, "reward": float(n // 8 % 2), "answer": f"a{n}", **changes}
        for n in range(count)
    ]


def row(
    index: int,
    *,
    reward: float | None = 1.0,
    verdict: str = "accurate",
    code: str | None = None,
    answer: str | None = None,
    sub_rewards: dict[str, float] | None = None,
    tools: list[str] | None = None,
    **changes: Any,
) -> TallyRow:
    sample: dict[str, Any] = {"output_text": "x"}
    if tools:
        sample["output_tools"] = [{"function": {"name": name}} for name in tools]
    values: dict[str, Any] = {
        "record": f"{index:05}", "created_us": index, "grader": "g@v1", "digest": "d", "item_id": None, "rollout": None,
        "group": None, "reward": reward, "verdict": None if reward is None else verdict, "code": code,
        "duration_us": 1000, "sample_bytes": 100,
        "grade": json.dumps({"answer": answer, "sub_rewards": sub_rewards or {}}).encode(),
        "sample": json.dumps(sample).encode(),
    }  # fmt: skip
    return TallyRow(**{**values, **changes})
