"""A grader of one's own that raises: its author learns where, and nobody learns what is in its source."""

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
