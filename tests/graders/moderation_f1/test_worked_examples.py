"""The worked examples of the reference that are about one sample, where the outside data is present."""

import json
from typing import Any

import pytest

from graders.api import Sample
from graders.errors import InvalidItem
from graders.moderation_f1 import v1
from graders.moderation_f1.reading import read
from tests.data import data_folder


def rows(op: str) -> list[dict[str, Any]]:
    file = data_folder("data/moderation") / "worked_examples.jsonl"
    return [row for row in map(json.loads, file.read_text("utf-8").splitlines()) if row["op"] == op]


def taxonomy(name: str) -> Any:
    return json.loads((data_folder("data/moderation") / "taxonomy_demo.json").read_text()) if name == "demo" else name


def test_every_output_is_read_as_the_reference_says() -> None:
    found = rows("parse")

    assert len(found) == 44
    for row in found:
        mode = "flag" if row["format"] in {"yes_no", "wildguard", "fields"} else "set"
        config = v1.Config.model_validate(
            {
                "taxonomy": taxonomy(row["taxonomy"]), "format": row["format"], "mode": mode, "reward": "set_f",
                **row.get("options", {}),
            }
        )  # fmt: skip
        reading = read(row["output"], config)
        answer = reading.answer
        assert row["expected"] == {
            "ok": answer is not None,
            "labels": config.labels.listed(answer.labels) if answer else [],
            "unknown": list(answer.unknown) if answer else [],
            "flagged": answer.flagged if answer else None,
            "abstain": answer is not None and answer.is_abstention,
            "verdict": answer.verdict if answer else None,
            "error": reading.failure.code if reading.failure else None,
        }, row["id"]


def test_every_answer_is_counted_and_paid_as_the_reference_says() -> None:
    found = rows("grade")

    assert len(found) == 33
    for row in found:
        known = row["config"].pop("known", None)
        fields = {"taxonomy": taxonomy(row["taxonomy"]), "format": row["format"], **row["config"]}
        config, item = v1.Config.model_validate(fields), v1.Item.model_validate({"gold": row["gold"], "known": known})
        expected = row["expected"]
        if "reward" not in expected:
            with pytest.raises(InvalidItem, match=expected["error"]):
                v1.grade(Sample(output_text=row["output"]), item, config, ())
            continue
        grade = v1.grade(Sample(output_text=row["output"]), item, config, ())
        assert grade.reward == pytest.approx(expected["reward"], abs=1e-12), row["id"]
        counts = {name: grade.details[name] for name in ("tp", "fp", "fn", "tn", "invalid")}
        assert counts == {name: expected[name] for name in counts}, row["id"]
        assert grade.details["parse_error"] == expected.get("error"), row["id"]
        assert (grade.verdict == "abstained") == (expected["status"] == "abstain"), row["id"]
