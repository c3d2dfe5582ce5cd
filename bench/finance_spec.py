"""How much of what a financial question says is read: `python bench/finance_spec.py PATH`.

PATH is the folder of the FinanceBench results as JSON lines (`pairs_human.jsonl`: `question`, and `hints` with the
unit, scale, currency and decimals that a person read off it). Where it holds FinQA and TAT-QA too (`finqa_gold.jsonl`,
`tatqa_gold.jsonl`), their right answers show how often a unit that was read is also borne out.

Public sources: patronus-ai/financebench `results/` (CC-BY-NC-4.0, only measured, never copied); czyssrs/FinQA (MIT);
NExTplusplus/TAT-QA (CC-BY-4.0).
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.outside import data_folder
from graders.finance_qa.questions import Reading, derive_spec

TARGET_SHARE = 0.95

# What the right answer of a question with that unit looks like.
BORNE_OUT = {
    "percent": re.compile(r".*%.*"),
    "ratio": re.compile(r"[^%]*"),
    "count": re.compile(r"[\d,]+"),
    "year": re.compile(r"(?:19|20)\d\d"),
}


def main(path: Path) -> None:
    out = Console()
    share = _report_hints(out, _hints(path / "pairs_human.jsonl"))
    _report_golds(out, [*_golds(path / "finqa_gold.jsonl"), *_golds(path / "tatqa_gold.jsonl")])
    met = share >= TARGET_SHARE
    out.print(f"{share:.1%} of the hint fields reproduced; target {TARGET_SHARE:.0%}: {'met' if met else 'NOT met'}")
    if not met:
        sys.exit(1)


def _hints(file: Path) -> dict[str, dict[str, Any]]:
    """Question -> hints, each question once: its rows differ only in the model that answered."""
    return {row["question"]: row["hints"] for row in _read(file)}


def _golds(file: Path) -> Iterator[tuple[str, str]]:
    """Question and answer of the rows that have a number for an answer, with "%" where the scale says percent."""
    for row in _read(file) if file.exists() else ():
        answer = row["answer"]
        text = answer[0] if isinstance(answer, list) and len(answer) == 1 else str(answer or "")
        if text and text not in {"yes", "no"}:
            yield row["question"], text + ("%" if row.get("scale") == "percent" and "%" not in text else "")


def _read(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _report_hints(out: Console, hints: dict[str, dict[str, Any]]) -> float:
    """Prints the share per field, what was missed or read otherwise, and what was read beyond the hints."""
    asked, right = Counter[str](), Counter[str]()
    beyond = Counter[str]()
    for question, wanted in hints.items():
        reading = derive_spec(question)
        asked.update(wanted.keys())
        right.update(name for name, value in wanted.items() if reading.spec.get(name) == value)
        beyond.update(f"{name} {value}" for name, value in reading.spec.items() if name not in wanted)
        for name, value in wanted.items():
            if reading.spec.get(name) != value:
                out.print(f"{name}: wanted {value!r}, {_said(reading, name)}: {question[:120]}", markup=False)
    table = Table("field", "hints", "reproduced", "share", title=f"{len(hints)} questions of FinanceBench")
    for name, count in asked.most_common():
        table.add_row(name, str(count), str(right[name]), f"{right[name] / count:.1%}")
    out.print(table)
    out.print(f"Read beyond the hints: {', '.join(f'{claim} x{n}' for claim, n in beyond.most_common()) or 'nothing'}")
    return right.total() / asked.total()


def _said(reading: Reading, name: str) -> str:
    return f"read {reading.spec[name]!r} from {reading.words[name].text!r}" if name in reading.spec else "read nothing"


def _report_golds(out: Console, golds: list[tuple[str, str]]) -> None:
    """Prints how often a unit is borne out by the right answer, and each claim that is not."""
    claimed, borne_out = Counter[str](), Counter[str]()
    for question, answer in golds:
        reading = derive_spec(question)
        unit = str(reading.spec.get("unit", ""))
        if unit not in BORNE_OUT:
            continue
        claimed[unit] += 1
        if BORNE_OUT[unit].fullmatch(answer):
            borne_out[unit] += 1
        else:
            out.print(f"{_said(reading, 'unit')}, but the answer is {answer}: {question[:120]}", markup=False)
    table = Table("unit", "claimed", "borne out", "share", title=f"{len(golds)} answered questions of FinQA and TAT-QA")
    for unit, count in claimed.most_common():
        table.add_row(unit, str(count), str(borne_out[unit]), f"{borne_out[unit] / count:.1%}")
    out.print(table)


if __name__ == "__main__":
    main(data_folder(__doc__, "pairs_human.jsonl"))
