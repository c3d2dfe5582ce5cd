"""Published tables of content moderation are reproduced cell by cell, where the outside data is present."""

import json
from pathlib import Path

import pytest

from bench import moderation_tables
from tests.data import data_folder


def test_every_cell_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    folder = data_folder("data/moderation")

    assert moderation_tables.main(folder) == 0, capsys.readouterr().out
    assert len(list(moderation_tables.hatecheck_published(folder))) == 196
    assert len(list(moderation_tables.worked_examples(folder))) == 87


@pytest.mark.parametrize("name", ["hatecheck", "xstest", "openai_mod"])
def test_a_cell_that_disagrees_is_found(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data_folder("data/moderation")
    for file in folder.iterdir():
        (tmp_path / file.name).symlink_to(file)
    expected = json.loads((folder / f"expected_{name}.json").read_text())
    [table, key] = {
        "hatecheck": [expected.get("bert_d", {}).get("exact"), "f1_hateful"],
        "xstest": [expected.get("gpt4", {}).get("strmatch"), "macro_known_labels"],
        "openai_mod": [expected.get("masked"), "samples_f1_zd1"],
    }[name]
    table[key] += 1e-8
    (tmp_path / f"expected_{name}.json").unlink()
    (tmp_path / f"expected_{name}.json").write_text(json.dumps(expected))

    assert moderation_tables.main(tmp_path) == 1
    assert "expected 0." in capsys.readouterr().out
