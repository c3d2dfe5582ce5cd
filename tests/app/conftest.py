"""A running service with the built-in graders and a few moody ones of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.servers import Server

MOODY = '''"""Does what the sample says: `hang` never returns, `die` is a crash of the interpreter."""
import os, re
from typing_extensions import TypedDict
from pydantic import BaseModel, ConfigDict, Field
from graders.api import Grade
from graders.errors import Fault, InvalidItem
VERDICTS = ("done",)
class Item(BaseModel):
    n: int = Field(description="A number.")
class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reward: float = Field(1.0, description="The reward.")
class Details(TypedDict):
    length: int
def grade(sample, item, config, results):
    if sample.text == "hang":
        re.match(r"(a+)+$", "a" * 60 + "b")
    if sample.text == "die":
        os.abort()
    if sample.text == "raise":
        raise RuntimeError("boom")
    if item.n < 0:
        raise InvalidItem("n is negative", (Fault("/item/n", "Wanted 0 or more."),))
    return Grade(config.reward, "done", f"n is {item.n}.", sample.text, (0, len(sample.text)), {"own": 0.5},
                 {"length": len(sample.text)})
'''


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("service")
    (folder / "graders" / "moody").mkdir(parents=True)
    (folder / "graders" / "moody" / "v1.py").write_text(MOODY)
    settings = {"RFT_GRADERS_PATH": str(folder / "graders"), "RFT_CALL_TIMEOUT_S": "3", "RFT_BODY_MAX_MIB": "1"}
    with Server(folder / "data", **settings) as server:
        yield server


@pytest.fixture
def client(server: Server) -> httpx2.Client:
    return server.client


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"
