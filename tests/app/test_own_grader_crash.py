"""A grader of one's own that fails: its author learns where, nobody learns what is in its source, and all else is
served."""

import json
from pathlib import Path

from tests.servers import Server

BROKEN = '''"""Raises."""
from pydantic import BaseModel, field_validator
from graders.api import Grade
from .helper import fail
VERDICTS = ("done",)
class Item(BaseModel):
    n: int
    @field_validator("n")
    @classmethod
    def _checked(cls, value):
        return value // (value - 3)
class Config(BaseModel): ...
def grade(sample, item, config, results):
    secret = "of the source"; fail(item.n)
'''
WHOLE = '''"""Pays."""
from pydantic import BaseModel, ConfigDict, field_validator
from graders.api import Grade
VERDICTS = ("done",)
class Item(BaseModel): ...
class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")
    k: float = 1.0
def grade(sample, item, config, results):
    return Grade(1.0, "done", "")
'''
VALIDATOR = "    @classmethod\n    def known(cls, k):\n        return {}[k]\n"
HELPER = """def fail(n):
    raise ValueError("my bug")
"""


def test_a_crash_is_told_with_file_and_line_in_answer_record_and_log(tmp_path: Path) -> None:
    folder = tmp_path / "graders" / "broken"
    folder.mkdir(parents=True)
    (folder / "v1.py").write_text(BROKEN)
    (folder / "helper.py").write_text(HELPER)
    with Server(tmp_path / "data", RFT_GRADERS_PATH=str(folder.parent)) as server:

        def grade(n: int) -> dict:
            return server.client.post("/v1/graders/broken@v1/grade", json={"item": {"n": n}, "sample": "a"}).json()

        raised, validated = grade(1), grade(3)
        record = server.client.get(f"/v1/grades/{raised['record']}").json()
    lines = [json.loads(line) for line in server.log if '"grader_crashed"' in line]

    assert raised["detail"] == "broken@v1 raised ValueError in grade (helper.py, line 2): my bug"
    assert validated["detail"].startswith("broken@v1 raised ZeroDivisionError (v1.py, line 11): ")
    assert record["grade"]["detail"] == raised["detail"]
    assert "of the source" not in json.dumps([raised, validated, record])
    assert [(line["level"], line["record"]) for line in lines] == [
        ("error", raised["record"]),
        ("error", validated["record"]),
    ]


def test_no_case_of_a_broken_grader_stops_the_service(tmp_path: Path) -> None:
    validating = WHOLE.replace("    k: float = 1.0\n", '    k: float = 1.0\n    @field_validator("k")\n' + VALIDATOR)
    case = '[[case]]\nname = "a"\nwhy = ""\nitem = {}\nsample = "a"\n'
    files = {
        "expects/v1.py": WHOLE,
        "expects/cases.toml": case + 'expect.v1 = { verdict = "done" }\n',
        "validates/v1.py": validating,
        "validates/cases.toml": case + 'config = { k = 0.5 }\nexpect.v1 = { reward = 1.0, verdict = "done" }\n',
        "refuses/v1.py": WHOLE,
        "refuses/cases.toml": case + 'config = { kk = 0.5 }\nexpect.v1 = { error = "invalid_config" }\n',
    }
    for name, text in files.items():
        (tmp_path / "graders" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "graders" / name).write_text(text)
    settings = {"RFT_GRADERS_PATH": str(tmp_path / "graders")}
    with Server(tmp_path / "data", **settings) as server:
        unhealthy = server.client.get("/readyz").json()["unhealthy_graders"]

    assert set(unhealthy) == {"expects@v1", "validates@v1"}
    assert "expect.v1 is to be { reward = 1.0, " in unhealthy["expects@v1"]
    assert "validates@v1 raised KeyError (v1.py, line 12): 0.5" in unhealthy["validates@v1"]
