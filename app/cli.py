"""`rft-graders`: every command. Each lives in a file of its own in `app/commands/`; `group.py` there lists them."""

import gc

import typer

from app.commands.group import CommandGroup

# A collector that walks all that is imported after every 700 objects costs a sixth of the time that importing takes.
_GC_OBJECTS = 50_000

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
    """The console script's entry point."""
    gc.set_threshold(_GC_OBJECTS, 20, 20)
    cli()


if __name__ == "__main__":
    main()
