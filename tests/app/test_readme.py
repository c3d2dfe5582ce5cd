"""What the README shows can be sent as it stands."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.servers import Server

README = (Path(__file__).parent.parent.parent / "README.md").read_text("utf-8")
HERE = "http://127.0.0.1:8000"
POSTS = re.findall(rf"curl -s {HERE}(\S+) -H 'Content-Type: application/json' -d '(.*?)'\n", README, re.DOTALL)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("service"), RFT_SANDBOX_SLOTS="1") as server:
        yield server


@pytest.mark.parametrize(("path", "body"), POSTS, ids=[path for path, _ in POSTS])
def test_every_request_is_answered(path: str, body: str, server: Server) -> None:
    answer = server.client.post(path, json=json.loads(body))

    assert answer.is_success, answer.text
    assert all("error" not in result for result in answer.json().get("results", ()))


def test_the_trainer_gets_its_rewards(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    [script] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, Any] = {}

    exec(script.replace(HERE, server.url), names)

    shown = script.rpartition("# ")[2].strip()
    assert capsys.readouterr().out.strip() == shown == "[1.0, 0.0]"
    # Another rank at the same step, and the step again after a restart, send other samples.
    assert names["rewards"](1, [("q2", 0, {"reference": "7"}, "7"), ("q3", 0, {"refrence": "7"}, "7")]) == [1.0, None]
    assert capsys.readouterr().out.startswith("unscored: The item is not one that finance_qa@v1 can grade. ")
    names["URL"] = names["URL"].replace("finance_qa", "finance_q")
    with pytest.raises(RuntimeError, match="Did you mean 'finance_qa@v1'"):
        names["rewards"](1, [("q1", 0, {"reference": "94"}, "94")])


def test_a_trainer_outlives_a_connection_that_breaks(server: Server) -> None:
    [script] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, Any] = {}
    exec(script.replace(HERE, server.url), names)
    # The first try meets a port where nobody listens; while the trainer waits, the service is there.
    url, names["URL"] = names["URL"], "http://127.0.0.1:9"
    names["time"] = SimpleNamespace(sleep=lambda _: names.update(URL=url))

    assert names["rewards"](2, [("q1", 0, {"reference": "94"}, "94")]) == [1.0]
