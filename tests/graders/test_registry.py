"""What is found, what is served, and what a grader id stands for."""

import re
import signal
from pathlib import Path

import pytest

from graders.api import Sample
from graders.discovery import find_folders, load_version
from graders.endless import OutOfTime
from graders.errors import Fault, GraderCrashed, InvalidConfig, InvalidItem
from graders.lock import freeze
from graders.recipes import Recipe
from graders.registry import Registry, UnknownGrader, parse_id

TOY = '''"""Rewards the right label."""
from pydantic import BaseModel, ConfigDict
from graders.api import Grade
VERDICTS = ("right", "wrong")
class Item(BaseModel):
    label: str
class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reward: float = 1.0
    other: int = 0
def grade(sample, item, config, results):
    if sample.text == "raise":
        raise RuntimeError("boom")
    if sample.text == "verdict":
        return Grade(1.0, "unheard of", "")
    right = sample.text == item.label
    return Grade(config.reward if right else 0.0, "right" if right else "wrong", "")
'''


@pytest.fixture
def toys(tmp_path: Path) -> Path:
    (tmp_path / "toy" / "recipes").mkdir(parents=True)
    (tmp_path / "toy" / "v1.py").write_text(TOY)
    (tmp_path / "toy" / "recipes" / "half_toy.v1.toml").write_text('grader = "toy@v1"\n[config]\nreward = 0.5\n')
    return tmp_path


def test_a_folder_is_a_grader_and_a_file_is_a_version(toys: Path) -> None:
    (toys / "toy" / "v12.py").write_text(TOY)

    registry = Registry([toys])

    assert {"toy@v1", "toy@v12", "half_toy@v1"} <= set(registry.ids())
    assert registry["toy@v1"].summary == "Rewards the right label."
    assert registry["toy@v1"].origin == f"path {toys}"
    assert not registry["toy@v1"].released


def test_a_file_beside_a_version_can_be_imported_by_its_bare_name_and_is_part_of_the_digest(toys: Path) -> None:
    (toys / "toy" / "helper.py").write_text("ONE = 1\n")
    (toys / "toy" / "v2.py").write_text(TOY + "from . import helper\n")
    before = Registry([toys])["toy@v2"].digest
    (toys / "toy" / "helper.py").write_text("ONE = 2\n")

    assert Registry([toys])["toy@v2"].digest != before


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import no_such_module_at_all", r"ModuleNotFoundError \(v1.py, line 1\): .*no_such_module_at_all"),
        ("import v1", r"No module named 'v1'\. A grader imports files of its own folder, as `from \.NAME import"),
        ("import toy.helper", r"No module named 'toy'\. A grader imports files of its own folder"),
        ("import sys\nsys.exit(3)\n", r"Cannot be loaded: SystemExit \(v1.py, line 2\): 3"),
        ("class Odd(BaseException):\n    pass\nraise Odd('no')\n", r"Cannot be loaded: Odd \(v1.py, line 3\): no"),
        ("class Odd(Exception):\n    __str__ = None\nraise Odd\n", r"Odd \(v1.py, line 3\): \(it cannot say what\)"),
        (TOY + "__doc__ = 3\n", "Cannot be loaded: AttributeError"),
        (TOY + "SMALL_MAX_BYTES = 'many'\n", "Cannot be loaded: ValueError.*'many'"),
    ],
)
def test_one_broken_grader_does_not_stop_the_others(toys: Path, source: str, why: str) -> None:
    (toys / "broken").mkdir()
    (toys / "broken" / "v1.py").write_text(source)

    registry = Registry([toys])

    assert registry["toy@v1"]
    assert re.search(why, registry.unhealthy["broken@v1"])


@pytest.mark.parametrize(
    "source",
    ["while True: pass\n", "while True:\n    try:\n        sum(range(1000))\n    except Exception:\n        pass\n"],
)
def test_an_import_that_never_ends_is_interrupted(toys: Path, source: str) -> None:
    (toys / "toy" / "v2.py").write_text(source)
    [folder] = [found for found in find_folders([toys]) if found.name == "toy"]

    with pytest.raises(OutOfTime, match=r"more than 0\.1 s of CPU time"):
        load_version(folder, folder.versions()[2], cpu_s=0.1)

    assert load_version(folder, folder.versions()[1], cpu_s=60.0).VERDICTS == ("right", "wrong")
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


@pytest.mark.parametrize("value", ["2020-01-01", "nan"])
def test_a_case_with_a_value_that_no_request_can_hold_stops_its_grader_alone(toys: Path, value: str) -> None:
    (toys / "dated").mkdir()
    (toys / "dated" / "v1.py").write_text(TOY)
    (toys / "dated" / "cases.toml").write_text(
        f'[[case]]\nname = "first"\nwhy = ""\nsample = "a"\nitem = {{ label = "a", more = {value} }}\n'
        'expect.v1 = { reward = 1.0, verdict = "right" }\n'
    )

    registry = Registry([toys])

    assert "toy@v1" in registry.ids()
    assert "Case 'first' in cases.toml: " in registry.unhealthy["dated@v1"]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("why =", "wy =", "there is no field 'wy'. Did you mean 'why'? Known: name, why, item, sample, expect, "),
        ('sample = "a"\n', "", "the field 'sample' is missing."),
        (
            "verdict =",
            "verdikt =",
            "there is no field 'verdikt'. Did you mean 'verdict'? Known: reward, verdict, error.",
        ),
    ],
)
def test_a_slip_in_a_case_is_said_in_its_own_words(toys: Path, old: str, new: str, why: str) -> None:
    case = (
        '[[case]]\nname = "first"\nwhy = ""\nsample = "a"\nitem = {}\nexpect.v1 = { reward = 1.0, verdict = "right" }\n'
    )
    (toys / "toy" / "cases.toml").write_text(case.replace(old, new))

    assert f"Case 'first' in cases.toml: {why}" in Registry([toys]).unhealthy["toy@v1"]


def test_a_folder_that_is_not_named_like_a_grader_does_not_stop_the_others(toys: Path) -> None:
    (toys / "My-Grader").mkdir()
    (toys / "My-Grader" / "v1.py").write_text(TOY)

    registry = Registry([toys])

    assert "toy@v1" in registry.ids()
    assert "is not named like a grader" in registry.unhealthy["My-Grader"]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("strict.v1.toml", 'grader = "toy@v1"\nconfg = 3\n', "There is no field 'confg'. Did you mean 'config'?"),
        ("strict.v1.toml", 'grader = "toy@v1"\nconfig = 3\n', "The field 'config' is to be a table"),
        ("strict.v1.toml", 'grader = "toy@v1"\nitem_map = { a = 1 }\n', "'item_map' leads from"),
        ("strict.v1.toml", "[config]\nreward = 0.5\n", "The field 'grader' is missing"),
        (
            "strict.v1.toml",
            'grader = "toy@v1"\n[config]\nrewad = 1\n',
            "/config/rewad: There is no such field. Did you",
        ),
        ("strict.v1.toml", 'grader = "toy@v1"\n[item_map]\na = "labl"\n', "toy@v1 reads no item field 'labl'"),
        ("strict.v1.toml", 'grader = "toy@v7"\n', "Stands on toy@v7, which is not served"),
        ("strict.v1.toml", "grader = \n", "line 1"),
        ("strict.toml", 'grader = "toy@v1"\n', "NAME.vN.toml"),
        ("toy.v1.toml", 'grader = "finance_qa@v1"\n', "toy@v1 is not served: a grader or another recipe has this name"),
    ],
)
def test_one_broken_recipe_does_not_stop_the_others(toys: Path, name: str, text: str, why: str) -> None:
    file = toys / "toy" / "recipes" / name
    file.write_text(text)

    registry = Registry([toys])

    assert registry["toy@v1"].recipe is None
    assert {"half_toy@v1", "four_tier@v1"} <= set(registry.ids())
    [told] = [f"{key}: {reason}" for key, reason in registry.unhealthy.items()]
    assert str(file) in told
    assert why in told


def test_a_config_whose_validator_fails_does_not_stop_the_others(toys: Path) -> None:
    crashing = "    @field_validator('other')\n    def check(cls, value):\n        raise KeyError(value)\n"
    source = TOY.replace("    other: int = 0\n", "    other: int = 0\n" + crashing)
    (toys / "toy" / "v1.py").write_text(source.replace("ConfigDict\n", "ConfigDict, field_validator\n"))
    (toys / "toy" / "recipes" / "strict.v1.toml").write_text('grader = "toy@v1"\n[config]\nother = 3\n')

    registry = Registry([toys])

    assert {"toy@v1", "half_toy@v1"} <= set(registry.ids())
    assert "strict.v1.toml: toy@v1 raised KeyError (v1.py, line 13): 3" in registry.unhealthy["strict@v1"]


def test_a_line_of_the_lock_that_cannot_be_read_stops_only_what_it_is_about(toys: Path) -> None:
    (toys / "toy" / "v2.py").write_text(TOY)
    freeze(toys, "toy@v2", Registry([toys])["toy@v2"].digest)
    with (toys / "versions.lock").open("a") as lock:
        lock.write("<<<<<<< ours\ntoy@v1 sha256\nhalf_toy@v1\n")

    registry = Registry([toys])

    assert registry["toy@v2"].released
    assert {"toy@v1", "half_toy@v1"}.isdisjoint(registry.ids())
    file = toys / "versions.lock"
    assert f"{file}, line 4: wanted `ID sha256:DIGEST`, got 'toy@v1 sha256'" in registry.unhealthy["toy@v1"]
    assert f"{file}, line 5" in registry.unhealthy["half_toy@v1"]
    assert "<<<<<<< ours" in registry.unhealthy[f"{file}, line 3"]
    with pytest.raises(ValueError, match="line 3: wanted"):
        freeze(toys, "toy@v3", "sha256:1")


def test_a_released_version_without_its_file_is_missed(toys: Path) -> None:
    (toys / "toy" / "v2.py").write_text(TOY)
    digests = {id: Registry([toys])[id].digest for id in ("toy@v1", "toy@v2")}
    lines = [*(f"{id} {digest}\n" for id, digest in digests.items()), "gone@v1 sha256:00\n"]
    (toys / "versions.lock").write_text("".join(lines))
    (toys / "toy" / "v1.py").unlink()

    registry = Registry([toys])

    assert registry["toy@v2"].released
    assert {"toy@v1", "gone@v1"} <= registry.unhealthy.keys()
    told = f"gone@v1 is released, by a line of {toys / 'versions.lock'}, and there is no file"
    assert told in registry.unhealthy["gone@v1"]
    assert {"toy@v1", "gone@v1"}.isdisjoint(Registry([toys], without=["toy@v1", "gone@v1"]).unhealthy)


def test_two_digests_for_one_id_are_no_release(toys: Path) -> None:
    digest = Registry([toys])["toy@v1"].digest
    (toys / "versions.lock").write_text(f"toy@v1 {digest}\ntoy@v1 sha256:00\n")

    registry = Registry([toys])

    assert "toy@v1" not in registry.ids()
    assert "another line has another digest" in registry.unhealthy["toy@v1"]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("no_such_package.grader", "leads nowhere: ModuleNotFoundError: No module named 'no_such_package'"),
        ("no_such_package", "names nothing that can be imported"),
        ("brought.routing.v1", "names a module, not a package"),
        ("brought.exits.below", "leads nowhere: SystemExit: 3"),
        ("brought", '`routing = "brought.routing"`, one each'),
        ("brought.empty", "names a package without a v1.py"),
        ("brought.routing:grade", "names nothing that can be imported"),
    ],
)
def test_one_broken_entry_point_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, why: str
) -> None:
    files = {
        "brought/__init__.py": "",
        "brought/empty/__init__.py": "",
        "brought/exits/__init__.py": "import sys\nsys.exit(3)\n",
        "brought/routing/__init__.py": "",
        "brought/routing/v1.py": TOY,
        "brought-2.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: brought\nVersion: 2.0\n",
        "brought-2.0.dist-info/entry_points.txt": f"[rft_graders]\nbroken = {value}\nrouting = brought.routing\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)

    registry = Registry()

    assert registry["routing@v1"].origin == "distribution brought==2.0"
    assert f'The entry point `broken = "{value}"` of brought==2.0' in registry.unhealthy["broken"]
    assert why in registry.unhealthy["broken"]


def test_a_changed_released_version_is_not_served_and_says_what_to_do(toys: Path) -> None:
    freeze(toys, "toy@v1", Registry([toys])["toy@v1"].digest)
    assert Registry([toys])["toy@v1"].released
    (toys / "toy" / "v1.py").write_text(TOY + "# changed\n")

    registry = Registry([toys])

    assert "toy@v1" not in registry.ids()
    assert "and on all that it imports (files of its folder and of the kit, " in registry.unhealthy["toy@v1"]
    assert "Undo the change, or copy what changed to the next version" in registry.unhealthy["toy@v1"]


def test_freezing_another_digest_is_refused(toys: Path) -> None:
    freeze(toys, "toy@v1", "sha256:1")
    freeze(toys, "toy@v1", "sha256:1")

    with pytest.raises(ValueError, match="is released"):
        freeze(toys, "toy@v1", "sha256:2")


def test_a_name_found_twice_is_served_once_and_reported(toys: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "toy").mkdir(parents=True)
    (other / "toy" / "v1.py").write_text(TOY)

    registry = Registry([toys, other])

    assert registry["toy@v1"].origin == f"path {toys}"
    assert "Found twice" in registry.unhealthy["toy"]


def test_an_unknown_grader_names_the_nearest_and_an_unknown_version_the_versions(toys: Path) -> None:
    registry = Registry([toys])

    with pytest.raises(UnknownGrader, match=r"Did you mean 'toy@v1'\? Known graders: .*half_toy@v1"):
        registry["tory@v1"]
    with pytest.raises(UnknownGrader, match=r"Versions of toy: toy@v1\."):
        registry["toy@v7"]
    with pytest.raises(UnknownGrader, match=r"^No grader 'nope@v1'\. Known graders: "):
        registry["nope@v1"]


def test_whatever_a_grader_does_wrong_is_a_crash_of_the_grader(toys: Path) -> None:
    version = Registry([toys])["toy@v1"].version
    item, config = version.read_item({"label": "a"}), version.read_config({})

    with pytest.raises(GraderCrashed, match=r"raised RuntimeError in grade \(v1.py, line 13\): boom"):
        version.judge(Sample(output_text="raise"), item, config, [])
    with pytest.raises(GraderCrashed, match="a verdict of right, wrong"):
        version.judge(Sample(output_text="verdict"), item, config, [])
    with pytest.raises(GraderCrashed, match=r"a reward in \[0, 1\]"):
        version.judge(Sample(output_text="a"), item, version.read_config({"reward": 1.5}), [])


def test_a_bad_item_and_a_bad_config_point_to_the_place(toys: Path) -> None:
    version = Registry([toys])["toy@v1"].version

    with pytest.raises(InvalidItem) as item:
        version.read_item({"label": 3})
    with pytest.raises(InvalidConfig) as config:
        version.read_config({"rewad": 1})

    assert [fault.pointer for fault in item.value.faults] == ["/item/label"]
    assert [fault.pointer for fault in config.value.faults] == ["/config/rewad"]


def test_a_recipe_merges_shallowly_and_its_digest_covers_the_chain(toys: Path) -> None:
    registry = Registry([toys])
    base = registry["half_toy@v1"]
    top = registry.resolve(Recipe("top", 1, "half_toy@v1", {"other": 2}, {"gold": "label"}), base)

    assert top.config == {"reward": 0.5, "other": 2}
    assert top.mapped({"gold": "a", "label": "ignored", "more": 1}) == {"label": "a", "more": 1}
    assert top.mapped({"label": "not the gold", "more": 1}) == {"more": 1}
    assert "gold" in top.columns
    assert "label" not in top.columns
    (toys / "toy" / "v1.py").write_text(TOY + "# changed\n")
    changed = Registry([toys])
    assert changed.resolve(top.recipe, changed["half_toy@v1"]).digest != top.digest


def test_columns_are_followed_through_a_chain_and_faults_name_the_caller_s(toys: Path) -> None:
    registry = Registry([toys])
    inner = registry.resolve(Recipe("inner", 1, "toy@v1", {}, {"gold": "label"}), registry["toy@v1"])
    outer = registry.resolve(Recipe("outer", 1, "inner@v1", {}, {"answer": "gold"}), inner)

    assert outer.item_map == {"answer": "label"}
    assert outer.as_sent(Fault("/item/label", "wrong")).pointer == "/item/answer"
    odd = registry.resolve(Recipe("odd", 1, "toy@v1", {}, {"a/b~c": "label"}), registry["toy@v1"])
    assert odd.as_sent(Fault("/item/label/0", "wrong")).pointer == "/item/a~1b~0c/0"


def test_an_item_map_that_names_no_field_is_refused_with_a_hint(toys: Path) -> None:
    registry = Registry([toys])

    with pytest.raises(InvalidConfig, match="looks turned round"):
        registry.resolve(Recipe("wrong", 1, "toy@v1", {}, {"label": "gold"}), registry["toy@v1"])


def test_a_request_may_not_change_a_recipe_s_config(toys: Path) -> None:
    with pytest.raises(InvalidConfig, match=r"call toy@v1"):
        Registry([toys])["half_toy@v1"].with_config({"reward": 1.0})


@pytest.mark.parametrize(
    "id", ["toy", "toy@1", "toy@v0", "toy@v01", "Toy@v1", "toy@v1 ", "../toy@v1", "toy@v9999999999"]
)
def test_only_name_and_version_make_an_id(id: str) -> None:
    with pytest.raises(ValueError, match="is not a grader id"):
        parse_id(id)
