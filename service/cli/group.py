"""The table of commands, and how their failures look.

Exit codes: 0 done; 1 refused or failed, with a Chinese sentence on standard error; 2 wrongly called.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any, cast

import click

from service.db.failures import explain
from service.errors import LiaisonError

# Command -> its module in service.cli; the command object has its name there (``migrate-cases`` -> ``migrate_cases``).
# Kept as text, so that ``liaison due`` does not wait for the engine and the web to load.
COMMANDS = {
    "run": "serving",
    "serve": "serving",
    "worker": "serving",
    "migrate": "databases",
    "backup": "databases",
    "restore": "databases",
    "check": "definitions",
    "deploy": "definitions",
    "prove": "proving",
    "scenario": "scenarios",
    "diff": "comparing",
    "ways": "comparing",
    "backtest": "backtesting",
    "impact": "moving",
    "migrate-cases": "moving",
    "due": "calendar",
    "calendar": "calendar",
    "demo": "demo",
    "verify": "verify",
    "seal": "sealing",
    "key": "keys",
    "stuck": "stuck",
    "resume": "resuming",
    "export": "export",
    "user": "users",
    "token": "users",
}


class Liaison(click.Group):
    """Loads a command's module when the command is called, and tells failures to people."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, module in COMMANDS.items() if find_spec(f"service.cli.{module}") is not None]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        return cast(
            click.Command, getattr(import_module(f"service.cli.{COMMANDS[cmd_name]}"), cmd_name.replace("-", "_"))
        )

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LiaisonError as error:
            _fail(error.message, *(f"  {finding.path}：{finding.message}" for finding in error.findings))
        except Exception as error:
            known = explain(error)
            if known is None:
                raise  # a defect: the whole trace helps whoever mends it
            _fail(known)


def _fail(*lines: str) -> None:
    for line in lines:
        click.echo(line, err=True)
    sys.exit(1)
