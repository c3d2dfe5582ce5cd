"""Published and computed tables of content moderation, cell by cell: `python bench/moderation_tables.py PATH`.

PATH is a folder with real labels and predictions (never part of this project):
  hatecheck_preds.jsonl, expected_hatecheck.json
      four systems on HateCheck (ACL 2021; paul-rottger/hatecheck-data CC-BY-4.0, paul-rottger/hatecheck-experiments):
      the 52 cells of the classification reports, 116 accuracies by functionality and 28 by target group, as printed
  xstest_labels.jsonl, expected_xstest.json
      refusals of five models (paul-rottger/exaggerated-safety, CC-BY-4.0): two annotators, a judge, string matching
  openai_mod_1680_ovr_scores.jsonl, expected_openai_mod.json
      OpenAI's moderation set (openai/moderation-api-release, MIT) with scores of a classifier; most labels of most rows
      are unknown: masked, and taken for absent
  worked_examples.jsonl, taxonomy_demo.json
      87 outputs, grades, group credits and intervals worked by hand for `moderation_f1`

Everything goes through `evaluations` and the grader's own code. Exit code 0 only if every cell agrees.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.moderation_examples import differences
from bench.outside import data_folder
from evaluations.answers import F1Answer
from evaluations.f1 import evaluate
from evaluations.requests import F1Request, read

TABLES = {
    "hatecheck": ("hatecheck_preds.jsonl", "expected_hatecheck.json"),
    "xstest": ("xstest_labels.jsonl", "expected_xstest.json"),
    "openai_mod": ("openai_mod_1680_ovr_scores.jsonl", "expected_openai_mod.json"),
}
"""Rows, and what is to be found in them."""

TOLERANCE = 1e-9
SYSTEMS = ("bert_d", "bert_f", "perspective", "siftninja")
COMPLIANCE, FULL_REFUSAL, PARTIAL_REFUSAL = "1_full_compliance", "2_full_refusal", "3_partial_refusal"

Rows = list[dict[str, Any]]


class Cell(NamedTuple):
    """One number or text of a table."""

    name: str
    found: Any
    expected: Any

    @property
    def agrees(self) -> bool:
        if isinstance(self.expected, float) and isinstance(self.found, float | int):
            return abs(self.found - self.expected) <= TOLERANCE
        return bool(self.found == self.expected)


def main(folder: Path) -> int:
    """Prints what agrees and what does not; returns the exit code."""
    tables = {
        "HateCheck, as published": hatecheck_published,
        "HateCheck, counts and exact F1": hatecheck_exact,
        "XSTest": xstest,
        "OpenAI moderation set": openai_moderation,
        "worked examples": worked_examples,
    }
    table = Table("table", "cells", "agree")
    wrong = []
    for name, cells_of in tables.items():
        cells = list(cells_of(folder))
        bad = [cell for cell in cells if not cell.agrees]
        wrong += [f"{name}: {cell.name}: {cell.found!r}, expected {cell.expected!r}" for cell in bad]
        table.add_row(name, str(len(cells)), str(len(cells) - len(bad)))
    out = Console(soft_wrap=True)
    out.print(table)
    for line in wrong:
        out.print(line, markup=False, style="red")
    return 1 if wrong else 0


def f1(y_true: list[Any], y_pred: list[Any], **request: Any) -> F1Answer:
    return evaluate(read(F1Request, {"y_true": y_true, "y_pred": y_pred, **request}))


# --- HateCheck ---


def hatecheck_published(folder: Path) -> Iterator[Cell]:
    """The cells that the paper's notebook prints, rounded as there."""
    rows, expected = _read(folder, "hatecheck")
    for system in SYSTEMS:
        said = expected[system]
        for row, scores in _report(rows, system).items():
            if row == "accuracy":
                yield Cell(f"{system} accuracy", scores, said["report"]["accuracy"])
            else:
                for score, value in scores.items():
                    yield Cell(f"{system} {row} {score}", value, said["report"][row][score])
        templates = [row for row in rows if row["templ"]]
        for key, part, published in (("func", rows, "func_acc"), ("ident", templates, "ident_acc")):
            for value, printed in said[published].items():
                chosen = [row for row in part if row[key] == value]
                yield Cell(f"{system} {value}", f"{_accuracy(chosen, system):.1%}", printed)


def _report(rows: Rows, system: str) -> dict[str, Any]:
    gold, pred = [row["gold"] for row in rows], [row[system] for row in rows]
    table = f1(gold, pred, kind="binary")
    found = dict(zip(("non-hateful", "hateful"), table.per_label, strict=True))
    averages = {f"{name} avg": f1(gold, pred, kind="binary", average=name) for name in ("macro", "weighted")}
    names = {"precision": "precision", "recall": "recall", "f1-score": "f"}
    return {
        row: {printed: round(getattr(scores, name) or 0.0, 3) for printed, name in names.items()}
        for row, scores in {**found, **averages}.items()
    } | {"accuracy": round(_accuracy(rows, system), 3)}


def _accuracy(rows: Rows, system: str) -> float:
    """With one label per row, micro F1 is the accuracy."""
    answer = f1([row["gold"] for row in rows], [row[system] for row in rows], kind="binary", average="micro")
    return answer.f or 0.0


def hatecheck_exact(folder: Path) -> Iterator[Cell]:
    """Counts, support, and F1 beyond the printed digits."""
    rows, expected = _read(folder, "hatecheck")
    for system in SYSTEMS:
        gold, pred = [row["gold"] for row in rows], [row[system] for row in rows]
        answer = f1(gold, pred, kind="binary")
        said = expected[system]
        for name, count in said["counts"].items():
            yield Cell(f"{system} {name}", getattr(answer.counts, name), count)
        yield Cell(f"{system} support", answer.support, said["report"]["hateful"]["support"])
        found = {
            "f1_hateful": answer.f,
            "f1_nonhateful": answer.per_label[0].f,
            "macro_f1": f1(gold, pred, kind="binary", average="macro").f,
            "weighted_f1": f1(gold, pred, kind="binary", average="weighted").f,
            "accuracy": _accuracy(rows, system),
        }
        yield from (Cell(f"{system} {name}", found[name], value) for name, value in said["exact"].items())


# --- XSTest ---


def xstest(folder: Path) -> Iterator[Cell]:
    """Agreement of annotators, and two judges against the final label."""
    rows, expected = _read(folder, "xstest")
    for model, said in expected.items():
        part = [row for row in rows if row["model"] == model]
        final, first, second = ([row[name] for row in part] for name in ("final", "ann1", "ann2"))
        outside = Counter(row["gpt4_raw"] for row in part if row["gpt4_raw"] not in _LABELS)
        agreement = f1(first, second, kind="multiclass", average="micro").f or 0.0
        found = {
            "n": len(part),
            "agreement_pct": f"{agreement:.1%}",
            "n_oov_gpt4": outside.total(),
            "oov": dict(outside),
            "ann1_vs_ann2_macro": f1(first, second, kind="multiclass").f,
            "fleiss": round(_fleiss(first, second), 2),
        }
        yield from (Cell(f"{model} {name}", value, said[name]) for name, value in found.items())
        for judge in ("gpt4_raw", "strmatch"):
            yield from _judge(f"{model} {judge}", final, [row[judge] for row in part], said[judge])


_LABELS = (COMPLIANCE, FULL_REFUSAL, PARTIAL_REFUSAL)


def _judge(name: str, gold: list[str], pred: list[str], said: dict[str, Any]) -> Iterator[Cell]:
    def f(average: str, **more: Any) -> float | None:
        return f1(gold, pred, **{"kind": "multiclass", "labels": list(_LABELS), "average": average, **more}).f

    refuses = [[label in _LABELS[1:] for label in column] for column in (gold, pred)]
    found = {
        "accuracy": f("micro", unknown="fp"),
        "macro_known_labels": f("macro"),
        "macro_union_sklearn_default": f("macro", labels=None),
        "micro_known_labels": f("micro", unknown="drop"),
        "micro_union": f("micro", labels=None),
        "weighted_known": f("weighted"),
        "flag_refusal_f1_oov_as_not_refusal": f1(*refuses, kind="flag").f,
    }
    yield from (Cell(f"{name} {score}", value, said[score]) for score, value in found.items())
    for label in f1(gold, pred, kind="multiclass", labels=list(_LABELS)).per_label:
        yield Cell(f"{name} {label.label}", label.f, said["per_label"][str(label.label)])


def _fleiss(first: list[str], second: list[str]) -> float:
    """Fleiss' kappa of two annotators: agreement beyond what their pooled labels would reach by chance."""
    pooled = Counter(first) + Counter(second)
    chance = sum((count / pooled.total()) ** 2 for count in pooled.values())
    agreement = sum(a == b for a, b in zip(first, second, strict=True)) / len(first)
    return (agreement - chance) / (1 - chance)


# --- OpenAI's moderation set ---


def openai_moderation(folder: Path) -> Iterator[Cell]:
    """Scores of 0.5 and more are predictions; gold that is unknown is masked, or taken for absent."""
    rows, said = _read(folder, "openai_mod")
    labels = list(said["per_label"])
    gold = [[label for label, value in row["labels"].items() if value] for row in rows]
    pred = [[label for label, score in row["scores"].items() if score >= said["threshold"]] for row in rows]
    known = [list(row["labels"]) for row in rows]

    def f(**more: Any) -> F1Answer:
        return f1(gold, pred, **{"kind": "multilabel", "labels": labels, **more})

    masked, unmasked = f(known=known), f()
    for table, plain in zip(masked.per_label, unmasked.per_label, strict=True):
        label = str(table.label)
        expected = said["per_label"][label]
        found = {name: getattr(table, name) for name in ("tp", "fp", "fn", "tn", "precision", "recall")}
        found |= {"n_known": table.tp + table.fp + table.fn + table.tn, "f1": table.f, "unmasked_f1": plain.f}
        found["ap"] = _average_precision([row for row in rows if label in row["labels"]], label)
        yield from (Cell(f"{label} {name}", found[name], value) for name, value in expected.items())
    ways: list[tuple[str, str, dict[str, Any]]] = [
        ("micro", "micro_f1", {}),
        ("macro", "macro_f1", {}),
        ("weighted", "weighted_f1", {}),
        ("samples", "samples_f1_zd0", {}),
        ("samples_zd1", "samples_f1_zd1", {"zero_division": 1}),
    ]
    for plain_name, masked_name, more in ways:
        average = plain_name.removesuffix("_zd1")
        yield Cell(f"masked {plain_name}", f(known=known, average=average, **more).f, said["masked"][masked_name])
        yield Cell(f"unmasked {plain_name}", f(average=average, **more).f, said["unmasked"][plain_name])
    for name, mask in (("all", None), ("masked", known)):
        flag = f(kind="flag", known=mask)
        score = "f1_pred_all_labels" if mask is None else "f1_pred_masked"
        yield Cell(f"flag {name}", flag.f, said["flag"][score])
        yield Cell(f"flag {name} predicted", flag.counts.tp + flag.counts.fp, said["flag"][f"n_pred_pos_{name}"])
        yield Cell(f"flag {name} positives", flag.support, said["flag"]["n_pos"])


def _average_precision(rows: Rows, label: str) -> float:
    """The mean of the precision at every positive, by falling score; equal scores are one step."""
    by_score: dict[float, list[int]] = {}
    for row in rows:
        by_score.setdefault(row["scores"][label], []).append(row["labels"][label])
    seen = hits = 0
    area = 0.0
    for score in sorted(by_score, reverse=True):
        seen, step = seen + len(by_score[score]), sum(by_score[score])
        hits += step
        area += step * hits / seen
    return area / hits


# --- Worked examples ---


def worked_examples(folder: Path) -> Iterator[Cell]:
    """A row agrees if everything that is said of it does."""
    demo = json.loads((folder / "taxonomy_demo.json").read_text("utf-8"))
    for row in _rows(folder / "worked_examples.jsonl"):
        yield Cell(row["id"], differences(row, demo), [])


def _read(folder: Path, name: str) -> tuple[Rows, dict[str, Any]]:
    rows, expected = TABLES[name]
    return _rows(folder / rows), json.loads((folder / expected).read_text("utf-8"))


def _rows(file: Path) -> Rows:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


if __name__ == "__main__":
    files = [file for pair in TABLES.values() for file in pair]
    sys.exit(main(data_folder(__doc__, *files, "worked_examples.jsonl", "taxonomy_demo.json")))
