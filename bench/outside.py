"""The folder of public data that a bench takes on its command line."""

import sys
from pathlib import Path


def data_folder(said: str | None, *files: str) -> Path:
    """The only argument: a folder that holds `files`. Otherwise the program ends, with what is missing and `said`, its
    own docstring, which names the files and their sources."""
    if len(sys.argv) != 2:
        sys.exit(f"Wanted one argument, the folder with {', '.join(files)}.\n\n{said}")
    folder = Path(sys.argv[1])
    if missing := [name for name in files if not (folder / name).is_file()]:
        sys.exit(f"{folder} has no {', '.join(missing)}.\n\n{said}")
    return folder
