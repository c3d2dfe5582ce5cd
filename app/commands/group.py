"""Commands that are imported when they are asked for: most need only a part of the service, and no one needs all."""

import importlib
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

# Name: its module in this folder, and the function or the group there. Help lists them in this order.
COMMANDS = {
    "serve": "serve:serve",
    "migrate": "migrate:migrate",
    "list": "graders:list_graders",
    "show": "graders:show",
    "cases": "graders:cases",
    "new": "new:new",
    "freeze": "graders:freeze",
    "docs": "graders:docs",
    "grade": "grade:grade",
    "regrade": "regrade:regrade",
    "finance-spec": "finance_spec:finance_spec",
    "check-tasks": "check_tasks:check_tasks",
    "f1": "f1:f1",
    "compare": "compare:compare",
    "runs": "runs:runs",
    "keys": "keys:keys",
}


class CommandGroup(TyperGroup):
    """All of `COMMANDS`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Only the names in it are read: for the help, and for what somebody who mistyped one may have meant.
        self.commands = dict.fromkeys(COMMANDS, self)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return _imported(cmd_name) if cmd_name in COMMANDS else None


def _imported(name: str) -> Any:
    module, _, attribute = COMMANDS[name].partition(":")
    found = getattr(importlib.import_module(f"app.commands.{module}"), attribute)
    if isinstance(found, typer.Typer):
        group = get_group(found)
        group.name = name
        return group
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return get_command(alone)
