"""Whatever the OpenAPI page allows or forbids: no 5xx and no undocumented answer, on both databases.

Making a case takes five times as long as answering it, so each is made once and sent to both services.
"""

from collections import Counter
from pathlib import Path

import hypothesis
import pytest
import requests
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.servers import Server

# Per operation; half of them valid, half invalid.
EXAMPLES = 200
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
# They take nothing, or any text in their path, so nothing about them can be invalid.
NEVER_INVALID = {
    "GET /v1/graders",
    "GET /v1/graders/{id}",
    "GET /v1/grades/{record}",
    "GET /v1/recipes",
    "GET /v1/runs/{id}",
    "GET /healthz",
    "GET /readyz",
}


def _be_patient(case: schemathesis.Case) -> None:
    """Who waits for a millisecond is told 504, rightly: `test_shedding.py`."""
    sent = str(case.headers.get("X-Request-Timeout-Ms", "") if case.headers else "")
    if sent.isdecimal() and 0 < int(sent) < 10_000:
        case.headers["X-Request-Timeout-Ms"] = "10000"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["valid", "invalid"])
def test_every_operation_answers_as_documented(tmp_path: Path, postgres_url: str, mode: GenerationMode) -> None:
    sent: Counter[tuple[str, str]] = Counter()
    with (
        requests.Session() as session,
        Server(tmp_path / "sqlite", RFT_SANDBOX_SLOTS="1") as on_sqlite,
        Server(tmp_path / "postgresql", RFT_SANDBOX_SLOTS="1", RFT_DATABASE_URL=postgres_url) as on_postgresql,
    ):
        # A session for each case would look for proxies, and connect; its own headers are no part of a case.
        session.trust_env = False
        session.headers.clear()
        urls = (on_sqlite.url, on_postgresql.url)
        assert len({on_sqlite.client.get("/openapi.json").text, on_postgresql.client.get("/openapi.json").text}) == 1
        schema = schemathesis.openapi.from_url(f"{on_sqlite.url}/openapi.json")
        for result in schema.get_all_operations():
            operation = result.ok()
            never_invalid = operation.label in NEVER_INVALID
            if mode is GenerationMode.NEGATIVE and never_invalid:
                continue

            @hypothesis.settings(
                max_examples=EXAMPLES if never_invalid else EXAMPLES // 2,
                suppress_health_check=list(hypothesis.HealthCheck),
            )
            @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
            def answers_as_documented(case: schemathesis.Case) -> None:
                _be_patient(case)
                for url in urls:
                    sent[case.operation.label, url] += 1
                    case.call_and_validate(url, checks=CHECKS, session=session)

            answers_as_documented()
    assert len(sent) == 2 * (21 if mode is GenerationMode.POSITIVE else 21 - len(NEVER_INVALID))
