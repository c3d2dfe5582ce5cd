"""Outside data that tests measure on. It is never copied into the project; where it is absent, the test skips."""

import os
from pathlib import Path

import pytest

_ROOT = Path(os.environ.get("RFT_TEST_DATA", Path(__file__).parent.parent.parent / "shared"))


def data_folder(name: str, root: Path = _ROOT) -> Path:
    """`name` below the folder of outside data (RFT_TEST_DATA; default: `shared` beside the checkout)."""
    folder = root / name
    if not folder.is_dir():
        pytest.skip(f"outside data is absent: no folder {name} in RFT_TEST_DATA")
    return folder
