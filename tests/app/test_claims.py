"""What a request says of itself: how long it waits, and what it is for."""

import httpx2
import pytest

BODY = {"item": {"reference": "94"}, "sample": "94"}
BATCH = {"samples": [BODY]}
ROUTES = {
    "/v1/graders/finance_qa@v1/grade": BODY,
    "/v1/graders/finance_qa@v1/grade-batch": BATCH,
    "/v1/graders/moderation_f1@v1/grade-group": BATCH,
    "/v1/contracts/azure/finance_qa@v1": BODY,
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "header",
    [
        *({"X-Request-Timeout-Ms": sent} for sent in ("0", "-5", "1.5", "soon", "", "9" * 13, "\N{SUPERSCRIPT TWO}")),
        {"X-Priority": "urgent"},
        {"X-Priority": "TRAIN"},
    ],
    ids=str,
)
def test_what_cannot_be_understood_is_refused(client: httpx2.Client, route: str, header: dict[str, str]) -> None:
    [name] = header
    encoded = {name: header[name].encode("latin-1")}
    answer = client.post(route, json=ROUTES[route], headers=encoded)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert name in answer.json()["detail"]


@pytest.mark.parametrize("priority", ["train", "eval", "interactive", "probe"])
def test_every_priority_is_graded(client: httpx2.Client, priority: str) -> None:
    headers = {"X-Priority": priority, "X-Request-Timeout-Ms": "5000"}
    answer = client.post("/v1/graders/finance_qa@v1/grade", json=BODY, headers=headers)

    assert (answer.status_code, answer.json()["reward"]) == (200, 1.0)


def test_a_longer_wait_than_the_service_gives_is_cut(client: httpx2.Client) -> None:
    answer = client.post("/v1/graders/finance_qa@v1/grade", json=BODY, headers={"X-Request-Timeout-Ms": "9" * 12})

    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["graders/{id}/grade", "graders/{id}/grade-batch", "graders/{id}/grade-group"])
def test_native_routes_declare_both(client: httpx2.Client, path: str) -> None:
    assert headers_of(client, f"/v1/{path}") >= {"X-Request-Timeout-Ms", "X-Priority", "Idempotency-Key"}


def test_the_contract_for_azure_declares_both(client: httpx2.Client) -> None:
    assert headers_of(client, "/v1/contracts/azure/{id}") >= {"X-Request-Timeout-Ms", "X-Priority"}


def headers_of(client: httpx2.Client, path: str) -> set[str]:
    operation = client.get("/openapi.json").json()["paths"][path]["post"]
    return {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "header"}
