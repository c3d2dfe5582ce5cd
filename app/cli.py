"""`rft-graders`: every command. Each lives in a file of its own in `app/commands/`; `group.py` there lists them."""

import gc
import platform
import re
import sys

import typer

from app.commands.group import CommandGroup

# A collector that walks all that is imported after every 700 objects costs a sixth of the time that importing takes.
_GC_OBJECTS = 50_000

# Python 3.11.0 to 3.11.4 take three characters of "94, f": they keep what a possessive group has begun to match and
# cannot. Later ones take two. A grader that reads numbers so gives other rewards (cpython issue 106052).
_WHOLE_GROUPS, _PROBE, _RIGHT_END = re.compile(r"[0-9]++(?:,[0-9]++)*+"), "94, f", 2

cli = typer.Typer(
    cls=CommandGroup,
    help="Versioned graders that turn a model's output into a reward.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@cli.callback()
def rft_graders() -> None:
    """Without it typer would take the group for one that has nothing to offer."""


def main() -> None:
    """The console script's entry point. Exits where this Python would make other rewards of the same sample."""
    found = _WHOLE_GROUPS.match(_PROBE)
    if found is None or found.end() != _RIGHT_END:
        sys.exit(
            f"Python {platform.python_version()} has a defect in regular expressions that would change rewards "
            "(cpython issue 106052). Use 3.11.5 or later: `make clean serve PYTHON=...`."
        )
    gc.set_threshold(_GC_OBJECTS, 20, 20)
    cli()


if __name__ == "__main__":
    main()
