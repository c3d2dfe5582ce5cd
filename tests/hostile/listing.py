"""The table of programs in README.md: `python -m tests.hostile.listing` writes it."""

from collections.abc import Iterator
from pathlib import Path

from tests.hostile.corpus import Hostile, programs

README = Path(__file__).parent / "README.md"
START, END = "<!-- programs: start -->\n", "<!-- programs: end -->\n"


def table() -> str:
    """Markdown, a line per program."""
    return "\n".join([*_lines(), ""])


def written(text: str) -> str:
    """`text` of the README with the table as it must be."""
    before, rest = text.split(START)
    return before + START + table() + END + rest.split(END)[1]


def _lines() -> Iterator[str]:
    yield "| threat | program | what it does | structured | judged | stdio | unjailed |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for hostile in programs():
        cells = (hostile.header["threat"], f"`{hostile.group}/{hostile.name}`", hostile.header["does"])
        yield _row(
            *cells, *(_ends(hostile, key) for key in ("structured", "judged", "stdio")), hostile.header["unjailed"]
        )


def _ends(hostile: Hostile, key: str) -> str:
    ends = hostile.header[key].replace(" | ", ", ")
    inside = hostile.header.get(f"{key} in a container")
    return f"{ends} (container: {inside.replace(' | ', ', ')})" if inside else ends


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


if __name__ == "__main__":
    README.write_text(written(README.read_text("utf-8")), "utf-8")
