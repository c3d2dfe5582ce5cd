"""What a bench says when it is not given the data that it measures with."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent.parent


def test_a_folder_without_the_data_is_told_what_it_must_hold(tmp_path: Path) -> None:
    (tmp_path / "finqa_gold.jsonl").touch()

    done = subprocess.run(
        [sys.executable, "bench/finance_agreement.py", tmp_path],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert f"{tmp_path} has no pairs_human.jsonl, tatqa_metric_cases.jsonl, tatqa_gold.jsonl" in done.stderr
    assert "each judged by a person" in done.stderr
    assert "Traceback" not in done.stderr
