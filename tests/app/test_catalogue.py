"""Which graders there are, and recipes of one's own."""

import shutil
from pathlib import Path

import httpx2
import pytest

from tests.app.conftest import MOODY
from tests.servers import Server


def test_a_grader_s_page_has_everything_needed_to_call_it(client: httpx2.Client) -> None:
    page = client.get("/v1/graders/moody@v1").json()

    assert page["item_schema"]["properties"]["n"]["description"] == "A number."
    assert page["config_schema"]["properties"]["reward"]["default"] == 1.0
    assert page["details_schema"]["required"] == ["length"]
    assert (page["released"], page["verdicts"], page["reward_range"]) == (False, ["done"], [0.0, 1.0])
    assert page["origin"].startswith("path ")


def test_the_built_in_grader_shows_its_cases(client: httpx2.Client) -> None:
    page = client.get("/v1/graders/finance_qa@v1").json()

    assert page["origin"] == "built-in"
    assert {case["reward"] for case in page["cases"]} >= {0.0, 0.6, 0.8, 1.0, None}


def test_all_graders_are_listed(client: httpx2.Client) -> None:
    ids = [grader["id"] for grader in client.get("/v1/graders").json()["graders"]]

    assert {"finance_qa@v1", "four_tier@v1", "build_hour@v1", "moody@v1"} <= set(ids)


def test_a_shipped_recipe_says_that_it_is_released(client: httpx2.Client) -> None:
    assert client.get("/v1/graders/four_tier@v1").json()["released"]


def recipe(client: httpx2.Client, name: str, **more: object) -> httpx2.Response:
    return client.post("/v1/recipes", json={"name": name, "grader": "moody@v1", **more})


def test_a_recipe_is_called_like_a_grader(client: httpx2.Client) -> None:
    made = recipe(client, "halved", config={"reward": 0.5}, item_map={"number": "n"}).json()
    graded = client.post(f"/v1/graders/{made['id']}/grade", json={"item": {"number": 4}, "sample": "a"}).json()

    assert (made["id"], made["stands_on"]) == ("halved@v1", "moody@v1")
    schema = client.get("/v1/graders/halved@v1").json()["item_schema"]
    assert (schema["properties"]["number"]["description"], schema["required"]) == ("A number.", ["number"])
    assert (graded["grader"], graded["reward"], graded["reason"]) == ("halved@v1", 0.5, "n is 4.")
    assert graded["digest"] == made["digest"]


def test_equal_content_is_the_same_version_and_other_content_the_next(client: httpx2.Client) -> None:
    first = recipe(client, "counted", config={"reward": 0.1}).json()
    same = recipe(client, "counted", config={"reward": 0.1}).json()
    other = recipe(client, "counted", config={"reward": 0.2}).json()

    assert [made["id"] for made in (first, same, other)] == ["counted@v1", "counted@v1", "counted@v2"]
    assert first["digest"] != other["digest"]
    ids = [made["id"] for made in client.get("/v1/recipes").json()["recipes"]]
    assert {"counted@v1", "counted@v2", "four_tier@v1"} <= set(ids)


def test_a_recipe_may_stand_on_a_recipe(client: httpx2.Client) -> None:
    recipe(client, "inner", item_map={"number": "n"}, config={"reward": 0.25})
    outer = client.post(
        "/v1/recipes", json={"name": "outer", "grader": "inner@v1", "item_map": {"nr": "number"}}
    ).json()

    graded = client.post(f"/v1/graders/{outer['id']}/grade", json={"item": {"nr": 1}, "sample": "a"}).json()
    faulty = client.post(f"/v1/graders/{outer['id']}/grade", json={"item": {"nr": "x"}, "sample": "a"}).json()

    assert graded["reward"] == 0.25
    assert faulty["errors"][0]["pointer"] == "/item/nr"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "moody", "grader": "moody@v1"}, 409, "name_taken"),
        ({"name": "four_tier", "grader": "moody@v1"}, 409, "name_taken"),
        ({"name": "fresh", "grader": "nowhere@v1"}, 404, "unknown_grader"),
        ({"name": "fresh", "grader": "moody@v1", "config": {"rewad": 1}}, 422, "invalid_config"),
        ({"name": "fresh", "grader": "moody@v1", "item_map": {"a": "b"}}, 422, "invalid_config"),
        ({"name": "fresh", "grader": "moody@v1", "item_map": {"a": "n", "b": "n"}}, 422, "invalid_config"),
        ({"name": "Not a name", "grader": "moody@v1"}, 422, "invalid_request"),
    ],
)
def test_a_recipe_that_cannot_work_is_refused(client: httpx2.Client, body: dict, status: int, code: str) -> None:
    answer = client.post("/v1/recipes", json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_infinite_number_in_a_recipe_is_refused(client: httpx2.Client) -> None:
    body = b'{"name": "fresh", "grader": "moody@v1", "config": {"reward": 1e999}}'
    answer = client.post("/v1/recipes", content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/config/reward")


def test_a_request_that_names_a_recipe_may_not_send_a_config(client: httpx2.Client) -> None:
    recipe(client, "fixed")

    answer = client.post("/v1/graders/fixed@v1/grade", json={"item": {"n": 1}, "sample": "a", "config": {}})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_config")


def test_a_stored_recipe_whose_grader_is_gone_or_has_changed_is_told_and_stops_nothing(tmp_path: Path) -> None:
    for name in ("lasting", "leaving", "changing"):
        (tmp_path / "graders" / name).mkdir(parents=True)
        (tmp_path / "graders" / name / "v1.py").write_text(MOODY)
    server = Server(tmp_path / "data", RFT_GRADERS_PATH=str(tmp_path / "graders"))
    with server:
        for on in ("lasting@v1", "leaving@v1", "changing@v1"):
            body = {"name": f"on_{on[:-3]}", "grader": on, "config": {"reward": 0.5}}
            server.client.post("/v1/recipes", json=body).raise_for_status()
        body = {"item": {"n": 1}, "sample": "a"}
        record = server.client.post("/v1/graders/on_leaving@v1/grade", json=body).json()["record"]
    shutil.rmtree(tmp_path / "graders" / "leaving")
    (tmp_path / "graders" / "changing" / "v1.py").write_text(MOODY.replace("reward", "paid"))

    with server:
        listed = [server.client.get(path) for path in ("/v1/graders", "/v1/recipes")]
        refused = [server.client.post(f"/v1/graders/on_{on}@v1/grade", json=body) for on in ("leaving", "changing")]
        kept = server.client.get(f"/v1/grades/{record}")

    assert [answer.status_code for answer in listed] == [200, 200]
    for told, answer in zip(("graders", "recipes"), listed, strict=True):
        ids = {grader["id"] for grader in answer.json()[told]}
        assert "on_lasting@v1" in ids
        assert not {"on_leaving@v1", "on_changing@v1"} & ids
    whys = listed[0].json()["not_served"]
    assert sorted(whys) == ["on_changing@v1", "on_leaving@v1"]
    assert "it stands on leaving@v1. No grader 'leaving@v1'." in whys["on_leaving@v1"]
    assert "it stands on changing@v1." in whys["on_changing@v1"]
    assert "/config/reward: There is no such field." in whys["on_changing@v1"]
    for on, answer in zip(("on_leaving@v1", "on_changing@v1"), refused, strict=True):
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_grader")
        assert answer.json()["detail"] == whys[on]
    assert (kept.status_code, kept.json()["ignored_item_fields"]) == (200, None)


def test_a_grader_that_is_found_and_not_served_is_listed_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "graders" / "broken").mkdir(parents=True)
    (tmp_path / "graders" / "broken" / "v1.py").write_text("import no_such_module")

    with Server(tmp_path / "data", RFT_GRADERS_PATH=str(tmp_path / "graders")) as server:
        listed, recipes = (server.client.get(path).json() for path in ("/v1/graders", "/v1/recipes"))

    assert "broken@v1" not in {grader["id"] for grader in listed["graders"]}
    assert "no_such_module" in listed["not_served"]["broken@v1"]
    assert recipes["not_served"] == {}


def test_a_recipe_whose_name_a_broken_grader_bears_is_served_and_not_listed_as_what_is_not(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", RFT_GRADERS_PATH=str(tmp_path / "graders"))
    (tmp_path / "graders").mkdir()
    with server:
        server.client.post("/v1/recipes", json={"name": "mine", "grader": "finance_qa@v1"}).raise_for_status()
    (tmp_path / "graders" / "mine").mkdir()
    (tmp_path / "graders" / "mine" / "v1.py").write_text("import no_such_module")

    with server:
        listed = server.client.get("/v1/graders").json()

    assert "mine@v1" in {grader["id"] for grader in listed["graders"]}
    assert "mine@v1" not in listed["not_served"]


def test_a_grader_that_takes_a_stored_recipes_name_is_listed_once_and_the_recipe_is_told(tmp_path: Path) -> None:
    (tmp_path / "graders" / "first").mkdir(parents=True)
    (tmp_path / "graders" / "first" / "v1.py").write_text(MOODY)
    server = Server(tmp_path / "data", RFT_GRADERS_PATH=str(tmp_path / "graders"))
    with server:
        server.client.post("/v1/recipes", json={"name": "second", "grader": "first@v1"}).raise_for_status()
    shutil.copytree(tmp_path / "graders" / "first", tmp_path / "graders" / "second")

    with server:
        listed = server.client.get("/v1/graders").json()

    assert [grader["stands_on"] for grader in listed["graders"] if grader["id"] == "second@v1"] == [None]
    assert "bears its name" in listed["not_served"]["second@v1"]
