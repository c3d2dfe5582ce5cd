"""`python -m bench`: every bench that needs no outside data, one after the other."""

import subprocess
import sys
from pathlib import Path

BENCHES = (
    "finance_cost.py",
    "ledger_cost.py",
    "overhead.py",
    "metrics_cost.py",
    "limits.py",
    "code_soak.py",
    "interval_coverage.py",
    "f1_reward_learning.py",
)


def main() -> None:
    failed = []
    for name in BENCHES:
        print(f"== bench/{name}", flush=True)
        if subprocess.run([sys.executable, Path(__file__).parent / name], check=False).returncode:
            failed.append(name)
    if failed:
        sys.exit(f"Below target: {', '.join(failed)}")


if __name__ == "__main__":
    main()
