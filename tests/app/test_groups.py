"""Groups over HTTP, on both databases: own judgements, then each sample's share, recorded and replayed as a whole."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.servers import Server
from tests.team import write_team

PATH = "/v1/graders/team@v1/grade-group"
# Two items with two rollouts each: rollout 0 is right twice, rollout 1 once.
SQUARE = [("a", 0, "a"), ("a", 1, "x"), ("b", 0, "b"), ("b", 1, "b")]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("groups")
    write_team(folder / "graders")
    more = {"RFT_GRADERS_PATH": str(folder / "graders"), "RFT_CALL_TIMEOUT_S": "3", "RFT_BODY_MAX_MIB": "2"}
    if request.param == "postgresql":
        more["RFT_DATABASE_URL"] = request.getfixturevalue("postgres").new_database()
    with Server(folder / "data", **more) as server:
        yield server


@pytest.fixture
def client(server: Server) -> httpx2.Client:
    return server.client


def samples(*members: tuple[str, int | None, object]) -> list[dict]:
    """(word, rollout, what the model said)"""
    return [
        {"item": {"word": word}, "sample": said, "run": {"item_id": word or None, "rollout": rollout}}
        for word, rollout, said in members
    ]


def group(client: httpx2.Client, *members: tuple[str, int | None, object], key: str = "", **more: object) -> dict:
    headers = {"Idempotency-Key": key} if key else {}
    answer = client.post(PATH, json={"samples": samples(*members), **more}, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict = answer.json()
    return found


def rewards(answer: dict) -> list[float | str]:
    return [result["reward"] if "reward" in result else result["error"]["code"] for result in answer["results"]]


def test_each_sample_gets_its_share_and_keeps_its_own_reward(client: httpx2.Client) -> None:
    answer = group(client, *SQUARE)

    assert rewards(answer) == [1.0, 0.5, 1.0, 0.5]
    assert [result["sub_rewards"]["own"] for result in answer["results"]] == [1.0, 0.0, 1.0, 1.0]
    assert [result["verdict"] for result in answer["results"]] == ["right", "wrong", "right", "right"]
    assert [result["answer"] for result in answer["results"]] == ["a", "x", "b", "b"]
    assert answer["results"][1]["sub_rewards"]["length"] == 0.1
    assert answer["results"][1]["reason"] == "Wanted a. Its own reward is 0; its group gives it 0.5."
    assert answer["results"][0]["reason"] == "Wanted a."
    assert answer["group"] == {"judged": 4, "excluded": [], "teams": 2}
    assert not answer["replayed"]


def test_the_credit_may_say_how_and_pay_less_than_nothing(client: httpx2.Client) -> None:
    answer = group(client, *SQUARE, credit={"kind": "edge"}, config={"right": 0.5})

    assert rewards(answer) == [0.125, -0.125, 0.125, -0.125]


def test_every_record_holds_the_credit_and_its_group(client: httpx2.Client) -> None:
    answer = group(client, *SQUARE, credit={"kind": "edge"}, run={"id": "recorded", "step": 3})

    pages = [client.get(f"/v1/grades/{result['record']}").json() for result in answer["results"]]

    assert [page["reward"] for page in pages] == rewards(answer) == [0.25, -0.25, 0.25, -0.25]
    assert all(page["credit"] == pages[0]["credit"] for page in pages)
    assert pages[0]["credit"] == {
        "credit": answer["credit"],
        "parameters": {"kind": "edge"},
        "members": [
            {"record": result["record"], "item_id": word, "rollout": rollout}
            for result, (word, rollout, _) in zip(answer["results"], SQUARE, strict=True)
        ],
        "group": answer["group"],
    }
    assert [(page["run"], page["step"], page["contract"]) for page in pages] == [("recorded", 3, "native")] * 4
    assert pages[1]["grade"]["sub_rewards"] == {"length": 0.1, "own": 0.0}
    [report] = client.get("/v1/runs/recorded").json()["graders"]
    assert (report["graded"], report["mean_reward"], report["verdicts"]) == (4, 0.0, {"right": 3, "wrong": 1})


def test_a_grade_of_its_own_has_no_credit(client: httpx2.Client) -> None:
    made = client.post("/v1/graders/team@v1/grade", json=samples(SQUARE[0])[0]).json()

    assert client.get(f"/v1/grades/{made['record']}").json()["credit"] is None


words = st.sampled_from("abc")
rollouts = st.sampled_from([None, 0, 1, 2])
said = st.sampled_from(["a", "b", "c", "x", "", {"output_text": "a"}, 7, {}])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_order_of_the_samples_changes_no_reward(client: httpx2.Client, data: st.DataObject) -> None:
    members = data.draw(st.lists(st.tuples(words, rollouts, said), min_size=1, max_size=9))
    order = data.draw(st.permutations(range(len(members))))
    more = {"credit": {"kind": data.draw(st.sampled_from(["team", "edge"])), "least": 0}, "config": {"right": 0.3}}

    first = group(client, *members, **more)
    second = group(client, *(members[index] for index in order), **more)

    assert rewards(second) == [rewards(first)[index] for index in order]
    assert second["group"] == first["group"]


def test_a_sample_that_cannot_be_judged_leaves_its_item_out_and_the_rest_is_credited(client: httpx2.Client) -> None:
    broken = [*samples(*SQUARE), {"item": {"word": ""}, "sample": "c", "run": {"item_id": "a", "rollout": 2}}]

    answer = client.post(PATH, json={"samples": broken, "run": {"id": "left-out"}}).json()

    assert rewards(answer) == ["not_credited", "not_credited", 1.0, 1.0, "invalid_item"]
    assert answer["group"] == {"judged": 2, "excluded": ["a"], "teams": 2}
    left_out = answer["results"][1]["error"]
    assert left_out["detail"].startswith("Judged wrong (own reward 0), but left out")
    assert (left_out["status"], left_out["retryable"]) == (424, False)
    assert answer["results"][4]["error"]["errors"][0]["pointer"] == "/samples/4/item/word"
    row = client.get(f"/v1/grades/{left_out['record']}").json()
    assert (row["reward"], row["code"], row["credit"]["credit"]) == (None, "not_credited", answer["credit"])
    [report] = client.get("/v1/runs/left-out").json()["graders"]
    assert (report["graded"], report["unscored"]) == (2, {"not_credited": 2, "invalid_item": 1})


@pytest.mark.parametrize(
    "unreadable",
    [
        {"item": {"word": "a"}, "sample": 3, "run": {"item_id": "a"}},
        {"item": "no object", "sample": "a", "run": {"item_id": "a"}},
        {"run": {"item_id": "a", "rollout": 1}},
    ],
)
def test_a_sample_that_cannot_be_read_leaves_its_item_out_too(client: httpx2.Client, unreadable: dict) -> None:
    answer = client.post(PATH, json={"samples": [unreadable, *samples(*SQUARE)]}).json()

    assert rewards(answer) == ["invalid_request", "not_credited", "not_credited", 1.0, 1.0]
    assert answer["results"][0]["error"]["errors"][0]["pointer"].startswith("/samples/0/")
    assert answer["group"]["excluded"] == ["a"]
    members = client.get(f"/v1/grades/{answer['results'][3]['record']}").json()["credit"]["members"]
    assert (members[0]["record"], members[0]["item_id"]) == (None, "a")


@pytest.mark.parametrize("value", [b"1e999", b"[" * 500 + b"]" * 500])
def test_what_cannot_be_stored_is_a_sample_that_cannot_be_read(client: httpx2.Client, value: bytes) -> None:
    body = (
        b'{"samples": [{"item": {"word": "a", "x": %b}, "sample": "a", "run": {"item_id": "a"}},'
        b' {"item": {"word": "b"}, "sample": "b", "run": {"item_id": "b"}}]}' % value
    )
    answer = client.post(PATH, content=body, headers={"Content-Type": "application/json"}).json()

    assert rewards(answer) == ["invalid_request", 1.0]
    assert answer["group"]["excluded"] == ["a"]


def test_without_an_item_id_equal_items_are_one(client: httpx2.Client) -> None:
    body = [{"item": {"word": word}, "sample": said} for word, said in (("a", "a"), ("b", "b"), ("a", 3))]

    answer = client.post(PATH, json={"samples": body}).json()
    members = client.get(f"/v1/grades/{answer['results'][1]['record']}").json()["credit"]["members"]

    assert rewards(answer) == [1.0, 1.0, "invalid_request"]
    named = client.post(PATH, json={"samples": [*body[:2], {"item": {"word": "a"}, "sample": "die"}]}).json()
    assert rewards(named) == ["not_credited", 1.0, "grader_crashed"]
    assert members[0]["item_id"] != members[1]["item_id"]
    assert members[0]["item_id"].startswith("sha256:")


def test_a_group_of_nothing_but_errors_is_answered(client: httpx2.Client) -> None:
    answer = group(client, ("", 0, "a"), ("a", 0, 3), credit={"least": 0})

    assert rewards(answer) == ["invalid_item", "invalid_request"]
    assert answer["group"]["judged"] == 0


@pytest.mark.parametrize(
    ("more", "status", "code", "pointer"),
    [
        ({"credit": {"kinds": "team"}}, 422, "invalid_credit", "/credit/kinds"),
        ({"credit": {"kind": "solo"}}, 422, "invalid_credit", "/credit/kind"),
        ({"credit": {"least": 9}}, 422, "invalid_credit", "/credit/least"),
        ({"config": {"rigth": 1}}, 422, "invalid_config", "/config/rigth"),
        ({"samples": []}, 422, "invalid_request", "/samples"),
        ({"samples": [{}] * 1001}, 422, "invalid_request", "/samples"),
        ({"credits": {}}, 422, "invalid_request", "/credits"),
        ({"credit": []}, 422, "invalid_request", "/credit"),
    ],
)
def test_what_cannot_be_graded_as_a_group_is_refused(
    client: httpx2.Client, more: dict, status: int, code: str, pointer: str
) -> None:
    answer = client.post(PATH, json={"samples": samples(*SQUARE), **more})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_grader_that_credits_no_groups_says_which_do(client: httpx2.Client) -> None:
    body = {"samples": [{"item": {"reference": "94"}, "sample": "94"}]}
    answer = client.post("/v1/graders/finance_qa@v1/grade-group", json=body)
    unknown = client.post("/v1/graders/nowhere@v1/grade-group", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "no_group_credit")
    assert "team@v1" in answer.json()["detail"]
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_grader")


def test_a_grader_s_page_shows_how_it_credits(client: httpx2.Client) -> None:
    team = client.get("/v1/graders/team@v1").json()
    finance = client.get("/v1/graders/finance_qa@v1").json()

    assert team["credit_schema"]["properties"]["kind"]["description"] == "How the group is credited."
    assert team["group_reward_range"] == [-1.0, 1.0]
    assert (finance["credit_schema"], finance["group_reward_range"]) == (None, None)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("bad", 500, "grader_crashed"), ("die", 500, "grader_crashed"), ("hang", 504, "deadline_exceeded")],
)
def test_a_credit_that_fails_leaves_every_sample_unscored(
    client: httpx2.Client, kind: str, status: int, code: str
) -> None:
    body = {"samples": samples(*SQUARE), "credit": {"kind": kind}, "run": {"id": f"fails-{kind}"}}
    answer = client.post(PATH, json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    [report] = client.get(f"/v1/runs/fails-{kind}").json()["graders"]
    assert (report["graded"], report["unscored"]) == (0, {code: 4})


def test_the_examples_of_the_openapi_page_can_be_sent(client: httpx2.Client) -> None:
    page = client.get("/openapi.json").json()["paths"]["/v1/graders/{id}/grade-group"]["post"]
    examples = page["requestBody"]["content"]["application/json"]["examples"]

    assert [name.partition(":")[0] for name in examples] == ["moderation_f1@v1"]
    for name, example in examples.items():
        answer = client.post(f"/v1/graders/{name.partition(':')[0]}/grade-group", json=example["value"]).json()
        assert all(0 < result["reward"] <= 1 for result in answer["results"])


def test_a_recipe_credits_as_its_grader_does(client: httpx2.Client) -> None:
    made = client.post(
        "/v1/recipes",
        json={"name": "halfteam", "grader": "team@v1", "config": {"right": 0.5}, "item_map": {"gold": "word"}},
    ).json()
    body = {"samples": [{"item": {"gold": "a"}, "sample": "a"}, {"item": {"gold": 3}, "sample": "a"}]}

    answer = client.post(f"/v1/graders/{made['id']}/grade-group", json=body).json()

    assert rewards(answer) == [0.5, "invalid_item"]
    assert answer["results"][1]["error"]["errors"][0]["pointer"] == "/samples/1/item/gold"
    assert answer["results"][0]["grader"] == made["id"]


def test_the_same_key_and_group_are_replayed_whole(client: httpx2.Client) -> None:
    broken = [*SQUARE, ("", 0, "a"), ("d", 0, 3)]
    first = group(client, *broken, key="whole", run={"id": "whole"})
    again = group(client, *broken, key="whole", run={"id": "whole"})

    assert again == {
        **first,
        "replayed": True,
        "results": [{**one, "replayed": True} if "reward" in one else one for one in first["results"]],
    }
    [report] = client.get("/v1/runs/whole").json()["graders"]
    assert report["graded"] == 4


@pytest.mark.parametrize(
    "other",
    [
        {"samples": samples(*SQUARE[:3])},
        {"samples": samples(*SQUARE[::-1])},
        {"credit": {"kind": "edge"}},
        {"config": {"right": 0.5}},
        {"run": {"step": 2}},
    ],
)
def test_the_same_key_with_another_group_is_a_conflict(client: httpx2.Client, other: dict) -> None:
    body, key = {"samples": samples(*SQUARE)}, {"Idempotency-Key": "other"}
    first = client.post(PATH, json=body, headers=key).json()
    answer = client.post(PATH, json={**body, **other}, headers=key)

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")
    assert first["credit"] in answer.json()["detail"]
    assert answer.json()["errors"][0]["pointer"] == "/header/Idempotency-Key"


def test_a_key_is_not_held_while_a_sample_may_yet_be_judged(client: httpx2.Client) -> None:
    """A judgement that outlasts its time may go well on the next try; a crash that was seen before will not."""
    members = [*SQUARE, ("d", 0, "hang")]
    first = group(client, *members, key="passing", run={"id": "passing"})
    again = group(client, *members, key="passing", run={"id": "passing"})
    third = group(client, *members, key="passing", run={"id": "passing"})

    assert rewards(first) == rewards(again) == [1.0, 0.5, 1.0, 0.5, "deadline_exceeded"]
    assert first["results"][4]["error"]["retryable"]
    assert not again["results"][4]["error"]["retryable"]
    assert [answer["replayed"] for answer in (first, again, third)] == [False, False, True]
    assert third["credit"] == again["credit"] != first["credit"]
    [report] = client.get("/v1/runs/passing").json()["graders"]
    assert (report["graded"], report["superseded"]) == (4, 4)


def test_a_sample_whose_item_may_yet_be_judged_may_be_sent_again(client: httpx2.Client) -> None:
    answer = group(client, ("a", 0, "a"), ("a", 1, "hang"), ("a", 2, "die"), credit={"least": 0})

    assert rewards(answer) == ["not_credited", "deadline_exceeded", "grader_crashed"]
    assert (answer["results"][0]["error"]["status"], answer["results"][0]["error"]["retryable"]) == (503, True)


def test_a_group_that_is_too_small_because_of_a_passing_error_may_be_sent_again(client: httpx2.Client) -> None:
    body = {"samples": samples(("a", 0, "a"), ("e", 0, "hang")), "credit": {"least": 2}}
    answer = client.post(PATH, json=body)

    assert (answer.status_code, answer.json()["code"], answer.json()["retryable"]) == (503, "not_credited", True)
    assert answer.headers["Retry-After"] == "1"
    assert "corpus_too_small" in answer.json()["detail"]


def test_a_group_s_key_never_meets_a_batch_s(client: httpx2.Client) -> None:
    body, key = {"samples": samples(*SQUARE)}, {"Idempotency-Key": "shared"}
    batch = client.post("/v1/graders/team@v1/grade-batch", json=body, headers=key).json()
    answer = client.post(PATH, json=body, headers=key).json()

    assert [result["reward"] for result in batch["results"]] == [1.0, 0.0, 1.0, 1.0]
    assert rewards(answer) == [1.0, 0.5, 1.0, 0.5]


def test_a_group_sent_twice_at_once_is_credited_once(server: Server) -> None:
    async def send_all() -> list[dict]:
        async with httpx2.AsyncClient(base_url=server.url, timeout=30) as http:
            body, key = {"samples": samples(*SQUARE), "run": {"id": "twice"}}, {"Idempotency-Key": "twice"}
            answers = await asyncio.gather(*(http.post(PATH, json=body, headers=key) for _ in range(8)))
            return [answer.json() for answer in answers]

    answers = asyncio.run(send_all())

    assert len({answer["credit"] for answer in answers}) == 1
    assert [answer["replayed"] for answer in answers].count(False) == 1
    [report] = server.client.get("/v1/runs/twice").json()["graders"]
    assert (report["graded"], report["superseded"]) == (4, 0)


def test_a_thousand_samples_are_credited_together(client: httpx2.Client) -> None:
    members = [(f"w{n % 250}", n // 250, f"w{n % 250 + n % 2}") for n in range(1000)]

    answer = group(client, *members, run={"id": "thousand"})

    assert len(answer["results"]) == 1000
    assert set(rewards(answer)) == {0.5}
    [report] = client.get("/v1/runs/thousand").json()["graders"]
    assert (report["graded"], report["mean_reward"]) == (1000, 0.5)


def test_a_group_whose_records_are_being_deleted_may_be_sent_again(tmp_path: Path) -> None:
    write_team(tmp_path / "graders")
    with Server(tmp_path / "data", RFT_GRADERS_PATH=str(tmp_path / "graders")) as server:
        first = group(server.client, *SQUARE, key="old")
        with closing(sqlite3.connect(tmp_path / "data" / "rft.sqlite3", isolation_level=None)) as other:
            other.execute("DELETE FROM records WHERE record = ?", [first["results"][2]["record"]])
        body, key = {"samples": samples(*SQUARE)}, {"Idempotency-Key": "old"}
        answer = server.client.post(PATH, json=body, headers=key)

    assert (answer.status_code, answer.json()["code"]) == (503, "ledger_unavailable")
    assert first["credit"] in answer.json()["detail"]
