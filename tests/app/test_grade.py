"""One sample in, one grade out: what comes back, what is stored, and what a retry gets."""

from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

ITEM = {"reference": "65.4%", "spec": {"unit": "percent", "decimals": 1}}


def grade(client: httpx2.Client, sample: object, item: object = None, **more: object) -> httpx2.Response:
    body = {"item": item or ITEM, "sample": sample, **{k: v for k, v in more.items() if k != "headers"}}
    return client.post("/v1/graders/finance_qa@v1/grade", json=body, headers=more.get("headers"))


@pytest.mark.parametrize(
    ("sample", "reward", "verdict"),
    [
        ("<answer>65.4%</answer>", 1.0, "accurate"),
        ("<answer>0.654</answer>", 0.8, "wrong_format"),
        ("<answer>65.5%</answer>", 0.6, "minor_difference"),
        ("<answer>61%</answer>", 0.0, "large_error"),
        ("", 0.0, "no_answer"),
        ("65.4% or 61%", 0.0, "hedged"),
        ({"output_json": {"answer": "65.4%"}}, 1.0, "accurate"),
        ({"output_text": "65.4%", "unheard_of": [1]}, 1.0, "accurate"),
        ({"output_text": None}, 0.0, "no_answer"),
    ],
)
def test_a_financial_answer_is_graded(client: httpx2.Client, sample: object, reward: float, verdict: str) -> None:
    answer = grade(client, sample)

    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["reward"], found["verdict"]) == (reward, verdict)
    assert found["reason"].endswith(".")


def test_who_asks_at_the_same_moment_as_others_gets_and_stores_their_own(client: httpx2.Client) -> None:
    """Singles of one turn of the event loop are recorded together."""

    def asked(number: int) -> tuple[object, ...]:
        unusable = number % 7 == 0
        item = {"reference": "none" if unusable else f"{number}"}
        sample = f"<answer>{number if number % 2 else number + 1000}</answer>"
        answer = grade(client, sample, item)
        found = answer.json()
        stored = client.get(f"/v1/grades/{found['record']}").json()
        return answer.status_code, found.get("reward"), stored["item"] == item, stored["sample"] == sample

    with ThreadPoolExecutor(16) as callers:
        answers = list(callers.map(asked, range(1, 201)))

    assert answers == [
        (422, None, True, True) if number % 7 == 0 else (200, float(number % 2), True, True) for number in range(1, 201)
    ]


@pytest.mark.parametrize("sample", [{}, {"text": "65.4%"}, {"output": "65.4%"}])
def test_a_sample_without_any_output_field_is_a_mistake_and_no_empty_answer(
    client: httpx2.Client, sample: dict
) -> None:
    answer = grade(client, sample)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/sample")
    assert "output_text" in answer.json()["errors"][0]["detail"]


def test_a_grade_has_exactly_the_documented_fields(client: httpx2.Client) -> None:
    found = grade(client, "so <answer>65.4%</answer>").json()

    assert list(found) == [
        "record", "grader", "digest", "reward", "verdict", "reason", "answer", "answer_span", "sub_rewards", "details",
        "replayed", "duration_ms",
    ]  # fmt: skip
    assert found["grader"] == "finance_qa@v1"
    assert found["digest"].startswith("sha256:")
    assert found["answer"] == "65.4%"
    start, end = found["answer_span"]
    assert "so <answer>65.4%</answer>"[start:end] == "65.4%"


def test_the_record_holds_all_it_takes_to_repeat_the_grade(client: httpx2.Client) -> None:
    sample = {"output_text": "65.4%", "seen": "\u0000\u001f\u007f\u2028 and \U0001f600"}
    item = {**ITEM, "column": {"of": ["the", "dataset"]}}
    found = grade(client, sample, item, config={"scores": {"minor": 0.5}}, run={"id": "r1", "step": 3}).json()

    record = client.get(f"/v1/grades/{found['record']}").json()

    assert record["sample"] == sample
    assert record["item"] == item
    assert record["config"] == {"scores": {"minor": 0.5}}
    assert record["ignored_item_fields"] == ["column"]
    assert (record["run"], record["step"], record["contract"]) == ("r1", 3, "native")
    assert record["grade"]["reason"] == found["reason"]
    assert record["digest"] == found["digest"]


def test_a_cut_emoji_is_judged(client: httpx2.Client) -> None:
    body = b'{"item": {"reference": "94"}, "sample": "94 \\ud83d"}'
    answer = client.post("/v1/graders/finance_qa@v1/grade", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 200
    assert client.get(f"/v1/grades/{answer.json()['record']}").json()["sample"] == "94 \ufffd"


def test_the_same_key_and_body_give_the_recorded_grade(client: httpx2.Client) -> None:
    first = grade(client, "65.4%", headers={"Idempotency-Key": "k1"}).json()
    again = grade(client, "65.4%", headers={"Idempotency-Key": "k1"}).json()

    assert again == {**first, "replayed": True}
    assert not first["replayed"]


def test_the_same_key_with_another_body_is_a_conflict(client: httpx2.Client) -> None:
    first = grade(client, "65.4%", headers={"Idempotency-Key": "k2"}).json()
    other = grade(client, "65.5%", headers={"Idempotency-Key": "k2"})

    assert other.status_code == 409
    assert other.json()["code"] == "idempotency_conflict"
    assert first["record"] in other.json()["detail"]
    assert other.json()["errors"][0]["pointer"] == "/header/Idempotency-Key"


def test_without_a_key_equal_samples_are_separate_grades(client: httpx2.Client) -> None:
    assert grade(client, "65.4%").json()["record"] != grade(client, "65.4%").json()["record"]


def test_an_error_frees_its_key(client: httpx2.Client) -> None:
    broken = grade(client, "65.4%", {"reference": "unknown"}, headers={"Idempotency-Key": "k3"})
    mended = grade(client, "65.4%", headers={"Idempotency-Key": "k3"})

    assert (broken.status_code, mended.status_code) == (422, 200)


def test_an_item_that_cannot_be_graded_is_an_error_with_a_row_of_its_own(client: httpx2.Client) -> None:
    answer = grade(client, "65.4%", {"reference": "not a number"}, run={"id": "broken"})

    assert answer.status_code == 422
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["code"], problem["retryable"]) == ("invalid_item", False)
    assert problem["errors"][0]["pointer"] == "/item/reference"
    row = client.get(f"/v1/grades/{problem['record']}").json()
    assert (row["reward"], row["code"], row["run"]) == (None, "invalid_item", "broken")


def test_a_worker_that_dies_leaves_the_sample_unscored(client: httpx2.Client) -> None:
    path, body = "/v1/graders/moody@v1/grade", {"item": {"n": 1}, "sample": "die", "run": {"id": "dies"}}
    first, second = client.post(path, json=body), client.post(path, json=body)

    assert (first.status_code, first.json()["code"], first.json()["retryable"]) == (500, "grader_crashed", True)
    assert (second.status_code, second.json()["code"], second.json()["retryable"]) == (500, "grader_crashed", False)
    assert "Retry-After" in first.headers
    assert "Retry-After" not in second.headers
    [report] = client.get("/v1/runs/dies").json()["graders"]
    assert (report["graded"], report["unscored"]) == (0, {"grader_crashed": 2})


def test_a_judgement_that_hangs_is_stopped(client: httpx2.Client) -> None:
    answer = client.post("/v1/graders/moody@v1/grade", json={"item": {"n": 1}, "sample": "hang"})

    assert (answer.status_code, answer.json()["code"]) == (504, "deadline_exceeded")
    assert answer.headers["Retry-After"] == "1"


def test_every_answer_has_a_request_id(client: httpx2.Client) -> None:
    given = client.get("/healthz", headers={"X-Request-Id": "abc-123"})
    made = client.get("/nowhere", headers={"X-Request-Id": "spaces are not taken"})

    assert given.headers["x-request-id"] == "abc-123"
    assert len(made.headers["x-request-id"]) == 36
