"""Worked examples of `moderation_f1` and of the intervals, row by row, through the code that answers in the service."""

import math
from typing import Any

from evaluations.intervals import f1_interval, f1_standard_error, unpaired
from graders.api import Member, Sample
from graders.errors import InvalidItem
from graders.moderation_f1 import v1
from graders.moderation_f1.reading import read
from graders.registry import Registry

_VERSION = Registry()["moderation_f1@v1"].version
_TOLERANCE = 1e-9
# Gold and answer in mode `flag`, by true positives, false positives and false negatives.
_FLAGS = {(1, 0, 0): (True, True), (0, 1, 0): (False, True), (0, 0, 1): (True, False), (0, 0, 0): (False, False)}
# Formats that say whether, not what.
_VERDICT_FORMATS = {"yes_no", "wildguard", "fields"}


def differences(row: dict[str, Any], demo: dict[str, Any]) -> list[str]:
    """What is found for `row` and differs from what it expects; `demo` is the taxonomy of that name."""
    ways = {
        "parse": lambda: _parse(row, demo),
        "grade": lambda: _grade(row, demo),
        "team": lambda: _credit(row),
        "marginal": lambda: _credit(row),
        "interval": lambda: _interval(*row["counts"]),
        "unpaired": lambda: _unpaired(row["a"], row["b"]),
    }
    found, expected = ways[row["op"]](), row["expected"]
    return [
        f"{name}: {found.get(name)!r}, not {value!r}"
        for name, value in expected.items()
        if name not in found or not _equal(found[name], value)
    ]


def _parse(row: dict[str, Any], demo: dict[str, Any]) -> dict[str, Any]:
    mode = "flag" if row["format"] in _VERDICT_FORMATS else "set"
    config = _config(row, demo, mode=mode, reward="set_f", **row.get("options", {}))
    reading = read(row["output"], config)
    answer = reading.answer
    return {
        "ok": answer is not None,
        "labels": config.labels.listed(answer.labels) if answer else [],
        "unknown": list(answer.unknown) if answer else [],
        "flagged": answer.flagged if answer else None,
        "abstain": answer is not None and answer.is_abstention,
        "verdict": answer.verdict if answer else None,
        "error": reading.failure.code if reading.failure else None,
    }


def _grade(row: dict[str, Any], demo: dict[str, Any]) -> dict[str, Any]:
    given = dict(row["config"])
    item = v1.Item.model_validate({"gold": row["gold"], "known": given.pop("known", None)})
    try:
        grade = v1.grade(Sample(output_text=row["output"]), item, _config(row, demo, **given), ())
    except InvalidItem as error:
        return {
            "error": row["expected"].get("error") if str(row["expected"].get("error")) in str(error) else str(error)
        }
    status = {"abstained": "abstain", "parse_failed": "parse_failed"}.get(grade.verdict, "ok")
    return {**grade.details, "reward": grade.reward, "status": status, "error": grade.details["parse_error"]}


def _config(row: dict[str, Any], demo: dict[str, Any], **given: Any) -> v1.Config:
    taxonomy = demo if row["taxonomy"] == "demo" else row["taxonomy"]
    return v1.Config.model_validate({"taxonomy": taxonomy, "format": row["format"], **given})


def _credit(row: dict[str, Any]) -> dict[str, Any]:
    config = _VERSION.read_config({"mode": "flag", "f_ref": 0.5})
    credit: dict[str, Any] = {"kind": row["op"]}
    if "prior" in row:
        credit["prior"] = dict(zip(("tp", "fp", "fn"), row["prior"], strict=True))
    places: dict[int, int] = {}
    members = []
    for sample in row["rows"]:
        corpus = sample["corpus"]
        places[corpus] = places.get(corpus, -1) + 1
        gold, answer = _FLAGS[sample["tp"], sample["fp"], sample["fn"]]
        item = v1.Item.model_validate({"gold": gold})
        said = Sample(output_json={"flagged": answer})
        members.append(Member(_VERSION.judge(said, item, config, []), item, f"i{places[corpus]}", corpus))
    return {"rewards": list(_VERSION.credit(members, config, _VERSION.read_credit(credit)).rewards)}


def _interval(tp: int, fp: int, fn: int) -> dict[str, Any]:
    found, both = f1_interval(tp, fp, fn, 0.95), 2 * tp + fp + fn
    return {
        "wilson": found and list(found),
        "se": f1_standard_error(tp, fp, fn),
        "f1": 2 * tp / both if both else None,
    }


def _unpaired(a: list[int], b: list[int]) -> dict[str, Any]:
    found = unpaired((a[0], a[1], a[2]), (b[0], b[1], b[2]))
    return {} if found is None else {"delta": found.difference, "z": found.z, "p": found.p}


def _equal(found: Any, expected: Any) -> bool:
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(_equal, found, expected))
    if isinstance(expected, float) and isinstance(found, float | int):
        return math.isclose(found, expected, abs_tol=_TOLERANCE, rel_tol=0)
    return bool(found == expected)
