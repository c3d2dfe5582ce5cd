"""`rft-graders`: every command, joined. Each lives in a file of its own in `app/commands/`."""

import typer

from app.commands.check_tasks import check_tasks
from app.commands.compare import compare
from app.commands.f1 import f1
from app.commands.finance_spec import finance_spec
from app.commands.grade import grade
from app.commands.graders import cases, docs, freeze, list_graders, show
from app.commands.keys import keys
from app.commands.migrate import migrate
from app.commands.new import new
from app.commands.regrade import regrade
from app.commands.run_files import delete, export
from app.commands.run_watching import watch
from app.commands.runs import runs
from app.commands.serve import serve

cli = typer.Typer(
    help="Versioned graders that turn a model's output into a reward.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.command()(serve)
cli.command()(migrate)
cli.command("list")(list_graders)
cli.command()(show)
cli.command()(cases)
cli.command()(new)
cli.command()(freeze)
cli.command()(docs)
cli.command()(grade)
cli.command()(regrade)
cli.add_typer(runs, name="runs")
runs.command()(watch)
runs.command()(export)
runs.command()(delete)
cli.command("finance-spec")(finance_spec)
cli.command("check-tasks")(check_tasks)
cli.add_typer(keys, name="keys")
cli.command()(f1)
cli.command()(compare)


def main() -> None:
    """The console script's entry point."""
    cli()


if __name__ == "__main__":
    main()
