"""What `/metrics` says after a few requests of every kind, as a scraper reads it."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.ledger import Record, migrate
from app.main import create_app
from app.metrics import Metrics
from app.settings import Settings
from tests.ports import free_port
from tests.servers import Server

GRADE = "/v1/graders/finance_qa@v1/grade"
RIGHT, WRONG, BROKEN = (
    {"item": {"reference": "94"}, "sample": "94"},
    {"item": {"reference": "94"}, "sample": "9"},
    {"item": {}, "sample": "94"},
)

MODERATION, SETS = "/v1/graders/moderation_f1@v1/grade", {"config": {"taxonomy": "openai-omni-2024", "reward": "set_f"}}
FLAGGED = {"item": {"gold": ["hate"]}, "sample": '{"labels": ["hate"]}', "run": {"item_id": "q", "rollout": 0}}

Shown = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    with Server(tmp_path_factory.mktemp("metrics"), RFT_METRICS_PORT=port, RFT_RATE_PER_S="1000") as server:
        post = server.client.post
        post(GRADE, json=RIGHT, headers={"Idempotency-Key": "k"})
        post(GRADE, json=RIGHT, headers={"Idempotency-Key": "k"})
        post(f"{GRADE}-batch", json={"samples": [RIGHT, WRONG, BROKEN]})
        for samples in ([FLAGGED, {"item": {}}, "no sample"], [FLAGGED | {"sample": "no"}]):
            post(f"{MODERATION}-batch", json=SETS | {"samples": samples}, headers={"Idempotency-Key": "k"})
        post(f"{MODERATION}-group", json=SETS | {"samples": [FLAGGED, FLAGGED | {"sample": 5}]})
        missed = [FLAGGED | {"sample": '{"labels": []}', "run": {"item_id": id, "rollout": 0}} for id in "ab"]
        post(f"{MODERATION}-group", json=SETS | {"samples": missed})
        post("/v1/graders/nobody@v1/grade", json=RIGHT)
        server.client.delete("/v1/graders")
        yield httpx2.get(f"http://127.0.0.1:{port}/metrics").text


@pytest.fixture(scope="module")
def shown(text: str) -> Shown:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(shown: Shown, name: str, **labels: str) -> float:
    return shown[name, frozenset(labels.items())]


def test_requests_are_counted_by_route_and_code(shown: Shown) -> None:
    grade = "POST /v1/graders/{id}/grade"

    assert value(shown, "rft_requests_total", route=grade, status="200", code="ok") == 2
    assert value(shown, "rft_requests_total", route=grade, status="404", code="unknown_grader") == 1
    assert value(shown, "rft_requests_total", route="none", status="405", code="method_not_allowed") == 1
    assert value(shown, "rft_request_seconds_count", route=grade) == 3
    assert 0 < value(shown, "rft_request_seconds_sum", route=grade) < 60


def test_samples_that_are_refused_without_a_row_are_counted(shown: Shown) -> None:
    """A trainer that misspells a field must be seen, though nothing of it is in the ledger."""
    grader = "moderation_f1@v1"

    assert value(shown, "rft_unscored_total", grader=grader, code="invalid_request") == 3
    assert value(shown, "rft_unscored_total", grader=grader, code="idempotency_conflict") == 1


def test_a_group_that_earned_nothing_is_at_the_least_reward(shown: Shown) -> None:
    """Credits from -1 to 1 are possible; a team's F is none of those below 0."""
    assert value(shown, "rft_reward_ratio_bucket", grader="moderation_f1@v1", le="0.0") == 2


def test_samples_are_counted_by_what_became_of_them(shown: Shown) -> None:
    grader = "finance_qa@v1"

    assert value(shown, "rft_grades_total", grader=grader, verdict="accurate") == 2
    assert value(shown, "rft_grades_total", grader=grader, verdict="large_error") == 1
    assert value(shown, "rft_unscored_total", grader=grader, code="invalid_item") == 1
    assert value(shown, "rft_replayed_total", grader=grader) == 1
    assert value(shown, "rft_reward_ratio_count", grader=grader) == 3
    assert value(shown, "rft_reward_ratio_bucket", grader=grader, le="0.0") == 1
    assert value(shown, "rft_reward_ratio_bucket", grader=grader, le="0.999999") == 1


def test_every_stage_that_was_passed_is_timed(shown: Shown) -> None:
    counts = {
        stage: value(shown, "rft_stage_seconds_count", stage=stage)
        for stage in ("queue", "plan", "sandbox", "judge", "ledger")
    }

    # The start-up self-tests are planned and judged too, with the executions that their cases hold: the sandbox is off.
    assert counts["queue"] >= 1
    assert counts["judge"] > counts["plan"] >= 1
    assert counts["sandbox"] == 0
    # One of a single, two of batches, two of groups; those of groups are no part of a group commit.
    assert counts["ledger"] == 5
    assert value(shown, "rft_ledger_group_records_sum") == 5
    assert value(shown, "rft_rate_admitted_total", how="at_once") == 8


def test_the_process_says_what_it_is(shown: Shown) -> None:
    assert value(shown, "rft_slots", resource="workers") == 1
    assert value(shown, "rft_event_loop_lag_seconds_count") >= 1
    assert value(shown, "rft_sandbox_state", state="off") == 1
    assert value(shown, "process_resident_memory_bytes") > 1 << 20
    assert [labels for name, labels in shown if name == "rft_build_info"]


def test_every_declared_metric_is_there_and_none_else(text: str) -> None:
    typed = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE rft_")}

    assert typed == {metric.name for metric in Metrics().declared}


def test_promtool_finds_no_fault(text: str) -> None:
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)

    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


@pytest.mark.anyio
async def test_metrics_are_served_while_the_event_loop_stands_still_and_say_so(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, metrics_port=0, sandbox_slots=0, workers=1, log_level="warning")
    await migrate(settings.database)
    api = create_app(settings).api
    async with api.router.lifespan_context(api):
        url = f"http://127.0.0.1:{api.state.probes.port}/metrics"
        before = stalled_s(url)
        # This is the event loop's own thread: it asks, and waits, and does nothing else.
        while (during := stalled_s(url)) < 0.5:
            pass

    assert before < 0.5 <= during


def stalled_s(url: str) -> float:
    found = re.search(r"^rft_event_loop_stall_seconds (\S+)$", httpx2.get(url).text, re.MULTILINE)
    assert found is not None
    return float(found[1])


def test_graders_beyond_two_hundred_share_a_label() -> None:
    metrics = Metrics()
    for number in range(300):
        metrics.unscored(f"recipe{number}@v1", "invalid_item")

    name = "rft_unscored_total"
    assert metrics.registry.get_sample_value(name, {"grader": "recipe199@v1", "code": "invalid_item"}) == 1
    assert metrics.registry.get_sample_value(name, {"grader": "other", "code": "invalid_item"}) == 100


@pytest.mark.parametrize(("reward", "bucket"), [(-1.0, "0.0"), (0.0, "0.5"), (1.0, "1.0")])
def test_rewards_are_shown_within_their_range(reward: float, bucket: str) -> None:
    metrics = Metrics()

    metrics.graded([_record(reward)], (-1.0, 1.0))

    buckets = {
        sample.labels["le"]: sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "rft_reward_ratio_bucket"
    }
    assert next(le for le, count in buckets.items() if count) == bucket


def _record(reward: float) -> Record:
    empty = dict.fromkeys(("run", "step", "item_id", "rollout", "group", "code", "idempotency_key", "body_sha256"))
    texts = dict.fromkeys(("record", "caller", "digest", "contract"), "x")
    blobs = dict.fromkeys(("grade", "config", "item", "sample", "executions"), b"{}")
    return Record(**texts, **blobs, **empty, created_us=1, grader="g@v1", reward=reward, verdict="right", duration_us=1)  # type: ignore[arg-type]
