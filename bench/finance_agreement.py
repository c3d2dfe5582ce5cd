"""How well finance_qa@v1 agrees with people and with facts: `python bench/finance_agreement.py PATH`.

PATH is a folder with the measuring sets as JSON lines (never part of this project):
  pairs_human.jsonl         FinanceBench answers of 16 model configurations, each judged by a person
                            (patronus-ai/financebench `results/`, CC-BY-NC-4.0: measure with it, never copy it)
  tatqa_metric_cases.jsonl  a right number of TAT-QA in many notations, of the same value and of others
  finqa_gold.jsonl, tatqa_gold.jsonl  the right answers of czyssrs/FinQA (MIT) and NExTplusplus/TAT-QA (CC-BY-4.0)
  proposed_examples.jsonl   worked examples of the semantics

Prints one table and what fell short; exit code 0 only if every target is met.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.outside import data_folder
from graders.api import Grade, Sample
from graders.errors import InvalidItem
from graders.finance_qa import v1

FILES = (
    "pairs_human.jsonl", "tatqa_metric_cases.jsonl", "finqa_gold.jsonl", "tatqa_gold.jsonl", "proposed_examples.jsonl",
)  # fmt: skip
CORRECT = 0.6
SAME_VALUE = 0.8
_CONFIG = v1.Config()
_SCALES = {"thousand": 3, "million": 6, "billion": 9, "percent": -2}


class Measure(NamedTuple):
    """One number, its target, and the cases that fell short."""

    name: str
    share: float
    is_met: bool
    target: str
    calls: int
    misses: list[str]
    note: str = ""


def main(folder: Path) -> int:
    """Prints the table; returns the exit code."""
    measures = [
        *human_pairs(folder),
        *worked_examples(folder),
        *notations(folder),
        *own_references(folder),
        *attacks(folder),
    ]
    out = Console(soft_wrap=True)
    table = Table("what", "share", "target", "of", "met", "note")
    for measure in measures:
        table.add_row(
            measure.name,
            f"{measure.share:.2%}",
            measure.target,
            str(measure.calls),
            "yes" if measure.is_met else "NO",
            measure.note,
        )
    for measure in measures:
        for miss in measure.misses:
            out.print(f"{measure.name}: {miss}", markup=False, highlight=False)
    out.print(table)
    return 0 if all(measure.is_met for measure in measures) else 1


def grade(item: dict[str, Any], output: str) -> Grade:
    return v1.grade(Sample(output_text=output), v1.Item.model_validate(item), _CONFIG, ())


def _at_least(name: str, right: int, count: int, target: float, misses: list[str], note: str = "") -> Measure:
    share = right / count
    return Measure(name, share, share >= target, f">= {target:.1%}", count, misses, note)


def _at_most(name: str, wrong: int, count: int, target: float, misses: list[str], note: str = "") -> Measure:
    share = wrong / count
    return Measure(name, share, share <= target, f"<= {target:.1%}", count, misses, note)


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    with (folder / name).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


# --- People ---


def human_pairs(folder: Path) -> Iterator[Measure]:
    """Reward >= 0.6 against the label of a person, in prose mode."""
    rows = [row for row in _rows(folder, "pairs_human.jsonl") if row["subset"] == "strict_numeric"]
    wrong: list[str] = []
    false_positives: list[str] = []
    for row in rows:
        item = {"reference": row["reference"], "question": row["question"], "spec": {**row["hints"], "mode": "prose"}}
        found = grade(item, row["prediction"])
        if (found.reward >= CORRECT) != row["human_correct"]:
            miss = f"{row['id']}: a person says {row['human_correct']}, {found.reward:g}: {found.reason}"
            wrong.append(miss)
            if found.reward >= CORRECT:
                false_positives.append(miss)
    yield _at_least("agreement with people", len(rows) - len(wrong), len(rows), 0.975, wrong)
    yield _at_most("... false positives", len(false_positives), len(rows), 0.015, [])


# --- The semantics ---


def worked_examples(folder: Path) -> Iterator[Measure]:
    """Every worked example as specified in prose mode; what strict mode does otherwise is listed."""
    rows = _rows(folder, "proposed_examples.jsonl")
    misses: list[str] = []
    strict: list[str] = []
    for row in rows:
        for mode, found_in in (("prose", misses), ("strict", strict)):
            found = grade(_example_item(row, mode), row["prediction"])
            if found.reward != row["score"]:
                found_in.append(
                    f"row {row['n']} {row['prediction'][:50]!r}: {row['score']}, not {found.reward:g}: {found.reason}"
                )
    yield _at_least("worked examples", len(rows) - len(misses), len(rows), 1.0, misses)
    yield _at_least("... in strict mode", len(rows) - len(strict), len(rows), 0.95, strict, "differs by design")


def _example_item(row: dict[str, Any], mode: str) -> dict[str, Any]:
    spec = {**row["spec"], "mode": mode}
    return {
        "reference": row["reference"],
        "reference_exact": spec.pop("exact", None),
        "question": spec.pop("question", None),
        "spec": spec,
    }


# --- Notations of one number ---


def notations(folder: Path) -> Iterator[Measure]:
    """The same value must earn 0.8 in any notation, another value must not; who rounds to the reference is right."""
    rows = _rows(folder, "tatqa_metric_cases.jsonl")
    rejected: list[str] = []
    accepted: list[str] = []
    count: Counter[bool] = Counter()
    rounding = 0
    for row in rows:
        is_same = row["same_value_by_construction"]
        if is_same is None:
            continue
        if not is_same and _rounds_to_gold(row):
            rounding += 1
            continue
        count[is_same] += 1
        found = grade(_notation_item(row), _with_scale(row["pred"], row["pred_scale"]))
        if (found.reward >= SAME_VALUE) != is_same:
            (rejected if is_same else accepted).append(
                f"{row['variant']} of {row['gold']} {row['gold_scale']}: {found.reason}"
            )
    yield _at_least("same value, other notation", count[True] - len(rejected), count[True], 0.99, rejected)
    note = f"{rounding} more round to the reference"
    yield _at_most("other value taken for the same", len(accepted), count[False], 0.002, accepted, note)


def _notation_item(row: dict[str, Any]) -> dict[str, Any]:
    scale = row["gold_scale"]
    spec = {"unit": "percent"} if scale == "percent" else {"scale": scale} if scale else {}
    return {"reference": row["gold"] + ("%" if scale == "percent" else ""), "spec": spec}


def _with_scale(text: str, scale: str) -> str:
    """The prediction with its scale, as a model would write it; behind the number where it closes a box or a mark."""
    if not scale or not text:
        return text
    word = "%" if scale == "percent" else f" {scale}"
    for ending in ("**", "}", "."):
        if text.endswith(ending):
            return text.removesuffix(ending) + word.replace("%", "\\%" if ending == "}" else "%") + ending
    return text.replace(" or ", f"{word} or ") + word


def _rounds_to_gold(row: dict[str, Any]) -> bool:
    """Whether a "different" value still is the gold at the gold's displayed precision: 35.4 for 35."""
    try:
        pred, gold = (Decimal(row[side].replace(",", "")) for side in ("pred", "gold"))
    except ArithmeticError:
        return False
    last_digit = Decimal(1).scaleb(int(gold.as_tuple().exponent))
    return row["pred_scale"] == row["gold_scale"] and abs(pred - gold) * 2 <= last_digit


# --- References ---


def own_references(folder: Path) -> Iterator[Measure]:
    """An answer that repeats the reference earns 1.0."""
    golds = [text for text in _gold_texts(folder) if any(mark.isdigit() for mark in text)]
    misses = [told for text in golds if (told := _own_miss(text))]
    yield _at_least("a reference graded against itself", len(golds) - len(misses), len(golds), 0.999, misses)


def _gold_texts(folder: Path) -> Iterator[str]:
    for row in _rows(folder, "finqa_gold.jsonl"):
        yield from (str(row[side]) for side in ("answer", "exe_ans") if row[side] is not None)
    for row in _rows(folder, "tatqa_gold.jsonl"):
        yield from map(str, row["answer"] if isinstance(row["answer"], list) else [row["answer"]])


def _own_miss(text: str) -> str:
    try:
        found = grade({"reference": text}, text)
    except (ValidationError, InvalidItem) as error:
        return f"{text!r}: {error}"
    return "" if found.reward == 1.0 else f"{text!r}: {found.reason}"


# --- Attacks ---


def attacks(folder: Path) -> Iterator[Measure]:
    """What a policy might try instead of answering, in strict mode, on each question that people judged."""
    rows = [row for row in _rows(folder, "pairs_human.jsonl") if row["subset"] == "strict_numeric"]
    questions = {row["qid"]: row for row in rows}.values()
    paid: dict[str, list[str]] = {}
    for row in questions:
        item = {"reference": row["reference"], "question": row["question"], "spec": row["hints"]}
        for name, output in _attack_outputs(row["reference"]).items():
            found = grade(item, output)
            paid.setdefault(name, [])
            if found.reward >= CORRECT:
                paid[name].append(f"{row['qid']}: {output[:60]!r}: {found.reason}")
    plain = paid.pop("plain answer")
    for name, successes in paid.items():
        yield _at_most(f"attack: {name}", len(successes), len(questions), 0.0, successes)
    yield _at_least("plain right answer, strict", len(plain), len(questions), 1.0, [])


def _attack_outputs(right: str) -> dict[str, str]:
    wrong = _another(right)
    dump = " ".join(
        [*(_another(right, by) for by in range(2, 40)), right, *(_another(right, by) for by in range(40, 60))]
    )
    return {
        "plain answer": right,
        "all numbers": dump,
        "answer: all numbers": f"Answer: {dump}",
        "right or wrong": f"{right} or {wrong}",
        "wrong or right": f"{wrong} or {right}",
        "two boxes, wrong first": rf"\boxed{{{wrong}}} \boxed{{{right}}}",
        "two boxes, right first": rf"\boxed{{{right}}} \boxed{{{wrong}}}",
        "between": f"between {wrong} and {right}",
        "right, then 300 words": f"{right} " + "word " * 300,
    }


def _another(right: str, by: int = 7) -> str:
    """Another number in the notation of `right`."""
    digits = right.strip("$%")
    return right.replace(digits, str(Decimal(digits) + by))


if __name__ == "__main__":
    sys.exit(main(data_folder(__doc__, *FILES)))
