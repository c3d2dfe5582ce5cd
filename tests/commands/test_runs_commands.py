"""`rft-graders runs export | delete | watch` over a ledger that has runs."""

import asyncio
import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from app.cli import cli
from app.commands.run_watching import shown
from app.ledger import Ledger, Record
from app.monitors.answers import RunMonitor
from tests.ledger.making import credit, grade, unscored
from tests.schemas import new_sqlite

PLACE = {"run": "r", "step": 1, "item_id": "q"}


@pytest.fixture
def database(tmp_path: Path) -> str:
    return new_sqlite(tmp_path / "ledger.sqlite3")


def recorded(database: str, *records: Record) -> list[Record]:
    async def add() -> None:
        ledger = await Ledger.open(database)
        await ledger.add(records)
        await ledger.close()

    asyncio.run(add())
    return list(records)


def rft(database: str, *arguments: str, expect: int = 0, answer: str = "", columns: int = 200) -> Result:
    environment = {"RFT_DATABASE_URL": database, "COLUMNS": str(columns)}
    done = CliRunner().invoke(cli, arguments, env=environment, input=answer)
    assert done.exit_code == expect, done.output
    return done


def runs(database: str, *arguments: str, expect: int = 0, answer: str = "") -> Result:
    return rft(database, "runs", *arguments, expect=expect, answer=answer)


@pytest.mark.parametrize("id", ["old~finance_qa@v1~20261129T180139Z", "a run " * 20 + "[b]long[/b]"])
def test_the_id_of_a_run_is_never_cut_nor_is_what_stands_beside_it(database: str, id: str) -> None:
    [made] = recorded(database, grade(run=id, caller="trainer-with-a-name"))

    listed = rft(database, "runs", "list", columns=80).stdout

    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in listed.splitlines() if "│" in line]
    shown = [" ".join(filter(None, column)) for column in zip(*rows, strict=True)]
    assert shown[:3] == [id, "trainer-with-a-name", "1"]
    made_at = datetime.fromtimestamp(made.created_us // 1_000_000, UTC)
    assert [datetime.fromisoformat(f"{time}Z") for time in shown[3:]] == [made_at, made_at]


def test_a_table_that_fits_is_as_wide_as_the_terminal_lets_it_be(database: str) -> None:
    recorded(database, grade(run="old~finance_qa@v1~20261129T180139Z"))

    widths = {len(line) for line in rft(database, "runs", "list", columns=80).stdout.splitlines()}

    assert max(widths) <= 80


def test_an_export_has_every_record_with_everything_that_led_to_it(database: str, tmp_path: Path) -> None:
    made = recorded(
        database,
        grade(**PLACE, rollout=0, reward=0.0, verdict="wrong"),
        grade(**PLACE, rollout=0, sample=b'{"output_text":"\\u0000 12"}'),
        unscored("deadline_exceeded", **PLACE),
    )
    recorded(database, grade(run="other"))

    runs(database, "export", "r", "-o", str(tmp_path / "r.jsonl"))

    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_bytes().splitlines()]
    assert [line["record"] for line in lines] == [record.record for record in made]
    assert [line["counts"] for line in lines] == [False, True, False]
    assert [line["code"] for line in lines] == [None, None, "deadline_exceeded"]
    assert lines[1]["sample"] == {"output_text": "\0 12"}
    assert lines[1]["item"] == {"reference": "12"}
    assert lines[1]["grade"] == {"reason": "equal"}
    assert {path.name for path in tmp_path.iterdir()} >= {"r.jsonl"}
    assert not list(tmp_path.glob("*.part"))


def test_an_export_goes_to_stdout_with_what_a_group_was_credited(database: str) -> None:
    async def add() -> str:
        ledger = await Ledger.open(database)
        record = grade(**PLACE)
        given = credit(record, parameters=b'{"alpha":1}', block=b'{"f1":0.5}')
        record.grade = b'{"reason":"x","credit":%b}' % json.dumps(given.credit).encode()
        await ledger.add_credit(given, [record])
        await ledger.close()
        return given.credit

    id = asyncio.run(add())

    line = json.loads(runs(database, "export", "r").stdout)

    assert line["credit"] == {"credit": id, "parameters": {"alpha": 1}, "group": {"f1": 0.5}}


def test_a_deleted_run_is_gone_when_it_was_meant(database: str) -> None:
    recorded(database, grade(run="r"), grade(run="r"), grade(run="kept"))

    assert "2 records" in runs(database, "delete", "r", answer="n\n", expect=1).output
    assert "2 records of run r are deleted" in runs(database, "delete", "r", "--yes").output

    assert [run["run"] for run in json.loads(runs(database, "list", "--json").stdout)] == ["kept"]
    assert "No run 'r'" in runs(database, "delete", "r", "--yes", expect=2).output


def test_a_run_of_several_callers_is_not_guessed(database: str) -> None:
    recorded(database, grade(run="r"), grade(run="r", caller="alice"))

    for command in ("export", "delete", "watch", "show", "moderation"):
        assert "alice, local" in runs(database, command, "r", expect=2).output
    assert "alice, local" in runs(database, "list").output
    assert json.loads(runs(database, "list", "--json").stdout)[0]["callers"] == ["alice", "local"]
    [shown] = json.loads(runs(database, "show", "r", "--caller", "alice", "--json").stdout)
    assert shown["graded"] == 1
    again = rft(database, "regrade", "--run", "r", "--caller", "bob", "--grader", "finance_qa@v1", expect=2)
    assert "there is one of alice, local: say whose with --caller" in again.output.replace("\n", " ")
    runs(database, "delete", "r", "--caller", "alice", "--yes")

    assert json.loads(runs(database, "export", "r").stdout)["caller"] == "local"


def test_a_run_without_a_grade_is_not_said_to_have_been_graded_again(database: str) -> None:
    recorded(database, unscored(run="r"))

    said = rft(database, "regrade", "--run", "r", "--grader", "finance_qa@v1").output

    assert "there is no new run" in said
    assert "The new grades are" not in said


def test_a_config_that_a_run_cannot_be_graded_again_with_is_told_with_its_faults(database: str, tmp_path: Path) -> None:
    recorded(database, grade(run="r"))
    config = tmp_path / "c.json"
    config.write_text('{"scores": {"accurat": 1, "minor": 7}}')

    said = rft(database, "regrade", "--run", "r", "--grader", "finance_qa@v1", "--config", str(config), expect=2).output

    assert "/config/scores/accurat" in said
    assert "Did you mean 'accurate'?" in said
    assert "/config/scores/minor" in said


def test_watching_shows_steps_and_what_the_monitors_found(database: str) -> None:
    recorded(
        database,
        *(grade(run="r", step=step, item_id=f"q{n % 8}", rollout=n, reward=1.0) for step in (1, 2) for n in range(32)),
        *(grade(run="r", caller="local", grader="gone@v1", step=1) for _ in range(2)),
        *(grade(run="r", caller="local", grader="well@v1", step=1, item_id=f"q{n}", reward=n / 16) for n in range(16)),
    )

    shown = runs(database, "watch", "r", "--once").output
    report = json.loads(runs(database, "watch", "r", "--json").stdout)

    assert "r of local: 82 records" in shown
    assert "Reward at its maximum" in shown
    assert "Too little to go by: the monitors want 16 grades, and the last steps have 2." in " ".join(shown.split())
    assert "The monitors found nothing" in shown
    assert report["complete"]
    graders = {grader["grader"]: grader for grader in report["graders"]}
    assert [step["graded"] for step in graders["finance_qa@v1"]["steps"]] == [32, 32]
    assert graders["gone@v1"]["reward_range"] is None


def test_an_export_that_cannot_be_written_says_why(database: str, tmp_path: Path) -> None:
    recorded(database, grade(run="r"))

    assert "cannot be written" in runs(database, "export", "r", "-o", str(tmp_path / "no" / "x"), expect=2).output


def test_a_database_that_cannot_be_opened_is_named_with_the_settings_that_name_another(tmp_path: Path) -> None:
    said = " ".join(runs(f"sqlite:///{tmp_path}/no/rft.sqlite3", "list", expect=2).output.split())

    assert "unable to open database file. The database is" in said
    assert f"The database is {tmp_path}/no/rft.sqlite3; RFT_DATA_DIR or RFT_DATABASE_URL names another." in said
    assert "sqlalche.me" not in said


def lines_at(width: int, report: RunMonitor) -> list[str]:
    console = Console(width=width, record=True, file=StringIO())
    console.print(shown(report, 10, width))
    return console.export_text().splitlines()


def test_a_watched_run_fits_80_columns_and_a_constant_reward_stands_at_its_level(database: str) -> None:
    step = {"run": "r", "grader": "finance_qa@v1", "reward": 1.0}
    recorded(database, *(grade(**step, step=number, item_id=f"q{n}") for number in (1, 2) for n in range(4)))
    report = RunMonitor.model_validate_json(runs(database, "watch", "r", "--json").stdout)

    narrow, wide = lines_at(80, report), lines_at(200, report)

    assert [line for line in narrow if "██  mean reward by step" in line]
    row = next(line for line in narrow if line.startswith("│ 1"))
    assert "accurate 100%" in row
    assert "p95" not in "".join(narrow)
    assert "p95" in "".join(wide)
