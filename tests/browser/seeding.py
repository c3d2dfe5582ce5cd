"""A training run as a ledger sees it: 5,000 grades of a policy that learns, is cut off at times, and hedges late."""

import random
from typing import Any

from tests.servers import Server

RUN, OTHER_RUN = "acme/grpo-7", "acme/grpo-8"
BROKEN = 30
STEPS, ITEMS, ROLLOUTS = 50, 25, 4
GRADES = STEPS * ITEMS * ROLLOUTS
_BATCH = 1000
_SPEC = {"unit": "currency", "scale": "million", "currency": "USD"}


def seed_run(server: Server, run: str, skill: float, steps: int = STEPS, broken: int = 0) -> None:
    """`steps` steps of `run`, each with 25 items and 4 rollouts; `broken` items more cannot be judged."""
    draw = random.Random(run)
    samples = [
        _sample(draw, run, step, item, rollout, skill)
        for step in range(steps)
        for item in range(ITEMS)
        for rollout in range(ROLLOUTS)
    ]
    samples += [_broken(run, steps - 1, item) for item in range(broken)]
    for start in range(0, len(samples), _BATCH):
        answer = server.client.post(
            "/v1/graders/finance_qa@v1/grade-batch", json={"samples": samples[start : start + _BATCH]}
        )
        assert answer.status_code == 200, answer.text


def _sample(draw: random.Random, run: str, step: int, item: int, rollout: int, skill: float) -> dict[str, Any]:
    reference = 1000 + item * 37
    knows = draw.random() < skill * (0.3 + 0.7 * step / STEPS)
    text = _right(draw, reference) if knows else _wrong(draw, reference)
    return {
        "item": {"reference": f"${reference} million", "spec": _SPEC, "question": f"What was revenue in year {item}?"},
        "sample": text,
        "run": {"id": run, "step": step, "item_id": f"q-{item}", "rollout": rollout},
    }


def _right(draw: random.Random, reference: int) -> str:
    return draw.choice(
        [f"Revenue came to ${reference} million.", f"${reference} million", f"It was ${reference / 1000} billion."]
    )


def _wrong(draw: random.Random, reference: int) -> str:
    return draw.choice(
        [f"Revenue was ${reference + 400} million.", "I cannot tell.", f"${reference + 2} million", "Either 3 or 4."]
    )


def _broken(run: str, step: int, item: int) -> dict[str, Any]:
    return {"item": {}, "sample": "x", "run": {"id": run, "step": step, "item_id": f"b-{item}"}}
