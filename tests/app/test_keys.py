"""API keys over HTTP, on both databases: who is let in, by which way, to what, and what is said to the others."""

import asyncio
import http.client
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from app.keys.secret import new_key
from app.ledger import KeyStore, StoredKey
from tests.keys.making import stored
from tests.schemas import new_sqlite
from tests.servers import Server

PATH = "/v1/graders/finance_qa@v1/grade"
BODY = {"item": {"reference": "94"}, "sample": "94", "run": {"id": "r1", "step": 1}}
WAIT_S = 30


class Keyed:
    """A service and the keys that were made for it, by the name of their caller."""

    def __init__(self, database_url: str, data_dir: Path) -> None:
        self.database_url, self.data_dir = database_url, data_dir
        self.keys: dict[str, str] = {}
        self.server = Server(data_dir, RFT_DATABASE_URL=database_url, RFT_LOG_LEVEL="debug")

    def store(self, work: Callable[[KeyStore], Awaitable[object]]) -> None:
        async def done() -> None:
            store = KeyStore.open(self.database_url)
            await work(store)
            await store.close()

        asyncio.run(done())

    def make(self, name: str, *scopes: str) -> str:
        """A live key; the service knows it within two seconds."""
        self.keys[name] = new_key()
        self.store(lambda store: store.create(self.stored(name, *scopes)))
        return self.keys[name]

    def rotate(self, name: str, ends_in_s: float) -> str:
        """Another key, and when the one before ends."""
        self.keys[name] = new_key()
        ends_us = time.time_ns() // 1000 + int(ends_in_s * 1e6)
        self.store(lambda store: store.rotate(self.stored(name), ends_us))
        return self.keys[name]

    def stored(self, name: str, *scopes: str) -> StoredKey:
        return stored(self.keys[name], name=name, scopes=scopes or ("grade",))

    def ask(self, method: str, path: str, key: str = "", **more: object) -> httpx2.Response:
        headers = {"X-Api-Key": key} if key else {}
        return self.server.client.request(method, path, headers=headers, **more)

    def grade(self, key: str = "", path: str = PATH, body: dict | None = None) -> httpx2.Response:
        return self.ask("POST", path, key, json=body or BODY)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def keyed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    """With the callers `trainer` and `other` (grade) and `boss` (admin)."""
    folder = tmp_path_factory.mktemp("keyed")
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
    else:
        url = new_sqlite(folder / "ledger.sqlite3")
    keyed = Keyed(url, folder / "data")
    keyed.make("trainer")
    keyed.make("other")
    keyed.make("boss", "admin")
    # Somebody whose key is right comes from here, so that the tests' wrong keys do not shut the tests out.
    with keyed.server:
        assert keyed.ask("GET", "/v1/graders", keyed.keys["boss"]).status_code == 200
        yield keyed
    said = "".join(keyed.server.log)
    assert [name for name, key in keyed.keys.items() if key[10:] in said] == []


def until(wanted: Callable[[], bool]) -> None:
    """Asks again until it is so; the service reads its keys every two seconds."""
    deadline = time.monotonic() + WAIT_S
    while not wanted():
        assert time.monotonic() < deadline


def test_a_key_comes_in_by_each_header_and_by_the_path(keyed: Keyed) -> None:
    key, client = keyed.keys["trainer"], keyed.server.client
    for headers in (
        {"Authorization": f"Bearer {key}"},
        {"Authorization": f"bearer  {key}"},
        {"X-Api-Key": key},
        {"X-Functions-Key": key},
        {"X-Api-Key": key, "Authorization": "Bearer a-gateway's-own"},
    ):
        assert client.post(PATH, json=BODY, headers=headers).status_code == 200, headers
    encoded = "".join(f"%{ord(character):02X}" for character in key)
    for path in (f"/k/{key}{PATH}", f"/k/{encoded}{PATH}", f"/k/{key}/v1/contracts/azure/finance_qa@v1"):
        assert client.post(path, json=BODY).status_code == 200, path
    assert client.get(f"/k/{key}/v1/grades", params={"run": "r1"}).status_code == 200
    assert client.get(f"/k/{key}/openapi.json").status_code == 200


def test_without_a_right_key_nobody_is_let_in_and_no_answer_repeats_what_was_sent(keyed: Keyed) -> None:
    wrong, client = new_key(), keyed.server.client
    keyed.keys["wrong"] = wrong
    refused = [
        keyed.grade(),
        keyed.grade(wrong),
        keyed.grade(keyed.keys["trainer"][:-1]),
        keyed.grade(keyed.keys["trainer"] + "x"),
        client.post(f"/k/{wrong}{PATH}", json=BODY),
        client.post(f"/k/%2572ft{PATH}", json=BODY),
        client.post(f"/k//{PATH}", json=BODY),
        client.get(f"/k/{wrong}"),
        client.get(f"/{wrong}/v1/graders"),
        client.get("/v1/graders"),
        client.get("/openapi.json"),
        client.post(PATH, json=BODY, headers={"Authorization": f"Basic {wrong}"}),
        client.post(PATH, json=BODY, headers={"Cookie": f"key={keyed.keys['trainer']}"}),
    ]

    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authorized"), answer.text
        assert answer.headers["www-authenticate"] == 'Bearer realm="rft-graders"'
        assert "API key" in answer.json()["detail"]
        assert wrong[10:] not in answer.text + str(answer.headers)


def test_a_key_in_the_query_string_is_refused_even_beside_a_right_one(keyed: Keyed) -> None:
    key, client = keyed.keys["trainer"], keyed.server.client
    escaped = key.replace("r", "%72")

    for query in (f"code={key}", f"api_key={key}", f"x={escaped}", f"run=r1&key={new_key()}"):
        answer = client.get(f"/v1/grades?{query}", headers={"X-Api-Key": key})
        assert answer.status_code == 401
        assert "query string" in answer.json()["detail"]
        assert key[10:] not in answer.text
    assert client.get("/v1/grades?code=invalid_item", headers={"X-Api-Key": key}).status_code == 200


def test_two_keys_in_one_request_are_refused(keyed: Keyed) -> None:
    """A proxy may check the first of two headers, and the service read the second."""
    address = urlsplit(keyed.server.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port or 0)
    connection.putrequest("GET", "/v1/graders")
    connection.putheader("X-Api-Key", new_key())
    connection.putheader("X-Api-Key", keyed.keys["trainer"])
    connection.endheaders()

    assert connection.getresponse().status == 401
    connection.close()


def test_probes_need_no_key_and_mind_no_wrong_one(keyed: Keyed) -> None:
    for path in ("/healthz", "/readyz", f"/k/{new_key()}/healthz"):
        assert keyed.ask("GET", path).status_code == 200
        assert keyed.ask("GET", path, new_key()).status_code == 200


def test_any_host_is_served_to_a_key(keyed: Keyed) -> None:
    headers = {"Host": "rewards.example", "X-Api-Key": keyed.keys["trainer"]}

    assert keyed.server.client.get("/v1/graders", headers=headers).status_code == 200


def test_a_caller_sees_its_own_grades_and_runs_and_an_admin_all(keyed: Keyed) -> None:
    body = BODY | {"run": {"id": "shared", "step": 1}}
    mine = keyed.grade(keyed.keys["trainer"], body=body).json()["record"]
    theirs = keyed.grade(keyed.keys["other"], body=body).json()["record"]

    def rows(who: str, path: str, **params: str) -> list[dict]:
        answer = keyed.ask("GET", path, keyed.keys[who], params=params).json()
        return answer.get("grades", answer.get("runs"))

    def grades(who: str, **params: str) -> list[str]:
        return [row["record"] for row in rows(who, "/v1/grades", run="shared", **params)]

    def runs(who: str, **params: str) -> list[int]:
        return [row["records"] for row in rows(who, "/v1/runs", **params) if row["run"] == "shared"]

    def graded(who: str, **params: str) -> int:
        report = keyed.ask("GET", "/v1/runs/shared", keyed.keys[who], params=params).json()
        return report["graders"][0]["graded"]

    assert grades("trainer") == grades("trainer", caller="trainer") == [mine]
    assert grades("boss") == []
    assert grades("boss", caller="other") == [theirs]
    assert grades("boss", caller="*") == [theirs, mine]
    assert (runs("trainer"), runs("boss"), runs("boss", caller="other"), runs("boss", caller="*")) == (
        [1],
        [],
        [1],
        [2],
    )
    assert (graded("trainer"), graded("boss", caller="other"), graded("boss", caller="*")) == (1, 1, 2)
    assert keyed.ask("GET", f"/v1/grades/{theirs}", keyed.keys["trainer"]).status_code == 404
    assert keyed.ask("GET", f"/v1/grades/{mine}", keyed.keys["boss"]).json()["caller"] == "trainer"


def test_an_admin_reads_the_f1_of_another_callers_run(keyed: Keyed) -> None:
    body = {"item": {"gold": ["hate"]}, "sample": '{"labels": ["hate"]}', "run": {"id": "flagged", "step": 1}}
    body["config"] = {"taxonomy": "openai-omni-2024", "reward": "set_f"}
    keyed.grade(keyed.keys["other"], "/v1/graders/moderation_f1@v1/grade", body=body).raise_for_status()

    def asked(caller: str) -> httpx2.Response:
        return keyed.ask("GET", "/v1/runs/flagged/moderation", keyed.keys["boss"], params={"caller": caller})

    assert [report["n"] for report in asked("other").json()["reports"]] == [1]
    assert (asked("trainer").status_code, asked("trainer").json()["code"]) == (404, "unknown_run")
    assert (asked("*").status_code, asked("*").json()["errors"][0]["pointer"]) == (422, "/query/caller")


@pytest.mark.parametrize("path", ["/v1/grades", "/v1/runs", "/v1/runs/r1", "/v1/runs/r1/moderation"])
def test_what_others_were_given_is_not_shown_without_the_scope_admin(keyed: Keyed, path: str) -> None:
    for whose in ("other", "*"):
        answer = keyed.ask("GET", path, keyed.keys["trainer"], params={"caller": whose})
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_recipes_are_made_by_admins_and_named_by_everyone(keyed: Keyed) -> None:
    recipe = {"name": "strictly", "grader": "finance_qa@v1", "item_map": {"truth": "reference"}}

    refused = keyed.ask("POST", "/v1/recipes", keyed.keys["trainer"], json=recipe)
    made = keyed.ask("POST", "/v1/recipes", keyed.keys["boss"], json=recipe)

    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert made.json()["id"] == "strictly@v1"
    listed = keyed.ask("GET", "/v1/recipes", keyed.keys["trainer"]).json()["recipes"]
    assert "strictly@v1" in [recipe["id"] for recipe in listed]
    body = {"item": {"truth": "94"}, "sample": "94"}
    graded = keyed.ask("POST", "/v1/graders/strictly@v1/grade", keyed.keys["trainer"], json=body)
    assert graded.json()["reward"] == 1.0


def test_a_key_without_the_scope_grade_is_told_so(keyed: Keyed) -> None:
    for path in (PATH, PATH + "-batch", "/v1/contracts/azure/finance_qa@v1"):
        answer = keyed.grade(keyed.keys["boss"], path)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
        assert "'grade'" in answer.json()["detail"]


def test_keys_that_are_made_rotated_and_revoked_count_without_a_restart(keyed: Keyed) -> None:
    first = keyed.make("fresh")
    until(lambda: keyed.grade(first).status_code == 200)
    record = keyed.grade(first).json()["record"]

    second = keyed.rotate("fresh", ends_in_s=3600)
    until(lambda: keyed.grade(second).status_code == 200)
    assert keyed.grade(first).status_code == 200
    # The caller stays who it was.
    assert keyed.ask("GET", f"/v1/grades/{record}", second).status_code == 200

    third = keyed.rotate("fresh", ends_in_s=0)
    until(lambda: keyed.grade(second).status_code == 401)
    assert "'fresh' expired at 20" in keyed.grade(first).json()["detail"]

    keyed.store(lambda store: store.revoke("fresh", time.time_ns() // 1000))
    until(lambda: keyed.grade(third).status_code == 401)
    assert "'fresh' was revoked at 20" in keyed.grade(third).json()["detail"]


def test_an_idempotency_key_belongs_to_its_caller(keyed: Keyed) -> None:
    def grade(who: str) -> dict:
        headers = {"X-Api-Key": keyed.keys[who], "Idempotency-Key": "one"}
        return keyed.server.client.post(PATH, json=BODY, headers=headers).json()

    first, other, again = grade("trainer"), grade("other"), grade("trainer")

    assert other["replayed"] is False
    assert again["record"] == first["record"] != other["record"]


def test_keys_are_kept_where_only_the_service_can_read_them(keyed: Keyed) -> None:
    kept = keyed.data_dir / "api_keys.json"

    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.stat().st_uid == os.geteuid()
    assert keyed.keys["trainer"][10:] not in kept.read_text()
