"""Bad input gets one clear RFC 9457 answer and nothing else."""

import gzip
import http.client
import json
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.servers import Server

PATH = "/v1/graders/moody@v1/grade"
GOOD = {"item": {"n": 1}, "sample": "a"}


def post(client: httpx2.Client, body: bytes, path: str = PATH, media_type: str = "application/json") -> httpx2.Response:
    return client.post(path, content=body, headers={"Content-Type": media_type})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"{",
        b'{"item": {"n": NaN}, "sample": "a"}',
        b'{"sample": "\xff"}',
        b"[" * 100_000,
        b"null",
        b"[]",
        b"3",
    ],
    ids=["empty", "text", "cut", "nan", "utf8", "deep", "null", "list", "number"],
)
def test_what_is_no_json_object(client: httpx2.Client, body: bytes) -> None:
    answer = post(client, body)

    assert_problem(answer, 422, "invalid_request")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"item": 3}, "/item"),
        ({"sample": 3}, "/sample"),
        ({"sample": {"output_text": 3}}, "/sample/output_text"),
        ({"run": {"step": "x"}}, "/run/step"),
        ({"run": {"id": "a\u0000b"}}, "/run/id"),
        ({"sample": {"text": "a"}}, "/sample"),
        ({"config": []}, "/config"),
        ({"cofnig": {}}, "/cofnig"),
    ],
)
def test_a_wrong_type_or_name_is_pointed_at(client: httpx2.Client, change: dict, pointer: str) -> None:
    answer = client.post(PATH, json={**GOOD, **change})

    assert_problem(answer, 422, "invalid_request")
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sample": 9}, "/sample: Wanted a string, which is the output text, or an object."),
        ({"sample": None}, "/sample: Wanted a string, which is the output text, or an object."),
        ({"cofnig": {}}, "/cofnig: There is no such field. Did you mean 'config'? Known: config, item, run, sample."),
        ({"config": {"rewad": 1}}, "/config/rewad: There is no such field. Did you mean 'reward'? Known: reward."),
        ({"config": {"n": 1}}, "/config/n: There is no such field. There is one at /item/n. Known: reward."),
        ({"item": {"n": -1}}, "n is negative. /item/n: Wanted 0 or more."),
        ({"item": {"m": 1, "nn": 1}}, "/item/n: Field required; there is 'nn' instead."),
        ({"run": {"step": "x", "rollout": "y"}}, "And 1 more."),
        ({"run": {"id": "a\u0000b"}}, "/run/id: a name holds no NUL."),
    ],
)
def test_the_detail_alone_says_what_is_wrong_and_where(client: httpx2.Client, change: dict, said: str) -> None:
    detail = client.post(PATH, json={**GOOD, **change}).json()["detail"]

    assert detail.endswith(said), detail


def test_a_sample_of_a_wrong_type_in_a_batch_is_told_the_same(client: httpx2.Client) -> None:
    answer = client.post(f"{PATH}-batch", json={"samples": [GOOD, {**GOOD, "sample": 9}]}).json()

    assert answer["results"][1]["error"]["errors"] == [
        {"pointer": "/samples/1/sample", "detail": "Wanted a string, which is the output text, or an object"}
    ]


@pytest.mark.parametrize("place", ["item", "sample", "config"])
def test_what_is_nested_too_deep_to_be_stored(client: httpx2.Client, place: str) -> None:
    deep: object = 1
    for _ in range(180):
        deep = [deep]
    change = {"item": {"n": 1, "x": deep}, "sample": {"output_json": deep}, "config": {"reward": deep}}[place]

    answer = client.post(PATH, json={**GOOD, place: change})

    assert_problem(answer, 422)
    assert answer.json()["errors"][0]["pointer"].startswith(f"/{place}")


def test_a_line_break_at_the_end_of_a_path_is_no_part_of_it(client: httpx2.Client) -> None:
    assert_problem(client.post(PATH + "%0A", json=GOOD), 404)


def test_an_unknown_config_field(client: httpx2.Client) -> None:
    answer = client.post(PATH, json={**GOOD, "config": {"rewad": 1}})

    assert_problem(answer, 422, "invalid_config")
    assert answer.json()["errors"][0]["pointer"] == "/config/rewad"


def test_an_infinite_config(client: httpx2.Client) -> None:
    assert_problem(post(client, b'{"item": {"n": 1}, "sample": "a", "config": {"reward": 1e999}}'), 422)


def test_a_body_over_the_limit_is_refused_declared_or_chunked(client: httpx2.Client) -> None:
    body = json.dumps({**GOOD, "sample": "a" * (1 << 20)}).encode()

    assert_problem(post(client, body), 413, "body_too_large")
    chunked = client.post(PATH, content=iter([body]), headers={"Content-Type": "application/json"})
    assert_problem(chunked, 413, "body_too_large")


def test_an_unknown_grader_is_answered_with_the_nearest_and_all_known(client: httpx2.Client) -> None:
    answer = client.post("/v1/graders/mody@v1/grade", json=GOOD)

    assert_problem(answer, 404, "unknown_grader")
    assert "Did you mean 'moody@v1'?" in answer.json()["detail"]
    assert "finance_qa@v1" in answer.json()["detail"]


def test_an_unknown_version_is_answered_with_the_versions(client: httpx2.Client) -> None:
    answer = client.post("/v1/graders/moody@v9/grade", json=GOOD)

    assert_problem(answer, 404, "unknown_grader")
    assert answer.json()["detail"] == "No version 'moody@v9'. Versions of moody: moody@v1."


def test_an_idempotency_key_that_is_too_long(client: httpx2.Client) -> None:
    answer = client.post(PATH, json=GOOD, headers={"Idempotency-Key": "k" * 256})

    assert_problem(answer, 422, "invalid_request")
    assert answer.json()["errors"][0]["pointer"] == "/header/Idempotency-Key"


def test_a_compressed_body(client: httpx2.Client) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = client.post(PATH, content=gzip.compress(json.dumps(GOOD).encode()), headers=headers)

    assert_problem(answer, 415, "unsupported_media_type")
    assert "Content-Encoding 'gzip'" in answer.json()["detail"]


def test_another_media_type(client: httpx2.Client) -> None:
    assert_problem(post(client, json.dumps(GOOD).encode(), media_type="text/plain"), 415, "unsupported_media_type")


def test_a_path_or_method_that_is_not_there(client: httpx2.Client) -> None:
    assert_problem(client.get("/v1/nothing"), 404, "unknown_route")
    refused = client.get(PATH)
    assert_problem(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == "POST"
    assert refused.json()["detail"] == f"{PATH} does not answer GET; it answers POST."
    assert client.delete("/v1/recipes").headers["allow"] == "GET, POST"
    slash = client.get("/v1/graders/")
    assert_problem(slash, 404, "unknown_route")
    assert "/v1/graders, without the slash, is a route" in slash.json()["detail"]


@pytest.mark.parametrize("path", ["/", "/docs", "/page/main.js"])
def test_head_of_a_page_is_its_get_without_a_body(client: httpx2.Client, path: str) -> None:
    got, head = client.get(path), client.head(path)

    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", got.headers["etag"])


def test_a_name_that_no_recipe_can_bear_is_told_how_one_looks(client: httpx2.Client) -> None:
    answer = client.post("/v1/recipes", json={"name": "Bad-Name", "grader": "moody@v1"})

    assert_problem(answer, 422, "invalid_request")
    assert "/name: 'Bad-Name' is no recipe name; one looks like strict_finance" in answer.json()["detail"]


def test_a_query_parameter_of_the_wrong_type(client: httpx2.Client) -> None:
    answer = client.get("/v1/grades", params={"limit": "0"})

    assert_problem(answer, 422, "invalid_request")
    assert answer.json()["errors"][0]["pointer"] == "/query/limit"


@pytest.mark.parametrize("path", ["/v1/grades", "/v1/runs", "/v1/runs/a/monitor", "/v1/runs/compare", "/v1/recipes"])
def test_a_query_parameter_that_there_is_not(client: httpx2.Client, path: str) -> None:
    answer = client.get(path, params={"limitt": "3"})

    assert_problem(answer, 422, "invalid_request")
    assert "/query/limitt" in [fault["pointer"] for fault in answer.json()["errors"]]


def test_a_cursor_that_is_none(client: httpx2.Client) -> None:
    assert_problem(client.get("/v1/grades", params={"cursor": "zz"}), 422, "invalid_request")


def test_what_is_nested_too_deep_to_be_read_is_said_to_be_so(client: httpx2.Client) -> None:
    answer = post(client, b'{"item": {"n": ' + 300 * b"[" + 300 * b"]" + b'}, "sample": "a"}')

    assert_problem(answer, 422, "invalid_request")
    assert "nested deeper than 150 levels" in answer.json()["detail"]


def test_a_misspelt_filter_is_told_what_there_is(client: httpx2.Client) -> None:
    answer = client.get("/v1/grades", params={"min_rewards": "0.5"})

    assert "Did you mean 'min_reward'? Known: caller, code, cursor," in answer.json()["detail"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "127.0.0.1:80:80"])
def test_without_keys_only_this_machine_is_served(server: Server, host: str) -> None:
    """A web page may resolve its own name to 127.0.0.1 (DNS rebinding); the Host header gives it away."""
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port or 0)
    connection.putrequest("GET", "/v1/graders", skip_host=True)
    connection.putheader("Host", host)
    connection.endheaders()

    answer = connection.getresponse()

    assert answer.status == 403
    assert json.loads(answer.read())["code"] == "host_not_allowed"
    connection.close()


def assert_problem(answer: httpx2.Response, status: int, code: str | None = None) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert {"type", "title", "status", "detail", "code", "retryable", "errors"} <= set(problem)
    assert problem["status"] == status
    assert code is None or problem["code"] == code
    assert "reward" not in problem
