"""A digest changes exactly when something that decides rewards changes."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path
from unittest.mock import patch

import pytest

import sandbox
from graders.api import SANDBOX_VERSION
from graders.digest import digest_of
from graders.discovery import GraderFolder


@pytest.fixture
def roots(tmp_path: Path) -> dict[str, Path]:
    files = {
        "graders/api.py": "",
        "graders/errors.py": "",
        "graders/kit/__init__.py": "",
        "graders/kit/numbers.py": "from graders.kit import words\n",
        "graders/kit/words.py": "",
        "graders/kit/unused.py": "",
        "graders/toy/v1.py": "from graders.kit.numbers import x\nfrom graders.api import Grade\nimport pydantic\n",
        "graders/toy/v1.words.toml": "a = 1\n",
        "graders/toy/v2.py": "",
    }
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return {"graders": tmp_path / "graders"}


@pytest.mark.parametrize("name", ["toy/v1.py", "toy/v1.words.toml", "kit/numbers.py", "kit/words.py"])
def test_what_decides_rewards_is_in_the_digest(roots: dict[str, Path], name: str) -> None:
    before = digest_of("graders.toy.v1", roots)

    with (roots["graders"] / name).open("a") as file:
        file.write("# changed\n")

    assert digest_of("graders.toy.v1", roots) != before


@pytest.mark.parametrize("name", ["toy/v2.py", "kit/unused.py", "api.py", "errors.py"])
def test_nothing_else_is(roots: dict[str, Path], name: str) -> None:
    before = digest_of("graders.toy.v1", roots)

    with (roots["graders"] / name).open("a") as file:
        file.write("# changed\n")

    assert digest_of("graders.toy.v1", roots) == before


def test_the_sandbox_counts_where_programs_are_run(roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    plain = digest_of("graders.toy.v1", roots)
    with (roots["graders"] / "toy/v2.py").open("a") as file:
        file.write("def plan(sample, item, config): return []\n")
    planning = digest_of("graders.toy.v2", roots)

    monkeypatch.setattr("graders.digest.SANDBOX_VERSION", SANDBOX_VERSION + 1)

    assert digest_of("graders.toy.v2", roots) != planning
    assert digest_of("graders.toy.v1", roots) == plain


def test_the_sandbox_has_one_version() -> None:
    assert sandbox.VERSION == SANDBOX_VERSION


def test_a_further_import_counts_by_its_distribution_and_version(roots: dict[str, Path]) -> None:
    before = digest_of("graders.toy.v1", roots)

    with (roots["graders"] / "toy/v1.py").open("a") as file:
        file.write("import yaml\n")
    with_yaml = digest_of("graders.toy.v1", roots)
    (roots["graders"] / "toy/v1.py").write_text((roots["graders"] / "toy/v1.py").read_text().replace("yaml", "json"))

    assert len({before, with_yaml, digest_of("graders.toy.v1", roots)}) == 3


def test_msgspec_counts_where_others_import_it_and_not_where_the_kit_does(
    roots: dict[str, Path], tmp_path: Path
) -> None:
    """The kit is made of its Structs; somebody else's grader may read samples with it."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other/v1.py").write_text("from graders.kit.words import x\nimport msgspec\n")
    roots |= {"other": tmp_path / "other"}
    (roots["graders"] / "kit/words.py").write_text("from msgspec import Struct\n")
    found = [digest_of(name, roots) for name in ("graders.toy.v1", "other.v1")]

    with patch("importlib.metadata.version", return_value="999"):
        with_another = [digest_of(name, roots) for name in ("graders.toy.v1", "other.v1")]

    assert with_another[0] == found[0]
    assert with_another[1] != found[1]


def test_an_import_that_may_fail_counts_whether_it_does(
    roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = roots["graders"].parent / "elsewhere"
    (other / "faster-1.0.dist-info").mkdir(parents=True)
    (other / "faster-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: faster\nVersion: 1.0\n")
    (other / "faster.py").write_text("")
    (other / "loose.py").write_text("")
    with (roots["graders"] / "toy/v1.py").open("a") as file:
        file.write("try:\n    import faster\nexcept ImportError:\n    faster = None\n")
    without = digest_of("graders.toy.v1", roots)

    monkeypatch.syspath_prepend(other)

    assert digest_of("graders.toy.v1", roots) != without
    (roots["graders"] / "toy/v2.py").write_text("import loose\n")
    with pytest.raises(PackageNotFoundError, match="loose"):
        digest_of("graders.toy.v2", roots)


def test_both_spellings_of_an_import_are_followed(roots: dict[str, Path]) -> None:
    for spelling in ("from graders.kit import words", "from graders.kit.words import x", "import graders.kit.words"):
        (roots["graders"] / "toy/v2.py").write_text(spelling)
        before = digest_of("graders.toy.v2", roots)
        words = roots["graders"] / "kit/words.py"
        words.write_text(words.read_text() + "# again\n")

        assert digest_of("graders.toy.v2", roots) != before, spelling


def test_the_place_of_the_checkout_does_not_matter(roots: dict[str, Path], tmp_path: Path) -> None:
    before = digest_of("graders.toy.v1", roots)
    moved = tmp_path / "elsewhere"
    roots["graders"].rename(moved)

    assert digest_of("graders.toy.v1", {"graders": moved}) == before


def test_the_sandbox_counts_whatever_names_the_plan(roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    ways = ["from graders.kit.words import plan\n", "from graders.kit.words import x as plan\n", "plan = print\n"]
    (roots["graders"] / "kit/words.py").write_text("def plan(*_): return []\n")

    def digests() -> list[str]:
        found = []
        for way in ways:
            (roots["graders"] / "toy/v2.py").write_text(way)
            found.append(digest_of("graders.toy.v2", roots))
        return found

    before = digests()
    monkeypatch.setattr("graders.digest.SANDBOX_VERSION", SANDBOX_VERSION + 1)

    assert all(old != new for old, new in zip(before, digests(), strict=True))


def test_what_graders_of_a_distribution_share_counts_by_its_source(tmp_path: Path) -> None:
    """And not by the distribution's version: its next release would withdraw every released version."""
    files = {
        "acme/__init__.py": "",
        "acme/common.py": "BOOST = 1.0\n",
        "acme/unused.py": "",
        "acme/routing/v1.py": "from acme.common import BOOST\n",
        "acme/triage/v1.py": "from ..common import BOOST\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    folders = [
        GraderFolder(name, tmp_path / "acme" / name, f"acme.{name}", "distribution acme==1.0")
        for name in ("routing", "triage")
    ]

    def digests() -> list[str]:
        return [digest_of(f"{folder.package}.v1", folder.source_roots) for folder in folders]

    before = digests()
    (tmp_path / "acme/unused.py").write_text("# changed\n")
    same = digests()
    (tmp_path / "acme/common.py").write_text("BOOST = 0.5\n")

    assert same == before
    assert all(old != new for old, new in zip(before, digests(), strict=True))
