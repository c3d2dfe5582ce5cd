"""What the author of a grader of one's own gets wrong is told where it is, and is never a reward or a dead process."""

import json
from pathlib import Path

import pytest

from graders.api import Program, Sample
from graders.calls import Call, Judged, Outcome, decode_outcomes, encode_outcomes, perform, perform_all
from graders.errors import Fault, GraderCrashed, InvalidConfig, InvalidItem
from graders.recipes import Recipe
from graders.registry import Registry
from graders.returned import unfit_programs
from graders.version import Version

OWN = '''"""Does what the sample says."""
import json, sys
from decimal import Decimal
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator
from graders.api import Grade
from graders.errors import Fault, InvalidItem
VERDICTS = ("right", "wrong")
class Item(BaseModel):
    gold: str = Field("a", alias="gold-label")
    kind: str = Field("", validation_alias=AliasChoices("class", "kind"))
class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")
    mode: str = "plain"
    @field_validator("mode")
    @classmethod
    def checked(cls, mode):
        while mode == "endless": pass
        if mode == "exit": sys.exit("no mode")
        return {"plain": "plain"}[mode]
def grade(sample, item, config, results):
    return eval(sample.text)
'''


def write(folder: Path, source: str = OWN) -> Registry:
    (folder / "own" / "recipes").mkdir(parents=True, exist_ok=True)
    (folder / "own" / "v1.py").write_text(source)
    return Registry([folder])


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Version:
    return write(tmp_path_factory.mktemp("graders"))["own@v1"].version


def judge(own: Version, text: str) -> Outcome:
    """What comes of a sample, on the far side of a process border."""
    outcome = perform(own, own.read_config({}), Call.of({}, text).value)
    return decode_outcomes(encode_outcomes([outcome]))[0]


def test_what_a_grader_changes_at_its_next_call_is_stored_as_it_was(tmp_path: Path) -> None:
    shared = OWN.replace("def grade(", "SEEN = {}\ndef grade(").replace(
        "    return eval(sample.text)",
        "    SEEN['text'] = sample.text\n    return Grade(1.0, 'right', '', details=SEEN)",
    )
    version = write(tmp_path, shared)["own@v1"].version
    calls = [Call.of({}, text).value for text in ("first", "second")]

    outcomes = perform_all(version, version.read_config({}), calls)

    assert [json.loads(outcome.json)["details"] for outcome in outcomes if isinstance(outcome, Judged)] == [
        {"text": "first"},
        {"text": "second"},
    ]


def test_calls_that_are_worked_on_together_fail_one_by_one(own: Version) -> None:
    calls = [
        Call.of({}, "Grade(1.0, 'right', 'first')"),
        Call.of({"gold-label": 5}, "Grade(1.0, 'right', '')"),
        Call.of({}, {"output_text": 5}),
        Call.of({}, "1 / 0"),
        Call.of({}, "Grade(1.0, 'right', '', details={'own': object()})"),
        Call.of({}, "Grade(0.0, 'wrong', 'last')"),
    ]
    config = own.read_config({})

    together = perform_all(own, config, [call.value for call in calls])

    assert [type(outcome).__name__ for outcome in together] == [
        "Judged", "InvalidItem", "GraderCrashed", "GraderCrashed", "GraderCrashed", "Judged",
    ]  # fmt: skip
    assert [outcome.json for outcome in together if isinstance(outcome, Judged)] == [
        outcome.json
        for call in (calls[0], calls[-1])
        if isinstance(outcome := perform(own, config, call.value), Judged)
    ]
    assert "ZeroDivisionError in grade (v1.py, line 21)" in str(together[3])
    assert "details are no JSON values" in str(together[4])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("None", "returned None (NoneType); wanted a Grade."),
        (
            "Grade(Decimal('0.5'), 'right', '')",
            "a Grade whose reward is Decimal('0.5') (Decimal); wanted an int or float.",
        ),
        ("Grade(1.0, None, '')", "a Grade whose verdict is None (NoneType); wanted a str."),
        ("Grade(1.0, 'right', None)", "a Grade whose reason is None (NoneType); wanted a str."),
        ("Grade(1.0, 'right', '', 5)", "a Grade whose answer is 5 (int); wanted a str or None."),
        ("Grade(1.0, 'right', '', '5', 3)", "a Grade whose answer_span is 3 (int); wanted two ints or None."),
        ("Grade(1.0, 'right', '', details=[])", "a Grade whose details is [] (list); wanted a dict."),
        (
            "Grade(1.0, 'right', '', sub_rewards={'a': Decimal('0.5')})",
            "a Grade whose sub_rewards is {'a': Decimal('0.5')} (dict); wanted a dict from str to int or float.",
        ),
        ("sys.exit('bad data')", "raised SystemExit in grade (v1.py, line 21): bad data"),
    ],
)
def test_what_is_no_grade_is_told_by_its_field(own: Version, text: str, told: str) -> None:
    outcome = judge(own, text)

    assert isinstance(outcome, GraderCrashed)
    assert told in outcome.detail


def test_a_sub_reward_that_is_true_is_one(own: Version) -> None:
    outcome = judge(own, "Grade(1.0, 'right', '', sub_rewards={'format': True, 'length': False})")

    assert isinstance(outcome, Judged)
    assert b'"sub_rewards":{"format":1,"length":0}' in outcome.json


def test_a_lone_surrogate_that_the_model_wrote_as_json_is_judged(own: Version) -> None:
    text = r"""Grade(1.0, "right", "", json.loads('"\\ud83d!"'), details={"seen": [json.loads('"\\ud83d"')]})"""

    outcome = judge(own, text)

    assert isinstance(outcome, Judged)
    rest = json.loads(outcome.json)
    assert (rest["answer"], rest["details"]) == ("\ufffd!", {"seen": ["\ufffd"]})


@pytest.mark.parametrize("faults", ["'/item/label'", "[('/item/label', 'bad')]"])
def test_faults_that_are_none_are_told_where_they_are_raised(own: Version, faults: str) -> None:
    outcome = judge(own, f"(_ for _ in ()).throw(InvalidItem('No label.', {faults}))")

    assert isinstance(outcome, GraderCrashed)
    assert 'TypeError in grade (v1.py, line 21): wanted InvalidItem("what is wrong", [Fault(' in outcome.detail


def test_faults_may_be_a_list(own: Version) -> None:
    outcome = judge(own, "(_ for _ in ()).throw(InvalidItem('No label.', [Fault('/item/label', 'bad')]))")

    assert isinstance(outcome, InvalidItem)
    assert outcome.faults == (Fault("/item/label", "bad"),)


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ("b", r"own@v1 raised KeyError \(v1.py, line 19\): 'b'"),
        ("exit", r"own@v1 raised SystemExit \(v1.py, line 18\): no mode"),
        ("endless", r"own@v1 raised OutOfTime \(v1.py, line 17\): It took more than 1 s of CPU time"),
    ],
)
def test_a_validator_that_fails_is_a_crash_of_the_grader(own: Version, mode: str, why: str) -> None:
    with pytest.raises(GraderCrashed, match=why):
        own.read_config({"mode": mode})


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ('VERDICTS = ("right")', 'VERDICTS is to be a tuple of texts, such as ("right", "wrong").'),
        ("REWARD_RANGE = (1, 0)", "a range of rewards is (least, greatest), two finite numbers; got (1, 0)."),
        ('REWARD_RANGE = (0, float("inf"))', "two finite numbers; got (0, inf)."),
        ('REWARD_RANGE = (float("nan"), 1)', "two finite numbers; got (nan, 1)."),
        ("from ..shared import same", "No module named 'rft_graders_path.shared'. A grader imports files of its own"),
        ("import app", "No package metadata was found for app. A grader imports files of its own folder"),
    ],
)
def test_a_version_that_could_judge_nothing_is_not_served(tmp_path: Path, more: str, why: str) -> None:
    registry = write(tmp_path, OWN + more + "\n")

    assert "own@v1" not in registry.ids()
    assert why in registry.unhealthy["own@v1"]


def test_the_fields_of_an_item_are_known_by_the_names_under_which_they_are_sent(own: Version, tmp_path: Path) -> None:
    registry = write(tmp_path)
    mapped = registry.resolve(Recipe("mapped", 1, "own@v1", {}, {"answer": "gold-label"}), registry["own@v1"])

    assert own.item_fields == {"gold-label", "class", "kind"}
    assert own.read_item(mapped.mapped({"answer": "b"})).gold == "b"
    with pytest.raises(InvalidConfig, match="reads no item field 'gold'; it reads class, gold-label, kind"):
        registry.resolve(Recipe("mapped", 1, "own@v1", {}, {"answer": "gold"}), registry["own@v1"])


@pytest.mark.parametrize(
    ("says", "is_refused"), [("", True), ('    model_config = ConfigDict(extra="ignore")\n', False)]
)
def test_an_unknown_field_of_a_config_is_refused_unless_the_config_says_otherwise(
    tmp_path: Path, says: str, is_refused: bool
) -> None:
    own = write(tmp_path, OWN.replace('    model_config = ConfigDict(extra="forbid")\n', says))["own@v1"].version

    assert own.config_schema.get("additionalProperties", True) is not is_refused
    assert isinstance(own.read_config({}), own.module.Config)
    if is_refused:
        with pytest.raises(InvalidConfig) as fault:
            own.read_config({"mod": "plain"})
        assert fault.value.faults == (Fault("/config/mod", "There is no such field. Did you mean 'mode'? Known: mode"),)
    else:
        own.read_config({"mod": "plain"})


def test_a_shipped_recipe_may_stand_on_one_whose_name_comes_later(tmp_path: Path) -> None:
    write(tmp_path)
    recipes = tmp_path / "own" / "recipes"
    (recipes / "above.v1.toml").write_text('grader = "below@v1"\n')
    (recipes / "below.v1.toml").write_text('grader = "own@v1"\n[config]\nmode = "plain"\n')
    (recipes / "itself.v1.toml").write_text('grader = "itself@v1"\n')
    (recipes / "marked.v1.toml").write_text('grader = "own@v1"\n', "utf-8-sig")

    registry = Registry([tmp_path])

    assert registry["above@v1"].config == {"mode": "plain"}
    assert registry["marked@v1"].depth == 1
    assert list(registry.unhealthy) == ["itself@v1"]


@pytest.mark.parametrize(
    ("program", "told"),
    [
        (Program("f", stdin=5), "5 (int) in stdin; wanted text without lone surrogates"),  # type: ignore[arg-type]
        (Program(None), "None (NoneType) in source"),  # type: ignore[arg-type]
        (Program("print('\ud83d')"), "in source; wanted text without lone surrogates"),
        (Program("f", timeout_s="3"), "'3' (str) in timeout_s; wanted an int or float"),  # type: ignore[arg-type]
        (Program("f", memory_mib=1.5), "1.5 (float) in memory_mib; wanted an int"),  # type: ignore[arg-type]
        (Program("f", entry_point="f", calls=({"args": []},)), "in calls; wanted text"),  # type: ignore[arg-type]
        (Program("f", entry_point="f", calls=("f(1)",)), "'f(1)' (str) in calls; wanted JSON texts"),
        (Program("f", entry_point="f", calls=('{"args": [1]}',)), "in calls; wanted JSON texts"),
    ],
)
def test_a_program_that_cannot_be_run_as_it_is_meant_is_told_by_its_field(program: Program, told: str) -> None:
    [said] = unfit_programs([Program("print(1)"), program])

    assert said.startswith("program 1 with ")
    assert told in said


def test_a_plan_with_such_a_program_is_a_crash_of_the_grader(tmp_path: Path) -> None:
    source = OWN + "from graders.api import Program\ndef plan(*_): return [Program('print(1)', stdin=5)]\n"
    own = write(tmp_path, source)["own@v1"].version

    with pytest.raises(GraderCrashed, match=r"own@v1 planned program 0 with 5 \(int\) in stdin"):
        own.plan(Sample(output_text="a"), own.read_item({}), own.read_config({}))
