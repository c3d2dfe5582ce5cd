"""What the README shows can be sent as it stands."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
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
