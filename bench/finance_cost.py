"""What one judgement of finance_qa@v1 costs: `python bench/finance_cost.py [PATH]`.

Timed: the item validated from a dict, the sample built, the grade. Each input is judged several times and its fastest
time counts, for the machine does other things too. With PATH (a folder with `proposed_examples.jsonl` and
`pairs_human.jsonl`, see finance_agreement.py) it times those; always the cases beside the grader and hostile inputs.
Exit code 0 only if every target is met.
"""

import json
import statistics
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.outside import data_folder
from graders.api import Sample
from graders.finance_qa import v1

ROOT = Path(__file__).parent.parent
REPEATS = 9
_CONFIG = v1.Config()
_SIZE = 200_000


class Call(NamedTuple):
    """One judgement to time."""

    item: dict[str, Any]
    output: str


class Cost(NamedTuple):
    """Microseconds a judgement, and what they may be."""

    name: str
    calls: int
    median_us: float
    worst_us: float
    limit_us: float
    is_worst_limited: bool = False

    @property
    def is_met(self) -> bool:
        return (self.worst_us if self.is_worst_limited else self.median_us) <= self.limit_us


def main(folder: Path | None) -> int:
    """Prints the table; returns the exit code."""
    costs = [_cost("cases", cases(), 100.0)]
    if folder:
        costs += [_cost("worked examples", worked_examples(folder), 60.0), _cost("prose", human_pairs(folder), 300.0)]
    costs += [
        _cost(f"hostile: {name}", [Call(item, output) for item in HOSTILE_ITEMS], 50_000.0, is_worst_limited=True)
        for name, output in hostile_outputs(_SIZE)
    ]
    table = Table("what", "calls", "median us", "worst us", "limit us", "met")
    for cost in costs:
        limit = f"{cost.limit_us:,.0f} {'worst' if cost.is_worst_limited else 'median'}"
        met = "yes" if cost.is_met else "NO"
        table.add_row(cost.name, str(cost.calls), f"{cost.median_us:,.1f}", f"{cost.worst_us:,.1f}", limit, met)
    Console().print(table)
    return 0 if all(cost.is_met for cost in costs) else 1


def cases() -> list[Call]:
    """The cases beside the grader that have a text and a config of their own nowhere."""
    table = tomllib.loads((ROOT / "graders/finance_qa/cases.toml").read_text("utf-8"))
    return [
        Call(case["item"], case["sample"])
        for case in table["case"]
        if isinstance(case["sample"], str) and "error" not in case["expect"]["v1"] and len(case["sample"]) < 1_000
    ]


def worked_examples(folder: Path) -> list[Call]:
    return [Call(_item(row), row["prediction"]) for row in _rows(folder / "proposed_examples.jsonl")]


def _item(row: dict[str, Any]) -> dict[str, Any]:
    spec = {**row["spec"], "mode": "prose"}
    exact, question = spec.pop("exact", None), spec.pop("question", None)
    return {"reference": row["reference"], "reference_exact": exact, "question": question, "spec": spec}


def human_pairs(folder: Path) -> list[Call]:
    return [
        Call(
            {"reference": row["reference"], "question": row["question"], "spec": {**row["hints"], "mode": "prose"}},
            row["prediction"],
        )
        for row in _rows(folder / "pairs_human.jsonl")
        if row["subset"] == "strict_numeric"
    ]


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


# One item per way to read: strict and prose, a number, a set, a word, with every look that a spec can ask for.
HOSTILE_ITEMS: list[dict[str, Any]] = [
    {"reference": "94"},
    {"reference": "94", "spec": {"mode": "prose"}},
    {"reference": "$94", "spec": {"mode": "prose", "scale": "million", "answer_only": True, "container": "json"}},
    {"reference_set": ["94", "95%", "1/3"], "spec": {"answer_only": True, "locale": "de"}},
    {"reference": "yes", "spec": {"mode": "prose"}},
]

_PATTERNS: dict[str, str] = {
    "digits": "9",
    "1,000": "1,000",
    "1,000 and a blank": "1,000 ",
    "1,0001,000": "1,0001,000,",
    "nested boxes": r"\boxed{",
    "boxes": r"\boxed{1}",
    "different boxes": r"\boxed{%d}",
    "open tags": "<answer>",
    "tags": "<answer>1</answer>",
    "different tags": "<answer>%d</answer>",
    "headings": "####\n",
    "headings with numbers": "#### 1\n",
    "answer:": "answer:",
    "answer: 1": "answer: 1 ",
    "answer is": "the answer is ",
    "answer fields": '"answer": "',
    "open JSON": '{"answer":',
    "JSON lists": '{"answer":[',
    "JSON with units": '{"answer":1,"unit":"m"}',
    "different JSON with units": '{"unit":"m","answer":%d}',
    "open braces": "{",
    "open brackets": "[",
    "parentheses": "(",
    "numbers in parentheses": "((1)",
    "or": "or ",
    "1 or": "1 or ",
    "2015 or": "2015 or ",
    "ten or": "ten or ",
    "1 or ten": "1 or ten ",
    "Note 5": "Note 5\n",
    "therefore": "therefore ",
    "therefore 1": "therefore 1. ",
    "a decrease of": "a decrease of ",
    "decrease of 1": "a decrease of 1 ",
    "arrows": "▼",
    "numbers with arrows": "1 ▼ ",
    "bullets": "- \n",
    "dates": "12/31/2018, ",
    "dollar signs": "$",
    "minus signs": "- ",
    "signed numbers": "- 1 ",
    "fractions": "1/2 ",
    "slashes": "1/",
    "powers": "10^9",
    "powers of powers": "9**9",
    "scale notes": "1 (in millions of ",
    "compounds": "1兆2億",
    "superscripts": "10²",
    "combining marks": "1\u0301",
    "zero width": "1\u200b",
    "ligatures": "㍿1",
    "full width": "１，",
    "LaTeX": r"\frac{1}{2}",
    "backslashes": "\\",
    "blanks": " ",
    "lines": "1\n",
    "full stops": "1. ",
    "equals": "= 1 ",
    "yes": "yes ",
    "not yes": "not a yes ",
    "letters": "a",
    "words": "word ",
    "underscores": "_",
    "stars": "*1",
}


def hostile_outputs(size: int) -> Iterator[tuple[str, str]]:
    """Named texts of `size` characters that are made to cost as much as they can."""
    yield "20,000 digits", "9" * 20_000
    yield "5,000 nested boxes", r"\boxed{" * 5_000
    yield "5,000 closed nested boxes", r"\boxed{" * 5_000 + "94" + "}" * 5_000
    yield "20,000 of 1,0001,000", ("1,0001,000," * 2_000)[:20_000]
    for name, pattern in _PATTERNS.items():
        times = size // len(pattern) + 1
        text = "".join(pattern % number for number in range(times)) if "%d" in pattern else pattern * times
        yield name, text.encode()[:size].decode(errors="ignore")


def _cost(name: str, calls: list[Call], limit_us: float, is_worst_limited: bool = False) -> Cost:
    repeats = 3 if is_worst_limited else REPEATS
    times = [min(_time_us(call) for _ in range(repeats)) for call in calls]
    return Cost(name, len(calls), statistics.median(times), max(times), limit_us, is_worst_limited)


def _time_us(call: Call) -> float:
    start = perf_counter()
    v1.grade(Sample(output_text=call.output), v1.Item.model_validate(call.item), _CONFIG, ())
    return (perf_counter() - start) * 1e6


if __name__ == "__main__":
    files = ("proposed_examples.jsonl", "pairs_human.jsonl")
    sys.exit(main(data_folder(__doc__, *files) if len(sys.argv) > 1 else None))
